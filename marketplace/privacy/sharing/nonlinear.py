"""What a network needs beyond sums and products: ReLU, maximum, clip, and division by rounding down. All exact.

Laws, for every secret within the stated range: relu(x) = max(x, 0); clip_up(x, m) = clip(x, -m, m) + m; maximum over an
axis; shift_floor(x, k) = x >> k; divide_floor(x, d) = x // d; scale_floor(x, n, d) = x n // d.

Trust model: as `party`; nothing is opened in here.

Sources: Mohassel and Rindal, ABY3, CCS 2018 (a bit times a number); Granlund and Montgomery, "Division by Invariant
Integers Using Multiplication", PLDI 1994.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.errors import InvalidInput
from marketplace.privacy.sharing.bits import carry_out, carry_save, sign, to_ring
from marketplace.privacy.sharing.selection import select
from marketplace.privacy.sharing.shares import Shares

if TYPE_CHECKING:
    from marketplace.privacy.sharing.party import Party

__all__ = ["DIVIDE_BITS", "clip_up", "divide_floor", "maximum", "relu", "scale_floor", "shift_floor"]

DIVIDE_BITS = 30
"""Bits of a dividend whose product with the reciprocal still fits 62."""

_RING_BITS = 64
_SAFE_BITS = 62


def relu(party: Party, x: Shares, bits: int = 64) -> Shares:
    """Return max(x, 0) for shares of any shape.

    Args:
        party: this party.
        x: shares modulo 2^64.
        bits: 64, or 32 if -2^31 <= x < 2^31 is known.
    """
    flat = x.each(lambda w: w.reshape(-1))
    keep = _negated(party, sign(party, flat, bits))
    return select(party, keep, flat).each(lambda w: w.reshape(x.shape))


def maximum(party: Party, x: Shares) -> Shares:
    """Return the maximum over the first axis; differences of any two entries must stay within 62 bits."""
    while (n := x.shape[0]) > 1:
        half = n // 2
        a, b = x[:half], x[half : 2 * half]
        x = Shares.concatenate([relu(party, a - b) + b, x[2 * half :]])
    return x[0]


def clip_up(party: Party, x: Shares, limit: int) -> Shares:
    """Return clip(x, -limit, limit) + limit, from 0 to 2 limit."""
    edge = party.public(np.array(limit))
    both = relu(party, Shares.stack([x + edge, x - edge]))
    return both[0] - both[1]


def shift_floor(party: Party, x: Shares, k: int) -> Shares:
    """Return x >> k for 0 <= x < 2^63, any shape, 0 <= k < 63.

    The components' own shifts miss what their lower bits carry upwards, and count what the components exceed 2^64 by:
    both are a carry of s + 2 c and the top bit of c, below bit k and below bit 64.
    """
    if k == 0:
        return x
    flat = x.each(lambda w: w.reshape(-1))
    n, low, one = flat.shape[0], np.uint64(_RING_BITS - k), np.uint64(1)
    c = carry_save(party, flat)
    s2 = Shares.concatenate([flat.each(lambda w: w << low), flat])
    c2 = Shares.concatenate([c.each(lambda w: w << low << one), c.each(lambda w: w << one)])
    carry = carry_out(party, s2, c2)
    tops = [c.each(lambda w: (w >> np.uint64(bit) & one).astype(np.uint8)) for bit in (k - 1, _RING_BITS - 1)]  # noqa: B023 - used at once
    ones = to_ring(party, Shares.concatenate([carry, *tops]))
    up = ones[:n] + ones[2 * n : 3 * n]
    over = ones[n : 2 * n] + ones[3 * n :]
    out = flat.each(lambda w: w >> np.uint64(k)) + up - over.each(lambda w: w << low)
    return out.each(lambda w: w.reshape(x.shape))


def divide_floor(party: Party, x: Shares, divisor: int, low: int, high: int) -> Shares:
    """Return x // divisor for a public divisor and low <= x <= high.

    By a product with the reciprocal rounded up and one shift: exact while the dividend, moved to start at 0, stays
    below 2^30 (theorem 4.2 of Granlund and Montgomery).

    Raises:
        InvalidInput: the range is too wide.
    """
    start = low // divisor
    width = max(1, (high - start * divisor).bit_length())
    if width > DIVIDE_BITS:
        msg = f"a dividend of {width} bits cannot be divided on shares: lower the bounds to {DIVIDE_BITS} bits"
        raise InvalidInput(msg)
    k = width + (divisor - 1).bit_length()
    reciprocal = np.uint64(-(-(1 << k) // divisor))
    moved = x - party.public(np.full(x.shape, start * divisor, np.int64))
    quotient = shift_floor(party, moved.each(lambda w: w * reciprocal), k)
    return quotient + party.public(np.full(x.shape, start, np.int64))


def scale_floor(party: Party, x: Shares, numerator: int, divisor: int, high: int) -> Shares:
    """Return x * numerator // divisor for 0 <= x <= high, any shape.

    A product with the ratio, rounded down to s bits behind the point, is right or one too small, because x < 2^s; what
    is left over says which.

    Args:
        party: this party.
        x: shares modulo 2^64.
        numerator: at most `divisor`; high * divisor is below 2^62.
        divisor: public.
        high: largest x, below 2^31.
    """
    s = _SAFE_BITS - high.bit_length()
    ratio, n, d = (np.uint64(v) for v in ((numerator << s) // divisor, numerator, divisor))
    flat = x.each(lambda w: w.reshape(-1))
    found = shift_floor(party, flat.each(lambda w: w * ratio), s)
    left = flat.each(lambda w: w * n) - found.each(lambda w: w * d) - party.public(np.full(flat.shape, divisor))
    out = found + to_ring(party, _negated(party, sign(party, left)))
    return out.each(lambda w: w.reshape(x.shape))


def _negated(party: Party, bit: Shares) -> Shares:
    one = np.uint8(1)  # all of it in component 0
    return Shares(bit.first ^ one if party.me == 0 else bit.first, bit.second ^ one if party.next == 0 else bit.second)
