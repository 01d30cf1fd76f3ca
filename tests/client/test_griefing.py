"""One participant against all others: whatever it seals, names or withholds, it stops and costs nobody but itself."""

from dataclasses import replace

from client.holder import DataHolder
from marketplace.domain.bounty import CloseReason, Phase, RoundStatus
from marketplace.domain.documents import RoundDocument, SealedShare
from marketplace.domain.scope import Purpose
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import seal_text
from marketplace.storage.cid import cid_of_digest
from marketplace.storage.folder import FolderStore
from tests.client.stage import Stage
from tests.client.watching import everything_comes_home, on_the_bench, sheets, slashed


class _Holder(DataHolder):
    """Shares its key honestly; subclasses do not."""

    def _shares(self, key, round_):
        return self.twist(list(super()._shares(key, round_)), round_)

    def give(self, share, seat, round_):
        """Return a share sealed to a seat as an honest holder would, under its own hash."""
        context = self.scope(self.log.bounty).context(Purpose.KEY_SHARE, round_, self.address)
        public = self.key_named(self.log.seats[seat].key)
        return SealedShare(datakeys.share_hash(share, seat), seal_text(share, public, context))


class _ShortShares(_Holder):
    def twist(self, shares, round_):
        return tuple(self.give(bytes(31), seat, round_) for seat in range(len(shares)))


class _OneShareOfAnotherKey(_Holder):
    def twist(self, shares, round_):
        return (*shares[:2], self.give(datakeys.new_key(), 2, round_))


class _TooLarge(DataHolder):
    def put_sealed(self, plain, key, context):
        """Append what no model needs: the ciphertext is small enough to be taken, its content is not."""
        return super().put_sealed(plain + bytes(9_000), key, context)


def test_holders_that_aim_at_the_seats_only_hit_themselves(tmp_path):
    """Short shares are left out; contradicting shares and oversized updates are breaches; the others are paid."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    for i, kind in enumerate((_ShortShares, _OneShareOfAnotherKey, _TooLarge)):
        stage.add_holder(kind.__name__, stage.honest_trainer(30 + i), kind)
    stage.post()
    stage.play()
    assert 0b110111 == stage.owner.log.included[0]
    assert 0b110000 == stage.owner.log.sheet_of(0).sheet.breached
    assert ({}, 1) == (slashed(stage), sheets(stage, 0))
    assert all(stage.owner.log.earned[h.address] > 0 for h in stage.holders[:3])
    everything_comes_home(stage)


class _NothingForSeat0(_Holder):
    def twist(self, shares, round_):
        return (replace(shares[0], sealed="AAAA"), *shares[1:])


def test_a_seat_and_a_holder_together_cannot_make_honest_seats_reveal_different_sheets(tmp_path):
    """The holder leaves out one seat, the other hands its shares to one only: who cannot tell why abstains. GM-712."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.add_holder("accomplice", stage.honest_trainer(40), _NothingForSeat0)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.ATTEST)
    bench = on_the_bench(stage)
    honest, favourite = bench[2].bench.reseal, bench[1].address

    def reseal(round_, seat, shares):
        document = honest(round_, seat, shares)
        mine = bench[2].address
        return replace(document, keys={a: k if a in (favourite, mine) else "AAAA" for a, k in document.keys.items()})

    bench[2].bench.reseal = reseal
    stage.play()
    assert (1, 0) == (sheets(stage, 0), stage.owner.log.sheet_of(0).sheet.breached)
    assert {} == slashed(stage)
    assert 1 == len(bench[0].troubles)


