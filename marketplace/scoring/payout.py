"""From contributions to money, in big integers, always rounded towards the escrow."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Evidence", "evidence", "lower_bound_down", "payouts_down"]

_ROWS_AT_ONCE = 512  # squares of 26-bit numerators: 2**52 * 512 < 2**62


@dataclass(frozen=True)
class Evidence:
    """What a shard shows about one submission: sums over its rows of the numerators and their squares."""

    total: int
    squares: int


def evidence(numerators: NDArray[np.int64]) -> Evidence:
    """Return the sum and the sum of squares of int64[rows] numerators below 2**26, exactly."""
    parts = [numerators[i : i + _ROWS_AT_ONCE] for i in range(0, len(numerators), _ROWS_AT_ONCE)]
    return Evidence(sum(int(p.sum()) for p in parts), sum(int(p @ p) for p in parts))


def lower_bound_down(shown: Evidence, rows: int, z_squared_percent: int) -> int:
    """Return max(0, total - z standard errors of the total), rounded down, in numerators.

    The variance of a sum over `rows` draws is estimated by `squares - total**2 / rows`. Only what the shard shows beyond
    chance is paid: noise has an expected lower bound close to 0, and an update without effect exactly 0.
    """
    spread = z_squared_percent * (rows * shown.squares - shown.total * shown.total)
    root = isqrt(spread // (100 * rows))
    return max(0, shown.total - root - (root * root * 100 * rows != spread))


def payouts_down(bounds: Sequence[int], budget: int, target: int) -> tuple[int, ...]:
    """Return floor(budget * bound / max(target, sum of bounds)) for each; they never add up to more than `budget`.

    The target keeps a weak round from handing its whole budget to its only survivor.
    """
    whole = max(target, sum(bounds), 1)
    return tuple(budget * bound // whole for bound in bounds)
