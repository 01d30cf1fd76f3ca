"""What happens to those who break the rules, and that nobody else loses by it."""

import secrets
from dataclasses import replace

import numpy as np
import pytest

from client.holder import DataHolder
from client.push import settle
from marketplace.domain.abi import submission_commitment
from marketplace.domain.bounty import CloseReason, Phase, RoundStatus
from marketplace.domain.commitment import update_root
from marketplace.domain.documents import SealedShare, SubmissionDocument
from marketplace.domain.errors import NotFound
from marketplace.domain.network import Shape
from marketplace.domain.scope import Purpose
from marketplace.domain.update import LayerUpdate, Update
from marketplace.sealing import datakeys
from marketplace.storage.tensors import dump_update
from tests.client.stage import Stage


class _Liar(DataHolder):
    """Seals something else than what it commits to; subclasses say what."""

    def twist(self, update, salt, key, round_):
        """Return (file, key it is sealed with, root, key hash, round it claims)."""
        return dump_update(update, salt), key, update_root(update, salt), datakeys.key_hash(key), round_

    def seal(self, update, round_):
        """As an honest holder, with the twist."""
        key, salt = datakeys.new_key(), secrets.token_bytes(32)
        plain, sealed_with, root, key_hash, claimed = self.twist(update, salt, key, round_)
        scope = self.scope(self.log.bounty)
        cid = self.put_sealed(plain, sealed_with, scope.context(Purpose.UPDATE, claimed, self.address))
        document = SubmissionDocument(round_, self.address, cid, root, key_hash, self._shares(key, round_))
        return submission_commitment(scope, round_, self.address, root, key_hash), self.publish(document)


class _WrongRoot(_Liar):
    def twist(self, update, salt, key, round_):
        plain, key, _, key_hash, round_ = super().twist(update, salt, key, round_)
        return plain, key, secrets.token_bytes(32), key_hash, round_


class _OtherRound(_Liar):
    def twist(self, update, salt, key, round_):
        plain, key, root, key_hash, round_ = super().twist(update, salt, key, round_)
        return plain, key, root, key_hash, round_ + 1


class _WrongKey(_Liar):
    def twist(self, update, salt, key, round_):
        plain, key, root, key_hash, round_ = super().twist(update, salt, key, round_)
        return plain, datakeys.new_key(), root, key_hash, round_


class _KeyNotHashed(_Liar):
    def twist(self, update, salt, key, round_):
        plain, key, root, _, round_ = super().twist(update, salt, key, round_)
        return plain, key, root, datakeys.key_hash(datakeys.new_key()), round_


class _NotSafetensors(_Liar):
    def twist(self, update, salt, key, round_):
        plain, key, root, key_hash, round_ = super().twist(update, salt, key, round_)
        return plain[:-5], key, root, key_hash, round_


class _WrongShape(_Liar):
    def twist(self, update, salt, key, round_):
        other = Update.zero(Shape(7, 4, 2))
        return dump_update(other, salt), key, update_root(other, salt), datakeys.key_hash(key), round_


class _AboveBounds(_Liar):
    def twist(self, update, salt, key, round_):
        huge = Update(tuple(LayerUpdate(layer.weight + 4097, layer.bias) for layer in update.layers))
        return dump_update(huge, salt), key, update_root(huge, salt), datakeys.key_hash(key), round_


LIARS = [_WrongRoot, _OtherRound, _WrongKey, _KeyNotHashed, _NotSafetensors, _WrongShape, _AboveBounds]


@pytest.fixture(scope="module")
def lied_to(tmp_path_factory):
    """One round with three honest holders and one liar of each kind, played to the end."""
    stage = Stage(tmp_path_factory.mktemp("store"), rounds=1, honest=3)
    for i, kind in enumerate(LIARS):
        stage.add_holder(kind.__name__, stage.honest_trainer(20 + i), kind)
    stage.post()
    stage.play()
    return stage


@pytest.mark.parametrize("kind", LIARS)
def test_an_update_that_contradicts_its_commitment_earns_nothing_and_loses_the_stake(lied_to, kind):
    """Wrong root, round, key, file, shape or size: counts 0, the stake is burned, the fee is kept. GM-709."""
    liar = next(h for h in lied_to.holders if h.name == kind.__name__)
    assert 0 == lied_to.owner.log.earned[liar.address]
    assert lied_to.terms.holder_stake == lied_to.owner.log.lost[liar.address]
    assert 0 == liar.account.vault.balance()


def test_liars_do_not_keep_the_honest_from_being_paid(lied_to):
    """The round settles and is paid as if the liars had not come."""
    assert CloseReason.FINISHED == lied_to.state().closed
    assert all(lied_to.owner.log.earned[h.address] > 0 for h in lied_to.holders[:3])
    assert 0 == lied_to.left_in_bounty()


class _Unfetchable(DataHolder):
    """Commits to a document that nobody can fetch."""

    def seal(self, update, round_):
        """Name content that is not in the store."""
        return secrets.token_bytes(32), secrets.token_bytes(32)


