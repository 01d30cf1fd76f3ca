"""What everybody in a game has at home: rows, terms, a starting model; and honest training, done once.

The digits of scikit-learn, dealt anew for each seed: five holders with much of a few classes and little of the others,
so that honest people really need each other. Terms and money are those of `gradmarket demo`, with a smaller network.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from client.demo.plan import TOKEN, DemoOptions, chain_terms
from client.owner import Shard
from client.plan_folder import PlanInputs
from client.training import Recipe, RowSource, starting_network, train, warm_start
from marketplace.datasets import load, quantise_rows, split
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.update import apply
from marketplace.scoring.holdback import final_gain_ppb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketplace.datasets import Dataset, Rows
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = ["HOLDERS", "SEATS", "TICKET_STAKE", "TOKEN", "World"]

HOLDERS: Final = 5
"""Four that stay honest, and the last one, who deviates where the deviator is a holder."""

_DEMO: Final = DemoOptions("digits", HOLDERS + 3, ())  # room for accounts that one person joins with
SEATS: Final = _DEMO.seats
TICKET_STAKE: Final = chain_terms(_DEMO, "", 0).ticket_stake

_HIDDEN: Final = 16
_PPB_PER_PPM: Final = 1000
_ROUND_SEEDS: Final = 1000


class World:
    """One seed's rows and terms.

    Args:
        seed: of the split, the starting model and all training.
        rounds: of the bounty.

    Attributes:
        recipe: what the terms recommend; everybody honest follows it.
        base: the starting model, trained on the owner's root rows.
        parts: each holder's training rows; test: rows that nobody uses but whoever says what a model is worth.
    """

    def __init__(self, seed: int, rounds: int) -> None:
        self.seed, self.rounds = seed, rounds
        data = split(_digits(), holders=HOLDERS, rounds=rounds, seed=seed)
        self.data = data
        self.parts: tuple[RowSource, ...] = tuple(RowSource(p.features, p.labels) for p in data.parts)
        self.test: Rows = data.test
        self.scoring = ScoringTerms(Shape(len(data.feature_names), _HIDDEN, len(data.class_names)))
        self.recipe = Recipe.from_terms(_DEMO.preset.recipe)
        self.base = warm_start(
            starting_network(self.scoring.shape, self.scoring.scales, seed),
            RowSource(data.root.features, data.root.labels),
            seed=seed,
            bounds=self.scoring.bounds,
        )
        self._trained: dict[tuple[int, int, bytes], Update] = {}

    # ------------------------------------------------------------------ terms
    def inputs(self, token: str, now: int) -> PlanInputs:
        """Return what an honest owner posts.

        Args:
            token: address of the currency.
            now: the chain's time.
        """
        data, scale = self.data, self.scoring.scales.input_scale
        return PlanInputs(
            title="digits from five hands",
            base=self.base,
            shards=tuple(Shard(quantise_rows(r.features, scale), r.labels) for r in (*data.shards, data.final)),
            root=data.root,
            scoring=self.scoring,
            recipe=_DEMO.preset.recipe,
            public_prior=data.public_prior,
            class_names=data.class_names,
            feature_names=data.feature_names,
            preparation=data.preparation.to_json(),
            chain=chain_terms(replace(_DEMO, rounds=self.rounds), token, now),
        )

    # ------------------------------------------------------------------ training
    def honest(self, holder: int, base: Network, round_: int) -> Update:
        """Return the update that holder number `holder` submits if it is honest; trained once, then remembered."""
        key = (holder, round_, _name_of(base))
        if key not in self._trained:
            self._trained[key] = self.train(self.parts[holder], base, round_)
        return self._trained[key]

    def train(self, rows: RowSource, base: Network, round_: int, recipe: Recipe | None = None) -> Update:
        """Return what training on any rows changes, by the terms' recipe unless another is given."""
        return train(
            base,
            rows,
            recipe or self.recipe,
            seed=_ROUND_SEEDS * self.seed + round_,
            public_prior=self.data.public_prior,
            bounds=self.scoring.bounds,
        )

    def rng(self, name: str) -> np.random.Generator:
        """Return a strategy's own randomness."""
        return np.random.default_rng([self.seed, *name.encode("ascii")])

    # ------------------------------------------------------------------ worth
    def worth(self, aggregates: Sequence[Update], budget: int) -> int:
        """Return what the owner is taken to value a chain of aggregates at.

        A round's gain, measured on the test rows, at the price the terms put on it: the round's budget for the target
        gain, proportionally less for less, and never more, because more is never paid.
        """
        scale = self.scoring.scales.input_scale
        rows, target = quantise_rows(self.test.features, scale), self.scoring.target_gain_ppm * _PPB_PER_PPM
        total, before = 0, self.base
        for aggregate in aggregates:
            after = apply(before, aggregate, self.scoring.bounds)
            gain = final_gain_ppb(self.scoring, before, after, rows, self.test.labels)
            total += budget * min(max(gain, 0), target) // target
            before = after
        return total


@cache
def _digits() -> Dataset:
    return load(_DEMO.data)


def _name_of(network: Network) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for layer in network.layers:
        digest.update(layer.weight.tobytes())
        digest.update(layer.bias.tobytes())
    return digest.digest()
