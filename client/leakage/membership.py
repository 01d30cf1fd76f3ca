"""The second question: can it be told whether a row is among a holder's training rows?

LiRA, online: shadow models are trained as the victim's is, each row in half of them. For each row and each figure the
attacker fits one Gaussian to the models that had the row and one to those that had not, and scores a model by the
logarithm of their ratio. It is granted everything but the answer: rows of the victim's own kind, the recipe, and the
other holders' updates.

Source: Carlini et al., "Membership Inference Attacks From First Principles", IEEE S&P 2022, algorithm 1.
"""

from __future__ import annotations

from copy import copy
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from client.leakage.crowd import Crowd
from client.leakage.gradients import Model
from client.leakage.rates import rates_of
from client.leakage.world import SETTINGS
from marketplace.datasets import Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from client.leakage.noise import Mechanism
    from client.leakage.views import Vectors, View
    from client.leakage.world import World
    from marketplace.datasets.columns import Floats
    from marketplace.domain.update import Update

__all__ = ["FEWEST_SHADOWS", "LIRA", "TARGETS", "Membership", "Shadows", "infer", "likelihood_ratios"]

LIRA: Final = "membership"
_FEWEST_ROWS: Final = 200
FEWEST_SHADOWS: Final = 8
"""So that each row is in some, and in some not."""
TARGETS: Final = 2
"""Models that are attacked, for each shadow model, unless it is said otherwise.

One in a thousand takes many rows to be measured. A figure that is the same for all rows of a model has them stand or
fall together: it takes many models, too, to be exact about it.
"""
_NARROWEST: Final = 1e-12


