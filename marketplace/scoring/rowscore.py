"""The score of one validation row: its clipped margin, as an integer of at most 15 bits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.bounds import SCORE_BITS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms

__all__ = ["PPB", "ScoreScale", "network_scores", "row_scores", "score_scale"]

PPB: Final = 1_000_000_000

_BELOW_ALL: Final = -(1 << 62)
"""Below every logit, and the same number in int64 and float64."""


@dataclass(frozen=True)
class ScoreScale:
    """How margins become scores under a denominator K.

    Args:
        k: the denominator.
        clip: M, the margin beyond which nothing counts, at the scale of K**layers.
        shift: bits dropped so that 2 M keeps at most 15; the one rounding of the scoring.
    """

    k: int
    clip: int
    shift: int

    def gain_ppb_floor(self, gain: int, rows: int) -> int:
        """Return a summed difference of row scores as billionths of the clip a row, rounded down.

        In this unit gains of rounds with different K, and of the final shard, compare.
        """
        return gain * PPB * (1 << self.shift) // (self.clip * rows)

    def target_ceil(self, ppm: int, rows: int, denominator: int) -> int:
        """Return what `ppm` millionths of the clip a row are, in contribution numerators, rounded up."""
        return -(-ppm * self.clip * denominator * rows // (1_000_000 << self.shift))


def score_scale(terms: ScoringTerms, k: int) -> ScoreScale:
    """Return the scale of row scores of coalitions over `k`."""
    layers = len(terms.shape.layers)
    clip = terms.clip_logits * terms.scales.input_scale * int((terms.scales.weight_scale * k) ** layers)
    return ScoreScale(k, clip, max(0, (2 * clip).bit_length() - SCORE_BITS))


def row_scores(
    logits: NDArray[np.int64] | NDArray[np.float64], labels: NDArray[np.int64], scale: ScoreScale
) -> NDArray[np.int64]:
    """Return (clip(z_y - max of the others, -M, M) + M) >> shift for each row.

    Args:
        logits: [classes, rows]; overwritten. Floats must hold integers below 2**52.
        labels: int64[rows].
        scale: M and shift.
    """
    at = labels, np.arange(len(labels))
    own = logits[at]
    logits[at] = _BELOW_ALL
    margin = (own - logits.max(axis=0)).astype(np.int64)
    scores: NDArray[np.int64] = (np.clip(margin, -scale.clip, scale.clip) + scale.clip) >> scale.shift
    return scores


def network_scores(
    network: Network, rows: NDArray[np.integer], labels: NDArray[np.int64], scale: ScoreScale
) -> NDArray[np.int64]:
    """Return the row scores of `network` as if it were evaluated over `scale.k`; homogeneity makes that a product."""
    logits = network.forward(rows) * np.int64(scale.k ** len(network.layers))
    return row_scores(np.ascontiguousarray(logits.T), labels, scale)
