"""What every attack is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from client.leakage.gradients import Model

if TYPE_CHECKING:
    from marketplace.datasets.columns import Floats, Integers

__all__ = ["Attack", "Task", "labels_of"]


@dataclass(frozen=True, eq=False)
class Task:
    """Vectors taken for updates, and everything around them that is known.

    Attributes:
        model: that the updates start from.
        gradients: float64[t, parameters], each vector as the gradient that would have made it: divided by the negative
            learning rate, the number of steps and the weight scale.
        guesses: rows to give back for each.
        mean: float64[d], of rows like the victim's; low, high: float64[d], their range.
        image: (height, width) if neighbouring features look alike.
    """

    model: Model
    gradients: Floats
    guesses: int
    mean: Floats
    low: Floats
    high: Floats
    image: tuple[int, int] | None = None

    def clipped(self, guesses: Floats) -> Floats:
        """Return guesses within the range that every feature has."""
        found: Floats = np.clip(guesses, self.low, self.high)
        return found


Attack: TypeAlias = Callable[[Task, np.random.Generator], "Floats"]
"""Gives float64[t, guesses, d], rows that the gradients may come from."""


def labels_of(task: Task) -> Integers:
    """Return int64[t, guesses], the labels that the last layer's bias gradients give away.

    The gradient is the mean of softmax less the shares of the labels. For one row that is exact: its label is the one
    class with a negative entry (iDLG). For more, the softmax is taken for what the model says of the mean row, and the
    shares are rounded to counts, the largest remainders first.

    Source: Zhao et al., "iDLG: Improved Deep Leakage from Gradients", 2020; Wainakh et al., "User-Level Label Leakage
    from Gradients in Federated Learning", PETS 2022.
    """
    _, _, _, last = task.model.parts(task.gradients)
    shares = task.model.chances(task.mean[None]) - last
    out = np.empty((len(shares), task.guesses), np.int64)
    for i, share in enumerate(shares):
        if task.guesses == 1:
            out[i] = int(np.argmin(last[i]))
            continue
        left = np.maximum(share, 0) / max(float(np.maximum(share, 0).sum()), 1e-12) * task.guesses
        counts = np.floor(left).astype(np.int64)
        counts[np.argsort(counts - left, kind="stable")[: task.guesses - int(counts.sum())]] += 1
        out[i] = np.repeat(np.arange(len(counts)), counts)[: task.guesses]
    return out
