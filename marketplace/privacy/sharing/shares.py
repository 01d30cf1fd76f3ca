"""Replicated shares over Z_2^64: x = x_0 + x_1 + x_2, and party i holds x_i and x_(i+1).

Trust model: one party alone sees two uniformly random numbers and learns nothing; any two parties together know x.
Every component is held by two parties, so one party cannot change a secret alone: with an honest majority a shared
value is what it was, or two parties can be told to disagree.

Laws: join(split(x)) = x; adding, subtracting and scaling by public integers act component by component; the same with
XOR in place of + for shares of bits.

Source: Araki et al., CCS 2016; Mohassel and Rindal, "ABY3: A Mixed Protocol Framework for Machine Learning", CCS 2018.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.domain.errors import InvalidInput, InvalidUpdate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Words = NDArray[Any]

__all__ = [
    "PARTIES",
    "SALT_BYTES",
    "Shares",
    "at_once",
    "by_columns",
    "by_tiles",
    "columns",
    "commit_component",
    "join",
    "ring",
    "signed",
    "split",
]

PARTIES: Final = 3
SALT_BYTES: Final = 32

_TILE: Final = 1 << 17
"""Bytes of an array worked on at once: half a dozen such pieces fit the cache of one core."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Shares:
    """What one party holds of a shared array.

    Args:
        first: its own component, x_i.
        second: the next party's component, x_(i+1), of the same shape and dtype.
    """

    first: Words
    second: Words

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the shared array."""
        return self.first.shape

    def each(self, act: Callable[[Words], Words]) -> Shares:
        """Return what a map that is linear over the group makes of the secret; `act` works on one component."""
        return Shares(act(self.first), act(self.second))

    def __add__(self, other: Shares) -> Shares:
        """Share of the sum."""
        return Shares(self.first + other.first, self.second + other.second)

    def __sub__(self, other: Shares) -> Shares:
        """Share of the difference."""
        return Shares(self.first - other.first, self.second - other.second)

    def __neg__(self) -> Shares:
        """Share of the negative."""
        return self.each(np.negative)

    def __xor__(self, other: Shares) -> Shares:
        """Share of the exclusive or, for shares of bits."""
        return Shares(self.first ^ other.first, self.second ^ other.second)

    def __getitem__(self, key: Any) -> Shares:  # noqa: ANN401 - whatever NumPy indexes with
        """Share of a part of the array."""
        return Shares(self.first[key], self.second[key])

    def __repr__(self) -> str:
        """Show the shape and no number: shares end up in tracebacks."""
        return f"Shares(shape={self.shape}, dtype={self.first.dtype})"

    @staticmethod
    def concatenate(parts: Sequence[Shares], axis: int = 0) -> Shares:
        """Return shares of the concatenated arrays."""
        firsts, seconds = [p.first for p in parts], [p.second for p in parts]
        return Shares(np.concatenate(firsts, axis), np.concatenate(seconds, axis))

    @staticmethod
    def stack(parts: Sequence[Shares]) -> Shares:
        """Return shares of the stacked arrays."""
        return Shares(np.stack([p.first for p in parts]), np.stack([p.second for p in parts]))


def by_tiles(act: Callable[..., Words], *arrays: Words) -> Words:
    """Return act(*arrays) for arrays of one shape and dtype and an `act` that works entry by entry, and into `out`.

    Piece by piece, so that what lies between the first operation and the last never leaves the cache: large arrays cost
    what they cost to move, not to compute with.
    """
    size, step = arrays[0].size, _TILE // arrays[0].itemsize
    if size <= step:
        return act(*arrays, out=None)
    out = np.empty(arrays[0].shape, arrays[0].dtype)
    flat, into = [a.reshape(-1) for a in arrays], out.reshape(-1)
    for at in range(0, size, step):
        _put(into[at : at + step], act, [a[at : at + step] for a in flat])
    return out


def by_columns(act: Callable[..., Words], *arrays: Words) -> Words:
    """Return what `by_tiles` does for arrays [., n] of 64-bit words and an `act` that works column by column."""
    n = arrays[0].shape[1]
    pieces = columns(n)
    head = next(pieces, slice(0, 0))
    first = act(*(a[:, head] for a in arrays), out=None)
    if first.shape[1] == n:
        return first
    out = np.empty((first.shape[0], n), first.dtype)
    out[:, head] = first
    for at in pieces:
        _put(out[:, at], act, [a[:, at] for a in arrays])
    return out


def at_once(act: Callable[..., Words], *arrays: Words) -> Words:
    """Return act(*arrays), for an `act` that can be divided in no way."""
    return act(*arrays, out=None)


def columns(n: int) -> Iterator[slice]:
    """Yield pieces of n 64-bit words, small enough for the cache."""
    step = _TILE // np.dtype(np.uint64).itemsize
    return (slice(at, min(at + step, n)) for at in range(0, n, step))


def _put(out: Words, act: Callable[..., Words], pieces: Sequence[Words]) -> None:
    made = act(*pieces, out=out)
    if made is not out:  # nothing was to be done, and this is one of the pieces
        out[...] = made


def ring(values: NDArray[np.integer]) -> NDArray[np.uint64]:
    """Return signed integers as elements of Z_2^64."""
    return np.ascontiguousarray(np.asarray(values).astype(np.int64)).view(np.uint64)


def signed(values: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return elements of Z_2^64 as the signed integers they stand for."""
    return np.ascontiguousarray(values).view(np.int64)


def split(
    values: NDArray[np.integer], draw: Callable[[int], bytes] = secrets.token_bytes
) -> tuple[Words, Words, Words]:
    """Return fresh components of int64 `values`, uint64 of the same shape; party i gets those numbered i and i + 1.

    Args:
        draw: gives so many random bytes. Warning: anything but the operating system's is for measuring only.
    """
    secret = ring(values)
    one, two = (np.frombuffer(draw(secret.nbytes), np.uint64).reshape(secret.shape).copy() for _ in range(2))
    return secret - one - two, one, two


def join(components: Sequence[Words]) -> NDArray[np.int64]:
    """Return the secret that three components are of."""
    if len(components) != PARTIES:
        msg = f"{len(components)} components are not a sharing among {PARTIES}: collect all of them"
        raise InvalidInput(msg)
    return signed(np.sum(components, axis=0, dtype=np.uint64))


def commit_component(index: int, component: Words, salt: bytes) -> bytes:
    """Return the 32-byte commitment to one component of a shared update.

    The salt hides the component: a guess of an update together with a leaked component could otherwise be tested
    against the commitment of another. Both parties that get the component get the salt and check it against what
    the submission published, so that they hold the same number or know that the holder lied.
    """
    if len(salt) != SALT_BYTES:
        msg = f"a salt of {len(salt)} bytes does not hide a component: draw {SALT_BYTES}"
        raise InvalidUpdate(msg)
    data = np.ascontiguousarray(component, np.dtype("<u8"))
    return hmac.new(salt, b"gradmarket/component" + bytes([index]) + data.tobytes(), sha256).digest()
