"""Updates: integer differences to a base model, in weight-scale units throughout.

A weight's difference is at the weight's own scale. A bias' difference counts units of the weight scale too, each worth
`Scales.bias_unit(layer)` at the bias' scale, so that one norm and one dot product say how far an update goes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from marketplace.domain.bounds import Bounds, ceil_sqrt, check_bounds, worst_case
from marketplace.domain.errors import InvalidUpdate
from marketplace.domain.network import Layer, Network, Shape, freeze

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Bounds",
    "LayerUpdate",
    "Update",
    "apply",
    "check_bounds",
    "check_network",
    "difference",
    "moved_by",
    "saturate",
    "worst_case",
]


@dataclass(frozen=True, eq=False)
class LayerUpdate:
    """What changes in one layer: int64[out, in] weights, int64[out] biases in weight-scale units."""

    weight: NDArray[np.int64]
    bias: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Freeze both arrays and refuse those that do not fit each other."""
        object.__setattr__(self, "weight", freeze(self.weight))
        object.__setattr__(self, "bias", freeze(self.bias))
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:  # noqa: PLR2004 - a matrix
            msg = f"an update with weights {self.weight.shape} cannot have biases {self.bias.shape}: train it anew"
            raise InvalidUpdate(msg)


@dataclass(frozen=True, eq=False)
class Update:
    """The difference of a model to its base."""

    layers: tuple[LayerUpdate, ...]

    @classmethod
    def zero(cls, shape: Shape) -> Self:
        """Return the update that changes nothing."""
        return cls.from_flat(np.zeros(shape.parameters, np.int64), shape)

    @classmethod
    def from_flat(cls, flat: NDArray[np.integer], shape: Shape) -> Self:
        """Return the update whose `flat()` is `flat`, int[parameters]."""
        if np.shape(flat) != (shape.parameters,):
            msg = f"{np.shape(flat)} numbers do not make an update of {shape.parameters} parameters"
            raise InvalidUpdate(msg)
        values, layers, at = freeze(flat), [], 0
        for out, inputs in shape.layers:
            end = at + out * inputs
            layers.append(LayerUpdate(values[at:end].reshape(out, inputs), values[end : end + out]))
            at = end + out
        return cls(tuple(layers))

    def flat(self) -> NDArray[np.int64]:
        """Return int64[parameters]: per layer the weights row by row, then the biases, all in weight-scale units."""
        return np.concatenate([part for layer in self.layers for part in (layer.weight.ravel(), layer.bias)])

    def fits(self, shape: Shape) -> bool:
        """Say whether this is an update of a network of `shape`."""
        return tuple(layer.weight.shape for layer in self.layers) == shape.layers

    def check(self, shape: Shape, bounds: Bounds) -> None:
        """Raise InvalidUpdate, saying which figure, unless the update has this shape and keeps the bounds."""
        if not self.fits(shape):
            found = ", ".join(f"{layer.weight.shape}" for layer in self.layers)
            msg = f"the update has layers {found} instead of {shape.layers}: train from this round's base"
            raise InvalidUpdate(msg)
        flat = self.flat()
        largest = max(int(flat.max()), -int(flat.min()))
        if largest > bounds.entry:
            msg = f"the update's largest entry is {largest}, above the bound of {bounds.entry}: clip it"
            raise InvalidUpdate(msg)
        norm = ceil_sqrt(int(flat @ flat))  # cannot wrap: `worst_case` holds parameters * entry**2
        if norm > bounds.norm:
            msg = f"the update's norm is {norm}, above the bound of {bounds.norm}: scale it down"
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


def apply(network: Network, update: Update, bounds: Bounds) -> Network:
    """Return `network` + `update`, saturated to the bounds a base keeps.

    Weights are clipped to `weight`, then rows that are too long are shrunk to `row_norm`. A bias moves by the whole
    units that fit, so that the difference of the result to `network` is again an update.
    """
    _fit(network, update)
    layers = []
    for i, (old, change) in enumerate(zip(network.layers, update.layers, strict=True)):
        unit = network.scales.bias_unit(i)
        limit = bounds.bias * unit
        weight = _shrink_rows(np.clip(old.weight + change.weight, -bounds.weight, bounds.weight), bounds.row_norm)
        # At least 0 up and at most 0 down: a bias that is out of bounds already is not pulled back here.
        up, down = np.maximum((limit - old.bias) // unit, 0), np.maximum((limit + old.bias) // unit, 0)
        layers.append(Layer(weight, old.bias + np.clip(change.bias, -down, up) * unit))
    return Network(tuple(layers), network.scales)


def difference(new: Network, old: Network) -> Update:
    """Return the update that leads from `old` to `new`; biases are rounded to whole weight-scale units, half up."""
    layers = []
    for i, (a, b) in enumerate(zip(new.layers, old.layers, strict=True)):
        unit = old.scales.bias_unit(i)
        layers.append(LayerUpdate(a.weight - b.weight, (2 * (a.bias - b.bias) + unit) // (2 * unit)))
    return Update(tuple(layers))


def moved_by(network: Network, distance: Update) -> Network:
    """Return the network that `distance` leads to, exactly: nothing is saturated. Inverse of `difference`."""
    _fit(network, distance)
    layers = (
        Layer(old.weight + change.weight, old.bias + network.scales.bias_unit(i) * change.bias)
        for i, (old, change) in enumerate(zip(network.layers, distance.layers, strict=True))
    )
    return Network(tuple(layers), network.scales)


def saturate(network: Network, bounds: Bounds) -> Network:
    """Return `network` with every weight, row and bias within the bounds of a base; what keeps them is not touched."""
    layers = []
    for i, layer in enumerate(network.layers):
        limit = bounds.bias * network.scales.bias_unit(i)
        weight = _shrink_rows(np.clip(layer.weight, -bounds.weight, bounds.weight), bounds.row_norm)
        layers.append(Layer(weight, np.clip(layer.bias, -limit, limit)))
    return Network(tuple(layers), network.scales)


def check_network(network: Network, shape: Shape, bounds: Bounds) -> None:
    """Raise InvalidUpdate unless `network` has this shape and keeps the bounds of a base."""
    if network.shape != shape:
        msg = f"the model is {network.shape}, the terms say {shape}: use the model these terms were made for"
        raise InvalidUpdate(msg)
    if saturate(network, bounds) != network:
        msg = "the model exceeds the bounds of the terms: scale its weights down, or raise the bounds"
        raise InvalidUpdate(msg)


def _fit(network: Network, update: Update) -> None:
    if not update.fits(network.shape):
        msg = f"the update does not fit a model of {network.shape}: train from this round's base"
        raise InvalidUpdate(msg)


def _shrink_rows(weight: NDArray[np.int64], row_norm: int) -> NDArray[np.int64]:
    """Scale rows longer than `row_norm` down to it, truncating towards 0, which cannot lengthen them again."""
    out = weight.copy()
    for i, square in enumerate((weight * weight).sum(axis=1).tolist()):
        if square > row_norm * row_norm:
            out[i] = np.sign(weight[i]) * (np.abs(weight[i]) * row_norm // ceil_sqrt(square))
    return out
