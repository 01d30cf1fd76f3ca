"""How good a reconstruction is, and how good nobody's would be.

PSNR with a peak of 1: full ink for the digits, one standard deviation of a column for tables. A row counts by the guess
that is nearest to it, so more guesses are more luck; chance is therefore given as many.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from marketplace.datasets.columns import Floats

__all__ = ["chance", "psnr"]

_DRAWS: Final = 20
_FLOOR: Final = 1e-10
"""Smallest mean square error that is told apart: 100 dB."""


def psnr(rows: Floats, guesses: Floats) -> Floats:
    """Return float64[n], in dB, how near the nearest guess is to each row.

    Args:
        rows: float64[n, d]; guesses: float64[m, d].
    """
    errors = ((rows[:, None] - guesses[None]) ** 2).mean(axis=2).min(axis=1)
    found: Floats = -10 * np.log10(np.maximum(errors, _FLOOR))
    return found


def chance(rows: Floats, guesses: int, population: Floats, rng: np.random.Generator) -> tuple[float, float]:
    """Return what comes of guessing without having seen anything: the mean over rows, and the best row, in dB.

    Each is the better of two ways: the mean row of the population, and so many rows drawn from it, on average.
    """
    mean = psnr(rows, population.mean(axis=0)[None])
    drawn = [psnr(rows, population[rng.choice(len(population), guesses, replace=False)]) for _ in range(_DRAWS)]
    means, bests = [float(d.mean()) for d in drawn], [float(d.max()) for d in drawn]
    return max(float(mean.mean()), float(np.mean(means))), max(float(mean.max()), float(np.mean(bests)))
