"""What the contracts announce, as frozen values: one class per event, its parameters in snake case.

`block` and `position` say where in the chain an event stands; together they order all events.
"""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.domain.bounty import CloseReason, Phase
from marketplace.domain.terms import ChainTerms, SheetHead

__all__ = [
    "Acknowledged",
    "Agreed",
    "Attested",
    "BountyEvent",
    "Claimed",
    "Closed",
    "Committed",
    "Deposited",
    "Drawn",
    "Event",
    "HandedOver",
    "HeldPaid",
    "Included",
    "Joined",
    "Leaving",
    "Left",
    "Moved",
    "PhaseChanged",
    "Posted",
    "Rebutted",
    "Revealed",
    "RoundOpened",
    "RoundVoid",
    "SeatPaid",
    "SeatSlashed",
    "Seated",
    "Served",
    "Settled",
    "ShardOpened",
    "Slashed",
    "Staked",
    "Submitted",
    "TicketLeft",
    "Withdrawn",
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """Something a contract announced.

    Attributes:
        block: number of the block it stands in.
        position: of the log within that block.
    """

    block: int
    position: int


@dataclass(frozen=True, kw_only=True)
class BountyEvent(Event):
    """Something the market announced about one bounty."""

    bounty: bytes


@dataclass(frozen=True, kw_only=True)
class Posted(BountyEvent):
    """A bounty was posted; its terms are nowhere else on the chain in full."""

    owner: str
    owner_key: bytes
    draw_block: int
    terms: ChainTerms


@dataclass(frozen=True, kw_only=True)
class Drawn(BountyEvent):
    """A seed orders the pool's tickets for every vacant seat."""

    seed: bytes
    length: int
    frozen_block: int


@dataclass(frozen=True, kw_only=True)
class Acknowledged(BountyEvent):
    """A drawn validator took its seat; `key` names its public encryption key."""

    seat: int
    validator: str
    key: bytes


@dataclass(frozen=True, kw_only=True)
class Joined(BountyEvent):
    """A data holder joined at an index; `key` names its public encryption key."""

    holder: str
    index: int
    key: bytes


@dataclass(frozen=True, kw_only=True)
class Left(BountyEvent):
    """A data holder left: what it got back, and what it lost."""

    holder: str
    index: int
    returned: int
    forfeited: int


@dataclass(frozen=True, kw_only=True)
class RoundOpened(BountyEvent):
    """The owner opened a round for the holders in `expected`."""

    round: int
    expected: int
    root_update: bytes
    document: bytes
    deadline: int


@dataclass(frozen=True, kw_only=True)
class Submitted(BountyEvent):
    """A data holder submitted a sealed update."""

    round: int
    holder: str
    index: int
    commitment: bytes
    document: bytes


@dataclass(frozen=True, kw_only=True)
class ShardOpened(BountyEvent):
    """The owner opened the round's shard to the seats."""

    round: int
    document: bytes


@dataclass(frozen=True, kw_only=True)
class Attested(BountyEvent):
    """A seat said what it holds, and where its re-sealed shares lie."""

    round: int
    seat: int
    bitmap: int
    shard_opened: bool
    document: bytes


@dataclass(frozen=True, kw_only=True)
class Included(BountyEvent):
    """Attestation fixed which submissions are scored."""

    round: int
    included: int


@dataclass(frozen=True, kw_only=True)
class Rebutted(BountyEvent):
    """The owner answered "shard not opened" by publishing the shard's key."""

    round: int
    key: bytes


@dataclass(frozen=True, kw_only=True)
class Committed(BountyEvent):
    """A seat committed to a score sheet."""

    round: int
    seat: int
    commitment: bytes


@dataclass(frozen=True, kw_only=True)
class Revealed(BountyEvent):
    """A seat revealed the sheet it had committed to, in full."""

    round: int
    seat: int
    sheet_hash: bytes
    sheet: SheetHead


@dataclass(frozen=True, kw_only=True)
class Agreed(BountyEvent):
    """A seat revealed that it had committed to the sheet that was revealed first."""

    round: int
    seat: int


@dataclass(frozen=True, kw_only=True)
class RoundVoid(BountyEvent):
    """A round came to nothing; its fees return."""

    round: int


@dataclass(frozen=True, kw_only=True)
class Settled(BountyEvent):
    """A round was settled on the sheet that the seats in the bitmap `winners` revealed."""

    round: int
    sheet_hash: bytes
    winners: int


@dataclass(frozen=True, kw_only=True)
class Served(BountyEvent):
    """A seat named the aggregate's key, sealed to the owner."""

    round: int
    seat: int
    document: bytes


@dataclass(frozen=True, kw_only=True)
class HandedOver(BountyEvent):
    """A seat named the last round's keys, sealed to seats drawn since."""

    round: int
    seat: int
    document: bytes


@dataclass(frozen=True, kw_only=True)
class Claimed(BountyEvent):
    """A holder's payout of a round was paid, a part of it held back."""

    round: int
    holder: str
    paid: int
    held: int


@dataclass(frozen=True, kw_only=True)
class HeldPaid(BountyEvent):
    """A hold-back was paid out, to the holder or back to the owner."""

    to: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class SeatPaid(BountyEvent):
    """A validator was paid for the rounds it scored."""

    seat: int
    validator: str
    amount: int


@dataclass(frozen=True, kw_only=True)
class SeatSlashed(BountyEvent):
    """A seat lost a share of its stake."""

    round: int
    seat: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class PhaseChanged(BountyEvent):
    """A bounty entered a phase."""

    round: int
    phase: Phase
    deadline: int


@dataclass(frozen=True, kw_only=True)
class Closed(BountyEvent):
    """A bounty ended: what went back to the owner, and what of the bond was burned."""

    reason: CloseReason
    returned: int
    burned: int


@dataclass(frozen=True, kw_only=True)
class Staked(Event):
    """Tickets `first .. first + count - 1` of a pool were opened."""

    pool: bytes
    validator: str
    first: int
    count: int


@dataclass(frozen=True, kw_only=True)
class Leaving(Event):
    """A ticket started to unbond."""

    pool: bytes
    ticket: int
    free_at: int


@dataclass(frozen=True, kw_only=True)
class TicketLeft(Event):
    """A ticket's stake went back to its validator (`IRegistry.Left`)."""

    pool: bytes
    ticket: int
    stake: int


@dataclass(frozen=True, kw_only=True)
class Seated(Event):
    """A ticket took the seat of a bounty, or gave one back (`bounty` is zero)."""

    pool: bytes
    ticket: int
    bounty: bytes


@dataclass(frozen=True, kw_only=True)
class Slashed(Event):
    """A ticket lost `burned + rewarded` of its stake."""

    pool: bytes
    ticket: int
    burned: int
    rewarded: int
    challenger: str


@dataclass(frozen=True, kw_only=True)
class Deposited(Event):
    """Tokens entered the vault."""

    token: str
    sender: str
    account: bytes
    amount: int


@dataclass(frozen=True, kw_only=True)
class Withdrawn(Event):
    """Tokens left the vault."""

    token: str
    account: bytes
    amount: int


@dataclass(frozen=True, kw_only=True)
class Moved(Event):
    """Money changed its account inside the vault."""

    token: str
    source: bytes
    target: bytes
    amount: int
