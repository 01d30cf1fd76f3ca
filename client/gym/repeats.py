"""Selling what everybody knows already: the last aggregate, in every disguise, and the whole way so far."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Final

import numpy as np

from client.gym.cheat import Cheat
from marketplace.domain.update import Update, difference

if TYPE_CHECKING:
    from client.holder import TrainingTask

__all__ = ["Cumulative", "LastAggregate", "LastAggregateDoubled", "LastAggregateNoisy", "LastAggregateOnTop"]

_NOISE: Final = 0.35


class _Repeat(Cheat):
    """Submits something made of the last aggregate; nothing while there is none."""

    defence = "the part of an update along the last aggregate moves into the empty coalition: it belongs to nobody"

    def train(self, task: TrainingTask) -> Update:
        """Return the disguised aggregate."""
        known = self.known(task)
        return Update.zero(self.world.scoring.shape) if known is None else self.made(self.disguise(known, task))

    @abstractmethod
    def disguise(self, known: Update, task: TrainingTask) -> np.ndarray:
        """Return float64[parameters] or int64[parameters]."""


class LastAggregate(_Repeat):
    """As it is."""

    name = "last-aggregate"
    does = "submits the last aggregate, which everybody who takes part can work out"
    residual = "none: it earns 0 and loses its fee"

    def disguise(self, known: Update, task: TrainingTask) -> np.ndarray:  # noqa: ARG002 - the others look at it
        """Change nothing."""
        return known.flat()


class LastAggregateDoubled(_Repeat):
    """Louder."""

    name = "last-aggregate-doubled"
    does = "submits twice the last aggregate"
    residual = "none: it earns 0 and loses its fee"

    def disguise(self, known: Update, task: TrainingTask) -> np.ndarray:  # noqa: ARG002 - the others look at it
        """Double it."""
        return 2 * known.flat()


class LastAggregateNoisy(_Repeat):
    """Under noise."""

    name = "last-aggregate-noisy"
    does = "submits the last aggregate under a third of its size in noise"
    residual = "the noise is not along the aggregate and is worth nothing"

    def disguise(self, known: Update, task: TrainingTask) -> np.ndarray:
        """Add noise."""
        flat = known.flat().astype(np.float64)
        noise = self.world.rng(f"{self.name}{task.round}").normal(size=flat.shape)
        return flat + noise * (_NOISE * np.linalg.norm(flat) / np.linalg.norm(noise))


class LastAggregateOnTop(_Repeat):
    """Beside honest work."""

    name = "last-aggregate-on-top"
    does = "adds the last aggregate to its honest update, to agree more with the others"
    residual = "its own part is paid as an honest update, with a coefficient that the repeated part may raise or lower"

    def train(self, task: TrainingTask) -> Update:
        """Return honest work in the first round, and more than that afterwards."""
        return self.own(task) if self.known(task) is None else super().train(task)

    def disguise(self, known: Update, task: TrainingTask) -> np.ndarray:
        """Add honest work."""
        return self.own(task).flat() + known.flat()


class Cumulative(_Repeat):
    """The whole way so far."""

    name = "cumulative"
    rounds = 3
    does = "submits the difference of the current base to the first one"
    residual = "what of it is not along the last aggregate alone was bought in an earlier round, and may be paid again"

    def disguise(self, known: Update, task: TrainingTask) -> np.ndarray:  # noqa: ARG002 - the others look at it
        """Return all aggregates together."""
        return difference(task.base, self.bases[0]).flat()
