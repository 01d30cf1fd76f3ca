"""The first base model of a bounty."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from torch.utils.data import Dataset

from client.training.local import Progress, fit
from client.training.recipe import Recipe
from client.training.source import rows_of
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.update import Bounds, Update, apply

__all__ = ["WARM_START", "starting_network", "warm_start"]

WARM_START: Final = Recipe(epochs=20, learning_rate=0.05, prior_offset=0.0)
"""What a multi-class base is trained with before its bounty is posted."""


def starting_network(shape: Shape, scales: Scales, seed: int) -> Network:
    """Return a random network: parameters uniform within +-1/sqrt(inputs of the layer), as PyTorch starts a Linear."""
    rng = np.random.default_rng(seed)
    layers = []
    for i, (outputs, inputs) in enumerate(shape.layers):
        reach = inputs**-0.5
        weight = np.rint(rng.uniform(-reach, reach, (outputs, inputs)) * scales.weight_scale)
        bias = np.rint(rng.uniform(-reach, reach, outputs) * scales.bias_scale(i))
        layers.append(Layer(weight.astype(np.int64), bias.astype(np.int64)))
    return Network(tuple(layers), scales)


def warm_start(  # noqa: PLR0913 - as `train`
    network: Network,
    source: Dataset[Any],
    *,
    seed: int,
    bounds: Bounds,
    recipe: Recipe = WARM_START,
    progress: Progress | None = None,
) -> Network:
    """Return `network` trained on the owner's root rows, saturated to the bounds of a base model.

    For more than two classes: a random start tells ten classes apart so badly that the first updates point anywhere.
    With two classes start at random, because after these epochs a root update from the same rows carries no signal.
    """
    rows = rows_of(source, network.shape)
    flat = fit(network, rows, recipe, seed=seed, shift=np.zeros(network.shape.classes), progress=progress)
    return apply(network, Update.from_flat(np.rint(flat).astype(np.int64), network.shape), bounds)
