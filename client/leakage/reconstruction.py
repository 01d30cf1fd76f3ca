"""The first question: can training rows be seen in what a party holds?"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from client.gym.statistics import mean_of
from client.leakage.attack import Task
from client.leakage.closed_form import closed_form
from client.leakage.crowd import Crowd
from client.leakage.gradients import Model
from client.leakage.matching import cosine, deep_leakage
from client.leakage.noise import plain
from client.leakage.quality import chance, psnr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.leakage.attack import Attack
    from client.leakage.noise import Mechanism
    from client.leakage.views import View
    from client.leakage.world import Setting, World
    from marketplace.datasets.columns import Floats

__all__ = ["INVERSIONS", "Reconstruction", "Seen", "reconstruct", "rounds_of"]

INVERSIONS: Final[dict[str, Attack]] = {
    "closed-form": closed_form,
    "deep-leakage": deep_leakage,
    "cosine": cosine,
}
_IMAGES: Final = {"digits": (8, 8)}


@dataclass(frozen=True)
class Reconstruction:
    """What one attack makes of one view in one setting, over all victims.

    Attributes:
        holders: in the round; held: victims of whom the party holds anything, as an aggregate may hide too few to be
            adopted; guesses: rows that were given back for each victim.
        psnr: mean over rows, then victims, in dB; chance: the same without having seen anything.
        gain, gain_low, gain_high: mean of the differences, and its 95 % interval.
        best, best_chance: of each victim's best row, mean over victims; best_gain: difference.
    """

    data: str
    setting: str
    view: str
    holders: int
    attack: str
    victims: int
    held: int
    guesses: int
    psnr: float
    chance: float
    gain: float
    gain_low: float
    gain_high: float
    best: float
    best_chance: float
    best_gain: float

    def to_json(self) -> dict[str, Any]:
        """Return the figures, rounded to thousandths of a dB."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}


@dataclass(frozen=True, eq=False)
class Seen:
    """One victim's rows, and the guesses of an attack at them."""

    rows: Floats
    guesses: Floats


@cache
def rounds_of(
    world: World, setting: Setting, holders: int, victims: int, mechanism: Mechanism = plain
) -> tuple[tuple[Floats, Crowd], ...]:
    """Return each victim's rows and the round it takes part in; holders apply `mechanism` before they seal."""
    out = []
    for turn, crowd in enumerate(world.victims(setting, victims)):
        rng = world.rng("mechanism", setting.name, str(turn))
        updates = [world.update(rows, setting, world.seed_of(turn + i)) for i, rows in enumerate(crowd[:holders])]
        noisy = tuple(mechanism(update, world.scoring, rng) for update in updates)
        out.append((crowd[0].features, Crowd(world, noisy)))
    return tuple(out)


def reconstruct(  # noqa: PLR0913 - what is attacked, how, and under which noise
    world: World,
    setting: Setting,
    view: View,
    attack: str,
    holders: int,
    *,
    victims: int | None = None,
    mechanism: Mechanism = plain,
) -> tuple[Reconstruction, Sequence[Seen]]:
    """Attack updates as `view` shows them; return the figures and every guess.

    Args:
        holders: in the victim's round.
        victims: how many, at least 2; None for as many as the setting says.
    """
    rounds = rounds_of(world, setting, holders, victims or setting.victims, mechanism)
    rng = world.rng("view", setting.name, view.name, str(holders))
    seen = [view.vectors(crowd, rng) for _, crowd in rounds]
    each = len(seen[0])
    unit = world.recipe.learning_rate * world.scoring.scales.weight_scale
    steps = [world.steps(setting, len(rows)) for rows, _ in rounds for _ in range(each)]
    task = Task(
        model=Model.of(world.base),
        gradients=-np.concatenate(seen).reshape(len(rounds) * each, -1) / (unit * np.array(steps)[:, None]),
        guesses=setting.guesses,
        population=world.population,
        low=world.low,
        high=world.high,
        image=_IMAGES.get(world.data),
    )
    found = INVERSIONS[attack](task, world.rng("attack", setting.name, view.name, attack))
    found[~task.gradients.any(axis=1)] = task.mean  # Nothing was held: the mean row is as good as any guess.
    guesses = found.reshape(len(rounds), each * setting.guesses, -1)
    shown = [Seen(rows, found_rows) for (rows, _), found_rows in zip(rounds, guesses, strict=True)]
    held = sum(bool(np.concatenate(vectors).any()) for vectors in seen)
    return _figures(world, setting, view, attack, holders, shown, held), shown


def _figures(  # noqa: PLR0913, PLR0917 - what was attacked
    world: World, setting: Setting, view: View, attack: str, holders: int, shown: Sequence[Seen], held: int
) -> Reconstruction:
    rng = world.rng("chance", setting.name)
    found = [psnr(s.rows, s.guesses) for s in shown]
    blind = [chance(s.rows, len(s.guesses), world.population.features, rng) for s in shown]
    gains = mean_of([float(f.mean()) - b[0] for f, b in zip(found, blind, strict=True)])
    best, best_chance = float(np.mean([f.max() for f in found])), float(np.mean([b[1] for b in blind]))
    return Reconstruction(
        data=world.data,
        setting=setting.name,
        view=view.name,
        holders=holders,
        attack=attack,
        victims=len(shown),
        held=held,
        guesses=len(shown[0].guesses),
        psnr=float(np.mean([f.mean() for f in found])),
        chance=float(np.mean([b[0] for b in blind])),
        gain=gains.mean,
        gain_low=gains.low,
        gain_high=gains.high,
        best=best,
        best_chance=best_chance,
        best_gain=best - best_chance,
    )
