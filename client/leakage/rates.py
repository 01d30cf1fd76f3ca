"""How well scores tell members from others: true positives where false ones are rare, and the area under the curve.

An average says little here: an attack that is sure of a few members and guesses at the rest is dangerous, and its area
is that of chance. So the rate of true positives is taken where one in a thousand is a false one.

Source: Carlini et al., "Membership Inference Attacks From First Principles", IEEE S&P 2022, section IV.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.datasets.columns import Floats

__all__ = ["FALSE_RATE", "Rates", "area", "rates_of", "true_rate"]

FALSE_RATE: Final = 0.001
_RESAMPLES: Final = 400
_TAILS: Final = (2.5, 97.5)


@dataclass(frozen=True)
class Rates:
    """Two figures with their 95 % intervals; both are shares.

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

    @property
    def silent(self) -> bool:
        """Whether the true positives may be as rare as the false ones."""
        return self.tpr_low <= FALSE_RATE


def rates_of(scores: Floats, members: NDArray[np.bool_], rng: np.random.Generator) -> Rates:
    """Return both figures; intervals are of the percentile bootstrap over models, whose rows are not independent.

    Args:
        scores: float64[models, rows], the higher the more like a member; members: bool[models, rows].
    """
    found = []
    for turn in range(_RESAMPLES + 1):
        chosen = rng.integers(len(scores), size=len(scores)) if turn else np.arange(len(scores))
        picked, inside = scores[chosen].ravel(), members[chosen].ravel()
        found.append((true_rate(picked[inside], picked[~inside]), area(picked[inside], picked[~inside])))
    (tpr, auc), drawn = found[0], np.array(found[1:])
    (tpr_low, tpr_high), (auc_low, auc_high) = (np.percentile(drawn[:, i], _TAILS).tolist() for i in (0, 1))
    return Rates(tpr, tpr_low, tpr_high, auc, auc_low, auc_high)


def true_rate(inside: Floats, outside: Floats, false_rate: float = FALSE_RATE) -> float:
    """Return the share of `inside` above a threshold that at most `false_rate` of `outside` is above."""
    allowed = int(false_rate * len(outside))
    return float((inside > np.partition(outside, -allowed - 1)[-allowed - 1]).mean())


def area(inside: Floats, outside: Floats) -> float:
    """Return the chance that one of `inside` is above one of `outside`, ties counted half."""
    ranks = stats.rankdata(np.concatenate([inside, outside]))[: len(inside)]
    return float((ranks.sum() - len(inside) * (len(inside) + 1) / 2) / (len(inside) * len(outside)))
