"""A bounty whose updates nobody sees, played by three seats that compute on components."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from client.holder import DataHolder, TrainingTask
from client.modes import check_mode
from client.shared.bench import SharedBench
from client.shared.components import fetch_component, open_keys
from client.shared.scoring import FAILED, failed_round, sheet_of
from client.sheets import document_of, sheet_in
from client.validator import Validator
from marketplace.domain.bounty import CloseReason, Phase
from marketplace.domain.errors import Cheated, InvalidTerms
from marketplace.domain.scope import Scope
from marketplace.domain.update import Update
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.tls import TlsChannel
from tests.client.stage import TOKEN, Stage

_SHARED: dict[str, Any] = {"round_budget": 50 * TOKEN, "max_holders": 8}
_SALTED = {"bounty", "market", "seed", "trace", "trace_root", "aggregate", "aggregate_root", "next_base_root"}
_NAMED = {"payout_root"}  # has addresses in it


def figures(stage: Stage) -> list[dict[str, Any]]:
    """Every figure of each round's sheet."""
    out = []
    for round_ in sorted(stage.owner.log.refresh().settled):
        sheet = sheet_in(stage.owner, stage.owner.log, round_)
        rows = [{k: v for k, v in row.items() if k != "holder"} for row in sheet.pop("submissions")]
        out.append({k: v for k, v in sheet.items() if k not in _SALTED | _NAMED} | {"rows": rows})
    return out


def shared(tmp_path, **changes: Any) -> Stage:
    """A bounty in shared mode that nobody has posted."""
    return Stage(tmp_path, privacy="shared", **(_SHARED | changes))


def watched(stage: Stage) -> list[Update]:
    """Have every update that is trained remembered."""
    seen: list[Update] = []

    def remembering(train: Callable[[TrainingTask], Update]) -> Callable[[TrainingTask], Update]:
        def trainer(task: TrainingTask) -> Update:
            seen.append(train(task))
            return seen[-1]

        return trainer

    for holder in stage.holders:
        holder.trainer = remembering(holder.trainer)
    return seen


def by_seat(stage: Stage, round_: int = 0) -> list[Validator]:
    """The validators in the order of their seats."""
    log = stage.owner.log.refresh()
    people = {v.address: v for v in stage.validators}
    return [people[log.seated(seat, event)] for seat, event in sorted(log.attested[round_].items())]


def test_a_shared_bounty_scores_as_a_sealed_one_does(tmp_path):
    """Coefficients, contributions, payouts and models are the same to the unit, from the same seed. GM-561."""
    stages = {}
    for privacy in ("sealed", "shared"):
        stages[privacy] = Stage(tmp_path / privacy, privacy=privacy, **_SHARED)
        stages[privacy].post()
        stages[privacy].play()
    sealed, private = stages["sealed"], stages["shared"]
    assert CloseReason.FINISHED is private.state().closed
    assert [True, True] == [f["adopted"] for f in figures(sealed)]
    assert figures(sealed) == figures(private)
    assert sealed.owner.model == private.owner.model
    assert [h.account.vault.balance() for h in sealed.holders] == [h.account.vault.balance() for h in private.holders]
    assert 0 == private.left_in_bounty()


def test_one_seat_and_the_store_hold_no_update(tmp_path):
    """Two components of three are noise, and so is their sum; the third one opens for no seat. GM-562."""
    stage = shared(tmp_path, rounds=1)
    seen = watched(stage)
    stage.post()
    stage.play()
    log, width = stage.owner.log.refresh(), stage.owner.plan.scoring.shape.parameters
    flats = [update.flat().view(np.uint64) for update in seen]
    for seat, validator in enumerate(by_seat(stage)):
        bench = validator.bench
        assert isinstance(bench, SharedBench)
        components, fine = bench._components(0, seat)
        assert [3, 3, 3] == fine.tolist()
        for row, flat in enumerate(flats):
            first, second = components[0, row, :width], components[1, row, :width]
            for held in (first, second, first + second, first - second):
                assert not np.array_equal(held, flat)
                assert abs(np.mean(held >> np.uint64(63)) - 1 / 2) < 1 / 4  # half of the numbers have their first bit
            event = log.submissions[0][row]
            for key in open_keys(validator, log, event, seat):
                assert fetch_component(validator, log, event, (seat + 2) % 3, key, width) is None
    blocks = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert not any(flat.tobytes() in blocks or flat[:8].tobytes() in blocks for flat in flats)


class Silent(Validator):
    """Attests, and never computes."""

    def commit(self, bounty):
        """Do nothing."""
        return False


class Wrong(Party):
    """Seat 1 computes every product wrong by one, and stands by it."""

    def _reshare(self, group, z, *rest):
        return super()._reshare(group, z + np.uint64(1) if self.me == 1 and z.dtype == np.uint64 else z, *rest)


