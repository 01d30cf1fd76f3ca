"""The many ways in which numbers and keys are written down."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["of_key", "of_numbers"]

ENTRIES: Final = 16
"""Of a vector, in one pattern: so few are left of an update that is sent in small pieces."""
_WINDOWS: Final = 4
_DISTINCT: Final = 6
_WORD: Final = 32
_KINDS: Final = ("i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8")
_FLOATS: Final = ("<f4", ">f4", "<f8", ">f8")


def of_numbers(values: NDArray[Any]) -> set[bytes]:
    """Return pieces of a vector as arrays, as words of a contract, and as text.

    Args:
        values: integers or floats, any shape, in the order in which they lie in memory.
    """
    flat = np.asarray(values).ravel()
    found: set[bytes] = set()
    for window in _windows(flat):
        if flat.dtype.kind in "iu":
            for kind in _KINDS:
                if np.array_equal(window.astype(kind).astype(np.int64), window):
                    found.add(window.astype(kind).tobytes())
            found.add(b"".join(int(v).to_bytes(_WORD, "big", signed=True) for v in window))
        found |= {window.astype(kind).tobytes() for kind in _FLOATS}
        found |= {json.dumps(window.tolist(), separators=(comma, ":"))[1:-1].encode() for comma in (",", ", ")}
    return found


def of_key(key: bytes) -> set[bytes]:
    """Return both halves of a key, either way round, and the number that it is as text."""
    half = len(key) // 2
    halves = {key[:half], key[half:]}
    return {*halves, *(part[::-1] for part in halves), str(int.from_bytes(key, "big")).encode()}


def _windows(flat: NDArray[Any]) -> Sequence[NDArray[Any]]:
    """Return the piece with the most different numbers of each part of a vector; pieces that say too little are left.

    Raises:
        ValueError: nothing in it could be told from anything else.
    """
    found = []
    for part in np.array_split(flat, min(_WINDOWS, max(1, len(flat) // ENTRIES))):
        starts = range(0, max(1, len(part) - ENTRIES + 1), 4)
        best = max((part[at : at + ENTRIES] for at in starts), key=lambda piece: len(np.unique(piece)))
        if len(np.unique(best)) >= _DISTINCT:
            found.append(best)
    if not found:
        msg = "a secret of so few different numbers cannot be told from anything else"
        raise ValueError(msg)
    return found
