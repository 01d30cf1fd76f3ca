"""A holder that is honest in everything but the update it submits, and what it knows when it makes one."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

import numpy as np

from client.gym.strategy import Role, Strategy
from client.training.quantise import to_update
from marketplace.domain.update import difference

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from client.gym.game import Game
    from client.gym.world import World
    from client.holder import TrainingTask
    from client.participant import Participant
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = ["Cheat"]


class Cheat(Strategy):
    """Trains in its own way; subclasses say how in `train`.

    Attributes:
        game: the game it is in; world: its rows and terms.
        bases: the base of each round it took part in.
    """

    role = Role.HOLDER
    game: Game
    world: World

    def enter(self, game: Game) -> Sequence[Participant]:
        """Train for the last holder."""
        self.game, self.world = game, game.world
        self.bases: dict[int, Network] = {}
        game.deviator.trainer = self._train
        return [game.deviator]

    @abstractmethod
    def train(self, task: TrainingTask) -> Update:
        """Return the update of a round, within the bounds."""

    # ------------------------------------------------------------------ what it knows
    @property
    def number(self) -> int:
        """Its number among the holders."""
        return len(self.world.parts) - 1

    @property
    def victim(self) -> int:
        """Whose update it steals, if it steals one: another holder for each seed."""
        return self.world.seed % self.number

    def own(self, task: TrainingTask) -> Update:
        """Return what it would submit if it were honest."""
        return self.world.honest(self.number, task.base, task.round)

    def stolen(self, task: TrainingTask, holder: int | None = None) -> Update:
        """Return what another holder (None: the victim) submits in this round, as after a leak."""
        return self.world.honest(self.victim if holder is None else holder, task.base, task.round)

    def known(self, task: TrainingTask) -> Update | None:
        """Return the last aggregate, as everybody can work it out who took part; None before there is one."""
        before = self.bases.get(task.round - 1)
        return None if before is None or before == task.base else difference(task.base, before)

    def made(self, flat: NDArray[np.floating] | NDArray[np.integer]) -> Update:
        """Return numbers as an update within the bounds; see `to_update`."""
        return to_update(np.asarray(flat, np.float64), self.world.scoring.shape, self.world.scoring.bounds)

    def _train(self, task: TrainingTask) -> Update:
        self.bases[task.round] = task.base
        return self.train(task)
