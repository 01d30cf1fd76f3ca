"""Everybody forgets everything but their journal before every step: the bounty ends as if nobody had."""

import pytest

from client.holder import DataHolder
from client.log import BountyLog
from client.owner import ModelOwner
from client.push import push
from client.validator import Validator
from marketplace.domain.bounty import CloseReason, Phase
from tests.client.stage import Stage
from tests.client.watching import everything_comes_home, sheets, slashed


def _reborn(person, bounty):
    """The same person in a new process: keys, store and journal are all that is left."""
    parts = (person.name, person.account, person.identity, person.store)
    if isinstance(person, ModelOwner):
        owner = ModelOwner(*parts, person.plan, person.journal)
        owner.post()
        return owner
    log = BountyLog(person.account, bounty)
    if isinstance(person, DataHolder):
        return DataHolder(*parts, log, person.trainer, person.journal)
    return Validator(*parts, log, person.journal)


class _Forgetful(Stage):
    """A stage whose people are reborn before each step."""

    def _act(self, until):
        acted = False
        for people in ([self.owner], self.validators, self.holders):
            for number, person in enumerate(people):
                people[number] = again = _reborn(person, self.bounty)
                if isinstance(again, ModelOwner):
                    self.owner = again
                acted |= again.step()
        return acted


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The same bounty twice: undisturbed, and with amnesia at every step."""
    out = []
    for kind in (Stage, _Forgetful):
        stage = kind(tmp_path_factory.mktemp("store"), rounds=3, honest=4, spare=0)
        stage.post()
        stage.play()
        out.append(stage)
    return out


def test_amnesia_changes_no_payout(both):
    """Everybody earns to the unit what they earn undisturbed, and the owner has the same model. GM-910."""
    plain, forgetful = both
    assert CloseReason.FINISHED == forgetful.state().closed
    for people in ("validators", "holders"):
        one, other = getattr(plain, people), getattr(forgetful, people)
        assert [plain.owner.log.earned[p.address] for p in one] == [
            forgetful.owner.log.earned[p.address] for p in other
        ]
    assert plain.owner.model == forgetful.owner.model
    assert ({}, 1) == (slashed(forgetful), sheets(forgetful, 2))


def test_amnesia_doubles_nothing(both):
    """One submission a holder and round, one commit a seat and round; all money comes home. GM-911."""
    stage = both[1]
    log = stage.owner.log
    for round_ in range(3):
        assert 4 == len(log.submissions[round_]) == len({e.holder for e in log.submissions[round_]})
        assert {0, 1, 2} == set(log.committed[round_])
    everything_comes_home(stage)


def test_posting_again_is_the_same_bounty(tmp_path):
    """Same id, same terms, same shards' keys, and no second escrow. GM-912."""
    stage = Stage(tmp_path, rounds=1)
    bounty, keys = stage.post(), stage.owner.secrets.shard_keys
    before = stage.owner.account.vault.balance()
    again = _reborn(stage.owner, bounty)
    assert (bounty, keys, before) == (again.log.bounty, again.secrets.shard_keys, again.account.vault.balance())
    assert stage.owner.terms == again.terms


def test_a_submission_is_sealed_once_however_often_it_is_tried(tmp_path, monkeypatch):
    """What a holder was about to submit when it died is what it submits later: same key, same document. GM-913."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT)
    holder, sent = stage.holders[0], []
    monkeypatch.setattr(holder.account, "submit", lambda *what: sent.append(what))
    for _ in range(3):
        holder.step()
        holder = _reborn(holder, stage.bounty)
    monkeypatch.undo()
    assert 3 == len(sent)
    assert 1 == len(set(sent))
    assert push(holder.account, holder.log) is False
