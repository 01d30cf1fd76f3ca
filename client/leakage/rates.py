"""How well scores tell members from others: true positives where false ones are rare, and the area under the curve.

An average says little here: an attack that is sure of a few members and guesses at the rest is dangerous, and its area
is that of chance. So the rate of true positives is taken where one in a thousand is a false one.

Source: Carlini et al., "Membership Inference Attacks From First Principles", IEEE S&P 2022, section IV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.datasets.columns import Floats

__all__ = ["FALSE_RATE", "Rates", "rates_of"]

FALSE_RATE: Final = 0.001
_RESAMPLES: Final = 1000
_TAILS: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Rates:
    """Two shares with their 95 % intervals.

    Attributes:
        tpr: share of the members that are found where 0.1 % of the others are taken for members.
        auc: chance that a member scores above another.
    """

    tpr: float
    tpr_low: float
    tpr_high: float
    auc: float
    auc_low: float
    auc_high: float


def rates_of(scores: Floats, members: NDArray[np.bool_], rng: np.random.Generator) -> Rates:
    """Return both figures; intervals are of the percentile bootstrap over models, whose rows are not independent.

    Args:
        scores: float64[models, rows], the higher the more like a member; equal ones are taken in any order.
        members: bool[models, rows].
    """
    models, rows = scores.shape
    order = np.argsort(-scores.ravel(), kind="stable")  # Once: a resample only changes how often each model counts.
    model, inside = np.repeat(np.arange(models), rows)[order], members.ravel()[order]
    tpr, auc = _rates(np.ones(models), model, inside)
    drawn = [np.bincount(rng.integers(models, size=models), minlength=models) for _ in range(_RESAMPLES)]
    found = np.array([_rates(counts.astype(np.float64), model, inside) for counts in drawn])
    low, high = np.percentile(found, _TAILS, axis=0).tolist()
    return Rates(tpr, low[0], high[0], auc, low[1], high[1])


def _rates(counts: Floats, model: NDArray[np.int64], inside: NDArray[np.bool_]) -> tuple[float, float]:
    """Return both figures of scores in falling order, each model counted so often."""
    weight = counts[model]
    mine = weight * inside
    above = np.cumsum(weight - mine)
    every, others = float(mine.sum()), float(above[-1])
    allowed = int(FALSE_RATE * others)
    return float(mine[above <= allowed].sum()) / every, float((mine * (others - above)).sum()) / (every * others)
