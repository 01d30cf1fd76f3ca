"""Ways to be paid for nothing: the six that demonstrations show, and their nearest relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from client.gym.cheat import Cheat
from client.training import ATTACKS, RowSource
from client.training.attacks import Knowledge
from marketplace.domain.update import Update

if TYPE_CHECKING:
    from client.holder import TrainingTask

__all__ = ["Copy", "LabelFlip", "MeanOfOthers", "Noise", "NoisyCopy", "SignFlip", "Stale", "StaleOwn", "Zero"]

_NOISE_OVER_COPY: Final = 0.35
"""Noise as a share of the stolen update's size: the cosine to it is then .94, below the threshold of .97."""


class _Attack(Cheat):
    """Plays one of `client.training.ATTACKS`."""

    only_trains = True

    def train(self, task: TrainingTask) -> Update:
        """Return the attack's update."""
        world, stealing = self.world, self.name in {"copy", "stale"}
        victim = self.victim if stealing else self.number
        rows = world.parts[victim]
        wrong = RowSource(rows.features, (rows.labels + 1) % world.scoring.shape.classes)
        known = Knowledge(
            shape=world.scoring.shape,
            bounds=world.scoring.bounds,
            honest=lambda: world.honest(victim, task.base, task.round),
            flipped=lambda: world.train(wrong, task.base, task.round),
            last=world.honest(victim, self.bases[task.round - 1], task.round - 1) if task.round else None,
            rng=world.rng(f"{self.name}{task.round}"),
        )
        return ATTACKS[self.name](known)


class Noise(_Attack):
    """Random weights."""

    name = "noise"
    rounds = 1
    does = "submits random weights of an honest update's size"
    defence = "trust is a cosine: random directions have less than a fifth of what others have, which counts nothing"
    residual = "where honest updates hardly agree with each other either, noise can reach that fifth"


class Zero(_Attack):
    """Nothing."""

    name = "zero"
    rounds = 1
    does = "submits that nothing should change"
    defence = "the denominator K is the same for every coalition, so an update that does nothing earns exactly 0"
    residual = "none: it loses its fee"


class SignFlip(_Attack):
    """The opposite."""

    name = "sign-flip"
    rounds = 1
    does = "submits its honest update doubled and reversed"
    defence = "trust is floored at 0, so its coefficient is 0"
    residual = "none while honest directions and the root update prevail; see the robustness figures for many at once"


class LabelFlip(_Attack):
    """Wrong labels."""

    name = "label-flip"
    does = "trains on its rows with every label moved on by one class"
    defence = "its direction disagrees with the root update and the others; what gets through has a negative gain"
    residual = "what label-flipped rows teach about features is worth something, and may be paid"


class Copy(_Attack):
    """Somebody else's work."""

    name = "copy"
    rounds = 1
    does = "submits another holder's update, as after a leak, under a tenth of its size in noise"
    defence = "updates are sealed until submitting is over; a cosine above .97 to an earlier submission counts 0"
    residual = "more noise evades the threshold: see noisy-copy"


class Stale(_Attack):
    """Somebody else's work of yesterday."""

    name = "stale"
    does = "submits another holder's update of the round before, and nothing in the first"
    defence = "submissions are compared with everybody else's of the last round too"
    residual = "more noise evades the threshold: see noisy-copy"


class StaleOwn(Cheat):
    """Its own work of yesterday."""

    name = "stale-own"
    does = "trains once and submits the same update in every round"
    defence = "what of it lies along the last aggregate belongs to nobody; the rest is worth what it still improves"
    residual = "an update that still helps is paid again for what it still helps, which is what a round buys"

    def train(self, task: TrainingTask) -> Update:
        """Return the first round's update."""
        first = min(self.bases, default=task.round)
        return self.world.honest(self.number, self.bases[first], first)


class NoisyCopy(Cheat):
    """Somebody else's work, disguised."""

    name = "noisy-copy"
    does = "submits another holder's update, as after a leak, with noise up to where the comparison no longer notices"
    defence = "it has to get hold of an update while that is sealed; terms may lower the threshold from .97 to .8"
    residual = "after a leak this pays like the stolen update, at the cost of those it resembles"

    def train(self, task: TrainingTask) -> Update:
        """Return the stolen update under noise of a third of its size."""
        stolen = self.stolen(task).flat().astype(np.float64)
        noise = self.world.rng(f"{self.name}{task.round}").normal(size=stolen.shape)
        return self.made(stolen + noise * (_NOISE_OVER_COPY * np.linalg.norm(stolen) / np.linalg.norm(noise)))


class MeanOfOthers(Cheat):
    """Everybody else's work."""

    name = "mean-of-others"
    does = "submits the mean of all other updates, as after a leak of all of them"
    defence = "a data key is shared among the seats, and fewer than the threshold learn nothing of it before the close"
    residual = "whoever reads all updates early is paid for it: see key-leak for how many seats that takes"

    def train(self, task: TrainingTask) -> Update:
        """Return the mean."""
        others = [self.stolen(task, holder).flat() for holder in range(self.number)]
        return self.made(np.mean(others, axis=0))
