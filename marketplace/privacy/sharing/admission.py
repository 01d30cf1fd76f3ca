"""What may take part: shares that agree, entries within their bound, a norm within its bound. Decided on shares.

Trust model: as `party`. Opened: one bit a submission and check, nothing of an update.

Why the range of every entry comes first: a norm is a sum of squares modulo 2^64, and entries of 2^32 have squares of 0
there. Only when no entry exceeds the bound of the terms is the sum what it says. And whoever is refused counts as zero
before anything is opened about it.
"""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.privacy.sharing.bits import sign
from marketplace.privacy.sharing.claims import XOR
from marketplace.privacy.sharing.shares import Shares
from marketplace.privacy.sharing.streams import KEY_BYTES, raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

__all__ = ["admit", "all_within", "check_consistent", "squares"]

_LANES: Final = 1 << 17
"""Entries compared at once: more would leave the cache, fewer would take more round trips."""


def check_consistent(party: Party, x: Shares) -> None:
    """Make sure that two parties that should hold the same component do.

    Raises:
        Cheated: naming the two parties that do not agree. Each checked its components against the commitments of the
            submission before, so it is one of them and not the holder who lies.
    """
    below, above = party.lower.key(), party.upper.key()
    theirs = party.pass_up(_digest(x.second, above))
    same = hmac.compare_digest(theirs.tobytes(), _digest(x.first, below).tobytes())
    party.agree(None if same else frozenset((party.me, party.previous)), "holds another component of the updates")


def admit(party: Party, updates: Shares, entry: int, norm: int) -> tuple[NDArray[np.bool_], Shares]:
    """Return which updates keep the bounds, and shares in which the others are zero.

    Args:
        party: this party.
        updates: shares of int64[n, parameters], any numbers modulo 2^64.
        entry: largest |entry|; parameters * entry^2 is below 2^62.
        norm: largest L2 norm.
    """
    if not updates.shape[0]:
        return np.zeros(0, np.bool_), updates
    inside = all_within(party, updates, entry)
    updates = _keep(updates, inside)
    limit = party.public(np.full(updates.shape[0], norm * norm))
    too_long = party.open_words(sign(party, limit - squares(party, updates)), XOR).astype(np.bool_)
    admitted = inside & ~too_long
    return admitted, _keep(updates, admitted)


def squares(party: Party, x: Shares) -> Shares:
    """Return shares of the sum of squares along the last axis."""
    return party.matmul(x[..., None, :], x[..., None])[..., 0, 0]


def all_within(party: Party, x: Shares, limit: int) -> NDArray[np.bool_]:
    """Return for each row whether -limit <= x <= limit holds for all of it: two signs a number, one bit a row opened.

    Args:
        party: this party.
        x: shares of int64[n, width], any numbers modulo 2^64.
        limit: below 2^62.
    """
    edge = party.public(np.array(limit))
    n, width = x.shape
    outside = []
    for at in range(0, width, step := max(8, _LANES // (2 * n) // 8 * 8)):
        part = x[:, at : at + step]
        both = Shares.concatenate([part + edge, edge - part], axis=1)
        signs = sign(party, both.each(lambda w: w.reshape(-1)))
        outside.append(signs.each(lambda w: np.packbits(w.reshape(n, -1), axis=1)))
        party.settle()
    bits = Shares.concatenate(outside, axis=1)
    while (count := bits.shape[1]) > 1:
        half = count // 2
        bits = Shares.concatenate([_either(party, bits[:, :half], bits[:, half : 2 * half]), bits[:, 2 * half :]], 1)
    for shift in (4, 2, 1):
        bits = _either(party, bits, bits.each(lambda w: w >> np.uint8(shift)))  # noqa: B023
    # The other seven lanes hold parts of the answer, which say where an entry is too large.
    outside_bit = party.open_words(bits[:, 0].each(lambda w: w & np.uint8(1)), XOR)
    return ~outside_bit.astype(np.bool_)


def _either(party: Party, a: Shares, b: Shares) -> Shares:
    return a ^ b ^ party.conjoin(a, b)


def _keep(updates: Shares, which: NDArray[np.bool_]) -> Shares:
    return updates.each(lambda w: w * which.astype(np.uint64)[:, None])


def _digest(component: NDArray[Any], key: bytes) -> NDArray[np.uint8]:
    # Under a key of the two parties that hold it, so that it tells the third nothing should it be overheard.
    data = raw(np.ascontiguousarray(component))
    return np.frombuffer(blake2b(data, key=key, digest_size=2 * KEY_BYTES).digest(), np.uint8)
