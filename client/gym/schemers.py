"""Holders that look further than one round, or want something else than money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from client.gym.backdoor import blend, poisoned
from client.gym.cheat import Cheat
from client.gym.strategy import Role, Strategy
from client.holder import DataHolder
from client.sheets import sheet_in
from client.training import RowSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from client.gym.game import Game
    from client.holder import TrainingTask
    from client.participant import Participant
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.update import Update

__all__ = [
    "AdaptiveBackdoor",
    "DamageThenRepair",
    "Sandbagging",
    "ScaledBackdoor",
    "ShardProbing",
    "TakeTheBase",
]

_SCALE: Final = 5.0
_DARING: Final = 0.7
_TWICE: Final = 2.0
_PROBE: Final = 0.5


class ScaledBackdoor(Cheat):
    """Replaces the model."""

    name = "scaled-backdoor"
    does = "trains a trigger into its rows and submits five times the result, to outweigh everybody"
    defence = "norms above twice the median buy no more weight, and trust follows the direction"
    residual = (
        "its own rows are in the update too and may be paid; whether the trigger works is in the robustness table"
    )

    def train(self, task: TrainingTask) -> Update:
        """Return the poisoned update, scaled up."""
        wicked = self.world.train(poisoned(self.world.parts[self.number]), task.base, task.round)
        return self.made(_SCALE * wicked.flat())


class AdaptiveBackdoor(Cheat):
    """Knows the gates."""

    name = "adaptive-backdoor"
    does = "hides a trigger in an update that keeps a cosine of .7 to its honest one, at twice the norm"
    defence = "nothing is chosen by score; the weight of each update is bounded by the cap and shared with all others"
    residual = (
        "its own rows are in the update too and may be paid; whether the trigger works is in the robustness table"
    )

    def train(self, task: TrainingTask) -> Update:
        """Return as much of the poisoned update as the gates let through."""
        wicked = self.world.train(poisoned(self.world.parts[self.number]), task.base, task.round)
        return self.made(blend(self.own(task), wicked, _DARING, _TWICE))


class ShardProbing(Cheat):
    """Climbs the score."""

    name = "shard-probing"
    rounds = 3
    does = "submits random directions, goes on with the best paid one so far and varies it, without any data"
    defence = "every round has a shard of its own, and scores appear after submitting is over: a round is one question"
    residual = "none: rounds are too few for a search"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Start without a direction."""
        self._best: NDArray[np.float64] | None = None
        self._tried: NDArray[np.float64] = np.zeros(0)
        self._best_value = -np.inf
        return super().enter(game)

    def train(self, task: TrainingTask) -> Update:
        """Return the best direction so far, varied."""
        self._learn(task.round)
        shape = self.world.scoring.shape
        probe = self.world.rng(f"{self.name}{task.round}").normal(size=shape.parameters)
        mixed = probe if self._best is None else self._best + _PROBE * probe
        size = float(np.linalg.norm(self.own(task).flat()))  # what an honest update has; anybody can guess that
        self._tried = mixed / float(np.linalg.norm(mixed))
        return self.made(size * self._tried)

    def _learn(self, round_: int) -> None:
        """Read from the last sheet what the last direction was worth."""
        who = self.game.deviator
        if round_ - 1 not in who.log.settled:
            return
        rows = sheet_in(who, who.log, round_ - 1)["submissions"]
        value = next((int(row["contribution"]) for row in rows if row["holder"] == who.address), 0)
        if value > self._best_value:
            self._best, self._best_value = self._tried, value


class Sandbagging(Cheat):
    """Sells in slices."""

    name = "sandbagging"
    rounds = 3
    does = "submits half of its honest update in every round, to be paid for the rest later"
    defence = "a smaller update has a smaller coefficient, and others improve the model meanwhile"
    residual = "where a round's gain exceeds the target, part of it is not paid, and holding back loses less"

    def train(self, task: TrainingTask) -> Update:
        """Return half of the work."""
        return self.made(self.own(task).flat() / _TWICE)


class DamageThenRepair(Cheat):
    """Breaks what it will mend."""

    name = "damage-then-repair"
    does = "submits a label-flipped update at twice the size in the first round, and honest work in the second"
    defence = "damage that is recognised gets no coefficient; damage that is not makes the round worse for its own pay"
    residual = "what damage gets through is repaired by everybody, not by its author alone"

    def train(self, task: TrainingTask) -> Update:
        """Return damage in even rounds, repairs in odd ones."""
        if task.round % 2:
            return self.own(task)
        rows = self.world.parts[self.number]
        wrong = RowSource(rows.features, (rows.labels + 1) % self.world.scoring.shape.classes)
        return self.made(_TWICE * self.world.train(wrong, task.base, task.round).flat())


class _Taker(DataHolder):
    """Never submits."""

    def submit(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Do nothing: the base was all it wanted."""
        return False


class TakeTheBase(Strategy):
    """Comes for the model."""

    name = "take-the-base"
    role = Role.HOLDER
    does = "joins, takes the base and submits nothing"
    defence = "whoever is joined when a round opens and does not submit loses the stake, ten fees by default"
    residual = "the base has a price, the stake, and no lock: whoever pays it has the model of that round"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the last holder."""
        return [game.recast_holder(_Taker, game.deviator.trainer)]
