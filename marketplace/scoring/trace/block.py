"""Networks that are sums of parts, evaluated on a shard: the main block of a trace, or the final one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.network import Network
from marketplace.domain.update import Update
from marketplace.scoring.rowscore import ScoreScale, row_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.scoring.trace.layout import Counts

    Ints = NDArray[np.int64]

__all__ = ["Block"]


class Block:
    """Activations of networks that are sums of parts, on a shard.

    Args:
        parts: what the networks are made of; None counts as zero.
        table: int64[evaluations, parts] factors.
        k: K, the factor of the bias of layer 1.
        scale: of row scores.
        rows: int8[m, inputs].
        labels: int64[m].
        counts: of the trace.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - networks, and the shard
        self,
        parts: tuple[Network | Update | None, ...],
        table: Ints,
        k: int,
        scale: ScoreScale,
        rows: NDArray[np.integer],
        labels: Ints,
        counts: Counts,
    ) -> None:
        self.parts, self.table, self.k, self.scale, self.counts = parts, table, k, scale, counts
        self.rows, self.labels = np.asarray(rows, np.int64), labels

    @cached_property
    def trans(self) -> tuple[Ints, ...]:
        """Per layer int64[neurons, width + 1, parts]: each entry in every part, the bias last."""
        out = []
        for layer, (neurons, width) in enumerate(self.counts.layers):
            tensor = np.zeros((neurons, width + 1, len(self.parts)), np.int64)
            for p, part in enumerate(self.parts):
                if part is not None:
                    tensor[:, :-1, p], tensor[:, -1, p] = part.layers[layer].weight, part.layers[layer].bias
            out.append(tensor)
        return tuple(out)

    def units(self, layer: int) -> Ints:
        """Return int64[parts]: what a unit of each part's bias is worth in a layer."""
        unit = self.counts.unit(layer)
        return np.array([1 if isinstance(part, Network) else unit for part in self.parts], np.int64)

    @cached_property
    def first(self) -> Ints:
        """int64[m, first, parts]: pre-activations of layer 0."""
        tensor = self.trans[0]
        neurons, width, parts = tensor.shape
        flat = tensor[:, :-1].transpose(1, 0, 2).reshape(width - 1, -1)
        out: Ints = (self.rows @ flat).reshape(-1, neurons, parts) + tensor[:, -1] * self.units(0)
        return out

    @cached_property
    def second(self) -> Ints:
        """int64[evaluations, classes, hidden + 1]: layer 1 of each network, the bias last; empty for a linear model."""
        if not self.counts.hidden:
            return np.zeros((len(self.table), 0, 1), np.int64)
        tensor = self.trans[1]
        flat = np.concatenate([tensor[:, :-1], tensor[:, -1:] * (self.k * self.units(1))], axis=1)
        out: Ints = (self.table @ flat.reshape(-1, len(self.parts)).T).reshape(len(self.table), *flat.shape[:2])
        return out

    @cached_property
    def states(self) -> tuple[Ints, Ints, Ints]:
        """int64[evaluations, m, hidden] activations, [evaluations, m, classes] logits, [evaluations, m] row scores."""
        counts, m = self.counts, len(self.labels)
        size = len(self.table)
        hidden = np.zeros((size, m, counts.hidden), np.int64)
        logits = np.zeros((size, m, counts.classes), np.int64)
        scores = np.zeros((size, m), np.int64)
        flat = self.first.reshape(-1, len(self.parts)).T
        for e in range(size):
            combined = (self.table[e] @ flat).reshape(m, counts.first)
            if counts.hidden:
                np.maximum(combined, 0, out=hidden[e])
                logits[e] = hidden[e] @ self.second[e, :, :-1].T + self.second[e, :, -1]
            else:
                logits[e] = combined
            scores[e] = row_scores(logits[e].T.copy(), self.labels, self.scale)
        return hidden, logits, scores
