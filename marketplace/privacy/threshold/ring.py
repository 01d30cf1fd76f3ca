"""Polynomials modulo X**4096 + 1 and a prime below 2**30, as the values they take at the roots of X**4096 + 1.

Law: inverse(forward(a)) = a, and forward(a) * forward(b) is forward of the negacyclic product.

Everybody has to use the same roots: masked vectors are added as values. They are powers of the smallest generator.

Source: negacyclic number theoretic transform with Shoup's multiplication and lazy reduction, Harvey, "Faster arithmetic
for number-theoretic transforms", 2014.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DEGREE", "Ring"]

DEGREE: Final = 4096
_CHUNK: Final = 8
"""Polynomials transformed together: as many as stay in a core's own cache."""
_WORD: Final = np.uint64(32)


class Ring:
    """Arithmetic modulo one prime.

    Args:
        prime: below 2**30 and 1 modulo 2 * DEGREE.
    """

    def __init__(self, prime: int) -> None:
        self.prime = prime
        self._p, self._two = np.uint64(prime), np.uint64(2 * prime)
        root = _root(prime)
        self._forward = _twiddles(root, prime)
        self._inverse = _twiddles(pow(root, -1, prime), prime)
        self._shrink = np.uint64(pow(DEGREE, -1, prime))

    def forward(self, polynomials: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the values of uint64[*, DEGREE] coefficients below the prime, at all roots."""
        out = polynomials.copy()
        for start in range(0, len(out), _CHUNK):
            self._forward_chunk(out[start : start + _CHUNK])
        return out % self._p

    def inverse(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        """Return the coefficients, uint64[*, DEGREE], of polynomials with these values."""
        out = values.copy()
        weights, quotients = self._inverse
        half, width = DEGREE // 2, 1
        while half:
            view = out.reshape(len(out), half, 2, width)
            w, q = weights[half : 2 * half, None], quotients[half : 2 * half, None]
            left, right = view[:, :, 0].copy(), view[:, :, 1]
            view[:, :, 0] = (left + right) % self._p
            view[:, :, 1] = self._times(left + self._p - right, w, q) % self._p
            half, width = half // 2, width * 2
        result: NDArray[np.uint64] = out * self._shrink % self._p
        return result

    def _forward_chunk(self, chunk: NDArray[np.uint64]) -> None:
        """Transform in place; numbers stay below 4 * prime, below 2**32."""
        weights, quotients = self._forward
        half, width = 1, DEGREE // 2
        while half < DEGREE:
            view = chunk.reshape(len(chunk), half, 2, width)
            w, q = weights[half : 2 * half, None], quotients[half : 2 * half, None]
            left, right = view[:, :, 0], view[:, :, 1]
            turned = self._times(right, w, q)
            # What is below 2 * prime wraps around to something huge, so the smaller is the reduced one.
            low = np.minimum(left, left - self._two)
            np.add(low, turned, out=view[:, :, 0])
            low += self._two
            np.subtract(low, turned, out=view[:, :, 1])
            half, width = half * 2, width // 2

    def _times(
        self, numbers: NDArray[np.uint64], weights: NDArray[np.uint64], quotients: NDArray[np.uint64]
    ) -> NDArray[np.uint64]:
        """Return numbers (below 2**32) * weights modulo the prime, below 2 * prime."""
        whole = numbers * quotients
        whole >>= _WORD
        whole *= self._p
        product: NDArray[np.uint64] = numbers * weights
        product -= whole
        return product


@cache
def _root(prime: int) -> int:
    """Return a number whose DEGREE-th power is -1."""
    exponent = (prime - 1) // (2 * DEGREE)
    return next(root for g in range(2, prime) if pow(root := pow(g, exponent, prime), DEGREE, prime) == prime - 1)


def _twiddles(root: int, prime: int) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """Return the powers of `root` in bit-reversed order, and floor(power * 2**32 / prime)."""
    bits = DEGREE.bit_length() - 1
    order = [int(f"{i:0{bits}b}"[::-1], 2) for i in range(DEGREE)]
    powers = [1]
    for _ in range(DEGREE - 1):
        powers.append(powers[-1] * root % prime)
    weights = [powers[i] for i in order]
    return np.array(weights, np.uint64), np.array([(w << 32) // prime for w in weights], np.uint64)
