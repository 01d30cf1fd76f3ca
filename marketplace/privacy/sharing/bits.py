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

from marketplace.privacy.sharing.claims import ADD, Claim, Received, Sent, Third
from marketplace.privacy.sharing.shares import PARTIES, Shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

    Words = NDArray[Any]

__all__ = ["carry_out", "carry_save", "sign", "to_ring"]

_HALF: Final[dict[int, Any]] = {8: np.uint32, 4: np.uint16, 2: np.uint8}
_SWAPS: Final = {8: ((0, 5), (1, 4), (2, 3)), 4: ((0, 4), (1, 3))}
_ONE: Final = np.uint8(1)


def carry_save(party: Party, x: Shares) -> Shares:
    """Return c with x_0 + x_1 + x_2 = s + 2 c, where the components of x are XOR shares of s."""
    return party.cross(x)


def carry_out(party: Party, s: Shares, c: Shares) -> Shares:
    """Return uint8[n] XOR shares of the bit that s + c carries out of the word.

    Args:
        party: this party.
        s: XOR shares of unsigned words [n] of 64 or 32 bits.
        c: of the same.
    """
    # In reversed order of bits the two halves of a word are neighbours in the natural order, at every level.
    s, c = s.each(_reversed), c.each(_reversed)
    g, p = party.conjoin(s, c), s ^ c
    while (size := g.first.itemsize) > 1:
        half = _HALF[size]
        low, high = (slice(0, None, 2), slice(1, None, 2))
        g2, p2 = (v.each(lambda w: w.view(half)) for v in (g, p))  # noqa: B023 - used at once
        both = party.conjoin(p2[high].each(lambda w: w[None]), Shares.stack([g2[low], p2[low]]))
        g, p = g2[high] ^ both[0], both[1]
    for width in (4, 2):
        # g and p of one lane fit one byte from here on.
        low_bits, step = np.uint8((1 << width) - 1), np.uint8(width)
        high_p = p.each(lambda w: _twice(w >> step, step))  # noqa: B023 - used at once
        lows = Shares(*(a & low_bits | (b & low_bits) << step for a, b in _pairs(g, p)))
        both = party.conjoin(high_p, lows)
        g, p = g.each(lambda w: w >> step) ^ both.each(lambda w: w & low_bits), both.each(lambda w: w >> step)  # noqa: B023
    last = party.conjoin(p.each(lambda w: w >> _ONE), g)
    return (g.each(lambda w: w >> _ONE) ^ last).each(lambda w: w & _ONE)


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
    return (
        x.each(lambda w: (w >> top).astype(np.uint8))
        ^ c.each(lambda w: (w >> word(bits - 2)).astype(np.uint8) & _ONE)
        ^ carry
    )


def to_ring(party: Party, b: Shares) -> tuple[Shares, Shares]:
    """Return uint64[n] shares of a and e whose exclusive or a + e - 2 a e are the bits b[n].

    Of the components b_0 ^ b_1 ^ b_2 of a bit, a is the exclusive or of the two that one party holds, and e the third,
    which is a sharing as it is. Which party that is goes round by thirds of the lanes, so that all send the same.
    """
    n = b.shape[0]
    third = -(-n // PARTIES)
    padded = b.each(lambda w: np.pad(w.astype(np.uint64), (0, PARTIES * third - n)).reshape(PARTIES, third))
    me, above, below = party.me, party.next, party.previous
    mine, theirs = padded.first, padded.second

    # The sender of a third knows both factors: what it sends is their product under a mask the next party has too.
    mask, lower = party.upper.take((third,), np.uint64), party.lower.take((third,), np.uint64)
    z = mine[me] * theirs[me] - mask
    received = party.pass_down(z)
    party.claim(
        Claim(
            ADD,
            (np.multiply,),
            None,
            Sent((mine[me],), (theirs[me],), z, None),
            Received((theirs[above],), received, None),
            Third((mine[below],), np.negative(lower)),
        )
    )
    two = np.uint64(2)
    first, second = np.zeros_like(mine), np.zeros_like(mine)
    first[me] = mine[me] - two * z
    second[me] = theirs[me] - two * mask
    first[below] = mine[below] - two * lower
    second[above] = theirs[above] - two * received
    rest_first, rest_second = np.zeros_like(mine), np.zeros_like(mine)
    rest_first[above] = mine[above]
    rest_second[below] = theirs[below]

    def flat(x: Words) -> Words:
        return x.reshape(-1)[:n]

    return Shares(flat(first), flat(second)), Shares(flat(rest_first), flat(rest_second))


def _pairs(a: Shares, b: Shares) -> tuple[tuple[Words, Words], tuple[Words, Words]]:
    return (a.first, b.first), (a.second, b.second)


def _twice(word: Words, step: np.uint8) -> Words:
    out: Words = word | word << step
    return out


def _reversed(word: Words) -> Words:
    """Return every word with its bits in reversed order of their index bits: swaps of blocks, as in a transposition."""
    kind = word.dtype.type
    for low, high in _SWAPS[word.itemsize]:
        distance = kind((1 << high) - (1 << low))
        mask = kind(sum(1 << b for b in range(8 * word.itemsize) if b >> low & 1 and not b >> high & 1))
        moved = word >> distance
        moved ^= word
        moved &= mask
        word = word ^ moved
        moved <<= distance
        word ^= moved
    return word
