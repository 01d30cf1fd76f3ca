"""Differential privacy for a whole update: clip it to a norm, add discrete Gaussian noise.

What it promises: whatever data a holder had, what it submits looks nearly the same. Two clipped updates differ by at
most twice the norm they are clipped to, so noise of standard deviation sigma gives every Renyi order a the divergence
a (2 clip)**2 / (2 sigma**2), that of the Gaussian mechanism: updates are integers and so is the noise, and the discrete
Gaussian has the same bound for vectors of any length (Canonne, Kamath and Steinke, "The discrete Gaussian for
differential privacy", 2020). This is a promise about all of a holder's rows at once, in one round.

Trust model: the noise is from a cryptographic stream; who knows its key can take it off. Noise in floating point would
betray by its last bits what it was added to (Mironov, "On significance of the least significant bits for differential
privacy", 2012): here every number is an integer, drawn with exactly the chances of the paper. Drawing takes a little
longer for some numbers than for others: nobody but the holder should see how long.

Laws: a clipped vector's norm is never above the bound, and what is within it stays as it is; drawn numbers follow the
discrete Gaussian exactly, if the stream is random.

Source: algorithms 1 to 3 of the paper, with its coins tossed by comparing 64 random bits with exp(-x): where the two
are too close for floating point, more bits and more digits decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.bounds import ceil_sqrt
from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from marketplace.privacy.randomness import RandomStream

__all__ = ["Mechanism", "clip", "discrete_gaussian"]

_MARGIN: Final = 2.0**-40
"""More than floating point is ever off: exp and its argument are right to 2**-48 here."""
_WORD_BITS: Final = 64
_LARGEST_SIGMA: Final = 1 << 40


@dataclass(frozen=True)
class Mechanism:
    """How an update is made private.

    Args:
        clip: the largest norm, in units of the update.
        noise: standard deviation of the noise as a multiple of `clip`.
    """

    clip: int
    noise: Fraction

    def __post_init__(self) -> None:
        """Refuse what protects nothing, or cannot be drawn."""
        if self.clip < 1 or self.noise <= 0 or self.sigma > _LARGEST_SIGMA:
            msg = f"a clip of {self.clip} with noise of {float(self.noise)} protects nothing: choose positive numbers"
            raise InvalidInput(msg)

    @property
    def sigma(self) -> Fraction:
        """The standard deviation of the noise, in units of the update."""
        return self.noise * self.clip

    @property
    def multiplier(self) -> float:
        """The standard deviation over what one update can differ from another: what accountants call the multiplier."""
        return float(self.noise / 2)

    def release(self, values: NDArray[np.int64], stream: RandomStream) -> NDArray[np.int64]:
        """Return int64[*] values, clipped and with noise.

        Warning: a stream whose key was used for other values gives the same noise, which their difference takes off.
        """
        return clip(values, self.clip) + discrete_gaussian(len(values), self.sigma, stream)


def clip(values: NDArray[np.int64], norm: int) -> NDArray[np.int64]:
    """Return int64[*] values, scaled down and rounded towards 0 if their norm is above `norm`, in exact arithmetic.

    Raises:
        InvalidInput: values so large that their product with the norm does not fit into 62 bits.
    """
    largest = max(int(values.max(initial=0)), -int(values.min(initial=0)))
    if largest * norm >= 1 << 62 or largest * largest * values.size >= 1 << 62:
        msg = f"values up to {largest} cannot be clipped exactly: keep the bounds of the terms"
        raise InvalidInput(msg)
    square = int(values @ values)
    if square <= norm * norm:
        return values.copy()
    clipped: NDArray[np.int64] = np.sign(values) * (np.abs(values) * norm // ceil_sqrt(square))
    return clipped


def discrete_gaussian(count: int, sigma: Fraction, stream: RandomStream) -> NDArray[np.int64]:
    """Return int64[count], drawn with chances proportional to exp(-x**2 / (2 sigma**2))."""
    scale = int(sigma) + 1
    centre, width = sigma * sigma / scale, 2 * sigma * sigma
    found = np.zeros(count, dtype=np.int64)
    open_ = np.arange(count)
    while open_.size:
        drawn = _discrete_laplace(open_.size, scale, stream)
        distance = np.abs(drawn) - float(centre)
        kept = _coins(
            distance * distance / float(width),
            lambda at, drawn=drawn: (abs(int(drawn[at])) - centre) ** 2 / width,  # type: ignore[misc]
            stream,
        )
        found[open_[kept]] = drawn[kept]
        open_ = open_[~kept]
    return found


def _discrete_laplace(count: int, scale: int, stream: RandomStream) -> NDArray[np.int64]:
    """Return int64[count], drawn with chances proportional to exp(-|x| / scale)."""
    found = np.zeros(count, dtype=np.int64)
    open_ = np.arange(count)
    while open_.size:
        rest = stream.below(scale, open_.size).astype(np.int64)
        kept = _coins(rest / scale, lambda at, rest=rest: Fraction(int(rest[at]), scale), stream)  # type: ignore[misc]
        size = rest + scale * _run(open_.size, stream)
        negative = stream.below(2, open_.size) == 1
        kept &= ~(negative & (size == 0))  # 0 has one sign, or it would come twice as often
        found[open_[kept]] = np.where(negative, -size, size)[kept]
        open_ = open_[~kept]
    return found


def _run(count: int, stream: RandomStream) -> NDArray[np.int64]:
    """Return int64[count]: how often a coin that shows heads with a chance of 1/e does so before it shows tails."""
    runs = np.zeros(count, dtype=np.int64)
    open_ = np.arange(count)
    while open_.size:
        open_ = open_[_coins(np.ones(open_.size), lambda _: Fraction(1), stream)]
        runs[open_] += 1
    return runs


def _coins(exponents: NDArray[np.float64], exact: Callable[[int], Fraction], stream: RandomStream) -> NDArray[np.bool_]:
    """Return bool[*]: heads with a chance of exp(-x) for each x.

    Args:
        exponents: float64[*], nearly the x.
        exact: gives the x of a place, exactly.
    """
    words = stream.words(len(exponents))
    lead = np.exp(-exponents) - words * 2.0**-_WORD_BITS
    heads: NDArray[np.bool_] = lead > 0
    for at in np.flatnonzero(np.abs(lead) < _MARGIN):
        heads[at] = _is_below(int(words[at]), exact(int(at)), stream)
    return heads


def _is_below(word: int, exponent: Fraction, stream: RandomStream) -> bool:
    """Whether a random number from 0 to 1, whose first 64 bits are `word`, is below exp(-exponent)."""
    bits = _WORD_BITS
    while True:
        with localcontext() as context:
            context.prec = bits
            chance = (-Decimal(exponent.numerator) / Decimal(exponent.denominator)).exp() * 2**bits
            slack = 1  # the digits are off by far less than a unit of the last bit
        if word + 1 + slack <= chance:
            return True
        if word - slack >= chance:
            return False
        bits += _WORD_BITS
        word = (word << _WORD_BITS) | int(stream.words(1)[0])
