"""A bounty whose holders train a linear model that they cannot read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from client.base import open_base
from client.demo.plan import DemoOptions
from client.encrypted.base import flat_of, open_encrypted_base, read_encrypted_base
from client.encrypted.bench import EncryptedBench
from client.encrypted.decryption import Decryption
from client.encrypted.training import FRACTION_BITS, linear_map
from client.encrypted.vectors import admitted
from client.holder import BlindTask, DataHolder, TrainingTask
from client.modes import ENCRYPTED, check_mode
from client.owner import ModelOwner
from client.trainers import HonestTrainer
from client.validator import Validator
from marketplace.domain.bounty import CloseReason, Phase
from marketplace.domain.errors import Cheated, InvalidInput, InvalidTerms, WrongKey
from marketplace.domain.network import Layer, Network, Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms_document import RecipeTerms
from marketplace.domain.update import Update
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.vector import EncryptedVector, dump_vector
from marketplace.storage.store import read_bytes
from tests.client.stage import INPUTS, TOKEN, Stage, rows
from tests.client.test_shared_bounty import Silent, by_seat, figures
from tests.privacy.pairs import encrypter, private

LINEAR = Shape(INPUTS, 0, 2)
_TERMS: dict[str, Any] = {"round_budget": 50 * TOKEN, "max_holders": 8, "shape": LINEAR}


@pytest.fixture(autouse=True)
def _short_keys(monkeypatch):
    """Keys of half the length, made once."""
    monkeypatch.setattr("marketplace.privacy.paillier.keys.LEAST_BITS", 1024)
    monkeypatch.setattr("client.encrypted.base.generate", private)


def encrypted(tmp_path, **changes: Any) -> Stage:
    """A bounty in encrypted-model mode that nobody has posted, with holders that train blindly."""
    stage = Stage(tmp_path, privacy=ENCRYPTED, **(_TERMS | changes))
    # Slowly: a linear model of two clouds is as good as it gets after a round at the usual rate.
    slow = replace(stage.owner.plan.recipe, learning_rate_ppm=5_000)
    stage.owner.plan = replace(stage.owner.plan, recipe=slow)
    for number, holder in enumerate(stage.holders):
        holder.trainer = HonestTrainer(rows(80, 10 + number), number)
    for validator in stage.validators:
        validator.place.patience = 20.0
    return stage


def opened(stage: Stage, round_: int = 0) -> list[Update | None]:
    """What a seat made of a round's submissions, in their order."""
    return [s.update for s in by_seat(stage, round_)[0].bench.score(round_).submissions]


def test_holders_train_a_model_that_they_cannot_read(tmp_path):
    """The bounty is played to its end, both rounds improve the model, and everybody is paid. GM-571."""
    stage = encrypted(tmp_path)
    stage.post()
    start = stage.owner.model
    stage.play()
    assert CloseReason.FINISHED is stage.state().closed
    assert [True, True] == [f["adopted"] for f in figures(stage)]
    assert all(f["gain"] > 0 for f in figures(stage))
    assert stage.owner.model != start
    assert 0 == stage.left_in_bounty()
    assert {0} == {stage.owner.log.lost[h.address] for h in stage.holders}
    assert not [t for person in (*stage.validators, *stage.holders) for t in person.troubles]


def test_it_scores_as_a_sealed_bounty_of_the_same_updates_does(tmp_path):
    """Coefficients, contributions, payouts and models are the same to the unit. GM-572."""
    blind = encrypted(tmp_path / "encrypted")
    blind.post()
    updates: dict[tuple[int, int], Update] = {}

    def noted(state: Any) -> bool:
        if state.phase is Phase.CHALLENGE and (0, state.round) not in updates:
            for event, update in zip(blind.owner.log.submissions[state.round], opened(blind, state.round), strict=True):
                number = next(i for i, h in enumerate(blind.holders) if h.address == event.holder)
                updates[number, state.round] = update
        return False

    blind.play(until=noted)
    sealed = Stage(tmp_path / "sealed", **_TERMS)
    for number, holder in enumerate(sealed.holders):
        holder.trainer = lambda task, number=number: updates[number, task.round]
    sealed.post()
    sealed.play()
    assert figures(sealed) == figures(blind)
    assert sealed.owner.model == blind.owner.model


