"""Exact products of public small integers with shares, through floating-point BLAS.

NumPy multiplies matrices of uint64 without BLAS, a hundred times slower. Splitting the shares into limbs of 32 bits
keeps every partial sum of float64 an exact integer.

Law: public_product(rows, w) = rows @ w modulo 2^64, for int8 rows and any uint64 w.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["public_product"]

_LIMB: Final = np.uint64(32)
_LOW: Final = np.uint64((1 << 32) - 1)
_COLUMNS: Final = 1 << 13
"""Inputs a product may sum over at once: 2^7 * 2^13 * 2^32 stays below 2^53."""


def public_product(rows: NDArray[np.integer], weight: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return uint64[n, out], rows @ weight modulo 2^64.

    Args:
        rows: integers [n, inputs] within -127..127.
        weight: uint64[inputs, out], one component of shares.
    """
    out = np.zeros((rows.shape[0], weight.shape[1]), np.uint64)
    for at in range(0, rows.shape[1], _COLUMNS):
        left = rows[:, at : at + _COLUMNS].astype(np.float64)
        right = weight[at : at + _COLUMNS]
        for shift in (np.uint64(0), _LIMB):
            limb = ((right >> shift) & _LOW).astype(np.float64)
            out += (left @ limb).astype(np.int64).view(np.uint64) << shift
    return out
