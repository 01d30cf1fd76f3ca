"""What becomes the next base: the weighted mean of the updates, when it beats the base on the shard."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.update import Bounds, Update, apply, difference

if TYPE_CHECKING:
    from marketplace.domain.network import Network, Shape

__all__ = ["adopt", "is_adopted", "weighted_mean"]


def is_adopted(gain: int, values: Sequence[int], min_holders: int) -> bool:
    """Say whether the aggregate is adopted: it gains, and enough holders are in it to hide each other."""
    return gain > 0 and sum(1 for c in values if c) >= min_holders


def weighted_mean(updates: Sequence[Update | None], values: Sequence[int], k: int, shape: Shape) -> Update:
    """Return sum(c_i D_i) / K, each entry rounded half up."""
    total = np.zeros(shape.parameters, np.int64)
    for update, c in zip(updates, values, strict=True):
        if update is not None and c:
            total += c * update.flat()
    return Update.from_flat((2 * total + k) // (2 * k), shape)


def adopt(base: Network, mean: Update, bounds: Bounds) -> tuple[Network, Update]:
    """Return the next base, saturated to the bounds, and the aggregate: the difference it really makes."""
    after = apply(base, mean, bounds)
    return after, difference(after, base)