class Tampering(Party):
    """Seat 1 sends something else of every product than it keeps."""

    def pass_down(self, array, shape=None):
        """Send to the previous party."""
        crooked = self.me == 1 and array.dtype == np.uint64
        return super().pass_down(array + np.uint64(1) if crooked else array, shape)


def test_a_silent_seat_is_blamed_and_replaced(tmp_path):
    """The two others name it: it loses its seat and a tenth of its ticket, the round is void, fees return. GM-564."""
    stage = shared(tmp_path, rounds=2, spare=1)
    for validator in stage.validators:
        validator.place.patience = 5.0
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.ATTEST)
    lazy = next(v for v in stage.validators if v.my_seats())
    lazy.__class__ = Silent
    stage.play(until=lambda state: state.round == 1)
    for validator in stage.validators:
        validator.place.patience = 60.0  # nobody is missing any more, and a busy machine may be slow
    stage.play()
    log = stage.owner.log.refresh()
    seat = next(s for s, e in log.attested[0].items() if log.seated(s, e) == lazy.address)
    (failed,) = log.revealed[0].values()
    assert ([seat], FAILED) == (document_of(stage.owner, failed)["blamed"], failed.sheet.aggregate)
    assert stage.terms.ticket_stake // 10 == log.lost[lazy.address]
    assert ({0}, {1}) == (log.void, set(log.settled))
    assert lazy.address not in {v.address for v in by_seat(stage, 1)}
    assert log.sheet_of(1).sheet.adopted
    assert {0} == {log.lost[h.address] for h in stage.holders}


@pytest.mark.parametrize(("kind", "lost"), [(Wrong, 20), (Tampering, 0)])
def test_a_cheating_seat_is_caught_before_anything_is_opened(tmp_path, monkeypatch, kind, lost):
    """Nobody is paid by what came out, and holders keep their stakes.

    The round is void. Who stands by a wrong product is named and loses a fifth of its ticket. Who sends something else
    than it keeps cannot be told from who received it. GM-563.
    """
    stage = shared(tmp_path, rounds=1)
    for validator in stage.validators:
        validator.place.patience = 10.0
    opened: list[int] = []
    real = Party.open

    def told(party: Party, x):
        opened.append(party.me)
        return real(party, x)

    monkeypatch.setattr(Party, "open", told)
    monkeypatch.setattr("client.shared.meeting.REPETITIONS", 20)
    monkeypatch.setattr("client.shared.meeting.Party", kind)
    stage.post()
    before = [h.account.vault.balance() for h in stage.holders]
    stage.play()
    assert before == [h.account.vault.balance() for h in stage.holders]
    troubles = [type(v.troubles[-1]) for v in by_seat(stage)]
    assert [Cheated] * 3 == troubles
    assert [] == opened
    if not lost:
        check_void_for_nothing(stage)
        return
    log = stage.owner.log.refresh()
    assert ({0}, set()) == (log.void, set(log.settled))
    told = [document_of(stage.owner, revealed)["blamed"] for revealed in log.revealed[0].values()]
    assert [[], [1]] == sorted(told)  # two seats made one sheet, and the third could not make it too
    assert {0} == {log.lost[h.address] for h in stage.holders}
    assert [0, stage.terms.ticket_stake * lost // 100, 0] == [log.lost[v.address] for v in by_seat(stage)]


def check_void_for_nothing(stage: Stage) -> None:
    """Check that the round is void, that no two seats made the same sheet, and that nobody lost anything."""
    log = stage.owner.log.refresh()
    assert ({0}, set()) == (log.void, set(log.settled))
    assert 3 == len(log.revealed[0])
    assert [[]] * 3 == [document_of(stage.owner, revealed)["blamed"] for revealed in log.revealed[0].values()]
    assert {0} == {log.lost[person.address] for person in (*stage.holders, *stage.validators)}


class Whispering(TlsChannel):
    """Seat 1 says nothing to seat 2."""

    def send(self, to, data):
        """Send to anybody else."""
        if (self.me, to) != (1, 2):
            super().send(to, data)


class Leaving(TlsChannel):
    """Seat 1 leaves seat 2 as soon as they have met, and not a word comes from it any more."""

    def tell(self, to, notice):
        """Tell anybody else."""
        if (self.me, to) != (1, 2):
            super().tell(to, notice)

    def send(self, to, data):
        """Hang up on one."""
        if (self.me, to) != (1, 2):
            super().send(to, data)
            return
        for table in (self._out, self._tell):
            table[2].drop()


@pytest.mark.parametrize("channel", [Whispering, Leaving])
def test_a_seat_that_is_silent_towards_one_costs_neither_its_stake(tmp_path, monkeypatch, channel):
    """To the third seat the one that waits would seem to be silent: it hears from it that it waits. GM-592."""
    stage = shared(tmp_path, rounds=1)
    for validator in stage.validators:
        validator.place.patience = 6.0
    monkeypatch.setattr("client.shared.meeting.TlsChannel", channel)
    stage.post()
    stage.play()
    check_void_for_nothing(stage)


def test_a_seat_that_tells_one_nothing_costs_neither_its_stake(tmp_path, monkeypatch):
    """Seat 2 does not know where to meet seat 1; it still meets the third one, and says so. GM-592."""
    stage = shared(tmp_path, rounds=1)
    for validator in stage.validators:
        validator.place.patience = 6.0
    real = SharedBench._told

    def told(bench, round_, seat):
        return None if (bench._seat(round_), seat) == (2, 1) else real(bench, round_, seat)

    monkeypatch.setattr(SharedBench, "_told", told)
    stage.post()
    stage.play()
    check_void_for_nothing(stage)


def test_nobody_can_make_the_failed_sheet_of_a_seat_that_does_not_mean_it_to():
    """Two seats with one sheet are a majority, and the third pays: they differ in what others cannot know. GM-592."""
    scope = Scope(1, "0x" + "11" * 20, bytes(32))

    def sheet(blamed, salt):
        return sheet_of(failed_round(scope, 0, 7, blamed, salt, last=True))

    assert sheet(1, bytes(32)) == sheet(1, bytes(32))
    assert 4 == len({sheet(blamed, salt * 32) for blamed in (None, 1) for salt in (b"a", b"b")})


def test_what_a_holder_sealed_badly_to_one_seat_another_hands_over(tmp_path, monkeypatch):
    """Both components of every seat are held by another seat too. GM-565."""
    stage = shared(tmp_path, rounds=1)
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.SUBMIT)
    real = DataHolder.seal
    target = stage.validators[0].address

    def spoiled(holder: DataHolder, update: Update, round_: int):
        if holder is stage.holders[0]:
            usable = holder.usable_keys
            monkeypatch.setattr(holder, "usable_keys", lambda k: {a: b for a, b in usable(k).items() if a != target})
        return real(holder, update, round_)

    monkeypatch.setattr(DataHolder, "seal", spoiled)
    stage.play()
    log = stage.owner.log.refresh()
    seat = next(s for s, e in log.attested[0].items() if log.seated(s, e) == target)
    assert 6 == log.attested[0][seat].bitmap
    assert 7 == log.sheet_of(0).sheet.included
    assert 0 == log.sheet_of(0).sheet.breached
    assert log.sheet_of(0).sheet.adopted


