"""Primes for Paillier keys, safe ones: p = 2 p' + 1 with p' prime.

`phe` makes any two primes. Short random exponents (Damgard, Jurik and Nielsen, "A generalization of Paillier's
public-key system with applications to electronic voting", 2010, section 4.2) need p = q = 3 (mod 4) and
gcd(p - 1, q - 1) = 2; sharing the key (Shoup, "Practical threshold signatures", 2000) needs a group whose order has no
small factor. Two different safe primes above 7 give both.

Candidates are odd p' in a window after a random start; those with a small factor in p' or in 2 p' + 1 are sieved out
before a prime is looked for. A prime after a long gap is likelier than others, as with every generator that steps
upwards: of no use to whoever factors.
"""

from __future__ import annotations

import secrets
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import InvalidInput
from marketplace.privacy.paillier.library import power

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["is_prime", "is_safe_prime", "safe_prime"]

_SIEVED: Final = 1 << 17
_WINDOW: Final = 1 << 18
_TRIALS: Final = 40
"""Miller-Rabin rounds with random bases: a composite passes with a probability below 4**-40."""
_LEAST_BITS: Final = 32


@cache
def _small_primes() -> NDArray[np.int64]:
    """Return int64[*], the odd primes below `_SIEVED`."""
    flags = np.ones(_SIEVED, dtype=bool)
    flags[:2] = False
    for factor in range(2, int(_SIEVED**0.5) + 1):
        if flags[factor]:
            flags[factor * factor :: factor] = False
    return np.flatnonzero(flags)[1:]


def is_prime(number: int) -> bool:
    """Whether `number` is a prime, up to a chance below 4**-40; bases are random, so no composite is made to pass."""
    if number < _SIEVED:
        return number == 2 or number in _small_primes()  # noqa: PLR2004 - the even prime
    if number % 2 == 0:
        return False
    shift = ((number - 1) & -(number - 1)).bit_length() - 1
    odd = (number - 1) >> shift
    return all(_passes(number, odd, shift) for _ in range(_TRIALS))


def _passes(number: int, odd: int, shift: int) -> bool:
    """One round of Miller-Rabin."""
    value = power(secrets.randbelow(number - 3) + 2, odd, number)
    if value in {1, number - 1}:
        return True
    for _ in range(shift - 1):
        value = value * value % number
        if value == number - 1:
            return True
    return False


def is_safe_prime(number: int) -> bool:
    """Whether `number` and (number - 1) / 2 are primes."""
    return is_prime(number) and is_prime((number - 1) // 2)


def safe_prime(bits: int) -> int:
    """Return a random safe prime of exactly `bits` bits, the second highest set too.

    So the product of two has exactly twice as many bits. Takes a minute for 1,024 bits without gmpy2, seconds with it.

    Raises:
        InvalidInput: fewer than 32 bits.
    """
    if bits < _LEAST_BITS:
        msg = f"a prime of {bits} bits protects nothing: ask for {_LEAST_BITS} or more"
        raise InvalidInput(msg)
    while True:
        start = (3 << (bits - 3)) | secrets.randbits(bits - 3) | 1
        for step in _candidates(start):
            half = start + 2 * int(step)
            # One cheap round first: nearly every composite fails it.
            if power(2, half - 1, half) != 1 or not is_safe_prime(2 * half + 1):
                continue
            if (2 * half + 1).bit_length() == bits:
                return 2 * half + 1


def _candidates(start: int) -> NDArray[np.int64]:
    """Return the steps k for which neither start + 2 k nor its double plus 1 has a small factor."""
    open_ = np.ones(_WINDOW, dtype=bool)
    for factor in _small_primes().tolist():
        rest, half = start % factor, (factor + 1) // 2  # half is 1/2 mod factor
        open_[(-rest * half) % factor :: factor] = False  # start + 2 k = 0
        open_[((-1 - 2 * rest) * half * half) % factor :: factor] = False  # 2 start + 4 k + 1 = 0
    return np.flatnonzero(open_)
