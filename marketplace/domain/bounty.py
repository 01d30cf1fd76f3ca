"""What the contracts say about a bounty, its rounds, holders and seats, as frozen values.

Each mirrors a view struct of `IMarket` or `IRegistry`, field by field and in its order. Bitmaps are over holders'
indices, except `acted`, `vacant`, `winners` and `served`, which are over seats.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "BountyState",
    "CloseReason",
    "HolderState",
    "Phase",
    "RoundState",
    "RoundStatus",
    "SeatState",
    "Ticket",
    "TicketState",
]


class Phase(IntEnum):
    """Where a bounty stands; `JOIN` and `SUBMIT` have a second half after their deadline that is the owner's."""

    NONE = 0
    DRAW = 1
    ACKNOWLEDGE = 2
    JOIN = 3
    SUBMIT = 4
    ATTEST = 5
    REBUT = 6
    COMMIT = 7
    REVEAL = 8
    CHALLENGE = 9
    SERVE = 10
    CLOSED = 11


class RoundStatus(IntEnum):
    """How a round ended, or that it runs."""

    NONE = 0
    OPEN = 1
    VOID = 2
    SETTLED = 3


class CloseReason(IntEnum):
    """Why a bounty is closed."""

    NONE = 0
    FINISHED = 1
    OWNER_DEFAULT = 2
    TOO_FEW_SEATS = 3
    NOT_SERVED = 4


class TicketState(IntEnum):
    """What a validator's ticket is doing."""

    NONE = 0
    LIVE = 1
    SEATED = 2
    LEAVING = 3


@dataclass(frozen=True)
class BountyState:
    """A bounty as `IMarket.bountyOf` tells it.

    Attributes:
        phase, closed: where it stands, and why it ended.
        round: the current one, from 0; the number of rounds once all are done.
        deadline: of the phase, in seconds since 1970.
        draw_block: while in `Phase.DRAW`, the block whose hash seeds the draw.
        draws: consecutive draws without a full bench.
        acted: seats that acted in this phase; vacant: seats without an acknowledged validator.
        joined: holders' indices in use; expected: those that must submit in this round; submitted: those that did;
            included: fixed by attestation; forfeited: stake lost; compensated: by the bond.
        submissions: running hash of the round's submissions.
        base_root: commitment to the model the next round starts from.
        reserve: the owner's money that is not promised to anyone yet; bond: what is left of it.
        terms_hash: of the terms it was posted with.
    """

    phase: Phase
    closed: CloseReason
    round: int
    deadline: int
    draw_block: int
    draws: int
    acted: int
    vacant: int
    joined: int
    expected: int
    submitted: int
    included: int
    forfeited: int
    compensated: int
    submissions: bytes
    base_root: bytes
    reserve: int
    bond: int
    terms_hash: bytes


@dataclass(frozen=True)
class RoundState:
    """A round as `IMarket.roundOf` tells it.

    Attributes:
        status: how it ended.
        adopted: whether the aggregate moved the base.
        any_excluded: whether somebody submitted and was not included.
        winners: seats that revealed the sheet that stands; served: seats that served.
        claimed: holders that claimed.
        pool: what it pays in all; unclaimed: what is left of that.
        payout_root: of the sheet that stands.
        excluded: submitted, but not included, so that the fee returns; only says so when `any_excluded`.
    """

    status: RoundStatus
    adopted: bool
    any_excluded: bool
    winners: int
    served: int
    claimed: int
    pool: int
    unclaimed: int
    payout_root: bytes
    excluded: int


@dataclass(frozen=True)
class HolderState:
    """A data holder of a bounty as `IMarket.holderOf` tells it.

    Attributes:
        joined, index: whether it is joined, and its position in every bitmap while it is.
        joined_round: first round it is expected in.
        prepaid: fees locked for rounds to come.
        last_round: round of its last submission plus one; 0 for none.
        held: hold-back of claimed payouts that is still open.
    """

    joined: bool
    index: int
    joined_round: int
    prepaid: int
    last_round: int
    held: int


@dataclass(frozen=True)
class SeatState:
    """A seat of a bounty as `IMarket.seatOf` tells it.

    Attributes:
        validator, ticket: who was drawn, and with what.
        acknowledged: whether it took the seat.
        since_round: first round it scores.
        attested: its bitmap in the current round.
        word: its commit, then the hash of the sheet it revealed, in the current round.
        halves: halves of a round's pay that it can collect.
    """

    validator: str
    ticket: int
    acknowledged: bool
    since_round: int
    attested: int
    word: bytes
    halves: int


@dataclass(frozen=True)
class Ticket:
    """A validator's stake as `IRegistry.ticketOf` tells it.

    Attributes:
        validator: who staked it.
        state: what it is doing.
        since_block: first block whose postings may draw it.
        free_at: while leaving, when the stake can be taken back.
        stake: what is left of it.
    """

    validator: str
    state: TicketState
    since_block: int
    free_at: int
    stake: int
