"""How large masked sums can be, and why that is safe.

Security. A masked vector is a sample of ring learning with errors: degree 4096, a modulus of 60 bits, secret and error
discrete Gaussian. Opening a sum publishes the sum of the secrets and of the errors of all holders. Given that, the
secret of one honest holder is as well hidden, as long as a second one is honest, as with a Gaussian of half the width
(Kim, Lee, Seo and Song, "Toward practical lattice-based proof of knowledge from Hint-MLWE", CRYPTO 2023: one hint, of
coefficient 1): so the width is 8, and 4 is left, more than the 3.2 that the table asks for. The table is that of the
Homomorphic Encryption Standard (Albrecht et al., 2018, table 1, 128 bits, classical, its strictest column): degree 4096
allows a modulus of 109 bits (and 75 at 192 bits of security, 101 against quantum computers at 128).

Exactness. Whoever masks a vector m sends a s + T e + m. The sum of n of them, less a times the sum of the secrets, is

    T (e_1 + ... + e_n) + (m_1 + ... + m_n),   at most   n (T * TAIL + M)   in absolute value,

because errors are cut at TAIL and values at M. If that is below half of the modulus, and 2 n M below T, the sum of the
m is that number modulo T, exactly. `SumTerms` refuses everything else before anything is masked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import InvalidInput
from marketplace.privacy.threshold.ring import DEGREE

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["LARGEST_MODULUS_BITS", "LEAST_WIDTH", "MODULUS", "PRIMES", "TAIL", "WIDTH", "SumTerms"]

PRIMES: Final = (1_073_692_673, 1_073_668_097)
"""The two largest primes below 2**30 that are 1 modulo 8192."""
MODULUS: Final = PRIMES[0] * PRIMES[1]
WIDTH: Final = 8
"""Standard deviation of secrets and errors."""
LEAST_WIDTH: Final = 3.2
"""Of what has to be left when a sum is opened."""
TAIL: Final = 80
"""Ten widths; beyond lie 2**-72 of the Gaussian."""
LARGEST_MODULUS_BITS: Final[Mapping[int, int]] = {1024: 27, 2048: 54, 4096: 109, 8192: 218, 16384: 438, 32768: 881}
"""Degree -> bits of the largest modulus at 128 bits of security, ternary secrets."""
_MOST_HOLDERS: Final = 1 << 20
_MOST_PARAMETERS: Final = 1 << 28


@dataclass(frozen=True)
class SumTerms:
    """What is summed.

    Args:
        holders: the most vectors a sum has.
        bound: the largest absolute value of an entry of one vector.
        length: of each vector.
    """

    holders: int
    bound: int
    length: int

    def __post_init__(self) -> None:
        """Refuse sums that could come out wrong."""
        if not (1 <= self.holders <= _MOST_HOLDERS and self.bound >= 1 and 1 <= self.length <= _MOST_PARAMETERS):
            msg = f"{self.length:,} values up to {self.bound} of {self.holders} holders are not summed: check the terms"
            raise InvalidInput(msg)
        if 2 * self.noise >= MODULUS:
            msg = f"the noise of {self.holders} holders with values up to {self.bound} could exceed the modulus: "
            raise InvalidInput(msg + "sum fewer holders, or smaller values")

    @property
    def step(self) -> int:
        """T, the power of two above the range of the sum: errors count in it."""
        return 1 << (2 * self.holders * self.bound).bit_length()

    @property
    def noise(self) -> int:
        """The proved bound of what is left when the masks are taken off."""
        return self.holders * (self.step * TAIL + self.bound)

    @property
    def blocks(self) -> int:
        """How many polynomials hold a vector."""
        return -(-self.length // DEGREE)