def test_a_component_that_is_not_what_was_published_is_the_holders_fault(tmp_path, monkeypatch):
    """Both seats that hold it say so: the update counts nothing, and its holder loses the stake. GM-566."""
    stage = shared(tmp_path, rounds=1, honest=4)
    stage.post()
    wrong = stage.holders[1]
    real = DataHolder.seal

    def spoiled(holder: DataHolder, update: Update, round_: int):
        if holder is wrong:
            monkeypatch.setattr(
                "client.shared.components.dump_component", lambda component, salt: dumped(component + 1, salt)
            )
        out = real(holder, update, round_)
        monkeypatch.setattr("client.shared.components.dump_component", dumped)
        return out

    from client.shared.components import dump_component as dumped  # noqa: PLC0415 - before it is replaced

    monkeypatch.setattr(DataHolder, "seal", spoiled)
    stage.play()
    log = stage.owner.log.refresh()
    index = next(e.index for e in log.submissions[0] if e.holder == wrong.address)
    assert 1 << index == log.sheet_of(0).sheet.breached
    assert log.sheet_of(0).sheet.adopted
    assert stage.terms.holder_stake == log.lost[wrong.address] or wrong.account.vault.balance() < TOKEN


def test_a_seat_that_restarts_reveals_what_it_committed_to(tmp_path):
    """What came out is in the journal before it is committed to; nobody has to compute it again. GM-567."""
    stage = shared(tmp_path, rounds=2)
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.REVEAL and state.round == 0)
    for number, old in enumerate(stage.validators):
        new = Validator(old.name, old.account, old.identity, old.store, old.log, old.journal)
        stage.validators[number] = new
    stage.play()
    assert [True, True] == [f["adopted"] for f in figures(stage)]
    assert CloseReason.FINISHED is stage.state().closed


@pytest.mark.parametrize(
    "change",
    [{"seats": 5}, {"max_holders": 9}, {"unjudged": False}],
)
def test_terms_that_three_seats_cannot_keep_are_refused(tmp_path, change):
    """With other seats than three, more updates than eight, or a referee that has nothing to judge. GM-568."""
    stage = shared(tmp_path)
    plan = stage.owner.plan
    terms = replace(plan.chain, unjudged=True)
    check_mode(terms, "shared", plan.scoring)
    with pytest.raises(InvalidTerms):
        check_mode(replace(terms, **change), "shared", plan.scoring)
    with pytest.raises(InvalidTerms):
        check_mode(terms, "sealed", plan.scoring)
