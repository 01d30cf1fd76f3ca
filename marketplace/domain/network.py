"""Exact integer networks: linear - ReLU - linear, or linear alone, in 64-bit integers.

Inputs are int8, weights and biases are integers, nothing is rounded inside: NumPy, Solidity and arithmetic on secret
shares therefore agree bit for bit. With weights scaled by `weight_scale` and inputs by `input_scale`, the bias of
layer l (from 0) lives at the scale of its pre-activation, `input_scale * weight_scale**(l + 1)`.

ReLU networks are positively homogeneous: with every weight and the first bias times K, and the bias of layer l times
K**(l + 1), the logits are K**L times the true ones. Coalitions use that to need no division.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Layer", "Network", "Scales", "Shape", "freeze"]


def freeze(array: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return a read-only int64 copy of `array`; raises InvalidInput unless it holds integers of 64 bits."""
    given = np.asarray(array)
    if given.dtype.kind not in "iu":
        msg = f"numbers of type {given.dtype} are not integers: quantise them first"
        raise InvalidInput(msg)
    if given.dtype == np.uint64 and np.max(given, initial=0) > np.iinfo(np.int64).max:
        msg = "a number exceeds 64 bits with sign: scale it down"
        raise InvalidInput(msg)
    out = np.array(given, dtype=np.int64, order="C")
    out.setflags(write=False)
    return out


@dataclass(frozen=True)
class Shape:
    """What a network maps to what.

    Args:
        inputs: features of a row.
        hidden: width of the one hidden layer; 0 for a linear model.
        classes: logits, at least 2.
    """

    inputs: int
    hidden: int
    classes: int

    def __post_init__(self) -> None:
        """Refuse shapes nothing can be trained with."""
        if self.inputs < 1 or self.hidden < 0 or self.classes < 2:  # noqa: PLR2004 - two classes at least
            sizes = f"{self.inputs}-{self.hidden}-{self.classes}"
            msg = f"a network of {sizes} does not exist: use at least 1 input and 2 classes"
            raise InvalidInput(msg)

    @property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) of each layer."""
        if not self.hidden:
            return ((self.classes, self.inputs),)
        return ((self.hidden, self.inputs), (self.classes, self.hidden))

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum(out * (inputs + 1) for out, inputs in self.layers)


@dataclass(frozen=True)
class Scales:
    """Fixed-point scales of a bounty.

    Args:
        input_scale: integer that stands for an input of 1.
        weight_scale: integer that stands for a weight of 1.
    """

    input_scale: int = 24
    weight_scale: int = 1024

    def __post_init__(self) -> None:
        """Refuse scales that stand for nothing."""
        if self.input_scale < 1 or self.weight_scale < 1:
            msg = f"scales of {self.input_scale} and {self.weight_scale} stand for nothing: choose positive integers"
            raise InvalidInput(msg)

    def bias_scale(self, layer: int) -> int:
        """The integer that stands for a bias of 1 in `layer`."""
        return self.bias_unit(layer) * self.weight_scale

    def bias_unit(self, layer: int) -> int:
        """What one weight-scale unit of a bias difference is worth at the bias' own scale."""
        return self.input_scale * int(self.weight_scale**layer)


@dataclass(frozen=True, eq=False)
class Layer:
    """One affine layer: int64[out, in] weights and int64[out] biases at `Scales.bias_scale`."""

    weight: NDArray[np.int64]
    bias: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Freeze both arrays and refuse those that do not fit each other."""
        object.__setattr__(self, "weight", freeze(self.weight))
        object.__setattr__(self, "bias", freeze(self.bias))
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:  # noqa: PLR2004 - a matrix
            msg = f"a layer of weights {self.weight.shape} cannot have biases {self.bias.shape}"
            raise InvalidInput(msg)


@dataclass(frozen=True, eq=False)
class Network:
    """A model whose every activation is an exact integer."""

    layers: tuple[Layer, ...]
    scales: Scales

    @property
    def shape(self) -> Shape:
        """Inputs, hidden width and classes."""
        first, last = self.layers[0].weight, self.layers[-1].weight
        return Shape(first.shape[1], first.shape[0] if len(self.layers) > 1 else 0, last.shape[0])

    def forward(self, rows: NDArray[np.integer], k: int = 1) -> NDArray[np.int64]:
        """Return the logits of `rows`.

        Args:
            rows: integers [n, inputs], within int8.
            k: the factor every weight and the first bias carry already; the bias of layer l is multiplied by k**l here.

        Returns:
            int64[n, classes]; exact as long as `update.worst_case` is below 2**62.
        """
        out = np.asarray(rows, np.int64)
        for i, layer in enumerate(self.layers):
            out = (np.maximum(out, 0) if i else out) @ layer.weight.T + layer.bias * k**i
        return out

    def __eq__(self, other: object) -> bool:
        """Two networks are equal when every integer is."""
        return (
            isinstance(other, Network)
            and self.scales == other.scales
            and len(self.layers) == len(other.layers)
            and all(
                np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)
                for a, b in zip(self.layers, other.layers, strict=True)
            )
        )

    __hash__ = None  # type: ignore[assignment]
