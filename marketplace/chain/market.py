"""The market as Python: one method for each function, in the order in which a bounty needs them.

Acts are signed by the account and wait until they are mined; views return frozen domain values. Everything a contract
refuses is raised as one of `marketplace.chain.reverts`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Protocol

from marketplace.chain.contract import Contract, announced
from marketplace.chain.reverts import UnknownBounty
from marketplace.domain import events as ev
from marketplace.domain.abi import sheet_hash
from marketplace.domain.bounty import (
    BountyState,
    CloseReason,
    Draw,
    HolderState,
    Phase,
    RoundState,
    RoundStatus,
    SeatState,
)
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.scope import Scope

if TYPE_CHECKING:
    from marketplace.chain.node import Receipt
    from marketplace.chain.registry import Registry
    from marketplace.domain.bounty import Candidate
    from marketplace.domain.terms import ChainTerms, SheetHead

__all__ = ["Claim", "Market"]

_SUM_BYTES: Final = 16


class Claim(Protocol):
    """A leaf of a round's payout tree and the way to its root, leaf first."""

    @property
    def index(self) -> int:
        """The holder's index."""

    @property
    def holder(self) -> str:
        """The holder's address."""

    @property
    def amount(self) -> int:
        """What it is paid, in the token's smallest unit."""

    @property
    def hashes(self) -> Sequence[bytes]:
        """Hashes of the nodes beside the path."""

    @property
    def sums(self) -> Sequence[int]:
        """Their sums."""

    @property
    def sheet_hash(self) -> bytes:
        """Hash of the sheet that the round was settled on."""


