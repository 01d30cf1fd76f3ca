"""Disputes about a sheet: where one stands, what its calls show of a trace, and what the referee announces."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from marketplace.domain.events import BountyEvent

__all__ = [
    "FRAME_DEMAND",
    "Answered",
    "Decided",
    "Demanded",
    "Disproved",
    "Dispute",
    "Disputed",
    "Excused",
    "Frame",
    "Turn",
]

FRAME_DEMAND: Final = 3 << 72
"""Demands the frame of a trace, by whoever was not told it; the other demands are what `IAnswers` describes."""


class Turn(IntEnum):
    """Whose turn a dispute is; mirrors `IReferee.Turn`."""

    NONE = 0
    DEFENCE = 1
    CHALLENGE = 2
    OVER = 3


@dataclass(frozen=True)
class Frame:
    """What a trace root is the hash of; mirrors `IJudge.Frame`.

    Attributes:
        counts: packed sizes of the trace.
        rows_root: commitment of the round's shard.
        top: root over the trace's sections.
    """

    counts: int
    rows_root: bytes
    top: bytes

    def as_tuple(self) -> tuple[int, bytes, bytes]:
        """Return the struct's fields in order."""
        return self.counts, self.rows_root, self.top


@dataclass(frozen=True)
class Dispute:
    """Where a dispute stands; mirrors `IReferee.Dispute`."""

    challenger: str
    deadline: int
    turn: Turn
    demands: int
    defender: str
    bond: int
    subject: bytes


@dataclass(frozen=True, kw_only=True)
class Disputed(BountyEvent):
    """Somebody disputes a sheet, and locked a bond."""

    round: int
    dispute: bytes
    sheet_hash: bytes
    challenger: str
    bond: int


@dataclass(frozen=True, kw_only=True)
class Demanded(BountyEvent):
    """A part of a disputed sheet's trace is to be shown until a deadline; see `IAnswers`."""

    dispute: bytes
    what: int
    deadline: int


@dataclass(frozen=True, kw_only=True)
class Answered(BountyEvent):
    """A demand was answered; the challenger has until a deadline to go on."""

    dispute: bytes
    what: int
    defender: str
    deadline: int
    content: bytes


@dataclass(frozen=True, kw_only=True)
class Decided(BountyEvent):
    """A dispute is over, upheld if its sheet fell; the bond went to the winner."""

    dispute: bytes
    upheld: bool
    winner: str


@dataclass(frozen=True, kw_only=True)
class Disproved(BountyEvent):
    """A sheet fell, by a contradiction at `at` or by silence (0); the seats in the bitmap had revealed it."""

    round: int
    sheet_hash: bytes
    seats: int
    challenger: str
    at: int


@dataclass(frozen=True, kw_only=True)
class Excused(BountyEvent):
    """The seats in the bitmap lose nothing by their sheet, which pays what that of a majority does."""

    round: int
    sheet_hash: bytes
    seats: int