@dataclass(frozen=True)
class Membership:
    """What LiRA makes of one view.

    Attributes:
        signal: the figure a row is judged by.
        models: that were attacked; rows: of each, half of them members.
        tpr, auc and their intervals: as `Rates`.
    """

    data: str
    view: str
    holders: int
    signal: str
    shadows: int
    models: int
    rows: int
    tpr: float
    tpr_low: float
    tpr_high: float
    auc: float
    auc_low: float
    auc_high: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures, rounded to hundredths of a thousandth."""
        return {k: round(v, 5) if isinstance(v, float) else v for k, v in asdict(self).items()}


class Shadows:
    """Updates of one holder on random halves of its rows: first the shadow models, then those that are attacked.

    Args:
        shadows: at least `FEWEST_SHADOWS`.
        targets: models to attack, for each shadow model.

    Attributes:
        rows: the holder's; members: bool[models, rows], which of them each model was trained on.
        updates: one for each model; others: of the seven other holders, the same in every round.
    """

    def __init__(self, world: World, shadows: int, targets: int = TARGETS) -> None:
        self.world, self.shadows = world, shadows
        sizes = [len(part.labels) for part in world.parts]
        victim = min((i for i, size in enumerate(sizes) if size >= _FEWEST_ROWS), key=lambda i: sizes[i])
        self.rows, recipe = world.parts[victim], SETTINGS["recipe"]
        rng = world.rng(LIRA)
        count = len(self.rows.labels)
        self.members: NDArray[np.bool_] = np.zeros((shadows * (1 + targets), count), bool)
        for chosen in self.members:
            chosen[rng.choice(count, count // 2, replace=False)] = True
        # In pairs, so that each row is in half of the models that the attacker learns from.
        self.members[1:shadows:2] = ~self.members[: shadows - 1 : 2]
        self.updates = tuple(self._trained(chosen, seed) for seed, chosen in enumerate(self.members))
        others = [i for i in range(len(world.parts)) if i != victim]
        self.others = tuple(world.update(world.parts[i], recipe, world.seed_of(i)) for i in others)

    def under(self, mechanism: Mechanism) -> Shadows:
        """Return the same models, each update changed before it is sealed; the attacker knows how."""
        rng, out = self.world.rng(LIRA, "mechanism"), copy(self)
        out.updates, out.others = (
            tuple(mechanism(update, self.world.scoring, rng) for update in updates)
            for updates in (self.updates, self.others)
        )
        return out

    def _trained(self, chosen: NDArray[np.bool_], seed: int) -> Update:
        rows = Rows(self.rows.features[chosen], self.rows.labels[chosen])
        return self.world.update(rows, SETTINGS["recipe"], self.world.seed_of(seed))


def infer(shadows: Shadows, view: View, holders: int) -> list[Membership]:
    """Attack every target as `view` shows it in rounds of so many holders; one result for each signal."""
    world, found = shadows.world, []
    rng = world.rng(LIRA, view.name, str(holders))
    for signal, features in _signals(shadows, view, _crowds(shadows, holders), rng).items():
        scores = likelihood_ratios(features, shadows.members, shadows.shadows)
        rates = rates_of(scores, shadows.members[shadows.shadows :], world.rng(LIRA, view.name, signal))
        sizes = (shadows.shadows, *scores.shape)
        found.append(Membership(world.data, view.name, holders, signal, *sizes, **asdict(rates)))
    return found


def likelihood_ratios(features: Floats, members: NDArray[np.bool_], shadows: int) -> Floats:
    """Return float64[models - shadows, rows], the log-likelihood ratios of being a member, summed over figures.

    Args:
        features: float64[models, rows, figures]; members: bool[models, rows]; the first `shadows` models are known.
    """
    known, inside = features[:shadows], members[:shadows, :, None]
    ratio = np.zeros(features[shadows:].shape)
    for sign, mask in ((1, inside), (-1, ~inside)):
        count = mask.sum(axis=0)
        mean = (known * mask).sum(axis=0) / count
        variance = (((known - mean) ** 2) * mask).sum(axis=0) / (count - 1)
        variance = np.maximum(variance, _NARROWEST * (1 + mean * mean))
        ratio -= sign * ((features[shadows:] - mean) ** 2 / variance + np.log(variance)) / 2
    total: Floats = ratio.sum(axis=2)
    return total


@lru_cache(maxsize=4)
def _crowds(shadows: Shadows, holders: int) -> tuple[Crowd, ...]:
    """Return the round of each model; several views are of the same rounds, whose figures take long."""
    return tuple(Crowd(shadows.world, (update, *shadows.others[: holders - 1])) for update in shadows.updates)


def _signals(shadows: Shadows, view: View, crowds: Sequence[Crowd], rng: np.random.Generator) -> dict[str, Floats]:
    """Return float64[models, rows, figures] for each way of judging rows.

    `confidence` is the paper's: the log odds of a row's label, in the base changed by what is held. `alignment` is for
    who holds an update, or what follows from one: the cosine between it and what this row's step alone would make of
    it. `figures` are the same for all rows, and judged by what each row does to them, together with `confidence` where
    that can be had.
    """
    held = [view.vectors(crowd, rng) for crowd in crowds]
    found = {} if view.wordless else _judged(shadows, view, held)
    if view.figured:
        said = np.repeat(np.stack([c.figures for c in crowds])[:, None], shadows.members.shape[1], axis=1)
        found["figures"] = np.concatenate([said, *([found["confidence"]] if found else [])], axis=2)
    return found


def _judged(shadows: Shadows, view: View, held: Sequence[Vectors]) -> dict[str, Floats]:
    """Return `confidence` and `alignment`; held: what is taken for the update in each model's round."""
    model, vectors = Model.of(shadows.world.base), np.array(held) / shadows.world.scoring.scales.weight_scale
    steps = -model.row_gradients(shadows.rows.features, shadows.rows.labels)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    if view.echo is not None:
        steps = view.echo(shadows.world, steps)
        steps /= np.maximum(np.linalg.norm(steps, axis=1, keepdims=True), _NARROWEST)
    sizes = np.maximum(np.linalg.norm(vectors, axis=2, keepdims=True), _NARROWEST)
    odds = [[_log_odds(model.logits(shadows.rows.features, v), shadows.rows) for v in each] for each in vectors]
    return {
        "confidence": np.array(odds).transpose(0, 2, 1),
        "alignment": (vectors / sizes @ steps.T).transpose(0, 2, 1),
    }


def _log_odds(logits: Floats, rows: Rows) -> Floats:
    """Return float64[n], the label's logit less the logarithm of the summed exponentials of the others."""
    at = np.arange(len(rows.labels))
    mine = logits[at, rows.labels]
    others = logits.copy()
    others[at, rows.labels] = -np.inf
    peak = others.max(axis=1)
    found: Floats = mine - peak - np.log(np.exp(others - peak[:, None]).sum(axis=1))
    return found
