"""Inversion without a search: a linear layer's gradient is a sum of outer products with its inputs.

For one row the weight gradient is `d x^T` and the bias gradient `d`, so that each neuron's ratio is the row. For more
rows the ratio is a mean of the rows that activate the neuron, and exactly one of them where it activates only one.

Source: Phong et al., "Privacy-Preserving Deep Learning via Additively Homomorphic Encryption", IEEE TIFS 2018,
section 3; Fan et al., "Rethinking Privacy Preserving Deep Learning", 2020.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from client.leakage.attack import Task
    from marketplace.datasets.columns import Floats

__all__ = ["closed_form"]


def closed_form(task: Task, _rng: np.random.Generator) -> Floats:
    """Return the least-squares row of all neurons, and the ratios of the neurons with the largest bias gradients.

    The first is exact for one row and averages the rounding of the update away; the others tell rows apart.
    """
    weight, bias, _, _ = task.model.parts(task.gradients)
    squares = (bias * bias).sum(axis=1)[:, None]
    together = np.einsum("th,thd->td", bias, weight) / np.where(squares, squares, 1)
    out = np.repeat(np.where(squares, together, task.mean)[:, None], task.guesses, axis=1)
    for i in range(len(bias)):
        for j, neuron in enumerate(np.argsort(-np.abs(bias[i]), kind="stable")[: task.guesses - 1]):
            if bias[i, neuron]:
                out[i, j + 1] = weight[i, neuron] / bias[i, neuron]
    return task.clipped(out)
