"""The exact sum of many holders' vectors, of which nobody sees a single one.

Each holder adds to its vector a mask, a pseudorandom vector that follows from a short secret; the secrets add up as the
masks do. It shares the secret among the seats and publishes the masked vector. The seats add the shares they got and
open nothing but the sum of the secrets, which takes the masks off the sum of the vectors and off nothing else.

Trust model: fewer than `threshold` colluding seats, with any number of holders, learn the sum of the other holders'
vectors and nothing else, if there are at least two of those and the honest seats all answer for the same set, such as
one that a chain fixed; `threshold` of them can open every vector. There is no
dealer: each holder deals its own secret. Holders that fail after sharing are left out of the sum, seats beyond the
threshold may stay silent. A seat answers for one set of holders in a round: two sets that differ in one holder would
open that one's vector; `Keeper` refuses. A holder that deals wrong shares, or masks values beyond the bound, can spoil
the sum, as in every such protocol; wrong shares are noticed.

Laws: `unmask` of all vectors added, by any `threshold` answers, is their sum, to the integer; fewer answers, answers
for other sets, and vectors that were made for another sum are refused.

Source: masks that add up, with secrets shared among a committee: Bell et al., "ACORN: input validation for secure
aggregation", 2023, and Li, Lin, Polychroniadou and Tessaro, "LERNA", 2023; see `parameters` for the security.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.errors import BrokenSeal, InvalidInput, WrongKey
from marketplace.domain.hashing import keccak, tag
from marketplace.privacy.randomness import RandomStream
from marketplace.privacy.threshold.gaussian import draw
from marketplace.privacy.threshold.parameters import MODULUS, PRIMES, TAIL, SumTerms
from marketplace.privacy.threshold.ring import DEGREE, Ring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Mask", "MaskedVector", "add_masked", "mask", "unmask"]


@dataclass(frozen=True, repr=False)
class Mask:
    """The secret behind one masked vector: int64[DEGREE], small. Warning: share it; never publish or reuse it."""

    secret: NDArray[np.int64] = field(repr=False)

    def __repr__(self) -> str:
        """Show nothing."""
        return "Mask(...)"


@dataclass(frozen=True, eq=False)
class MaskedVector:
    """A vector under one mask, or the sum of such vectors under the sum of their masks.

    Args:
        terms: of the sum it is for.
        context: 32 bytes that name the sum: chain, bounty and round.
        holders: how many vectors are in it.
        values: uint32[2, blocks, DEGREE], residues modulo the two primes.
    """

    terms: SumTerms
    context: bytes
    holders: int
    values: NDArray[np.uint32]


def mask(values: NDArray[np.int64], terms: SumTerms, context: bytes) -> tuple[MaskedVector, Mask]:
    """Return the masked vector, and the secret of a mask that was made for it alone.

    Args:
        values: int64[terms.length].
        context: 32 bytes that no other sum has; all holders of a sum use the same.

    Raises:
        InvalidInput: a vector that is not of these terms.
    """
    if values.shape != (terms.length,) or values.max() > terms.bound or values.min() < -terms.bound:
        msg = f"a vector is not {terms.length:,} values from -{terms.bound} to {terms.bound}: clip it"
        raise InvalidInput(msg)
    stream = RandomStream()
    secret = draw(stream, DEGREE)
    noisy = draw(stream, terms.blocks * DEGREE) * terms.step
    noisy[: terms.length] += values
    blocks = noisy.reshape(terms.blocks, DEGREE)
    parts = []
    for prime, public in zip(PRIMES, _public(terms, context), strict=True):
        turned = public * _ring(prime).forward(_residues(secret[None], prime))
        turned += _ring(prime).forward(_residues(blocks, prime))
        parts.append((turned % np.uint64(prime)).astype(np.uint32))
    return MaskedVector(terms, context, 1, np.stack(parts)), Mask(secret)


def add_masked(vectors: Sequence[MaskedVector]) -> MaskedVector:
    """Return the sum of masked vectors.

    Raises:
        InvalidInput: none, or more than the terms allow.
        WrongKey: vectors that were made for different sums.
    """
    if not vectors or sum(vector.holders for vector in vectors) > vectors[0].terms.holders:
        msg = f"{len(vectors)} masked vectors are not what these terms sum: leave out whoever is not in the round"
        raise InvalidInput(msg)
    first = vectors[0]
    if any((vector.terms, vector.context) != (first.terms, first.context) for vector in vectors):
        msg = "vectors that were masked for two sums do not add up: leave out those of other rounds"
        raise WrongKey(msg)
    total = np.zeros(first.values.shape, dtype=np.uint64)
    for vector in vectors:
        total += vector.values
    total %= np.array(PRIMES, dtype=np.uint64)[:, None, None]
    return MaskedVector(first.terms, first.context, sum(v.holders for v in vectors), total.astype(np.uint32))


def unmask(total: MaskedVector, secret: Mask) -> NDArray[np.int64]:
    """Return int64[length], the sum of the vectors, given the sum of their secrets.

    Raises:
        BrokenSeal: the secret is not the sum of these vectors' secrets, or a holder masked values beyond the bound.
    """
    if np.abs(secret.secret).max() > total.holders * TAIL:
        msg = "the opened secret is no sum of secrets: a holder or a seat gave wrong shares"
        raise BrokenSeal(msg)
    low, high = (
        _ring(prime).inverse(_minus(part, public * _ring(prime).forward(_residues(secret.secret[None], prime)), prime))
        for part, public, prime in zip(total.values, _public(total.terms, total.context), PRIMES, strict=True)
    )
    # Chinese remainders: both primes are below 2**30, so everything stays below 2**60.
    first, second = (np.uint64(prime) for prime in PRIMES)
    ratio = np.uint64(pow(PRIMES[0], -1, PRIMES[1]))
    whole = (low + first * ((high + second - low % second) * ratio % second)).view(np.int64).ravel()
    whole -= np.where(whole > MODULUS // 2, np.int64(MODULUS), np.int64(0))
    step = total.terms.step
    values: NDArray[np.int64] = (whole + step // 2) % step - step // 2
    limit = total.holders * total.terms.bound
    broken = np.abs(whole).max() > total.holders * (step * TAIL + total.terms.bound)
    if broken or np.abs(values).max() > limit or values[total.terms.length :].any():
        msg = "a masked sum that breaks its bounds: a holder masked something else than a vector, or a share is wrong"
        raise BrokenSeal(msg)
    return values[: total.terms.length]


# ---------------------------------------------------------------------- details
@cache
def _ring(prime: int) -> Ring:
    return Ring(prime)


def _public(terms: SumTerms, context: bytes) -> list[NDArray[np.uint64]]:
    """Return the public factors, uint64[blocks, DEGREE] for each prime: pseudorandom, the same for all holders.

    Remainders of 64-bit words are uniform but for 2**-34, which nobody gains from: these numbers hide nothing.
    """
    stream = RandomStream(keccak(tag("masked-sum"), context))
    return [stream.words(terms.blocks * DEGREE).reshape(-1, DEGREE) % np.uint64(prime) for prime in PRIMES]


def _residues(values: NDArray[np.int64], prime: int) -> NDArray[np.uint64]:
    return (values % prime).astype(np.uint64)


def _minus(part: NDArray[np.uint32], turned: NDArray[np.uint64], prime: int) -> NDArray[np.uint64]:
    p = np.uint64(prime)
    difference: NDArray[np.uint64] = (part + p - turned % p) % p
    return difference
