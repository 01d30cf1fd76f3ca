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
from marketplace.privacy.sharing.shares import PARTIES, Shares, columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

    Words = NDArray[Any]

__all__ = ["carry_out", "carry_save", "sign", "to_ring"]

_LANES: Final = 32
"""What a number of lanes is rounded up to, so that it can be halved until a word holds as many as it can."""

_BOTH: Final = np.uint64(3)
"""Times the bit of p, it is p and g."""


def carry_save(party: Party, x: Shares) -> Shares:
    """Return c with x_0 + x_1 + x_2 = s + 2 c, where the components of x are XOR shares of s."""
    return party.cross(x)


def carry_out(party: Party, s: Shares, c: Shares) -> Shares:
    """Return uint8[n] XOR shares of the bit that s + c carries out of the word.

    A stretch of bits generates a carry (g) or propagates one (p). Two neighbours make one stretch, with
    g = g_high ^ p_high g_low and p = p_high p_low: one AND of words in which every stretch is a pair of bits, p and g.
    That leaves half of the pairs, so the words of one half of the lanes move into the gaps of the other half's, until
    a word holds one pair each of half as many lanes as it has bits.

    Args:
        party: this party.
        s: XOR shares of unsigned words [n] of 64 or 32 bits.
        c: of the same.
    """
    n, bits = s.shape[0], 8 * s.first.itemsize
    return _carry_out(party, _whole(s), _whole(c), bits)[:n]


def _whole(x: Shares) -> Shares:
    """Return the words of as many lanes as can be halved often enough, as words of 64 bits.

    Shifts never reach over the end of a lane's word.
    """
    gap = -x.shape[0] % _LANES
    return x.each(lambda w: (np.pad(w, (0, gap)) if gap else w).view(np.uint64))


def _carry_out(party: Party, s: Shares, c: Shares, bits: int) -> Shares:
    pairs, width = _merged(party, s ^ c, party.conjoin(s, c), 1), 2
    while width < bits:
        half = pairs.shape[0] // 2
        pairs, width = _merged(party, pairs[:half], pairs[half:], width), 2 * width
    return pairs.each(lambda w: _lanes_of(w, bits // 2))


def _merged(party: Party, a: Shares, b: Shares, width: int) -> Shares:
    """Return the pairs of stretches made of two each, which are `width` bits apart in a and b; those of b in the gaps.

    Of every 2 `width` bits of a and b, the lower half are the lower neighbours. At width 1, a holds all p and b all g.
    """
    parts = zip(_neighbours(a.first, b.first, width), _neighbours(a.second, b.second, width), strict=True)
    higher, turned, lower = (Shares(*part) for part in parts)
    both = party.conjoin(turned, lower)
    for g, made in ((higher.first, both.first), (higher.second, both.second)):
        np.bitwise_xor(g, made, out=g)
    return higher


def _neighbours(a: Words, b: Words, width: int) -> tuple[Words, Words, Words]:
    """Return g of the higher neighbours, their p twice each, and the lower neighbours; those of a at lower places."""
    out = np.empty((3, a.shape[0]), np.uint64)
    mask, by, p = _every(width, 2 * width), np.uint64(width), _every(1, 2)
    for at in columns(a.shape[0]):
        one, two, (higher, turned, lower) = a[at], b[at], out[:, at]
        # Swap the higher half of a with the lower half of b.
        np.right_shift(one, by, out=turned)
        turned ^= two
        turned &= mask
        np.bitwise_xor(two, turned, out=higher)
        turned <<= by
        np.bitwise_xor(one, turned, out=lower)
        np.bitwise_and(higher, p, out=turned)
        higher ^= turned
        turned *= _BOTH
    return out[0], out[1], out[2]


def _lanes_of(pairs: Words, count: int) -> Words:
    """Return uint8[n], the g of every lane, from words that hold a pair each of `count` lanes.

    The two halves of all lanes are 2 bits apart, the quarters 4, and so on: within a byte the quarters, and beyond it
    one byte each for the parts of a quarter.
    """
    size = count // 4  # bytes of a word
    shape = (-1, *[2] * (size.bit_length() - 1))
    # Halves 2 bits apart, and within each its halves 4 bits apart.
    quarters = ((pairs >> np.uint64(shift) & _every(1, 8)).view(np.uint8).reshape(shape).T for shift in (1, 5, 3, 7))
    return np.stack(list(quarters)).reshape(-1)


def _every(width: int, period: int) -> np.uint64:
    """Return a word whose lowest `width` bits of every `period` are 1."""
    return np.uint64(sum(((1 << width) - 1) << at for at in range(0, 64, period)))


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
    one, top = word(1), word(bits - 1)
    # The top bit is that of s and that of 2 c, and the carry of all bits below: shifted up by one, it leaves the word.
    n, up = x.shape[0], _whole(x.each(lambda w: w << one))
    c = carry_save(party, up)
    # One array is a factor of both, see `Claim.once`.
    carry = _carry_out(party, up, c.each(lambda w: (w.view(word) << one).view(np.uint64)), bits)[:n]
    # The top bits of s and of 2 c are found where the sign is; c was shifted up before.
    return (x ^ c.each(lambda w: w.view(word)[:n])).each(lambda w: (w >> top).astype(np.uint8)) ^ carry


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
            Sent((mine[me],), (theirs[me],), z, None, lambda: np.negative(mask)),
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
                Sent((us,), (vs,), z2, np.stack([none, np.negative(under[0])]), lambda: np.negative(upper)),
                Received((np.stack([a_next, theirs[below]]),), received2, np.stack([none, np.negative(upper[0])])),
                Third((np.stack([mine[above], a]),), np.negative(under)),
            )
        )
    first, second = np.empty_like(mine), np.empty_like(mine)
    first[me], second[me] = a - two * under[1], a_next - two * received2[0]
    first[below], second[below] = a_below - two * z2[0], theirs[below] - two * received2[1]
    first[above], second[above] = mine[above] - two * z2[1], a_above - two * upper[1]
    return Shares(first.reshape(-1)[:n], second.reshape(-1)[:n])
