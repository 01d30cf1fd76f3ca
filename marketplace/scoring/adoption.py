"""What the round leaves behind: the aggregate, the next base, and whether the hold-back is released."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.network import Layer, Network
from marketplace.domain.update import LayerUpdate, Update, apply, difference
from marketplace.scoring.game import row_scale, row_scores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from marketplace.domain.update import Bounds

__all__ = ["aggregate_of", "base_value", "final_gain_ppb", "released"]


def aggregate_of(
    base: Network, updates: Sequence[Update], values: Sequence[int], k: int, bounds: Bounds
) -> tuple[Update, Network]:
    """Return (aggregate, next base): base + round(sum c_i D_i / K), saturated to the bounds.

    Halves round up. The aggregate is what the saturated sum really adds to the base.
    """
    total = sum(
        (c * u.flat() for c, u in zip(values, updates, strict=True)), np.zeros(base.shape.parameters, np.int64)
    )
    step = Update.from_flat((2 * total + k) // (2 * k), base.shape)
    new = apply(base, step, bounds)
    added = difference(new, base)
    # What the aggregate says and what the next base holds must be the same thing, to the integer.
    return added, _add(base, added)


def base_value(base: Network, rows: NDArray[np.integer], labels: NDArray[np.int64], k: int, clip_logits: int) -> int:
    """Return the summed row score of the base model alone, evaluated over K = `k`."""
    depth = len(base.layers)
    logits = base.forward(rows) * k**depth
    return int(row_scores(logits, labels, row_scale(base.scales, depth, clip_logits, k)).sum())


def final_gain_ppb(
    first: Network, last: Network, rows: NDArray[np.integer], labels: NDArray[np.int64], clip_logits: int
) -> int:
    """Return what all rounds together gained on the final shard, in 1e-9 of the clip per row, rounded down."""
    unit = row_scale(first.scales, len(first.layers), clip_logits, 1).unit
    gain = base_value(last, rows, labels, 1, clip_logits) - base_value(first, rows, labels, 1, clip_logits)
    return gain * 10**9 // (len(labels) * unit)


def released(final_ppb: int, adopted_ppb: Sequence[int]) -> bool:
    """Return whether the final shard confirms at least half of the gains the rounds were paid for."""
    return 2 * final_ppb >= sum(adopted_ppb)


def _add(base: Network, update: Update) -> Network:
    layers = []
    pairs: list[tuple[Layer, LayerUpdate]] = list(zip(base.layers, update.layers, strict=True))
    for i, (layer, diff) in enumerate(pairs):
        layers.append(Layer(layer.weight + diff.weight, layer.bias + diff.bias * base.scales.bias_unit(i)))
    return Network(tuple(layers), base.scales)