class _SharesToNobody(_Liar):
    """Seals garbage instead of key shares."""

    def _shares(self, key, round_):
        return tuple(SealedShare(s.hash, "AAAA") for s in super()._shares(key, round_))


def test_a_submission_no_seat_can_open_is_left_out_and_its_fee_returns(tmp_path):
    """Excluded is not punished: fee and stake come back. GM-111, GM-213."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    gone = stage.add_holder("gone", stage.honest_trainer(7), _Unfetchable)
    garbage = stage.add_holder("garbage", stage.honest_trainer(8), _SharesToNobody)
    stage.post()
    stage.play()
    purse = stage.terms.holder_stake + stage.terms.fee
    assert [purse, purse] == [gone.account.vault.balance(), garbage.account.vault.balance()]
    assert 0b00111 == stage.owner.log.included[0]


def test_joining_and_not_submitting_burns_the_stake(tmp_path):
    """Whoever took the base and gave nothing loses the stake; the unused fee comes back. GM-112."""
    stage = Stage(tmp_path, rounds=1, honest=4)
    lazy = stage.holders[3]
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT)
    stage.silent.add(lazy.name)
    stage.play(until=lambda b: b.phase is Phase.ATTEST)
    stage.silent.clear()
    stage.play()
    assert stage.terms.holder_stake == stage.owner.log.lost[lazy.address]
    assert stage.terms.fee == lazy.account.vault.balance()


def test_a_round_with_too_few_submissions_is_void_and_fees_return(tmp_path):
    """A lone update would be the aggregate: nobody is scored, paid or charged. GM-111, GM-209."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT)
    stage.silent.update({"h1", "h2"})
    stage.play(until=lambda b: b.phase is Phase.CLOSED)
    stage.silent.clear()
    stage.play()
    assert RoundStatus.VOID == stage.owner.account.round(stage.bounty, 0).status
    assert stage.terms.holder_stake + stage.terms.fee == stage.holders[0].account.vault.balance()
    assert stage.terms.escrow == stage.owner.account.vault.balance()


def test_an_owner_that_does_not_open_the_shard_pays_the_holders_from_its_bond(tmp_path):
    """Each submitter gets stake, fee and the fixed compensation; the rest of the bond is burned. GM-115, GM-211."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT)
    stage.owner.open_shard = lambda bounty: False
    stage.play()
    terms = stage.terms
    assert CloseReason.OWNER_DEFAULT == stage.state().closed
    whole = terms.holder_stake + terms.fee + terms.compensation
    assert [whole] * 3 == [h.account.vault.balance() for h in stage.holders]
    assert terms.bond - 3 * terms.compensation == stage.owner.account.vault.burned()
    assert 0 == stage.left_in_bounty()


def test_a_seat_that_never_commits_is_slashed_and_replaced(tmp_path):
    """Two of three still settle; the silent one loses a tenth, and its seat is drawn anew for the next round.

    GM-305.
    """
    stage = Stage(tmp_path, rounds=2, honest=3, spare=1)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.COMMIT)
    seated = {e.validator for e in stage.owner.log.seats.values()}
    lazy = next(v for v in stage.validators if v.address in seated)
    lazy.commit = lambda bounty: False
    stage.play()
    terms = stage.terms
    assert CloseReason.FINISHED == stage.state().closed
    assert terms.ticket_stake // 10 == stage.owner.log.lost[lazy.address]
    assert lazy.address not in {e.validator for e in stage.owner.log.seats.values()}
    new = next(v for v in stage.validators if v.address not in seated)
    assert stage.owner.log.earned[new.address] == terms.seat_pay


def test_a_seat_with_another_sheet_is_slashed_and_nobody_else_loses(tmp_path):
    """The majority's sheet stands; the minority loses a fifth of its stake. GM-307."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.COMMIT)
    liar = stage.validators[0]
    honest_open = liar.bench.open_round

    def twisted(round_):
        opened = honest_open(round_)
        return replace(opened, given=replace(opened.given, rows=np.roll(opened.given.rows, 1, axis=0)))

    liar.bench.open_round = twisted
    for validator in stage.validators:
        validator.challenge = lambda bounty, v=validator: (  # nobody disputes; see test_disputes.py
            bounty.phase is Phase.CHALLENGE
            and v.account.now() > bounty.deadline
            and settle(v.account, v.log.refresh(), bounty)
        )
    stage.play()
    assert CloseReason.FINISHED == stage.state().closed
    assert stage.terms.ticket_stake // 5 == stage.owner.log.lost[liar.address]
    assert all(stage.owner.log.earned[h.address] > 0 for h in stage.holders)


def test_an_unknown_bounty_is_not_found(tmp_path):
    """Asking for a bounty nobody posted names the reason instead of zeros."""
    stage = Stage(tmp_path, rounds=1)
    with pytest.raises(NotFound):
        stage.owner.account.bounty(bytes(32))
