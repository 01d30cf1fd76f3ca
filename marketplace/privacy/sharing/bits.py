"""Between numbers and their bits: carries, signs, and bits as numbers.

A secret x = x_0 + x_1 + x_2 is its own sharing of bits: the components, read as bits, are XOR shares of the sum without
carries s, and one layer of products gives the carries c, so that x = s + 2 c (a carry-save adder). A parallel-prefix
adder then finds the one carry that matters in log2(64) more layers.

Laws: sign(x) = 1 where x < 0; to_ring(b) is 0 or 1; both exact for every x in Z_2^64, with no room left for a margin.

Source: Araki et al., CCS 2016; Mohassel and Rindal, ABY3, CCS 2018, section 5 (carry-save over components, and bits as
numbers by two exclusive ors).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.privacy.sharing.claims import ADD, Claim, Received, Rule, Sent, Third
from marketplace.privacy.sharing.shares import PARTIES, Shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

    Words = NDArray[Any]

__all__ = ["carry_out", "carry_save", "sign", "to_ring"]

_ONE: Final = np.uint8(1)
_NIBBLE: Final = 4


def carry_save(party: Party, x: Shares) -> Shares:
    """Return c with x_0 + x_1 + x_2 = s + 2 c, where the components of x are XOR shares of s."""
    return party.cross(x)


def carry_out(party: Party, s: Shares, c: Shares) -> Shares:
    """Return uint8[n] XOR shares of the bit that s + c carries out of the word.

    A stretch of bits generates a carry (g) or propagates one (p). Two neighbours make one stretch, with
    g = g_high ^ p_high g_low and p = p_high p_low: one AND of words in which every stretch is a pair of bits, p and g.
    That leaves half of the pairs, so the upper half of the word moves into the gaps, and words get shorter.

    Args:
        party: this party.
        s: XOR shares of unsigned words [n] of 64 or 32 bits.
        c: of the same.
    """
    g, p = party.conjoin(s, c), s ^ c
    even, one = _every(1, 2, g.first.dtype), g.first.dtype.type(1)
    low = p.tiled(lambda p, g: p & even | (g & even) << one, g)
    high = p.tiled(lambda p, g: p >> one & even | g & ~even, g)
    pairs, width = _merged(party, low, high), 2
    while (size := pairs.first.itemsize) > 1:
        # Neighbours are `width` bits apart; between them are pairs that moved there, with neighbours of their own.
        half = np.dtype(f"u{size // 2}")
        low, high = (pairs.each(lambda w: w.view(half)[at::2]) for at in (0, 1))  # noqa: B023 - used at once
        if width < 8 * half.itemsize:
            gap, mask = half.type(width), _every(width, 2 * width, half)
            low, high = (
                low.tiled(lambda a, b: a & mask | (b & mask) << gap, high),  # noqa: B023
                low.tiled(lambda a, b: a >> gap & mask | b & ~mask, high),  # noqa: B023
            )
        pairs, width = _merged(party, low, high), 2 * width
    four, two = np.uint8(_NIBBLE), np.uint8(2)
    pairs = _merged(party, pairs.each(lambda w: w & _every(_NIBBLE, 8, w.dtype)), pairs.each(lambda w: w >> four))
    last = party.conjoin(pairs.each(lambda w: w >> two), pairs.each(lambda w: w >> _ONE))
    return pairs.tiled(lambda w, last: (w >> _ONE + two ^ last) & _ONE, last)


def _merged(party: Party, low: Shares, high: Shares) -> Shares:
    """Return the pairs of stretches made of two each."""
    p = _every(1, 2, low.first.dtype)
    one = p.dtype.type(1)

    def twice(w: Words) -> Words:
        w = w & p
        out: Words = w | w << one
        return out

    return high.tiled(lambda h, both: h & ~p ^ both, party.conjoin(high.tiled(twice), low))


def _every(width: int, period: int, dtype: np.dtype[Any]) -> Any:  # noqa: ANN401 - a word of this dtype
    """Return the word whose bits are set where their number modulo `period` is less than `width`."""
    return dtype.type(sum(1 << b for b in range(8 * dtype.itemsize) if b % period < width))


def sign(party: Party, x: Shares, bits: int = 64) -> Shares:
    """Return uint8[n] XOR shares of 1 where x[n] is negative.

    Args:
        party: this party.
        x: shares modulo 2^64.
        bits: 64, or 32 if -2^31 <= x < 2^31 is known: then the lower half of every component is enough.
    """
    if bits == 64:  # noqa: PLR2004 - the ring
        word: Any = np.uint64
    else:
        word = np.uint32
        x = x.each(lambda w: np.ascontiguousarray(w.view(np.uint32)[::2]))
    one, two, top = word(1), word(2), word(bits - 1)
    c = carry_save(party, x)
    # The top bit is that of s and that of 2 c, and the carry of all bits below: shifted up by one, it leaves the word.
    carry = carry_out(party, x.each(lambda w: w << one), c.each(lambda w: w << two))
    # The top bits of s and of 2 c are found where the sign is.
    return x.tiled(lambda s, c, carry: ((s ^ c << one) >> top).astype(np.uint8) ^ carry, c, carry)


def to_ring(party: Party, b: Shares) -> Shares:
    """Return uint64[n] shares of the bits b[n], as the numbers 0 and 1.

    Of the components of a bit, one party p holds two, whose exclusive or is a; the third is e, which p does not hold
    and both others do. First a = b_p + b_(p+1) - 2 b_p b_(p+1), one product p knows both factors of; then the bit is
    a + e - 2 a e, where a e = a_p e + a_(p+1) e are products the others know both factors of. Which party is p goes
    round by thirds of the lanes, so that all send the same: one third, then two thirds of a number a bit.
    """
    n = b.shape[0]
    third = -(-n // PARTIES)
    padded = b.each(lambda w: np.pad(w.astype(np.uint64), (0, PARTIES * third - n)).reshape(PARTIES, third))
    me, above, below = party.me, party.next, party.previous
    mine, theirs = padded.first, padded.second
    two = np.uint64(2)

    mask, lower = party.upper.take((third,), np.uint64), party.lower.take((third,), np.uint64)
    z = mine[me] * theirs[me] - mask
    received = party.pass_down(z)
    party.claim(
        Claim(
            ADD,
            Rule((np.multiply,)),
            Sent((mine[me],), (theirs[me],), z, None),
            Received((theirs[above],), received, None),
            Third((mine[below],), np.negative(lower)),
        )
    )
    # Components p and p + 1 of a; each party holds both in the third where it is p, and one in each of the others.
    a, a_next = mine[me] - two * z, theirs[me] - two * mask
    a_above, a_below = theirs[above] - two * received, mine[below] - two * lower

    # Where p is below, this party multiplies a_(p+1) with e under a mask s it shares with the next; where p is above,
    # a_p with e, under + s - r, where r, shared by p and the one below p, is what component p of the sum is.
    us, vs = np.stack([a_below, mine[above]]), np.stack([theirs[below], a_above])
    upper, under = party.upper.take((2, third), np.uint64), party.lower.take((2, third), np.uint64)
    z2 = us * vs - upper
    z2[1] += under[0]
    received2 = party.pass_down(z2)
    if party.repetitions:
        none = np.zeros(third, np.uint64)
        party.claim(
            Claim(
                ADD,
                Rule((np.multiply,)),
                Sent((us,), (vs,), z2, np.stack([none, np.negative(under[0])])),
                Received((np.stack([a_next, theirs[below]]),), received2, np.stack([none, np.negative(upper[0])])),
                Third((np.stack([mine[above], a]),), np.negative(under)),
            )
        )
    first, second = np.empty_like(mine), np.empty_like(mine)
    first[me], second[me] = a - two * under[1], a_next - two * received2[0]
    first[below], second[below] = a_below - two * z2[0], theirs[below] - two * received2[1]
    first[above], second[above] = mine[above] - two * z2[1], a_above - two * upper[1]
    return Shares(first.reshape(-1)[:n], second.reshape(-1)[:n])