def test_an_owner_that_keeps_the_base_from_the_seats_costs_them_nothing(tmp_path):
    """Seats that cannot score attest to nothing: the round is void, nobody is slashed, the next one settles. GM-305."""
    stage = Stage(tmp_path, rounds=2, honest=3)
    stage.post()
    recipients = stage.owner._recipients

    def without_seats(bounty):
        sealed, bitmap = recipients(bounty)
        left_out = {v.address for v in stage.validators} if bounty.round == 0 else set()
        return {address: key for address, key in sealed.items() if address not in left_out}, bitmap

    stage.owner._recipients = without_seats
    stage.play()
    status = [stage.owner.account.round(stage.bounty, r).status for r in range(2)]
    assert [RoundStatus.VOID, RoundStatus.SETTLED] == status
    assert ({}, 1) == (slashed(stage), sheets(stage, 1))
    # The first base was opened in the second round, where it still was the base.
    assert [stage.owner.plan.base] * 3 == [v.bench.score(1).given.final.first_base for v in stage.validators]
    everything_comes_home(stage)


def test_an_owner_that_opens_the_final_shard_wrongly_releases_the_hold_back_for_all_seats(tmp_path):
    """Whatever it publishes opens for every seat or for none: one sheet, and it releases. GM-414."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT)
    stage.owner.secrets.shard_keys[1] = datakeys.new_key()
    stage.play()
    assert ({}, 1) == (slashed(stage), sheets(stage, 0))
    assert [None] * 3 == [v.bench.score(0).given.final for v in stage.validators]
    assert stage.owner.log.sheet_of(0).sheet.released


def test_a_shard_document_that_no_reader_was_made_for_stops_no_seat(tmp_path):
    """A shard's number of thousands of digits: seats say that it is not open, and the owner has to publish the key."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT)
    publish = stage.owner.publish
    stage.owner.publish = lambda _: publish({"kind": "shard", "round": 0, "keys": {"9" * 5000: {}}})
    stage.play()
    assert {0} == set(stage.owner.log.rebuttals)
    assert (CloseReason.FINISHED, {}) == (stage.state().closed, slashed(stage))


def test_holders_with_unusable_keys_cannot_take_the_owners_bond(tmp_path):
    """Where too few others joined, they have to submit like everybody: the round opens. GM-713."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.holders[2].publish_key = datakeys.new_key  # a digest of nothing
    stage.post()
    stage.play()
    assert CloseReason.FINISHED == stage.state().closed
    assert 0 == stage.owner.account.vault.burned()
    assert 1 == len(stage.holders[2].troubles)
    assert stage.terms.holder_stake == stage.holders[2].account.vault.balance()
    everything_comes_home(stage)


def test_a_holder_that_lost_its_stake_gets_no_base_any_more(tmp_path):
    """It can submit nothing, so the owner seals the next base to the others only."""
    stage = Stage(tmp_path, rounds=2, honest=4)
    lazy = stage.holders[3]
    lazy.submit = lambda bounty: False
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.SUBMIT and b.round == 1)
    log = stage.owner.log.refresh()
    document = stage.owner.fetch(log.opened[1].document, RoundDocument)
    envelope = stage.owner.get_envelope(document.envelope_cid)
    assert {h.address for h in stage.holders[:3]} | {v.address for v in stage.validators} == set(envelope)
    assert 0b0111 == log.opened[1].expected


def test_a_payout_whose_sheet_is_not_here_yet_is_claimed_later(tmp_path):
    """A store that lacks the sheet is a trouble, not the end of the claim."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    late = stage.holders[0]
    stage.play(until=lambda b: b.phase is Phase.SERVE)
    store, late.store = late.store, FolderStore(tmp_path / "empty")
    assert late.step() is False
    assert 1 == len(late.troubles)
    late.store = store
    stage.play()
    assert stage.owner.log.earned[late.address] > 0


def test_a_sheet_is_nowhere_to_be_seen_before_all_have_committed(tmp_path):
    """Whoever watches the store finds no sheet to copy: it comes when it is revealed, under the committed name.

    GM-714.
    """
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.COMMIT)
    before = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    stage.play(until=lambda b: b.phase is Phase.REVEAL)
    assert before == {path.name for path in tmp_path.rglob("*") if path.is_file()}
    stage.play()
    assert stage.store.has(cid_of_digest(stage.owner.log.sheet_of(0).sheet.document))
    assert {0} == set(stage.owner.aggregates)
