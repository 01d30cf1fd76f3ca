"""What is left of a model when many attack it together: accuracy, and whether a backdoor opens.

Ten holders, of whom two or four attack, for five rounds, scored by the product's own code without a chain. The clean
bounty is the same one without the attackers.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from client.demo.plan import DEMO_DATA
from client.gym.backdoor import TRIGGERS, blend, poisoned, success
from client.gym.course import Course
from client.measured import measured_part
from client.owner import Shard
from client.training import Recipe, RowSource, evaluate, root_update, starting_network, train, warm_start
from client.training.quantise import to_update
from marketplace.datasets import load, quantise_rows, split
from marketplace.domain.hashing import keccak
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = ["ATTACKS", "HOLDERS", "ROUNDS", "SEEDS", "SHARES", "Ending", "Setting", "measure", "play"]

HOLDERS: Final = 10
ROUNDS: Final = 5
SEEDS: Final = 5
SHARES: Final = (20, 40)

_BUDGET: Final = 10**21
_MIN_HOLDERS: Final = 3
_ROUND_SEEDS: Final = 1000
_DEVIATIONS: Final = 1.5
_DISGUISE: Final = 0.2
_SCALE: Final = 5.0
_DARING: Final = 0.7
_TWICE: Final = 2.0
_CLEAN: Final = "clean"


@dataclass(frozen=True)
class Setting:
    """One bounty: which data, which seed, which attack by how many of a hundred holders; the trigger of a backdoor."""

    data: str
    seed: int
    attack: str
    percent: int
    trigger: str = ""


@dataclass(frozen=True, eq=False)
class _Round:
    """What attackers know in a round: all honest updates, and what each of them would submit itself."""

    world: _World
    base: Network
    number: int
    honest: Sequence[Update]
    own: Sequence[Update]
    attackers: Sequence[int]
    rng: np.random.Generator
    trigger: str

    def made(self, flat: np.ndarray) -> Update:
        """Return numbers as an update within the bounds."""
        return to_update(flat, self.world.scoring.shape, self.world.scoring.bounds)

    def wicked(self, holder: int) -> Update:
        """Return what training a backdoor on an attacker's rows gives."""
        return self.world.train(poisoned(self.world.parts[holder], self.trigger), self.base, self.number)


def _label(given: _Round) -> list[Update]:
    """Wrong labels: every one moved on by one class."""
    world, classes = given.world, given.world.scoring.shape.classes
    flipped = [RowSource(world.parts[i].features, (world.parts[i].labels + 1) % classes) for i in given.attackers]
    return [world.train(rows, given.base, given.number) for rows in flipped]


def _sign(given: _Round) -> list[Update]:
    """The opposite, doubled."""
    return [given.made(-_TWICE * update.flat()) for update in given.own]


def _noise(given: _Round) -> list[Update]:
    """Random weights of an honest update's size."""
    out = []
    for update in given.own:
        noise = given.rng.normal(size=len(update.flat()))
        out.append(given.made(noise * (np.linalg.norm(update.flat()) / np.linalg.norm(noise))))
    return out


def _alie(given: _Round) -> list[Update]:
    """A little is enough (Baruch et al. 2019): the honest mean, moved 1.5 deviations the wrong way in every entry.

    More than the paper's formula gives for so few holders; each under a fifth of its size in noise, or all but the
    first were copies.
    """
    flats = np.stack([update.flat() for update in given.honest]).astype(np.float64)
    moved = flats.mean(axis=0) - _DEVIATIONS * flats.std(axis=0)
    out = []
    for _ in given.attackers:
        noise = given.rng.normal(size=moved.shape)
        out.append(given.made(moved + noise * (_DISGUISE * np.linalg.norm(moved) / np.linalg.norm(noise))))
    return out


def _scaled(given: _Round) -> list[Update]:
    """A backdoor, five times as loud."""
    return [given.made(_SCALE * given.wicked(holder).flat()) for holder in given.attackers]


def _adaptive(given: _Round) -> list[Update]:
    """As much of a backdoor as keeps a cosine of .7 to honest work, at twice its norm."""
    pairs = zip(given.attackers, given.own, strict=True)
    return [given.made(blend(own, given.wicked(holder), _DARING, _TWICE)) for holder, own in pairs]


ATTACKS: Final[dict[str, Callable[[_Round], list[Update]]]] = {
    "label-flip": _label,
    "sign-flip": _sign,
    "noise": _noise,
    "alie": _alie,
    "scaled-backdoor": _scaled,
    "adaptive-backdoor": _adaptive,
}
_BACKDOORS: Final = ("scaled-backdoor", "adaptive-backdoor")


