"""What every attack is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
from scipy.optimize import nnls

from client.leakage.gradients import Model

if TYPE_CHECKING:
    from marketplace.datasets import Rows
    from marketplace.datasets.columns import Floats, Integers

__all__ = ["Attack", "Task", "labels_of"]

_NOTHING: Final = 1e-12


@dataclass(frozen=True, eq=False)
class Task:
    """Vectors taken for updates, and everything around them that is known.

    Attributes:
        model: that the updates start from.
        gradients: float64[t, parameters], each vector as the gradient that would have made it: divided by the negative
            learning rate, the number of steps and the weight scale.
        guesses: rows to give back for each.
        population: rows like the victim's; low, high: float64[d], their range.
        image: (height, width) if neighbouring features look alike.
    """

    model: Model
    gradients: Floats
    guesses: int
    population: Rows
    low: Floats
    high: Floats
    image: tuple[int, int] | None = None

    @cached_property
    def mean(self) -> Floats:
        """float64[d], the mean row of the population."""
        found: Floats = self.population.features.mean(axis=0)
        return found

    def clipped(self, guesses: Floats) -> Floats:
        """Return guesses within the range that every feature has."""
        found: Floats = np.clip(guesses, self.low, self.high)
        return found


Attack: TypeAlias = Callable[[Task, np.random.Generator], "Floats"]
"""Gives float64[t, guesses, d], rows that the gradients may come from."""


def labels_of(task: Task) -> Integers:
    """Return int64[t, guesses], the labels that the last layer's bias gradients give away.

    The gradient is the mean of softmax less the shares of the labels. For one row that is exact: its label is the one
    class with a negative entry (iDLG). For more, what the softmax is for a row of each class is taken from the
    population, the shares that explain the gradient best are solved for, and rounded to counts.

    Source: Zhao et al., "iDLG: Improved Deep Leakage from Gradients", 2020; Wainakh et al., "User-Level Label Leakage
    from Gradients in Federated Learning", PETS 2022.
    """
    _, _, _, last = task.model.parts(task.gradients)
    if task.guesses == 1:
        lowest: Integers = last.argmin(axis=1)[:, None]
        return lowest
    classes = np.eye(task.model.shape.classes)
    one_hot = classes[task.population.labels]
    usual = one_hot.T @ task.model.chances(task.population.features) / np.maximum(one_hot.sum(axis=0), 1)[:, None]
    # Shares add up to 1; the gradient alone leaves that open.
    explains = np.vstack([usual.T - classes, np.ones(len(classes))])
    found = [nnls(explains, np.append(gradient, 1.0))[0] for gradient in last]
    return np.array([_counted(shares, task.guesses) for shares in found])


def _counted(shares: Floats, guesses: int) -> Integers:
    """Return int64[guesses], labels in proportion to the shares, the largest remainders rounded up."""
    parts = shares / max(float(shares.sum()), _NOTHING) * guesses
    counts = np.floor(parts).astype(np.int64)
    counts[np.argsort(counts - parts, kind="stable")[: guesses - int(counts.sum())]] += 1
    found: Integers = np.resize(np.repeat(np.arange(len(counts)), counts), guesses)
    return found
