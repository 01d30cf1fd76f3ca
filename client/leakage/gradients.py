"""A network of one hidden layer in floating point, and the gradient of its loss as a formula.

The formula is written out, not left to automatic differentiation, so that attacks differentiate it only once, and for
many victims at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from client.training.convert import parameters_of, to_torch
from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from marketplace.datasets.columns import Floats, Integers
    from marketplace.domain.network import Network, Shape

__all__ = ["Model", "gradient_of"]


@dataclass(frozen=True, eq=False)
class Model:
    """Parameters in the order of `Update.flat`, as numbers a network is trained with.

    Attributes:
        flat: float64[parameters].
    """

    shape: Shape
    flat: Floats

    @classmethod
    def of(cls, network: Network) -> Model:
        """Return an exact network's numbers; raises InvalidInput unless it has a hidden layer."""
        if not network.shape.hidden:
            msg = "a linear model has no hidden layer to invert: attack a network with one"
            raise InvalidInput(msg)
        return cls(network.shape, parameters_of(to_torch(network, torch.float64)))

    def parts(self, flat: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return float64[..., parameters] as weights and biases of the first and of the last layer."""
        (hidden, inputs), (classes, _) = self.shape.layers
        cuts = np.cumsum([hidden * inputs, hidden, classes * hidden])
        one, two, three, four = np.split(flat, cuts, axis=-1)
        lead = flat.shape[:-1]
        return one.reshape(*lead, hidden, inputs), two, three.reshape(*lead, classes, hidden), four

    def logits(self, rows: Floats, change: Floats | None = None) -> Floats:
        """Return float64[n, classes] for float64[n, d] rows, of the model with a change to its parameters."""
        w, b, v, c = self.parts(self.flat if change is None else self.flat + change)
        found: Floats = np.maximum(rows @ w.T + b, 0) @ v.T + c
        return found

    def chances(self, rows: Floats) -> Floats:
        """Return float64[n, classes], the softmax of the logits."""
        logits = self.logits(rows)
        found: Floats = np.exp(logits - logits.max(axis=1, keepdims=True))
        found /= found.sum(axis=1, keepdims=True)
        return found

    def row_gradients(self, rows: Floats, labels: Integers) -> Floats:
        """Return float64[n, parameters], each row's gradient of its own loss."""
        one_hot = np.eye(self.shape.classes)[labels]
        values = gradient_of(self, torch.from_numpy(rows)[:, None], torch.from_numpy(one_hot)[:, None])
        found: Floats = values.numpy()
        return found


def gradient_of(model: Model, rows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Return float64[t, parameters], the gradients of the mean cross-entropy over t batches.

    Differentiable in rows and labels; ReLU counts as constant where its sign is.

    Args:
        rows: float64[t, m, d]; labels: float64[t, m, classes], shares that add up to 1.
    """
    w, b, v, c = (torch.from_numpy(np.ascontiguousarray(part)) for part in model.parts(model.flat))
    before = rows @ w.T + b
    hidden = torch.relu(before)
    miss = (torch.softmax(hidden @ v.T + c, dim=-1) - labels) / rows.shape[1]
    back = (miss @ v) * (before > 0)
    parts: list[Any] = [back.transpose(1, 2) @ rows, back.sum(1), miss.transpose(1, 2) @ hidden, miss.sum(1)]
    return torch.cat([part.reshape(len(rows), -1) for part in parts], dim=1)