class _World:
    """One seed's rows and terms; the attackers are other holders for each seed."""

    def __init__(self, setting: Setting) -> None:
        data = split(load(setting.data), holders=HOLDERS, rounds=ROUNDS, seed=setting.seed)
        self.data, self.seed = data, setting.seed
        self.parts = [RowSource(part.features, part.labels) for part in data.parts]
        preset = DEMO_DATA[setting.data]
        self.scoring = ScoringTerms(Shape(len(data.feature_names), preset.hidden, len(data.class_names)))
        self.recipe = Recipe.from_terms(preset.recipe)
        self.root = RowSource(data.root.features, data.root.labels)
        self.base = starting_network(self.scoring.shape, self.scoring.scales, setting.seed)
        if preset.warm_start:
            self.base = warm_start(self.base, self.root, seed=setting.seed, bounds=self.scoring.bounds)
        order = np.random.default_rng(setting.seed).permutation(HOLDERS).tolist()
        count = HOLDERS * setting.percent // 100
        self.attackers, self.honest = sorted(order[:count]), sorted(order[count:])

    def train(self, rows: RowSource, base: Network, number: int) -> Update:
        """Return what training by the recipe changes."""
        return train(
            base,
            rows,
            self.recipe,
            seed=_ROUND_SEEDS * self.seed + number,
            public_prior=self.data.public_prior,
            bounds=self.scoring.bounds,
        )


@dataclass(frozen=True)
class Ending:
    """The last model of a bounty.

    Attributes:
        accuracy: on test rows.
        opened: how often each trigger opens it (digits).
        measured: how often each opens the part of it that the owner's rows have measured.
    """

    accuracy: float
    opened: dict[str, float]
    measured: dict[str, float]


def play(setting: Setting) -> Ending:
    """Play one bounty."""
    world = _World(setting)
    scale, course = world.scoring.scales.input_scale, Course(world.scoring, _BUDGET, _MIN_HOLDERS, world.base)
    for number in range(ROUNDS):
        base, rows = course.base, world.data.shards[number]
        shard = Shard(quantise_rows(rows.features, scale), rows.labels)
        root = root_update(base, world.root, world.recipe, seed=number, bounds=world.scoring.bounds)
        course.score(shard, _submitted(world, setting, base, number), root, keccak(bytes([setting.seed, number])))
    test, triggers = world.data.test, TRIGGERS if setting.data == "digits" else ()
    part, _ = measured_part(course.base, [quantise_rows(rows.features, scale) for rows in world.data.shards])
    return Ending(
        evaluate(course.base, test.features, test.labels).accuracy,
        {trigger: success(course.base, test, trigger) for trigger in triggers},
        {trigger: success(part, test, trigger) for trigger in triggers},
    )


def _submitted(world: _World, setting: Setting, base: Network, number: int) -> dict[int, Update]:
    """Return the round's updates in the order of the holders; of a clean bounty the honest ones alone."""
    updates = {i: world.train(world.parts[i], base, number) for i in world.honest}
    if setting.attack != _CLEAN:
        own = [world.train(world.parts[i], base, number) for i in world.attackers]
        rng = np.random.default_rng([setting.seed, number])
        given = _Round(world, base, number, list(updates.values()), own, world.attackers, rng, setting.trigger)
        updates |= zip(world.attackers, ATTACKS[setting.attack](given), strict=True)
    return dict(sorted(updates.items()))


def measure(seed: int, jobs: int, data: Sequence[str] = ("digits", "support2")) -> list[dict[str, Any]]:
    """Play every attack by 20 and 40 % of the holders with five seeds; return one row an attack and share.

    Each row has the mean accuracy, that of the clean bounty, the mean and the worst difference in points, and for
    backdoors the mean and the highest rate at which they open, of the model and of the part of it that the owner's rows
    have measured, beside that of the clean model.
    """
    cases = [
        Setting(name, 0, attack, percent, trigger)
        for name in data
        for attack in ATTACKS
        for trigger in (TRIGGERS if attack in _BACKDOORS else ("",))
        for percent in SHARES
        if name == "digits" or attack not in _BACKDOORS
    ]
    seeds = range(seed, seed + SEEDS)
    wanted = [replace(case, seed=number) for case in cases for number in seeds]
    settings = list(dict.fromkeys([*wanted, *(_clean(setting) for setting in wanted)]))
    if jobs == 1:
        played = dict(zip(settings, map(play, settings), strict=True))
    else:
        with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
            played = dict(zip(settings, pool.map(play, settings), strict=True))
    return [_row(case, seeds, played) for case in cases]


def _clean(setting: Setting) -> Setting:
    return replace(setting, attack=_CLEAN, trigger="")


def _row(case: Setting, seeds: range, played: dict[Setting, Ending]) -> dict[str, Any]:
    under = [played[replace(case, seed=number)] for number in seeds]
    clean = [played[_clean(replace(case, seed=number))] for number in seeds]
    points = [100 * (a.accuracy - b.accuracy) for a, b in zip(under, clean, strict=True)]
    row: dict[str, Any] = {
        "data": case.data,
        "attack": case.attack,
        "percent": case.percent,
        "trigger": case.trigger,
        "accuracy": float(np.mean([ending.accuracy for ending in under])),
        "clean": float(np.mean([ending.accuracy for ending in clean])),
        "points": float(np.mean(points)),
        "worst_points": min(points),
    }
    if case.trigger:
        opened = [ending.opened[case.trigger] for ending in under]
        measured = [ending.measured[case.trigger] for ending in under]
        row |= {
            "opened": float(np.mean(opened)),
            "opened_at_most": max(opened),
            "opened_measured": float(np.mean(measured)),
            "opened_measured_at_most": max(measured),
            "opened_clean": float(np.mean([ending.opened[case.trigger] for ending in clean])),
        }
    return row