def test_nothing_that_a_holder_can_open_is_the_base(tmp_path):
    """The base's key is sealed to the seats alone, and what is sealed to holders is ciphertexts. GM-573."""
    stage = encrypted(tmp_path, rounds=1)
    canary = np.arange(LINEAR.parameters) * 17 - 300
    layer = Layer(canary[: 2 * INPUTS].reshape(2, INPUTS), canary[2 * INPUTS :] * 24)
    stage.owner.plan = replace(stage.owner.plan, base=Network((layer,), stage.owner.plan.base.scales))
    stage.owner.model = stage.owner.plan.base
    seen: list[bytes] = []
    for holder in stage.holders:
        watch(holder, seen)
    stage.post()
    stage.play()
    log, scoring = stage.owner.log.refresh(), stage.owner.plan.scoring
    assert np.array_equal(canary, flat_of(stage.owner.plan.base))
    base = read_encrypted_base(stage.holders[0], log, 0)
    model = open_encrypted_base(stage.holders[0], log, scoring, 0, base)
    assert dump_vector(model) in seen  # what it trained on is among what it saw
    for width in ("<i8", "<i4", "<i2"):
        words = canary.astype(width)
        assert not any(words[at : at + 4].tobytes() in raw for raw in seen for at in range(0, len(words) - 4, 4))
    for holder in stage.holders:
        with pytest.raises(WrongKey):
            open_base(holder, log, scoring, 0, log.terms.base_root)


def watch(holder: DataHolder, seen: list[bytes]) -> None:
    """Remember whatever a holder fetches or opens."""
    opens, store = holder.get_sealed, holder.store

    def get_sealed(*args: Any, **keywords: Any) -> bytes:
        seen.append(opens(*args, **keywords))
        return seen[-1]

    class Watched:
        def __getattr__(self, name: str) -> Any:
            return getattr(store, name)

        def get(self, cid: str, *args: Any, **keywords: Any) -> None:
            seen.append(read_bytes(store, cid, max_bytes=1 << 24))
            store.get(cid, *args, **keywords)

    holder.get_sealed = get_sealed  # type: ignore[method-assign]
    holder.store = Watched()  # type: ignore[assignment]


def test_the_map_is_gradient_descent_on_the_straightened_residual(tmp_path):
    """Applied to a known base it is what step after step gives, to the rounding, for three classes too. GM-574."""
    stage = encrypted(tmp_path)
    stage.post()
    source = rows(60, 5)
    source.labels[:20] = 2
    shape = Shape(INPUTS, 0, 3)
    terms = replace(stage.owner.terms, scoring=ScoringTerms(shape), class_names=("a", "b", "c"), public_prior=(1, 1, 1))
    terms = replace(terms, recipe=RecipeTerms(4, 50_000, 64, 0))
    step = linear_map(source, terms, 0)
    base = np.random.default_rng(1).integers(-2000, 2000, shape.parameters)
    found = step.difference(step.matrix @ base + step.offset)

    from client.training.prior import log_prior_ratio  # noqa: PLC0415
    from marketplace.datasets import quantise_rows  # noqa: PLC0415
    from marketplace.privacy.paillier.linear import logistic  # noqa: PLC0415

    slope, shift = 4 * logistic().slope / 3, 0.6 * log_prior_ratio(source.labels, (1, 1, 1), 3)
    x = np.column_stack([quantise_rows(source.features, 24) / 24, np.ones(60)])
    w = np.column_stack([base[: 3 * INPUTS].reshape(3, INPUTS), base[3 * INPUTS :]]) / 1024
    before = w.copy()
    for _ in range(4):
        z = x @ w.T + shift
        p = 1 / 3 + slope * (z - z.mean(axis=1, keepdims=True))
        w = w - 0.05 / 60 * (p - np.eye(3)[source.labels]).T @ x
    change = (w - before) * 1024
    assert np.allclose(np.concatenate([change[:, :-1].ravel(), change[:, -1]]), found, atol=0.05)


def test_decrypted_values_are_brought_into_the_bounds(tmp_path):
    """A holder cannot measure what it submits: too long is shortened, in integers, and no fault. GM-575."""
    scoring = ScoringTerms(LINEAR)
    zeros, large = np.zeros(LINEAR.parameters, np.int64), np.full(LINEAR.parameters, -(1 << 62))
    assert admitted(zeros, FRACTION_BITS, scoring) == Update.zero(LINEAR)
    short = admitted(large, FRACTION_BITS, scoring)
    short.check(LINEAR, scoring.bounds)
    assert -1200 > short.flat().max()
    halves = zeros.copy()
    halves[:4] = (3 << 19, -3 << 19, (3 << 19) - 1, (1 << 63) - 1)
    assert [2, -1, 1, 4096] == admitted(halves, FRACTION_BITS, scoring).flat()[:4].tolist()


class Malformed(DataHolder):
    """Submits bytes that are no encrypted vector."""

    def train_blind(self, bounty):
        """Return nonsense."""
        return super().train_blind(bounty)[:-1]


