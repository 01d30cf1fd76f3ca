"""What the owner's validation rows have measured of a model, and what they have not.

An input that is the same in every validation row is one that no score depended on: whoever trains its weights to mean
something does so unseen, and nothing in the market pays for it or stands against it. The model without these weights
answers every validation row as before, to the last integer.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.network import Layer, Network

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["measured_part", "unmeasured"]


def unmeasured(rows: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the numbers of the inputs that are the same in every row.

    Args:
        rows: int8[n, inputs], n at least 1.
    """
    return np.flatnonzero((rows == rows[0]).all(axis=0))


def measured_part(model: Network, shards: Sequence[NDArray[np.integer]]) -> tuple[Network, int]:
    """Return a model without the weights of inputs that never vary, and the number of these inputs.

    What such an input adds to a neuron is the same in every row: it moves into the bias.

    Args:
        model: any.
        shards: int8[n, inputs] each, all rows that the model was, or could be, measured on.
    """
    rows = np.concatenate([np.asarray(rows, np.int64) for rows in shards])
    never, first = unmeasured(rows), model.layers[0]
    weight, bias = first.weight.copy(), first.bias + first.weight[:, never] @ rows[0, never]
    weight[:, never] = 0
    return Network((Layer(weight, bias), *model.layers[1:]), model.scales), len(never)
