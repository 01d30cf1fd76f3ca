"""What the contracts say about a bounty, its rounds, holders and seats, as frozen values.

Each mirrors a view struct of `IMarket` or `IRegistry`, field by field and in its order. Bitmaps are over holders'
indices, except `acted` and `vacant`, which are over seats.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

__all__ = [
    "BountyState",
    "Candidate",
    "CloseReason",
    "Draw",
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
    DISPUTE = 10
    SERVE = 11
    CLOSED = 12


class RoundStatus(IntEnum):
    """How a round ended, or that it runs: VOID is over without a result, also when the owner failed in it."""

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
class Draw:
    """What orders a pool's tickets for vacant seats; mirrors `IRegistry.Draw`.

    Attributes:
        seed: from the hash of the draw block.
        length: only the first tickets of the pool's list count, so many.
        frozen_block: and of these only those that existed then.
    """

    seed: bytes
    length: int
    frozen_block: int


@dataclass(frozen=True)
class Candidate:
    """Whose turn a vacant seat is: the first eligible ticket in the seat's sequence, after `tries` others."""

    validator: str
    ticket: int
    tries: int


@dataclass(frozen=True)
class BountyState:
    """A bounty as `IMarket.bountyOf` tells it.

    Attributes:
        phase, closed: where it stands, and why it ended.
        round: the current one, from 0; the number of rounds once all are done.
        deadline: of the phase, in seconds since 1970.
        draw_block: while in `Phase.DRAW`, the block whose hash seeds the draw.
        drawn: while in `Phase.ACKNOWLEDGE`, what orders the candidates for vacant seats.
        draws: consecutive draws without a full bench.
        acted: seats that acted in this phase; vacant: seats without an acknowledged validator.
        joined: holders' indices in use; expected: those that must submit in this round; submitted: those that did;
            included: fixed by attestation; forfeited: stake lost; compensated: by the bond.
        submissions: running hash of all submissions.
        leading: hash of the sheet that was revealed first in this round; zero while there is none.
        reserve_change: what the owner's unpromised money gained since the posting, less what it lost; 0 once closed.
        terms_hash: of the terms it was posted with.
    """

    phase: Phase
    closed: CloseReason
    round: int
    deadline: int
    draw_block: int
    drawn: Draw
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
    leading: bytes
    reserve_change: int
    terms_hash: bytes


@dataclass(frozen=True)
class RoundState:
    """A round, as follows from `IMarket.resultOf` and where the bounty stands.

    Attributes:
        status: how it ended.
        result: once settled, the hash that claims have to fit: see `marketplace.domain.abi.result_hash`.
    """

    status: RoundStatus
    result: bytes


@dataclass(frozen=True)
class HolderState:
    """A data holder of a bounty as `IMarket.holderOf` tells it.

    Attributes:
        joined, index: whether it is joined, and its position in every bitmap while it is.
        joined_round: first round it is expected in.
        prepaid: fees that were locked on joining and that no settled round used.
        held: hold-back of claimed payouts that is still open.
        claimed: bitmap over the first 64 rounds: those it was paid for.
    """

    joined: bool
    index: int
    joined_round: int
    prepaid: int
    held: int
    claimed: int


@dataclass(frozen=True)
class SeatState:
    """A seat of a bounty as `IMarket.seatOf` tells it.

    Attributes:
        validator, ticket: who took it, and with what; zero while the seat is vacant.
        acknowledged: whether somebody did.
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
