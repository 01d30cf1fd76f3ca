"""A shared bounty's later models: no seat sees one, the owner and those who train on it get the same."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from client.base import open_base
from client.holder import Trainer, TrainingTask
from client.scorer import Shelf
from client.shared.bench import SharedBench
from client.shared.model import components_of_seat, open_model, open_shared_base, seal_model
from client.shared.root import open_root_components, seal_root_keys
from client.validator import Validator
from marketplace.domain.bounty import Phase
from marketplace.domain.commitment import network_root
from marketplace.domain.errors import Cheated, GradMarketError, SealingError
from marketplace.domain.network import Network
from marketplace.domain.scope import Scope
from marketplace.domain.update import Update, difference
from marketplace.privacy.sharing.local import in_threads
from marketplace.privacy.sharing.shares import join
from tests.client.stage import TOKEN, Stage
from tests.privacy.tables import deal
from tests.scoring.worlds import address

_SHARED: dict[str, Any] = {"round_budget": 50 * TOKEN, "max_holders": 8}
_SCOPE = Scope(1, address(99), bytes(32))


@dataclass
class Played:
    """A bounty of three rounds that was played to its end.

    Attributes:
        stage: everybody in it; folder: its store.
        trained: by round, the models that holders trained on.
        received: by the round they come from, the models that the owner received.
        roots: by round, the owner's root updates.
    """

    stage: Stage
    folder: Path
    trained: dict[int, list[Network]] = field(default_factory=dict)
    received: dict[int, Network] = field(default_factory=dict)
    roots: dict[int, Update] = field(default_factory=dict)

    def play(self) -> Played:
        """Play it, remembering what nobody is to see."""
        owner = self.stage.owner
        owner.delivered = self.received.__setitem__
        for holder in self.stage.holders:
            holder.trainer = self._remembering(holder.trainer)
        real = owner.plan.train_root

        def train_root(base: Network, round_: int) -> Update:
            self.roots[round_] = real(base, round_)
            return self.roots[round_]

        owner.plan = replace(owner.plan, train_root=train_root)
        self.stage.post()
        self.stage.play()
        return self

    def _remembering(self, train: Trainer) -> Trainer:
        def trainer(task: TrainingTask) -> Update:
            self.trained.setdefault(task.round, []).append(task.base)
            return train(task)

        return trainer


def shared(tmp_path: Path, **changes: Any) -> Stage:
    """A bounty in shared mode that nobody has posted."""
    return Stage(tmp_path, privacy="shared", **(_SHARED | changes))


@pytest.fixture(scope="module")
def played(tmp_path_factory) -> Played:
    """A shared bounty of three rounds."""
    folder = tmp_path_factory.mktemp("shared")
    return Played(shared(folder, rounds=3), folder).play()


def seated(stage: Stage) -> list[Validator]:
    """The validators in the order of the seats they hold now."""
    people = {v.address: v for v in stage.validators}
    return [people[event.validator] for _, event in sorted(stage.owner.log.refresh().seats.items())]


def distances(stage: Stage, round_: int) -> list[list[int]]:
    """What the components of all seats add up to: how far a round's model is from the first, and its last aggregate."""
    log, scoring = stage.owner.log.refresh(), stage.owner.plan.scoring
    parts = [components_of_seat(v, log, scoring, round_, seat) for seat, v in enumerate(seated(stage))]
    assert all(np.array_equal(parts[s][1], parts[(s + 1) % 3][0]) for s in range(3))
    return join([p[0] for p in parts]).tolist()


def test_seats_hold_components_of_what_the_owner_and_the_holders_read(played, tmp_path):
    """The model of every round, and with the salt of a sealed bounty the root that its sheet would name. GM-569."""
    stage, first, received = played.stage, played.stage.owner.plan.base, played.received
    assert {0, 1, 2} == set(received)
    before = {0: first, 1: received[0], 2: received[1]}
    assert all(base == before[round_] for round_, seen in played.trained.items() for base in seen)
    assert [3, 3, 3] == [len(seen) for seen in played.trained.values()]
    moved = [difference(received[r], first).flat() for r in (0, 1)]
    assert [moved[0].tolist(), moved[0].tolist()] == distances(stage, 1)
    assert [moved[1].tolist(), (moved[1] - moved[0]).tolist()] == distances(stage, 2)

    sealed = Played(Stage(tmp_path, rounds=3, **_SHARED), tmp_path).play()
    salt = bytes(range(32))
    assert {r: network_root(m, salt) for r, m in sealed.received.items()} == {
        r: network_root(m, salt) for r, m in received.items()
    }


