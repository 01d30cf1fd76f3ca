"""Whether the adopted gains held up: the final shard decides about the fifth of the payouts that waited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from marketplace.scoring.rowscore import network_scores, score_scale

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms

__all__ = ["final_gain_ppb", "is_released"]


def final_gain_ppb(
    terms: ScoringTerms, first: Network, last: Network, rows: NDArray[np.integer], labels: NDArray[np.int64]
) -> int:
    """Return how much `last` beats `first` on the final shard, in billionths of the clip a row, rounded down."""
    scale = score_scale(terms, 1)
    gain = network_scores(last, rows, labels, scale).sum() - network_scores(first, rows, labels, scale).sum()
    return scale.gain_ppb_floor(int(gain), len(labels))


def is_released(final_ppb: int, adopted_ppb: Sequence[int]) -> bool:
    """Say whether the final gain is at least half the summed gains of the adopted rounds."""
    return 2 * final_ppb >= sum(adopted_ppb)