class Market(Contract):
    """The market, with one account acting on it.

    Bounties are named by their 32-byte id, seats and holders by their number, documents by 32-byte digests; `terms` are
    always the ones the bounty was posted with.

    Attributes:
        registry: the registry beside it; tells whose turn a vacant seat is.
    """

    registry: Registry

    # ------------------------------------------------------------------ owner
    def post(self, terms: ChainTerms, salt: bytes, owner_key: bytes) -> bytes:
        """Post a bounty, paid from the signer's vault account, and return its id."""
        receipt = self.act("post", salt, (terms.packed(), terms.roots), owner_key)
        return announced(receipt.logs, ev.Posted)[0].bounty

    def open_round(
        self, bounty: bytes, terms: ChainTerms, sealed_to: int, root_update: bytes, document: bytes
    ) -> Receipt:
        """Open the round for the joined holders in `sealed_to`, once joining is over."""
        return self.act("openRound", bounty, terms.packed(), sealed_to, root_update, document)

    def open_shard(self, bounty: bytes, terms: ChainTerms, document: bytes) -> Receipt:
        """Open the round's shard to the seats, once submitting is over."""
        return self.act("openShard", bounty, terms.packed(), document)

    def rebut(  # noqa: PLR0913, PLR0917 - the contract's
        self,
        bounty: bytes,
        terms: ChainTerms,
        key: bytes,
        shard_root: bytes,
        shard_digest: bytes,
        proof: Sequence[bytes],
    ) -> Receipt:
        """Answer "shard not opened" by publishing the shard's key."""
        return self.act("rebut", bounty, terms.packed(), terms.roots, key, shard_root, shard_digest, proof)

    # ------------------------------------------------------------------ seats
    def can_draw(self, state: BountyState) -> bool:
        """Whether the next block can draw the vacant seats of a bounty that is in this state."""
        return state.phase is Phase.DRAW and self.chain.head() >= state.draw_block

    def draw(self, bounty: bytes, terms: ChainTerms) -> Receipt:
        """Fill the vacant seats from the hash of the draw block."""
        return self.act("draw", bounty, terms.packed())

    def candidate(self, state: BountyState, terms: ChainTerms, seat: int) -> Candidate | None:
        """Return whose turn a seat is in a bounty that is in this state; None if nobody's, or it is not vacant."""
        if state.phase is not Phase.ACKNOWLEDGE or not state.vacant >> seat & 1:
            return None
        return self.registry.candidate(terms.ticket_stake, state.drawn, seat, terms.token)

    def acknowledge(self, bounty: bytes, terms: ChainTerms, seat: int, key: bytes) -> Receipt:
        """Take a vacant seat that is one's turn and freeze the encryption key (its digest) that others seal to."""
        turn = self.candidate(self.bounty(bounty), terms, seat)
        return self.act("acknowledge", bounty, terms.packed(), seat, turn.tries if turn else 0, key)

    def attest(  # noqa: PLR0913, PLR0917 - the contract's
        self,
        bounty: bytes,
        terms: ChainTerms,
        seat: int,
        bitmap: int,
        shard_opened: bool,  # noqa: FBT001 - the contract's
        document: bytes,
    ) -> Receipt:
        """Say which submissions the seat holds, whether the shard opened, and where its re-sealed shares lie."""
        return self.act("attest", bounty, terms.packed(), seat, bitmap, shard_opened, document)

    def commit(self, bounty: bytes, seat: int, commitment: bytes) -> Receipt:
        """Commit to a score sheet; see `marketplace.domain.abi.commit_hash`."""
        return self.act("commit", bounty, seat, commitment)

    def reveal(self, bounty: bytes, terms: ChainTerms, seat: int, sheet: SheetHead, salt: bytes) -> Receipt:
        """Reveal the sheet that was committed to: in full, or that it is the one somebody revealed before."""
        state = self.bounty(bounty)
        own = sheet_hash(Scope(self.chain.chain_id, self.contract_address, bounty), state.round, sheet)
        if state.phase is Phase.REVEAL and state.leading == own:
            return self.act("agree", bounty, seat, salt)
        return self.act("reveal", bounty, terms.packed(), seat, sheet.as_tuple(), salt)

    def serve(self, bounty: bytes, seat: int, document: bytes) -> Receipt:
        """Name the aggregate's key, sealed to the owner."""
        return self.act("serve", bounty, seat, document)

    def hand_over(self, bounty: bytes, seat: int, document: bytes) -> Receipt:
        """Name the last round's keys, sealed to seats drawn since."""
        return self.act("handOver", bounty, seat, document)

    def collect(self, bounty: bytes, terms: ChainTerms, seat: int) -> int:
        """Pay a seat for the rounds it scored since it last collected, and return how much that was."""
        receipt = self.act("collect", bounty, terms.packed(), seat)
        return sum(event.amount for event in announced(receipt.logs, ev.SeatPaid) if event.seat == seat)

    # ------------------------------------------------------------------ holders
    def join(self, bounty: bytes, terms: ChainTerms, index: int, key: bytes, proof: Sequence[bytes] = ()) -> Receipt:
        """Join at a free index: lock the stake and a fee for every round left.

        Args:
            bounty: its id.
            terms: its terms.
            index: a position that is not in use.
            key: digest of the holder's public encryption key.
            proof: the holder's place on the allowlist, where the terms have one.
        """
        return self.act("join", bounty, terms.packed(), index, key, proof)

    def leave(self, bounty: bytes, terms: ChainTerms, holder: str) -> Receipt:
        """Leave, or take out a holder that may be taken out, and pay back what is its."""
        return self.act("leave", bounty, terms.packed(), holder)

    def submit(self, bounty: bytes, commitment: bytes, document: bytes) -> Receipt:
        """Submit a sealed update; see `marketplace.domain.abi.submission_commitment`."""
        return self.act("submit", bounty, commitment, document)

    def claim(self, bounty: bytes, terms: ChainTerms, round_: int, payout: Claim) -> Receipt:
        """Pay a holder's payout of a settled round into its vault account, less what is held back."""
        return self.claim_many(bounty, terms, [(round_, payout)])

    def claim_many(self, bounty: bytes, terms: ChainTerms, claims: Sequence[tuple[int, Claim]]) -> Receipt:
        """Claim one holder's payouts of several rounds at once; raises InvalidInput for those of several holders."""
        holders = {payout.holder for _, payout in claims}
        if len(holders) != 1:
            msg = f"these are the payouts of {len(holders)} holders: claim for one holder at a time"
            raise InvalidInput(msg)
        packed = [(n, payout.index, payout.amount, payout.sheet_hash, _path(payout)) for n, payout in claims]
        return self.act("claim", bounty, terms.token, holders.pop(), packed)

    def claim_held(self, bounty: bytes, terms: ChainTerms, holder: str) -> Receipt:
        """Pay the hold-back of claimed rounds once it is decided whose it is."""
        return self.act("claimHeld", bounty, terms.packed(), holder)

    # ------------------------------------------------------------------ anyone
    def advance(self, bounty: bytes, terms: ChainTerms) -> Receipt:
        """Push a bounty on whose phase is over."""
        return self.act("advance", bounty, terms.packed())

    def settle(self, bounty: bytes, terms: ChainTerms, sheet: SheetHead) -> Receipt:
        """Settle the round on the sheet a majority revealed, once the challenge window is over."""
        return self.act("settle", bounty, terms.packed(), sheet.as_tuple())

    # ------------------------------------------------------------------ views
    def bounty(self, bounty: bytes) -> BountyState:
        """Return where a bounty stands; raises NotFound if nobody posted it here."""
        phase, closed, round_, deadline, draw_block, drawn, *rest = self.view("bountyOf", bounty)
        if phase == Phase.NONE:
            raise UnknownBounty({"bounty": bounty})
        return BountyState(Phase(phase), CloseReason(closed), round_, deadline, draw_block, Draw(*drawn), *rest)

    def round(self, bounty: bytes, round_: int) -> RoundState:
        """Return what became of a round."""
        result, state = self.view("resultOf", bounty, round_), self.bounty(bounty)
        status = RoundStatus.NONE
        if result != ZERO_HASH:
            status = RoundStatus.SETTLED
        elif round_ < state.round or (round_ == state.round and state.closed is CloseReason.OWNER_DEFAULT):
            status = RoundStatus.VOID
        elif round_ == state.round and Phase.SUBMIT <= state.phase <= Phase.DISPUTE:
            status = RoundStatus.OPEN
        return RoundState(status, result)

    def holder(self, bounty: bytes, holder: str) -> HolderState:
        """Return where a holder stands; one that never joined has all fields zero."""
        return HolderState(*self.view("holderOf", bounty, holder))

    def claimed(self, bounty: bytes, holder: str, round_: int) -> bool:
        """Return whether a holder's payout of a round was claimed."""
        found: bool = self.view("claimedOf", bounty, holder, round_)
        return found

    def seat(self, bounty: bytes, seat: int) -> SeatState:
        """Return who holds a seat, and what it said in this round."""
        return SeatState(*self.view("seatOf", bounty, seat))

    def bounty_id(self, owner: str, salt: bytes) -> bytes:
        """Return the id the contract gives to what `owner` posts with `salt`."""
        found: bytes = self.view("bountyId", owner, salt)
        return found

    def sheet_hash(self, bounty: bytes, round_: int, sheet: SheetHead) -> bytes:
        """Return the hash the contract tallies a sheet under."""
        found: bytes = self.view("sheetHashOf", bounty, round_, sheet.as_tuple())
        return found


def _path(payout: Claim) -> bytes:
    """Return the nodes beside the way to the root as the contract reads them: hash and sum, 48 bytes each."""
    return b"".join(h + s.to_bytes(_SUM_BYTES, "big") for h, s in zip(payout.hashes, payout.sums, strict=True))
