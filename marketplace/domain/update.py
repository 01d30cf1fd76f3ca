"""Updates, the bounds the terms put on them, and the proof that nothing overflows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import isqrt
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.errors import InvalidTerms, InvalidUpdate
from marketplace.domain.network import Layer, Network, Scales, Shape, freeze

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "LIMIT",
    "Bounds",
    "LayerUpdate",
    "Update",
    "apply",
    "check_bounds",
    "denominator",
    "difference",
    "exact_dot",
    "worst_case",
]

LIMIT = 1 << 62
"""Every intermediate of a round stays below this, one bit of int64 to spare."""

_INPUT_MAX = 127


@dataclass(frozen=True)
class Bounds:
    """What the terms allow, in weight-scale units.

    Args:
        entry: largest absolute entry of an update.
        norm: largest L2 norm of an update.
        weight: largest absolute weight of a base model.
        row_norm: largest L2 norm of one neuron's weights in a base model.
        bias: largest absolute bias of a base model.
    """

    entry: int = 1 << 14
    norm: int = 1 << 14
    weight: int = (1 << 15) - 1
    row_norm: int = 1 << 14
    bias: int = 1 << 14

    def __post_init__(self) -> None:
        """Refuse bounds that allow nothing."""
        for name, value in asdict(self).items():
            if not 0 < value < 1 << 31:
                msg = f"bounds.{name} is {value}: choose a positive integer below 2**31"
                raise InvalidTerms(msg)


@dataclass(frozen=True, eq=False)
class LayerUpdate:
    """The difference of one layer: int64[out, in] weights and int64[out] biases, all in weight-scale units."""

    weight: NDArray[np.int64]
    bias: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Freeze both arrays."""
        object.__setattr__(self, "weight", freeze(self.weight))
        object.__setattr__(self, "bias", freeze(self.bias))


@dataclass(frozen=True, eq=False)
class Update:
    """An integer difference to a base model."""

    layers: tuple[LayerUpdate, ...]

    @classmethod
    def zero(cls, shape: Shape) -> Update:
        """Return the update that changes nothing."""
        return cls.from_flat(np.zeros(shape.parameters, np.int64), shape)

    @classmethod
    def from_flat(cls, flat: NDArray[np.integer], shape: Shape) -> Update:
        """Return the update whose `flat()` is `flat` (int[parameters])."""
        layers, at = [], 0
        for out, inputs in shape.layers:
            weight = flat[at : at + out * inputs].reshape(out, inputs)
            layers.append(LayerUpdate(weight, flat[at + out * inputs : at + out * (inputs + 1)]))
            at += out * (inputs + 1)
        return cls(tuple(layers))

    def flat(self) -> NDArray[np.int64]:
        """Return int64[parameters]: per layer the weights row by row, then the biases."""
        return np.concatenate([part for layer in self.layers for part in (layer.weight.ravel(), layer.bias)])

    def norm_squared(self) -> int:
        """Return the exact squared L2 norm."""
        return exact_dot(self.flat(), self.flat())

    def check(self, shape: Shape, bounds: Bounds) -> None:
        """Raise InvalidUpdate, naming the figure, unless the update has this shape and keeps the bounds."""
        got = tuple(layer.weight.shape for layer in self.layers)
        if got != shape.layers or any(layer.bias.shape != layer.weight.shape[:1] for layer in self.layers):
            msg = f"the update's layers are {got} but the bounty's are {shape.layers}: train from the round's base model"
            raise InvalidUpdate(msg)
        flat = self.flat()
        # int64's minimum has no absolute value; its comparison below must not wrap around.
        largest = max(int(flat.max()), -int(flat.min()))
        if largest > bounds.entry:
            msg = f"the update's largest entry is {largest}, above the terms' {bounds.entry}: clip it"
            raise InvalidUpdate(msg)
        squared = self.norm_squared()
        if squared > bounds.norm * bounds.norm:
            msg = f"the update's norm is {isqrt(squared)}, above the terms' {bounds.norm}: clip it"
            raise InvalidUpdate(msg)

    def __eq__(self, other: object) -> bool:
        """Two updates are equal when every integer is."""
        return (
            isinstance(other, Update)
            and len(self.layers) == len(other.layers)
            and all(
                np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)
                for a, b in zip(self.layers, other.layers, strict=True)
            )
        )

    __hash__ = None  # type: ignore[assignment]


