"""What a series of games says: a mean with its interval, and a share with the most it could be.

Both intervals are at 95 %. The mean's is Student's, which needs no normal profits, only enough games; a share's upper
end is Clopper and Pearson's, which holds for any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from scipy import stats

from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["LEVEL", "Mean", "mean_of", "most_likely_share"]

LEVEL: Final = 0.95


@dataclass(frozen=True)
class Mean:
    """A mean and the interval in which it lies."""

    mean: float
    low: float
    high: float

    @property
    def above(self) -> bool:
        """Whether the mean is above 0 beyond doubt."""
        return self.low > 0

    @property
    def below(self) -> bool:
        """Whether the mean is below 0 beyond doubt."""
        return self.high < 0


def mean_of(samples: Sequence[float]) -> Mean:
    """Return the mean of independent samples and the interval in which it lies at 95 %.

    Raises:
        InvalidInput: fewer than two samples say nothing about their spread.
    """
    if len(samples) < 2:  # noqa: PLR2004 - a spread takes two
        msg = f"{len(samples)} games say nothing about an interval: play at least 2"
        raise InvalidInput(msg)
    values = np.asarray(samples, np.float64)
    mean, error = float(values.mean()), float(values.std(ddof=1)) / len(values) ** 0.5
    reach = error * float(stats.t.ppf((1 + LEVEL) / 2, len(values) - 1))
    return Mean(mean, mean - reach, mean + reach)


def most_likely_share(hits: int, samples: int) -> float:
    """Return the upper end of the two-sided 95 % interval of a share of which `hits` in `samples` were seen."""
    return float(stats.binomtest(hits, samples).proportion_ci(LEVEL).high)
