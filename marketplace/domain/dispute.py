"""Disputes about a sheet: what can be demanded of its trace, and where a dispute stands."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Self

from marketplace.domain.packing import pack, unpack

__all__ = ["Demand", "DemandKind", "Dispute", "Frame", "Turn"]

_DEMAND_BITS = {"section": 8, "index": 64, "kind": 8, "level": 8, "levels": 8, "figure": 32}


class Turn(IntEnum):
    """Whose turn a dispute is; mirrors `IReferee.Turn`."""

    NONE = 0
    DEFENCE = 1
    CHALLENGE = 2
    OVER = 3


class DemandKind(IntEnum):
    """What kind of thing is demanded."""

    LEAF = 0
    SUM_NODE = 1
    MODEL_LEAF = 2
    FRAME = 3


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
class Demand:
    """One part of a trace that the defence of its sheet has to show.

    Attributes:
        kind: of part.
        section: of the trace, for leaves and sum nodes.
        index: of the leaf; position of the sum node in its level; neuron of a model leaf.
        figure: of the sum node; number of the model of a model leaf.
        level: of the sum node below its figure's root.
        levels: how many levels below the node its descendants are to be shown.
    """

    kind: DemandKind
    section: int = 0
    index: int = 0
    figure: int = 0
    level: int = 0
    levels: int = 0

    def pack(self) -> int:
        """Return the word that the referee passes on to its judge of answers."""
        return pack((name, int(getattr(self, name)), bits) for name, bits in _DEMAND_BITS.items())

    @classmethod
    def unpack(cls, word: int) -> Self:
        """Read a word; raises ValueError for a kind that does not exist."""
        section, index, kind, level, levels, figure = unpack(word, _DEMAND_BITS.values())
        return cls(DemandKind(kind), section, index, figure, level, levels)


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