class Overflowing(DataHolder):
    """Fills a whole plaintext, whatever its lanes are for."""

    def train_blind(self, bounty):
        """Return an encrypted number beyond all lanes."""
        lanes, key = Lanes.of(64, private().public.n), private().public
        beyond = encrypter().encrypt(np.ones(LINEAR.parameters, np.int64), bound=1, lanes=lanes)
        shifted = tuple(pow(c, key.n // 2 - 1, key.square) for c in beyond.ciphertexts)
        return dump_vector(EncryptedVector(key, lanes, LINEAR.parameters, lanes.limit, shifted))


@pytest.mark.parametrize(("kind", "breached"), [(Malformed, True), (Overflowing, False)])
def test_what_is_no_encrypted_update_earns_nothing(tmp_path, kind, breached):
    """Who breaks the format loses its stake; who leaves the lanes, which the key's maker could cause, does not.

    GM-576.
    """
    stage = encrypted(tmp_path, rounds=1)
    bad = stage.add_holder("bad", HonestTrainer(rows(80, 30), 9), kind)
    stage.post()
    stage.play()
    log = stage.owner.log.refresh()
    index = next(e.index for e in log.submissions[0] if e.holder == bad.address)
    assert 15 == log.sheet_of(0).sheet.included
    assert (1 << index if breached else 0) == log.sheet_of(0).sheet.breached
    assert log.sheet_of(0).sheet.adopted
    row = next(r for r in figures(stage)[0]["rows"] if r["index"] == index)
    assert (0, "0") == (row["contribution"], row["payout"])
    assert stage.terms.holder_stake * breached == log.lost[bad.address]


def test_a_seat_that_hands_over_a_wrong_part_is_left_out(tmp_path, monkeypatch):
    """The two others decrypt without it, name it, and score as if it had not been there. GM-577."""
    real = Decryption.run

    def crooked(self: Decryption, party: Any) -> bytes:
        if party.me != 1:
            return real(self, party)

        class Lying:
            me, next, previous = party.me, party.next, party.previous

            def pass_down(self, array: Any) -> Any:
                return party.pass_down(spoiled(array))

            def pass_up(self, array: Any) -> Any:
                return party.pass_up(spoiled(array))

        return real(self, Lying())

    def spoiled(array: Any) -> Any:
        array = array.copy()
        array[-1] ^= len(array) > 1
        return array

    monkeypatch.setattr("client.encrypted.decryption.Decryption.run", crooked)
    stage = encrypted(tmp_path, rounds=1)
    stage.post()
    stage.play()
    assert CloseReason.FINISHED is stage.state().closed
    assert stage.owner.log.refresh().sheet_of(0).sheet.adopted
    honest = [v for seat, v in enumerate(by_seat(stage)) if seat != 1]
    assert [[frozenset({1})]] * 2 == [[t.blamed for t in v.troubles if isinstance(t, Cheated)] for v in honest]


def test_a_silent_seat_is_replaced(tmp_path):
    """As in shared mode: the round is void, and the next one is decrypted with another seat. GM-577."""
    stage = encrypted(tmp_path, rounds=2, spare=1)
    for validator in stage.validators:
        validator.place.patience = 8.0
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.ATTEST)
    lazy = next(v for v in stage.validators if v.my_seats())
    lazy.__class__ = Silent
    stage.play()
    log = stage.owner.log.refresh()
    assert stage.terms.ticket_stake // 10 == log.lost[lazy.address]
    assert ({0}, {1}) == (log.void, set(log.settled))
    assert log.sheet_of(1).sheet.adopted


def test_an_owner_that_encrypts_another_base_gets_a_void_round(tmp_path, monkeypatch):
    """With it, it could make honest updates leave their lanes: the seats notice, and nobody is blamed. GM-578."""
    monkeypatch.setattr("client.encrypted.base.flat_of", lambda network: flat_of(network) + np.eye(1, 42, dtype=int)[0])
    stage = encrypted(tmp_path, rounds=1)
    stage.post()
    stage.play()
    log = stage.owner.log.refresh()
    assert {} == log.settled
    assert all("another base" in str(v.troubles[-1]) for v in by_seat(stage))
    assert {0} == {log.lost[person.address] for person in (*stage.holders, *stage.validators)}


def test_seats_that_were_dealt_no_shares_attest_to_nothing(tmp_path, monkeypatch):
    """They could not decrypt, and are not punished for it. GM-578."""
    monkeypatch.setattr("client.encrypted.base.dump_share", lambda share: b"none")
    stage = encrypted(tmp_path, rounds=1)
    stage.post()
    stage.play()
    log = stage.owner.log.refresh()
    assert {0} == {event.bitmap for event in log.attested[0].values()}
    assert {0} == {log.lost[person.address] for person in (*stage.holders, *stage.validators)}


def test_a_seat_that_restarts_scores_what_was_decrypted(tmp_path):
    """What came out is in the journal before it is committed to. GM-579."""
    stage = encrypted(tmp_path, rounds=2)
    stage.post()
    for phase, round_ in ((Phase.REVEAL, 0), (Phase.SUBMIT, 1)):
        stage.play(until=lambda state, p=phase, r=round_: state.phase is p and state.round == r)
        for number, old in enumerate(stage.validators):
            new = Validator(old.name, old.account, old.identity, old.store, old.log, old.journal)
            new.place = old.place
            stage.validators[number] = new
    stage.play()
    assert [True, True] == [f["adopted"] for f in figures(stage)]
    assert CloseReason.FINISHED is stage.state().closed
    assert isinstance(stage.validators[0].bench, EncryptedBench)


def test_an_owner_that_restarts_has_the_same_key(tmp_path):
    """The key is in the journal before anybody encrypts under it. GM-579."""
    stage = encrypted(tmp_path, rounds=1)
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.SUBMIT)
    old = stage.owner
    names = old.journal.names("paillier/")
    assert [f"paillier/{stage.bounty.hex()}"] == names
    new = ModelOwner(old.name, old.account, old.identity, old.store, old.plan, old.journal)
    assert stage.bounty == new.post()
    stage.owner = new
    stage.play()
    assert stage.owner.log.refresh().sheet_of(0).sheet.adopted


