"""Who trains for a holder: on its own rows as the terms recommend, or, in demonstrations, one way of cheating.

Importing this loads no torch; training does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from numpy.random import default_rng

from client.training.recipe import Recipe

if TYPE_CHECKING:
    from client.holder import BlindTask, TrainingTask
    from client.training import Attacker
    from marketplace.datasets import Rows
    from marketplace.domain.update import Update
    from marketplace.privacy.paillier.linear import LinearMap

__all__ = ["CheatTrainer", "HonestTrainer"]

_ROUNDS: Final = 1000
"""Seeds of one holder do not meet those of the next seed before this many rounds."""


class HonestTrainer:
    """Trains on a holder's own rows as the terms recommend.

    Args:
        rows: prepared as the terms say.
        seed: of the order the rows are seen in; the same gives the same update, bit for bit.
    """

    def __init__(self, rows: Rows, seed: int) -> None:
        self.rows = rows
        self.seed = seed

    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update."""
        from client.training import RowSource, train  # noqa: PLC0415 - loads torch

        return train(
            task.base,
            RowSource(self.rows.features, self.rows.labels),
            Recipe.from_terms(task.terms.recipe),
            seed=_round_seed(self.seed, task.round),
            public_prior=task.terms.public_prior,
            bounds=task.terms.scoring.bounds,
            progress=task.progress,
        )

    def linear_map(self, task: BlindTask) -> LinearMap:
        """Return what the rows do to a linear model that nobody here can read."""
        from client.encrypted.training import linear_map  # noqa: PLC0415 - loads the engine

        return linear_map(self.rows, task.terms, _round_seed(self.seed, task.round))


class CheatTrainer:
    """Plays one attack, for demonstrations and tests.

    Args:
        kind: one of `client.training.ATTACKS`.
        rows: of the holder whose update it steals, reverses or poisons.
        seed: the one that holder trains with; attack_seed: of the cheat's own randomness.
    """

    def __init__(self, kind: str, rows: Rows, seed: int, attack_seed: int) -> None:
        self.kind = kind
        self.rows = rows
        self.seed, self.attack_seed = seed, attack_seed
        self._attacker: Attacker | None = None

    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update."""
        if self._attacker is None:  # one over all rounds: some remember what they saw in the last
            from client.training import Attacker, RowSource  # noqa: PLC0415 - loads torch

            self._attacker = Attacker(
                self.kind,
                RowSource(self.rows.features, self.rows.labels),
                Recipe.from_terms(task.terms.recipe),
                public_prior=task.terms.public_prior,
                bounds=task.terms.scoring.bounds,
                seed=self.attack_seed,
            )
        return self._attacker.update(task.base, seed=_round_seed(self.seed, task.round))

    def linear_map(self, task: BlindTask) -> LinearMap:
        """Return what to do to a linear model that nobody here can read; raises InvalidData for `stale`."""
        from client.encrypted.attacks import cheating_map  # noqa: PLC0415 - loads the engine

        seed = _round_seed(self.seed, task.round)
        return cheating_map(self.kind, self.rows, task.terms, seed, default_rng([self.attack_seed, seed]))


def _round_seed(seed: int, round_: int) -> int:
    return _ROUNDS * seed + round_