def test_one_seat_opens_no_later_model(played):
    """Its two components are noise; the third opens under none of its keys, and no store holds a model. GM-569."""
    stage, received = played.stage, played.received
    log, scoring, first = stage.owner.log.refresh(), stage.owner.plan.scoring, stage.owner.plan.base
    moved = difference(received[0], first).flat().view(np.uint64)
    for seat, validator in enumerate(seated(stage)):
        held = components_of_seat(validator, log, scoring, 1, seat)
        assert held is not None
        for words in (held[0, 0], held[1, 0], held[0, 0] + held[1, 0], held[0, 0] - held[1, 0]):
            assert not (words == moved).any()
            assert abs(np.mean(words >> np.uint64(63)) - 1 / 2) < 1 / 3
        with pytest.raises(SealingError, match="component"):
            open_shared_base(validator, log, scoring, 1)
        assert open_base(validator, log, scoring, 1, log.terms.base_root)[0] == first
        bench = validator.bench
        assert isinstance(bench, SharedBench)
        assert bench.score(0).aggregate is None
    pieces = [received[r].layers[0].weight.tobytes()[:32] for r in received]
    assert not any(piece in blocks(played) for piece in pieces)


def test_one_seat_opens_no_root_update(played):
    """What it was trained from is a model that no seat sees. GM-569."""
    stage = played.stage
    log, scoring = stage.owner.log.refresh(), stage.owner.plan.scoring
    for round_, update in played.roots.items():
        held = [open_root_components(v, log, scoring, round_, seat) for seat, v in enumerate(seated(stage))]
        assert update.flat().tolist() == join([pair[0] for pair in held]).tolist()
        for pair in held:
            for words in (*pair, pair[0] + pair[1]):
                assert not np.array_equal(words, update.flat().view(np.uint64))
                assert abs(np.mean(words >> np.uint64(63)) - 1 / 2) < 1 / 3
    assert not any(update.flat()[:4].tobytes() in blocks(played) for update in played.roots.values())


def blocks(played: Played) -> bytes:
    """Everything in the store."""
    return b"".join(path.read_bytes() for path in played.folder.rglob("*") if path.is_file())


def test_an_owner_that_forgets_everything_receives_the_same_models(played):
    """They follow from the chain and the store."""
    owner = played.stage.owner
    last, aggregates = owner.model, dict(owner.aggregates)
    owner.forget()
    assert owner.model == owner.plan.base
    owner.receive()
    assert (last, aggregates) == (owner.model, owner.aggregates)


def test_a_holder_checks_that_the_components_are_those_of_the_sheet(played):
    """Another model than the seats' is none that anybody trains on."""
    stage = played.stage
    log, scoring, holder = stage.owner.log.refresh(), stage.owner.plan.scoring, stage.holders[0]
    keys = stage.owner._model_keys[0]
    assert open_model(holder, log, scoring, 0, stage.owner.plan.base, keys) == played.received[0]
    for wrong in ({}, {0: keys[0], 1: keys[1]}, keys | {2: keys[1]}):
        with pytest.raises(GradMarketError):
            open_model(holder, log, scoring, 0, stage.owner.plan.base, wrong)


def test_a_seat_drawn_after_an_adoption_computes_with_the_others(tmp_path):
    """The owner seals it the keys of its components. GM-580."""
    stage = shared(tmp_path, rounds=3, spare=1)
    stage.post()
    stage.play(until=lambda state: state.round == 1 and state.phase is Phase.COMMIT)
    lazy = seated(stage)[1]
    for validator in stage.validators:
        validator.place.patience = 5.0
    stage.silent.add(lazy.name)
    stage.play(until=lambda state: state.round == 2)
    for validator in stage.validators:
        validator.place.patience = 60.0
    stage.silent.clear()
    stage.play()
    log = stage.owner.log.refresh()
    assert ({1}, {0, 2}) == (log.void, set(log.settled))
    assert lazy not in seated(stage)
    assert log.sheet_of(2).sheet.adopted
    assert {0, 2} == set(stage.owner.aggregates)


