"""The value game: what any coalition of submissions would have made of the base model, exactly.

`v(S)` is the summed row score of the model with weights `(K W + sum over S of c_i D_i + sum over not-S of a_i P) / K`,
evaluated over the common denominator K without dividing: an update that does nothing leaves every coalition's value as
it is and so earns exactly 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from marketplace.domain.network import Network, Scales
    from marketplace.domain.update import Update

__all__ = ["RowScale", "ValueGame", "row_scale", "row_scores"]

_SCORE_BITS = 15
_LOWEST = np.iinfo(np.int64).min // 2


@dataclass(frozen=True)
class RowScale:
    """How a margin becomes a row score: clipped to +-clip, moved to be positive, shifted right.

    Attributes:
        clip: M, the largest margin that counts, at the logits' scale.
        shift: s, the fewest bits to drop so that a score has at most 15.
    """

    clip: int
    shift: int

    @property
    def unit(self) -> int:
        """The score that a margin of M is worth beyond a margin of 0."""
        return self.clip >> self.shift


def row_scale(scales: Scales, depth: int, clip_logits: int, k: int) -> RowScale:
    """Return the scale of row scores for networks of `depth` layers evaluated over K = `k`."""
    clip = clip_logits * scales.input_scale * scales.weight_scale**depth * k**depth
    return RowScale(clip, max(0, (2 * clip).bit_length() - _SCORE_BITS))


def row_scores(logits: NDArray[np.int64], labels: NDArray[np.int64], scale: RowScale) -> NDArray[np.int64]:
    """Return (clip(z_y - max over k != y of z_k, -M, M) + M) >> s for each row.

    Args:
        logits: int64[n, classes]; labels: int64[n].

    Returns:
        int64[n], each 0 to 2**15 - 1.
    """
    at = np.arange(len(labels))
    others = logits.copy()
    others[at, labels] = _LOWEST
    margin = logits[at, labels] - others.max(axis=1)
    return (np.clip(margin, -scale.clip, scale.clip) + scale.clip) >> scale.shift


class ValueGame:
    """All coalitions of a round over one shard.

    Layer 1 is linear in the updates, so its pre-activations are formed once per update and added per coalition.

    Args:
        base: the base model.
        parts: for each player (c_i D_i, a_i): its weighted update, and how much of P leaves the empty coalition with it.
        aggregate: P, the last aggregate, or None.
        rows: int8[n, inputs]; labels: int64[n].
        k: the fixed denominator.
        clip_logits: see `row_scale`.
    """

    def __init__(  # noqa: PLR0913 - the seven things a value depends on
        self,
        base: Network,
        parts: Sequence[tuple[Update, int, int]],
        aggregate: Update | None,
        rows: NDArray[np.integer],
        labels: NDArray[np.int64],
        k: int,
        clip_logits: int,
    ) -> None:
        self.players = len(parts)
        self.scale = row_scale(base.scales, len(base.layers), clip_logits, k)
        self._labels = labels
        self._k = k
        self._deep = len(base.layers) > 1
        rows = np.asarray(rows, np.int64)
        drift = sum(a for _, _, a in parts)
        units = [base.scales.bias_unit(i) for i in range(len(base.layers))]
        first, *rest = base.layers
        # A term is (layer-1 pre-activation per row, layer-2 weights, layer-2 biases over K).
        self._empty = [rows @ (first.weight.T * k) + first.bias * k]
        self._empty += [part for layer in rest for part in (layer.weight * k, layer.bias * k * k)]
        known = None if aggregate is None else self._term(aggregate, rows, units)
        if known is not None:
            self._empty = [e + drift * p for e, p in zip(self._empty, known, strict=True)]
        self._terms = []
        for update, c, a in parts:
            term = [c * t for t in self._term(update, rows, units)]
            if known is not None and a:
                term = [t - a * p for t, p in zip(term, known, strict=True)]
            self._terms.append(term)

    def _term(self, update: Update, rows: NDArray[np.int64], units: list[int]) -> list[NDArray[np.int64]]:
        first, *rest = update.layers
        term = [rows @ first.weight.T + first.bias * units[0]]
        return term + [part for layer in rest for part in (layer.weight, layer.bias * (units[1] * self._k))]

    def value(self, coalition: Sequence[int]) -> NDArray[np.int64]:
        """Return the row scores int64[n] of one coalition, a list of players."""
        total = self._empty
        for player in coalition:
            total = [t + p for t, p in zip(total, self._terms[player], strict=True)]
        return self._scores(total)

    def walk(self, order: Sequence[int]) -> Iterator[NDArray[np.int64]]:
        """Yield the row scores as players join in `order`, one more at a time."""
        total = self._empty
        for player in order:
            total = [t + p for t, p in zip(total, self._terms[player], strict=True)]
            yield self._scores(total)

    def all_values(self) -> NDArray[np.int64]:
        """Return int64[2**players, n]: the row scores of every coalition, bit i of the index meaning player i."""
        out = np.empty((1 << self.players, len(self._labels)), np.int64)
        total = [np.array(part) for part in self._empty]
        inside = 0
        for step in range(1 << self.players):
            gray = step ^ (step >> 1)  # neighbours differ by one player: one addition a coalition
            for player in range(self.players):
                if (gray ^ inside) >> player & 1:
                    for t, p in zip(total, self._terms[player], strict=True):
                        if gray >> player & 1:
                            t += p
                        else:
                            t -= p
            inside = gray
            out[gray] = self._scores(total)
        return out

    def _scores(self, total: list[NDArray[np.int64]]) -> NDArray[np.int64]:
        logits = total[0]
        if self._deep:
            logits = np.maximum(logits, 0) @ total[1].T + total[2]
        return row_scores(logits, self._labels, self.scale)
