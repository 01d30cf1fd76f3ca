"""Local training that hides single rows: gradients clipped row by row, summed in integers, with noise at every step.

What it promises: if one row had been another one, the update would look nearly the same. Every step is a sum over all
rows of gradients that are clipped to a norm and rounded towards 0 to integers, so another row changes it by at most
twice the clip; discrete Gaussian noise hides that (see `marketplace.privacy.differential`). So do the counts of the
classes, which the offset of the logits needs: another row changes them by at most the square root of 2. Everything
else follows from these sums and from what is public; the number of rows counts as public.

Law: with noise taken off, this is gradient descent on all rows.

Source: Abadi et al., "Deep learning with differential privacy", 2016, on all rows at once: without sampling every step
is a plain Gaussian release, for which the bound holds in integers too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
from numpy.typing import NDArray

from client.training.quantise import to_update
from marketplace.datasets import Rows, quantise_rows
from marketplace.domain.errors import InvalidInput, InvalidUpdate
from marketplace.domain.network import Network
from marketplace.domain.update import Bounds, Update
from marketplace.privacy.differential import discrete_gaussian
from marketplace.privacy.randomness import RandomStream

__all__ = ["RowPrivacy", "train_private"]

_UNIT: Final = 1 << 20
"""Integers that stand for a gradient as long as the clip."""
_JUST_BELOW_ONE: Final = 1 - 2.0**-40
_CHUNK: Final = 256
_HALF_ROOT_2: Final = Fraction(70711, 100_000)
"""Half of the square root of 2, rounded up."""
_LEAST_COUNT: Final = 0.5

_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RowPrivacy:
    """How a holder trains so that single rows stay hidden.

    Args:
        clip: the largest norm of one row's gradient of the cross-entropy.
        noise: standard deviation of the noise of a step, as a multiple of `clip`.
        steps: over all rows.
        rate: of one step.
    """

    clip: float
    noise: Fraction
    steps: int
    rate: float

    def __post_init__(self) -> None:
        """Refuse what protects nothing, or does not train."""
        if not (self.clip > 0 and self.noise > 0 and self.steps >= 1 and self.rate > 0):
            msg = (
                f"{self.steps} steps clipped to {self.clip} with noise of {float(self.noise)}: choose positive numbers"
            )
            raise InvalidInput(msg)

    @property
    def multiplier(self) -> float:
        """The noise of one release that gives away as much as all steps and the counts of the classes together."""
        return float(self.noise / 2) / math.sqrt(self.steps + 1)


def train_private(  # noqa: PLR0913 - what is trained, on what, how, how far it may go, and what hides it
    base: Network,
    rows: Rows,
    privacy: RowPrivacy,
    *,
    public_prior: Sequence[int],
    prior_offset: float,
    bounds: Bounds,
    stream: RandomStream,
) -> Update:
    """Return what training `base` on all rows changes, within `bounds`, with every single row hidden.

    Args:
        rows: prepared as the terms say.
        public_prior: of the terms; prior_offset: of the recipe.
        stream: whose key was used for nothing else.
    """
    inputs = quantise_rows(rows.features, base.scales.input_scale) / np.float64(base.scales.input_scale)
    classes = base.shape.classes
    counts = np.bincount(rows.labels, minlength=classes)
    seen = np.maximum(counts + discrete_gaussian(classes, privacy.noise * _HALF_ROOT_2, stream), _LEAST_COUNT)
    public = np.asarray(public_prior, dtype=np.float64)
    shift = prior_offset * (np.log(seen / seen.sum()) - np.log(public / public.sum()))
    layers = [
        np.hstack([layer.weight / base.scales.weight_scale, layer.bias[:, None] / base.scales.bias_scale(i)])
        for i, layer in enumerate(base.layers)
    ]
    start = list(layers)
    for _ in range(privacy.steps):
        total = _clipped_sum(layers, inputs, rows.labels, shift, privacy.clip)
        total = total + discrete_gaussian(len(total), privacy.noise * _UNIT, stream)
        step, at = total * (privacy.rate * privacy.clip / _UNIT / len(inputs)), 0
        for i, layer in enumerate(layers):
            layers[i] = layer - step[at : at + layer.size].reshape(layer.shape)
            at += layer.size
    change = [(new - old) * base.scales.weight_scale for new, old in zip(layers, start, strict=True)]
    flat = np.concatenate([part for layer in change for part in (layer[:, :-1].ravel(), layer[:, -1])])
    return to_update(flat, base.shape, bounds)


def _clipped_sum(
    layers: Sequence[_Floats], inputs: _Floats, labels: NDArray[np.int64], shift: _Floats, clip: float
) -> NDArray[np.int64]:
    """Return int64[parameters]: the sum over rows of gradients, clipped, `_UNIT` for a length of `clip`.

    Args:
        layers: [outputs, inputs + 1] each, the last column the biases; results are in the same order.
    """
    total = np.zeros(sum(layer.size for layer in layers), dtype=np.int64)
    for at in range(0, len(inputs), _CHUNK):
        gradients = _gradients(layers, inputs[at : at + _CHUNK], labels[at : at + _CHUNK], shift)
        if not np.isfinite(gradients).all():
            msg = "training diverged to NaN or infinity: lower the rate, or the noise"
            raise InvalidUpdate(msg)
        length = np.maximum(np.linalg.norm(gradients, axis=1), clip)
        # Rounding towards 0 shortens, and the factor is more than floating point lengthens.
        total += np.trunc(gradients * (_UNIT * _JUST_BELOW_ONE / length)[:, None]).astype(np.int64).sum(axis=0)
    return total


def _gradients(layers: Sequence[_Floats], inputs: _Floats, labels: NDArray[np.int64], shift: _Floats) -> _Floats:
    """Return float64[rows, parameters], each row's gradient of the cross-entropy."""
    seen, states = inputs, []
    for i, layer in enumerate(layers):
        states.append(np.hstack([np.maximum(seen, 0) if i else seen, np.ones((len(inputs), 1))]))
        seen = states[-1] @ layer.T
    logits = seen + shift
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    error = odds / odds.sum(axis=1, keepdims=True)
    error[np.arange(len(labels)), labels] -= 1
    parts: list[_Floats] = []
    for layer, state in zip(reversed(layers), reversed(states), strict=True):
        parts.insert(0, (error[:, :, None] * state[:, None, :]).reshape(len(inputs), -1))
        error = (error @ layer[:, :-1]) * (state[:, :-1] > 0)
    return np.concatenate(parts, axis=1)