@pytest.mark.parametrize(("serving", "delivered"), [(2, True), (1, False)])
def test_two_seats_together_hand_the_model_over(tmp_path, monkeypatch, serving, delivered):
    """One alone cannot, whatever it serves. GM-581."""
    stage = shared(tmp_path, rounds=1)
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.REVEAL)
    silent = {v.address for v in seated(stage)[serving:]}
    real = Validator.serve
    monkeypatch.setattr(Validator, "serve", lambda v, state: v.address not in silent and real(v, state))
    stage.play()
    log = stage.owner.log.refresh()
    assert serving == len(log.served[0])
    assert delivered is (0 in stage.owner.aggregates)
    assert delivered or "key of component" in str(stage.owner.troubles[-1])


def test_an_owner_that_hands_out_no_keys_gets_a_void_round(tmp_path, monkeypatch):
    """Seats that cannot open the model attest to nothing, and holders get their fees back. GM-582."""
    stage = shared(tmp_path, rounds=2)
    stage.post()
    stage.play(until=lambda state: state.round == 1)
    monkeypatch.setattr("client.owner.seal_model_keys", lambda *_: {})
    stage.play()
    log = stage.owner.log.refresh()
    assert ({1}, {0}) == (log.void, set(log.settled))
    assert {0} == {log.lost[p.address] for p in (*stage.holders, *stage.validators)}
    assert [1, 1, 1] == [log.fees_paid_by(h.address) for h in stage.holders]


@pytest.mark.parametrize("spoil", ["nothing", "others"])
def test_an_owner_that_hands_out_no_root_update_gets_a_void_round(tmp_path, monkeypatch, spoil):
    """Its components have keys that no rebuttal publishes: seats without them are excused, and fees return. GM-584."""
    stage = shared(tmp_path, rounds=1)
    real = "client.owner.seal_root_keys"

    def spoiled(owner, log, round_):
        sealed = seal_root_keys(owner, log, round_)
        if spoil == "nothing":
            return {}
        first, second, _ = sealed
        return sealed | {first: sealed[second]}

    monkeypatch.setattr(real, spoiled)
    for validator in stage.validators:
        validator.place.patience = 5.0
    stage.post()
    stage.play()
    log = stage.owner.log.refresh()
    assert ({0}, set()) == (log.void, set(log.settled))
    assert (spoil == "nothing") is (0 in log.rebuttals)
    assert {0} == {log.lost[p.address] for p in (*stage.holders, *stage.validators)}
    assert [0, 0, 0] == [log.fees_paid_by(h.address) for h in stage.holders]


@pytest.mark.parametrize("liar", [0, 1, 2])
@pytest.mark.parametrize("part", ["first", "second"])
def test_a_seat_that_names_another_component_than_its_neighbour_is_caught(liar, part):
    """Before anything is signed: the third seat sees two names. GM-583."""
    moved = deal(np.arange(7))

    def act(party):
        mine = moved(party).each(np.copy)
        if party.me == liar:
            getattr(mine, part)[3] += np.uint64(1)
        return seal_model(party, _SCOPE, 0, mine, Shelf())

    with pytest.raises(Cheated, match="two versions of one component"):
        in_threads(act)


def test_three_seats_name_the_same_components(tmp_path):
    """And each has the keys of its own two."""
    moved = deal(np.arange(7))
    shelves = [Shelf(), Shelf(), Shelf()]
    made = in_threads(lambda party: seal_model(party, _SCOPE, 0, moved(party), shelves[party.me]))
    documents, keys = zip(*made, strict=True)
    assert documents[0] == documents[1] == documents[2]
    assert [k[32:] for k in keys] == [keys[1][:32], keys[2][:32], keys[0][:32]]
    assert 3 == len({key[:32] for key in keys})
    contents = [{*shelf.contents} for shelf in shelves]
    assert 1 == len(contents[0] & contents[1]) == len(contents[1] & contents[2]) == len(contents[2] & contents[0])
