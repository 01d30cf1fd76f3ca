"""One round's updates, and the figures of them that its score sheet publishes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from marketplace.scoring.adoption import adopt, is_adopted, weighted_mean
from marketplace.scoring.coefficients import Coefficients, coefficients
from marketplace.scoring.dots import Dots, dot_products
from marketplace.scoring.round import RoundInput, RoundScore, Submission, score_round

if TYPE_CHECKING:
    from client.leakage.world import World
    from marketplace.datasets.columns import Floats
    from marketplace.domain.update import Update

__all__ = ["Crowd"]


@dataclass(frozen=True, eq=False)
class Crowd:
    """The submissions of a bounty's first round; the victim's is the first, an attacker among the holders the second.

    Args:
        updates: as submitted; at least two.
    """

    world: World
    updates: tuple[Update, ...]

    @cached_property
    def dots(self) -> Dots:
        """Norms and dot products; public."""
        return dot_products(self.updates, self.world.root, None, ())

    @cached_property
    def weights(self) -> Coefficients:
        """Coefficients; public."""
        return coefficients(self.dots, [str(i) for i in range(len(self.updates))], [], self.world.scoring)

    @property
    def hides(self) -> bool:
        """Whether enough updates are in the aggregate for it to be adopted: before, nobody is given it."""
        return is_adopted(1, self.weights.values, self.world.inputs.chain.min_holders)

    @cached_property
    def aggregate(self) -> Floats:
        """float64[parameters], what the round would change in the base; zeros if it hides too few.

        Taken as adopted and served whatever it gains, so that too little is never said to leak.
        """
        if not self.hides:
            return np.zeros(self.world.scoring.shape.parameters)
        return self._mean.flat().astype(np.float64)

    @cached_property
    def next_root(self) -> Floats:
        """float64[parameters], the owner's update of the second round, from the base that this one leads to."""
        base = adopt(self.world.base, self._mean, self.world.scoring.bounds)[0] if self.hides else self.world.base
        return self.world.root_of(base, 1).flat().astype(np.float64)

    @property
    def _mean(self) -> Update:
        return weighted_mean(self.updates, self.weights.values, self.weights.k, self.world.scoring.shape)

    @cached_property
    def score(self) -> RoundScore:
        """All of the round's score: the real one, on the real shard."""
        shard, terms = self.world.inputs.shards[0], self.world.inputs.chain
        submissions = tuple(Submission(i, str(i), update) for i, update in enumerate(self.updates))
        return score_round(
            RoundInput(
                scoring=self.world.scoring,
                base=self.world.base,
                rows=shard.rows,
                labels=shard.labels,
                submissions=submissions,
                root_update=self.world.root,
                last_aggregate=None,
                last_submissions=(),
                seed=bytes(32),
                round_budget=terms.round_budget,
                min_holders=terms.min_holders,
            )
        )

    @property
    def norm(self) -> float:
        """The victim's norm, in weight-scale units; public."""
        return sqrt(self.dots.gram[0][0])

    @property
    def figures(self) -> Floats:
        """float64[f], what a sheet says of the victim: dot products, trust, contribution with its square, gain.

        One compute seat of a first round knows one thing more: which updates exceed which bound. Here none does.
        """
        score = self.score
        said = (*self.dots.gram[0], self.dots.root[0], self.weights.trusts[0], score.sums[0], score.squares[0])
        return np.array([*said, score.gain], np.float64)
