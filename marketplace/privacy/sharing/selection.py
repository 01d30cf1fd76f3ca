"""A shared bit times a shared number, in two exchanges.

Law: select(b, x) is x where b is 1 and 0 elsewhere, for every x in Z_2^64.

Of the components of a bit, one party p holds two, whose exclusive or is a; the third, e, p does not hold and both
others do. For a bit b_j write s_j(y) = y (1 - 2 b_j), which is y or -y. Everything is exact in Z_2^64, by

    a = b_p + b_(p+1) - 2 b_p b_(p+1)
    a (x_p + x_(p+1)) = b_p x_p + b_(p+1) x_(p+1) + [b_p s_(p+1)(x_(p+1)) + s_p(x_p) b_(p+1)]
    (a ^ e) x = A + e x_e + [a s_e(x_e) + (x_p + x_(p+1) - 2 A) e]  with A the line above and x_e the third component

1. p knows both factors of b_p b_(p+1) and of the first bracket. It masks both with what it shares with p + 1 and sends
   them to p - 1: now a and A have a component p and a component p + 1, and no third.
2. Of the last bracket p - 1 knows the part with the components p, and p + 1 the part with the components p + 1. Both
   send it on under a mask that the receiver lacks.

Which party is p goes round by thirds of the lanes, so that all send the same: 4/3 numbers a lane, where turning the bit
into a number and multiplying takes 2, and one exchange more. What is sent are products of what a claim is about: a
pair (b_j, s_j(x_j)) times another such pair, as numbers u + u' h with h^2 = 0 are multiplied.

Trust model: as `party`; every message is under a mask that its receiver does not know.

Source: the thirds and their two steps follow Mohassel and Rindal, ABY3, CCS 2018, section 5.4 (a bit one party knows,
times a number).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from marketplace.privacy.sharing.claims import ADD, Claim, Received, Rule, Sent, Third
from marketplace.privacy.sharing.shares import PARTIES, Shares, by_columns, columns

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

    Words = NDArray[Any]

__all__ = ["select"]


def select(party: Party, bit: Shares, x: Shares) -> Shares:
    """Return uint64[n] shares of b * x.

    Args:
        party: this party.
        bit: XOR shares of bits, uint8[n], each component 0 or 1.
        x: shares of any numbers modulo 2^64, uint64[n].
    """
    n = bit.shape[0]
    third = -(-n // PARTIES)
    own, above, below = (slice(at * third, (at + 1) * third) for at in (party.me, party.next, party.previous))
    low, first = _pairs(bit.first, x.first, PARTIES * third)
    high, second = _pairs(bit.second, x.second, PARTIES * third)

    # Where p is this party: both products, and what they leave on either side of the brackets.
    mask, lower = party.upper.take((2, third), np.uint64), party.lower.take((2, third), np.uint64)
    z = by_columns(_masked(_product), low[:, own], high[:, own], mask)
    received = party.pass_down(z)
    # (a, x - 2 A): component p where p is above, component p + 1 where p is below.
    over, under = by_columns(_rest, high[:, above], received), by_columns(_rest, low[:, below], lower)

    # Where p is below, under a mask s shared with the next; where p is above, under s - r, with r shared with p.
    mask2, lower2 = party.upper.take((2, third), np.uint64), party.lower.take((2, third), np.uint64)
    z2 = np.stack(
        [
            by_columns(_masked(_cross), under, high[:, below], mask2[:1])[0],
            by_columns(_masked(_cross), low[:, above], over, mask2[1:])[0],
        ]
    )
    z2[1] += lower2[0]
    received2 = party.pass_down(z2)

    if party.repetitions:
        helped, checked = by_columns(_rest, high[:, own], mask), by_columns(_rest, low[:, own], z)
        upper_of, negative = high[:, below], np.negative(lower2)
        thirds = (low[:, below], -lower), (low[:, above], negative[:1])
        _claim(party, _product, (low[:, own], high[:, own], z), (high[:, above], received), thirds[0], mask)
        _claim(party, _cross, (under, upper_of, z2[:1]), (helped, received2[:1]), thirds[1], mask2[:1])
        sent, heard = (low[:, above], over, z2[1:], negative[:1]), (upper_of, received2[1:], np.negative(mask2[:1]))
        _claim(party, _cross, sent, heard, (checked, negative[1:]), mask2[1:])

    for out, at, parts in (
        (first, own, (z[1], lower2[1])),
        (second, own, (mask[1], received2[0])),
        (first, below, (lower[1], z2[0])),
        (second, below, (received2[1],)),
        (first, above, (z2[1],)),
        (second, above, (received[1], mask2[1])),
    ):
        for part in parts:
            out[at] += part
    return Shares(first[:n], second[:n])


def _pairs(bit: Words, x: Words, size: int) -> tuple[Words, Words]:
    """Return uint64[2, size] pairs (b, x (1 - 2 b)) and uint64[size] products b x of one component, zeros behind n."""
    n = bit.shape[0]
    pairs, products = np.empty((2, size), np.uint64), np.empty(size, np.uint64)
    pairs[:, n:], products[n:] = 0, 0
    for at in columns(n):
        b, turned, product = pairs[0, at], pairs[1, at], products[at]
        b[:] = bit[at]
        np.negative(b, out=turned)  # all ones where b is 1: with it, y ^ 1...1 + 1 is -y, and y & 1...1 is y
        np.bitwise_and(x[at], turned, out=product)
        np.bitwise_xor(x[at], turned, out=turned)
        np.add(turned, b, out=turned)
    return pairs, products


def _product(u: Words, v: Words, out: Words | None = None) -> Words:
    """Return (u v, u v' + u' v) of pairs (u, u') and (v, v'), uint64[2, n]."""
    out = np.empty_like(u) if out is None else out
    np.multiply(u[0], v[0], out=out[0])
    _cross(u, v, out[1:])
    return out


def _cross(u: Words, v: Words, out: Words | None = None) -> Words:
    """Return u v' + u' v of pairs (u, u') and (v, v'), uint64[1, n]."""
    out = np.multiply(u[:1], v[1:], out=out)
    out += u[1:] * v[:1]
    return out


def _masked(form: Callable[..., Words]) -> Callable[..., Words]:
    def act(u: Words, v: Words, mask: Words, out: Words | None) -> Words:
        z = form(u, v, out)
        z -= mask
        return z

    return act


def _rest(pair: Words, product: Words, out: Words | None) -> Words:
    """Return a component of (a, x - 2 A): (b, x (1 - 2 b)), less twice a component of both products."""
    out = np.add(product, product, out=out)
    return np.subtract(pair, out, out=out)


def _claim(  # noqa: PLR0913, PLR0917 - what each of the three knows
    party: Party,
    form: Callable[..., Words],
    sent: Sequence[Words],
    received: Sequence[Words],
    third: Sequence[Words],
    mask: Words,
) -> None:
    """Claim form(u, v) + A_(p+1) - A_p: of u, v, z and A_p, of the next one's u, z and A_p, the previous one's v and A.

    Both A_p may be missing; `mask` is -A_(p+1).
    """
    (u, v, z, *lower), (w, heard, *upper) = sent, received
    party.claim(
        Claim(
            ADD,
            Rule((form,), by=by_columns),
            Sent((u,), (v,), z, lower[0] if lower else None, lambda: np.negative(mask)),
            Received((w,), heard, upper[0] if upper else None),
            Third(third[:1], third[1]),
        )
    )
