"""Where a holder's own noise comes in: a mechanism changes an update before it is sealed.

Any callable will do that takes an update, the terms and randomness, and gives an update within the terms' bounds: the
laboratory measures what is left of the leak, and of the update.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from client.training.quantise import to_update

if TYPE_CHECKING:
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.update import Update

__all__ = ["Gaussian", "Mechanism", "plain"]

Mechanism: TypeAlias = Callable[["Update", "ScoringTerms", np.random.Generator], "Update"]


def plain(update: Update, _terms: ScoringTerms, _rng: np.random.Generator) -> Update:
    """Return the update as it is."""
    return update


@dataclass(frozen=True)
class Gaussian:
    """Noise of the update's own size, for a curve.

    Warning: no mechanism of differential privacy. Its noise follows the norm of the very update, which a bound on what
    one row can change must not.

    Attributes:
        ratio: norm of the noise over the norm of the update, on average.
    """

    ratio: float

    def __call__(self, update: Update, terms: ScoringTerms, rng: np.random.Generator) -> Update:
        """Return the update under noise."""
        flat = update.flat().astype(np.float64)
        deviation = self.ratio * float(np.linalg.norm(flat)) / len(flat) ** 0.5
        return to_update(flat + rng.normal(scale=deviation, size=flat.shape), terms.shape, terms.bounds)
