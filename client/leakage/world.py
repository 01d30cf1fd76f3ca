"""Where leakage is measured: the demonstration's bounty, and updates as its holders would make them.

Three settings. Two are extremes that no terms recommend, in which attacks are known to work: if they did not work here
either, their failure elsewhere would say nothing. The third is what the terms recommend.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from client.demo.plan import DEMO_DATA, DemoOptions
from client.demo.script import write_script
from client.training import Recipe, RowSource, root_update, train
from client.training.local import fit
from client.training.quantise import to_update
from marketplace.datasets import Rows, quantise_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.training.recipe import Recipe as RecipeOf
    from marketplace.datasets.columns import Floats
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = ["DATA", "HOLDERS", "SETTINGS", "Setting", "World"]

HOLDERS: Final = 8
DATA: Final = tuple(DEMO_DATA)
_SEEDS: Final = 1000


@dataclass(frozen=True)
class Setting:
    """How an update comes about.

    Attributes:
        rows: of the holder that are trained on, in one step of plain gradient descent; None for the terms' recipe on
            all of them.
        guesses: rows that an attack gives back for one vector.
        victims: how many updates are attacked.
    """

    name: str
    says: str
    rows: int | None
    guesses: int
    victims: int


SETTINGS: Final = {
    s.name: s
    for s in (
        Setting("one-row", "one row, one step", 1, 1, 32),
        Setting("eight-rows", "eight rows, one step", 8, 8, 8),
        Setting("recipe", "the terms' recipe on all rows of a holder", None, 8, 8),
    )
}


class World:
    """A bounty of the demonstration with eight holders and no cheats.

    Args:
        data: a name in `DATA`.
        seed: of the split, the starting model and all training.

    Attributes:
        base: the model that everybody trains from; parts: rows of each holder.
        population: rows that nobody used, from where the holders' rows come: what an attacker knows of them at best.
        low, high: float64[d], the range of each feature in the population.
    """

    def __init__(self, data: str, seed: int) -> None:
        script = write_script(DemoOptions(data, HOLDERS, (), seed=seed), "", 0)
        self.data, self.seed = data, seed
        self.inputs, self.scoring, self.base = script.inputs, script.inputs.scoring, script.inputs.base
        self.recipe: RecipeOf = Recipe.from_terms(script.inputs.recipe)
        self.parts = tuple(self._trained_on(p.rows) for p in script.holders)
        self.population = self._trained_on(script.split.test)
        self.low: Floats = self.population.features.min(axis=0)
        self.high: Floats = self.population.features.max(axis=0)

    def _trained_on(self, rows: Rows) -> Rows:
        """Return rows as training sees them: rounded to the network's inputs."""
        scale = self.scoring.scales.input_scale
        return Rows(quantise_rows(rows.features, scale).astype(np.float64) / scale, rows.labels)

    def rng(self, *words: str) -> np.random.Generator:
        """Return the randomness of one part of the laboratory."""
        return np.random.default_rng([self.seed, *"/".join((self.data, *words)).encode("ascii")])

    @cached_property
    def root(self) -> Update:
        """The owner's update of the first round, from its root rows."""
        return self.root_of(self.base, 0)

    def root_of(self, base: Network, round_: int) -> Update:
        """Return the root update of a round that starts from `base`."""
        rows, seed = self.inputs.root, self.seed + round_
        source = RowSource(rows.features, rows.labels)
        return root_update(base, source, self.recipe, seed=seed, bounds=self.scoring.bounds)

    def update(self, rows: Rows, setting: Setting, seed: int) -> Update:
        """Return the update that training on `rows` makes, quantised within the terms' bounds.

        Args:
            rows: all of a holder's for the recipe, or those of one step; the trainer's own refusal of fewer rows than
                it takes to learn anything does not apply to a step.
            seed: of the order of the rows.
        """
        bounds, shape = self.scoring.bounds, self.scoring.shape
        if setting.rows is None:
            source, prior = RowSource(rows.features, rows.labels), self.inputs.public_prior
            return train(self.base, source, self.recipe, seed=seed, public_prior=prior, bounds=bounds)
        step = replace(self.recipe, epochs=1, batch_size=len(rows.labels), prior_offset=0.0)
        return to_update(fit(self.base, rows, step, seed=seed, shift=np.zeros(shape.classes)), shape, bounds)

    def steps(self, setting: Setting, rows: int) -> int:
        """Return how many steps of gradient descent an update is the sum of; the terms say so to everybody."""
        return 1 if setting.rows is not None else self.recipe.epochs * -(-rows // self.recipe.batch_size)

    def victims(self, setting: Setting, count: int) -> Sequence[tuple[Rows, ...]]:
        """Return `count` crowds: what each of the eight holders trains on, the victim first.

        The victim is another holder each time, until all have been.
        """
        rng = self.rng("victims", setting.name)
        crowds = []
        for turn in range(count):
            order = [(turn + i) % HOLDERS for i in range(HOLDERS)]
            crowds.append(tuple(self._drawn(self.parts[i], setting, rng) for i in order))
        return crowds

    @staticmethod
    def _drawn(rows: Rows, setting: Setting, rng: np.random.Generator) -> Rows:
        if setting.rows is None:
            return rows
        chosen = rng.choice(len(rows.labels), setting.rows, replace=False)
        return Rows(rows.features[chosen], rows.labels[chosen])

    def seed_of(self, holder: int) -> int:
        """Return the seed that a holder shuffles its rows with; nobody else knows it."""
        return _SEEDS * self.seed + holder
