"""Disputes about a sheet: whose turn it is, and what their calls show of a trace."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

__all__ = ["FRAME_DEMAND", "Dispute", "Frame", "Turn"]

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