def test_a_holder_left_out_submits_what_changes_nothing(tmp_path, monkeypatch):
    """It keeps its stake, and its submission looks like any other. GM-576."""
    real = ModelOwner._recipients

    def selective(owner: ModelOwner, bounty: Any) -> Any:
        holders, sealed_to = real(owner, bounty)
        holders.pop(stage.holders[0].address)
        return holders, sealed_to

    monkeypatch.setattr(ModelOwner, "_recipients", selective)
    stage = encrypted(tmp_path, rounds=1, honest=4)
    stage.post()
    stage.play()
    log = stage.owner.log.refresh()
    left = next(i for i, e in enumerate(log.submissions[0]) if e.holder == stage.holders[0].address)
    assert opened(stage)[left] == Update.zero(LINEAR)
    assert 0 == log.lost[stage.holders[0].address]
    assert 0 == log.sheet_of(0).sheet.breached


def test_a_holder_that_has_to_see_the_model_does_not_join(tmp_path):
    """Its trainer offers no linear map. GM-570."""
    stage = encrypted(tmp_path, rounds=1)
    seeing: Callable[[TrainingTask], Update] = stage.honest_trainer(7)
    stage.add_holder("seeing", seeing)
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.SUBMIT)
    assert 3 == stage.state().joined.bit_count()
    assert isinstance(stage.holders[3].troubles[-1], InvalidTerms)


@pytest.mark.parametrize("change", [{"seats": 5}, {"unjudged": False}])
def test_terms_that_cannot_be_kept_are_refused(tmp_path, change):
    """With other seats than three, a referee, or a model that is not linear, too large, or without room. GM-570."""
    plan = encrypted(tmp_path).owner.plan
    terms = replace(plan.chain, unjudged=True)
    check_mode(terms, ENCRYPTED, plan.scoring)
    with pytest.raises(InvalidTerms):
        check_mode(replace(terms, **change), ENCRYPTED, plan.scoring)
    wide = replace(plan.scoring.bounds, weight=1 << 41)
    for scoring in (
        replace(plan.scoring, shape=Shape(INPUTS, 6, 2)),
        replace(plan.scoring, shape=Shape(600, 0, 2)),
        replace(plan.scoring, bounds=wide),
    ):
        with pytest.raises(InvalidTerms):
            check_mode(terms, ENCRYPTED, scoring)
    with pytest.raises(InvalidInput, match="use noise, sign-flip"):
        DemoOptions(attackers=("noise", "stale"), privacy=ENCRYPTED)


def test_what_would_leave_is_said_without_what_nobody_knows(tmp_path):
    """A person who reviews a submission reads that it is encrypted, and that the owner made the key. GM-573."""
    stage = encrypted(tmp_path, rounds=1)
    told: list[str] = []
    stage.holders[0].may_leave = lambda out: told.append(str(out.lines())) or True  # type: ignore[func-returns-value]
    stage.post()
    stage.play()
    assert "encrypted" in told[0]
    assert "made by the owner" in told[0]
    assert BlindTask(stage.owner.terms, 0).round == 0
