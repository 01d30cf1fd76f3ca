"""One person as several."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from client.gym.cheat import Cheat
from client.gym.strategy import Role, Strategy
from client.training import RowSource

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.gym.game import Game
    from client.holder import TrainingTask
    from client.participant import Participant
    from marketplace.domain.update import Update

__all__ = ["SybilSplit", "SybilVariants", "UnitOverClaim"]


class SybilSplit(Cheat):
    """Half the data for each account."""

    name = "sybil-split"
    does = "deals its rows to two accounts, each of which trains and submits"
    defence = "terms may restrict joining to an allowlist; each account pays its own fees and stake"
    residual = "with equal weights two accounts can earn more than one: use an allowlist where that matters"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Join twice."""
        first = super().enter(game)
        return [*first, game.add_holder(lambda task: self._half(task, 1))]

    def train(self, task: TrainingTask) -> Update:
        """Return what the first half gives."""
        return self._half(task, 0)

    def _half(self, task: TrainingTask, half: int) -> Update:
        rows = self.world.parts[self.number]
        order = self.world.rng(self.name).permutation(len(rows))[half::2]
        mine = RowSource(rows.features[order], rows.labels[order])
        classes = len(np.unique(mine.labels))
        return self.world.train(mine if classes > 1 else rows, task.base, task.round)


class SybilVariants(Cheat):
    """All the data for both accounts."""

    name = "sybil-variants"
    does = "lets two accounts train on the same rows, drawn with repetition and at another rate for the second"
    defence = "cosines above .97 are copies; what both bring is shared by both, each at its own fee"
    residual = "variants below the threshold can earn more than one honest account: use an allowlist, or lower it"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Join twice."""
        first = super().enter(game)
        return [*first, game.add_holder(self._variant)]

    def train(self, task: TrainingTask) -> Update:
        """Return honest work."""
        return self.own(task)

    def _variant(self, task: TrainingTask) -> Update:
        rows, rng = self.world.parts[self.number], self.world.rng(f"{self.name}{task.round}")
        chosen = rng.integers(0, len(rows), len(rows))
        mine = RowSource(rows.features[chosen], rows.labels[chosen])
        if len(np.unique(mine.labels)) == 1:
            mine = rows
        recipe = replace(self.world.recipe, learning_rate=self.world.recipe.learning_rate / 2)
        return self.world.train(mine, task.base, task.round, recipe)


class UnitOverClaim(Strategy):
    """Claims more data than it has."""

    name = "unit-over-claim"
    role = Role.HOLDER
    impossible = "weights are equal: no call and no document takes a number of units"
    does = "claims three times the rows it has, to weigh three times as much"
    defence = f"impossible, {impossible}"
    residual = "equal weights make splitting pay instead: see sybil-split"
