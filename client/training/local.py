"""Local training: rows and a base model in, a bounded integer update out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn
from torch.utils.data import Dataset

from client.training.convert import parameters_of, to_torch
from client.training.determinism import reproducible
from client.training.prior import log_prior_ratio
from client.training.quantise import to_update
from client.training.recipe import Recipe
from client.training.source import rows_of
from marketplace.datasets import Rows, quantise_rows
from marketplace.datasets.columns import Floats
from marketplace.domain.network import Network
from marketplace.domain.update import Bounds, Update

__all__ = ["Progress", "fit", "root_update", "train"]

Progress: TypeAlias = Callable[[float], None]
"""Called after every step with the share of the work that is done; 1.0 is the last call."""


def train(  # noqa: PLR0913 - what is trained, on what, how, and how far it may go
    base: Network,
    source: Dataset[Any],
    recipe: Recipe,
    *,
    seed: int,
    public_prior: Sequence[int],
    bounds: Bounds,
    progress: Progress | None = None,
) -> Update:
    """Return what training `base` on the rows of `source` changes, in integers, within `bounds`.

    The same arguments on the same machine give the same update, bit for bit.

    Args:
        source: (features, label) pairs, prepared as the terms say.
        public_prior: of the terms; one positive count per class.

    Raises:
        InvalidData: rows that cannot be trained on.
        InvalidUpdate: training diverged.
    """
    rows = rows_of(source, base.shape)
    shift = recipe.prior_offset * log_prior_ratio(rows.labels, public_prior, base.shape.classes)
    return to_update(fit(base, rows, recipe, seed=seed, shift=shift, progress=progress), base.shape, bounds)


def root_update(base: Network, source: Dataset[Any], recipe: Recipe, *, seed: int, bounds: Bounds) -> Update:
    """Return the owner's own update of a round, from its root rows alone."""
    prior = [1] * base.shape.classes  # Of no effect: a root recipe has no offset.
    return train(base, source, recipe.for_root(), seed=seed, public_prior=prior, bounds=bounds)


def fit(  # noqa: PLR0913 - as `train`
    base: Network, rows: Rows, recipe: Recipe, *, seed: int, shift: Floats, progress: Progress | None = None
) -> Floats:
    """Return float64[parameters], the trained difference in weight-scale units, in the order of `Update.flat`.

    Args:
        rows: checked already.
        shift: float64[classes], added to the logits while training.
    """
    module = to_torch(base)
    before = parameters_of(module)
    # Trained on exactly what is scored: the quantised rows.
    scale = base.scales.input_scale
    inputs = torch.from_numpy(quantise_rows(rows.features, scale).astype(np.float32) / np.float32(scale))
    labels = torch.from_numpy(np.array(rows.labels))
    offset = torch.from_numpy(shift.astype(np.float32))
    optimiser = torch.optim.SGD(module.parameters(), lr=recipe.learning_rate, momentum=recipe.momentum)
    generator = torch.Generator().manual_seed(seed)
    steps, done = recipe.epochs * -(-len(labels) // recipe.batch_size), 0
    with reproducible():
        for _ in range(recipe.epochs):
            for batch in torch.randperm(len(labels), generator=generator).split(recipe.batch_size):  # type: ignore[no-untyped-call]
                optimiser.zero_grad()
                nn.functional.cross_entropy(module(inputs[batch]) + offset, labels[batch]).backward()  # type: ignore[no-untyped-call]
                optimiser.step()
                done += 1
                if progress is not None:
                    progress(done / steps)
    return (parameters_of(module) - before) * base.scales.weight_scale