def exact_dot(a: NDArray[np.int64], b: NDArray[np.int64]) -> int:
    """Return the exact dot product of two int64 vectors, whatever its size.

    Split into products that cannot wrap: with |a|, |b| < 2**31, 2**0..2**62 fit; each chunk is added as a Python int.
    """
    peak = max(int(np.abs(a).max(initial=0)), 1) * max(int(np.abs(b).max(initial=0)), 1)
    step = max(1, (LIMIT - 1) // peak) if peak < LIMIT else 0
    if not step:
        return sum(int(x) * int(y) for x, y in zip(a, b, strict=True))
    return sum(int(np.dot(a[i : i + step], b[i : i + step])) for i in range(0, len(a), step))


def apply(network: Network, update: Update, bounds: Bounds) -> Network:
    """Return `network` plus `update`, saturated to the bounds.

    Order of saturation: entries to +-`weight`, then each neuron's weights scaled towards zero to `row_norm`, then
    biases to +-`bias` units.
    """
    layers = []
    for i, (layer, diff) in enumerate(zip(network.layers, update.layers, strict=True)):
        unit = network.scales.bias_unit(i)
        weight = np.clip(layer.weight + diff.weight, -bounds.weight, bounds.weight)
        weight = np.stack([_shorten(row, bounds.row_norm) for row in weight])
        limit = bounds.bias * unit
        layers.append(Layer(weight, np.clip(layer.bias + diff.bias * unit, -limit, limit)))
    return Network(tuple(layers), network.scales)


def difference(new: Network, old: Network) -> Update:
    """Return what was added to `old`; biases are rounded towards zero to whole weight-scale units."""
    layers = []
    for i, (a, b) in enumerate(zip(new.layers, old.layers, strict=True)):
        unit = old.scales.bias_unit(i)
        gap = a.bias - b.bias
        layers.append(LayerUpdate(a.weight - b.weight, np.sign(gap) * (np.abs(gap) // unit)))
    return Update(tuple(layers))


def denominator(sum_of_coefficients: int, step_quarters: int) -> int:
    """Return K = max(1, round(sum c / (step_quarters / 4))), the fixed denominator of a round."""
    return max(1, (8 * sum_of_coefficients + step_quarters) // (2 * step_quarters))


def worst_case(
    shape: Shape, scales: Scales, bounds: Bounds, max_submissions: int, coefficient_max: int, step_quarters: int = 5
) -> int:
    """Return an upper bound on every integer a round can meet.

    A coalition is evaluated with weights `K W + sum over S of c_i D_i + sum over not-S of a_i P`, where P is the last
    aggregate. With C = `coefficient_max * max_submissions` the largest sum of coefficients, K its denominator, U =
    `bounds.norm` and R = `bounds.row_norm`:

    - |sum c_i D_i| <= C U. P is a rounded `sum c_i D_i / K` of an earlier round, and C/K <= 2 for every C, so |P| <= 2 U +
      sqrt(parameters). a_i = ceil(c_i <D_i,P> / <P,P>) gives |a_i P| <= c_i |D_i| + |P|. Together the part beside
      `K W` has norm at most E = C U + n (2 U + sqrt(parameters)), over all layers, so over each row too.
    - Cauchy-Schwarz: with rows x in [-127, 127]^d, |x| <= X = 127 sqrt(d); one neuron's pre-activation is at most
      T1 = K (R X + B u0) + E sqrt(X^2 + u0^2), B = `bounds.bias`, u0 = `bias_unit(0)`. Partial sums obey it as well.
    - The hidden layer has norm at most sqrt(h) T1, so a logit is at most
      T2 = (K R + E) sqrt(h) T1 + K (K B u1 + E u1), u1 = `bias_unit(1)`.
    - A margin is at most twice a logit; its clip M is bounded by the same figure for every clip up to it.

    Returns:
        twice the largest logit, rounded up at every square root. Must stay below 2**62.
    """
    total = coefficient_max * max_submissions
    k = denominator(total, step_quarters)
    extra = total * bounds.norm + max_submissions * (2 * bounds.norm + _ceil_sqrt(shape.parameters))
    x = _ceil_sqrt(_INPUT_MAX**2 * shape.inputs)
    u0, u1 = scales.bias_unit(0), scales.bias_unit(1)
    out = k * (bounds.row_norm * x + bounds.bias * u0) + extra * _ceil_sqrt(x * x + u0 * u0)
    if shape.hidden:
        hidden = _ceil_sqrt(shape.hidden) * out
        out = (k * bounds.row_norm + extra) * hidden + k * u1 * (k * bounds.bias + extra)
    return 2 * out


def check_bounds(
    shape: Shape, scales: Scales, bounds: Bounds, max_submissions: int, coefficient_max: int, step_quarters: int = 5
) -> None:
    """Raise InvalidTerms unless `worst_case` is below 2**62."""
    worst = worst_case(shape, scales, bounds, max_submissions, coefficient_max, step_quarters)
    if worst >= LIMIT:
        msg = (
            f"these terms can overflow: {max_submissions} submissions may reach 2**{worst.bit_length()} and the limit is "
            "2**62; lower max_submissions, bounds.norm, bounds.row_norm or the width"
        )
        raise InvalidTerms(msg)


def _ceil_sqrt(value: int) -> int:
    root = isqrt(value)
    return root + (root * root < value)


def _shorten(row: NDArray[np.int64], limit: int) -> NDArray[np.int64]:
    squared = sum(int(v) * int(v) for v in row)
    if squared <= limit * limit:
        return row
    return np.sign(row) * (np.abs(row) * limit // _ceil_sqrt(squared))
