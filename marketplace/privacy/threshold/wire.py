"""Masked vectors and shares as bytes; what is read is checked against the terms the reader expects.

Law: load(dump(x)) is x; bytes of another length, for other terms, or with a number beyond its prime are refused.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import BrokenSeal
from marketplace.domain.hashing import keccak, tag
from marketplace.privacy.threshold.masking import MaskedVector
from marketplace.privacy.threshold.parameters import PRIMES
from marketplace.privacy.threshold.ring import DEGREE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.threshold.parameters import SumTerms

__all__ = ["dump_masked", "dump_share", "load_masked", "load_share"]

_MAGIC: Final = b"GMMASK01"
_TERMS: Final = struct.Struct(">IQI32s")


def dump_masked(vector: MaskedVector) -> bytes:
    """Return one holder's masked vector as a file: magic, the name of the sum, little-endian uint32 residues."""
    return _head(vector.terms, vector.context) + vector.values.astype("<u4").tobytes()


def load_masked(raw: bytes, terms: SumTerms, context: bytes) -> MaskedVector:
    """Read one holder's masked vector; raises BrokenSeal unless it is one of this sum."""
    head = _head(terms, context)
    shape = (len(PRIMES), terms.blocks, DEGREE)
    if not raw.startswith(head) or len(raw) != len(head) + 4 * len(PRIMES) * terms.blocks * DEGREE:
        msg = "this is no masked vector of this sum: leave its sender out"
        raise BrokenSeal(msg)
    values = np.frombuffer(raw, dtype="<u4", offset=len(head)).astype(np.uint32).reshape(shape)
    if any(part.max() >= prime for part, prime in zip(values, PRIMES, strict=True)):
        msg = "a masked vector holds a number that is none of its ring: leave its sender out"
        raise BrokenSeal(msg)
    return MaskedVector(terms, context, 1, values)


def dump_share(share: NDArray[np.uint32]) -> bytes:
    """Return a share, or a seat's answer, as bytes."""
    return share.astype("<u4").tobytes()


def load_share(raw: bytes) -> NDArray[np.uint32]:
    """Read a share or an answer, uint32[DEGREE]; raises BrokenSeal for what is none."""
    found = np.frombuffer(raw, dtype="<u4") if len(raw) == 4 * DEGREE else np.array([PRIMES[0]])
    if found.max() >= PRIMES[0]:
        msg = "a share that is none: leave its sender out"
        raise BrokenSeal(msg)
    return found.astype(np.uint32)


def _head(terms: SumTerms, context: bytes) -> bytes:
    name = keccak(tag("masked-vector"), _TERMS.pack(terms.holders, terms.bound, terms.length, context))
    return _MAGIC + name
