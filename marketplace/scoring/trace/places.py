"""Which step of a scoring is meant: its kind, and where it stands, packed into one word."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, Self

from marketplace.domain.packing import pack, unpack

__all__ = ["WHOLE", "At", "Kind", "opens_sheet"]


class Kind(IntEnum):
    """Steps that can contradict; those of the final block's activations and sums have 0x80 added."""

    NEURON = 0x10
    ROWS = 0x11
    HIDDEN = 0x12
    LOGIT = 0x13
    SCORE = 0x14
    TABLE = 0x15
    NUMERATOR = 0x20
    SUM_LEAF = 0x21
    SUM_NODE = 0x22
    FIGURE = 0x23
    DOT_LEAF = 0x24
    GRAM = 0x25
    TRANS = 0x30
    SUMROW = 0x31
    NEXT = 0x32
    KEPT = 0x33
    AGGREGATE = 0x34
    BOUNDS = 0x35
    NORM = 0x36
    WEIGHTS = 0x40
    PARAMS = 0x41
    MONEY = 0x42
    PAYOUTS = 0x43
    TERMS = 0x50
    SHARD = 0x51
    SUBMISSIONS = 0x52
    BASE = 0x53
    KNOWN = 0x54
    PREVIOUS = 0x55
    ROOT = 0x56
    HEAD = 0x57
    SEED = 0x58
    FIRST_BASE = 0x59
    FINAL_NEURON = 0x90
    FINAL_ROWS = 0x91
    FINAL_HIDDEN = 0x92
    FINAL_LOGIT = 0x93
    FINAL_SCORE = 0x94
    FINAL_SUM_LEAF = 0xA1
    FINAL_FIGURE = 0xA3
    FINAL_TRANS = 0xB0


WHOLE: Final = 255
"""In place of a submission, in a step about money or coefficients: the figures that belong to none."""
_ABOUT_SHEETS: Final = frozenset({Kind.KEPT, Kind.PAYOUTS, Kind.TERMS, Kind.SUBMISSIONS, Kind.HEAD})

_AT_BITS: Final = (8, 16, 32, 16, 32, 8, 8)


@dataclass(frozen=True)
class At:
    """Where a step is: evaluation e, row r, neuron (class, hidden unit) g, entry (figure, player) k, part p, level."""

    kind: int
    e: int = 0
    r: int = 0
    g: int = 0
    k: int = 0
    p: int = 0
    level: int = 0

    def packed(self) -> int:
        """Return the place as one word."""
        return pack(zip(vars(self), vars(self).values(), _AT_BITS, strict=True))

    @classmethod
    def unpacked(cls, word: int) -> Self:
        """Return the place that a word stands for; raises InvalidInput if it has bits too many."""
        return cls(*unpack(word, _AT_BITS))


def opens_sheet(at: At) -> bool:
    """Return whether the proof of a step starts with the fields of the sheet, because the step compares with them."""
    return at.kind in _ABOUT_SHEETS or (at.kind == Kind.MONEY and at.g == WHOLE)
