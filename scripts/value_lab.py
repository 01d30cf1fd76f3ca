"""What updates are worth, measured: honest holders and cheats over whole bounties, with the product's own code.

    python scripts/value_lab.py [--data support2 digits] [--seeds 0 1 2 3 4] [--attackers noise zero ...] [--rounds N]

No chain and no sealing: rounds are trained and scored in this process. Prints Markdown: per run, who was paid, what
cheats earned after fees (in budgets of one round), and the test metrics against the same bounty without cheats. Over
12 seeds and all six cheats, with the defaults: SUPPORT2 8 of 8 honest holders paid, cheats at most 0.3 % of the money,
digits 6 to 8 of 8 and 0.4 %.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from client.training import (
    ATTACKS,
    Attacker,
    Recipe,
    RowSource,
    evaluate,
    root_update,
    starting_network,
    train,
    warm_start,
)
from marketplace.datasets import load, quantise_rows, split
from marketplace.domain.hashing import keccak
from marketplace.domain.network import Shape
from marketplace.domain.terms import ScoringTerms
from marketplace.scoring.round import FinalInput, RoundInput, RoundScore, Submission, score_round

if TYPE_CHECKING:
    from client.training import Metrics
    from marketplace.datasets import Rows, Split
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

HOLDERS = 8
BUDGET = 10**21
FEE = BUDGET // 100
RATES = {"support2": 0.005, "digits": 0.07}
WARM = frozenset({"digits"})
VICTIMS = {"noise": 0, "sign-flip": 1, "zero": 0, "copy": 1, "stale": 1, "label-flip": 2}


@dataclass(frozen=True)
class Setting:
    """One bounty to play; the defaults of rate and start depend on the data set."""

    data: str
    seed: int
    attackers: tuple[str, ...]
    rounds: int
    hidden: int
    rate: float
    target_ppm: int
    warm: bool


@dataclass
class Outcome:
    """What came of it."""

    start: Metrics
    final: Metrics
    earned: dict[str, int] = field(default_factory=dict)
    rounds: list[tuple[int, bool, int]] = field(default_factory=list)
    released: bool = False

    @property
    def money(self) -> int:
        """Everything that was paid."""
        return sum(self.earned.values())

    def paid(self, names: Sequence[str]) -> int:
        """How many of `names` were paid anything."""
        return sum(self.earned[name] > 0 for name in names)


def play(setting: Setting) -> Outcome:
    """Train and score every round of one bounty."""
    world = split(load(setting.data), holders=HOLDERS, rounds=setting.rounds, seed=setting.seed)
    shape = Shape(len(world.feature_names), setting.hidden, len(world.class_names))
    terms = ScoringTerms(shape, target_gain_ppm=setting.target_ppm)
    recipe = Recipe(learning_rate=setting.rate)
    base = _start(setting, world, terms)
    crowd = _Crowd(world, terms, recipe, setting)
    first, out = base, Outcome(_test(base, world.test), _test(base, world.test), dict.fromkeys(crowd.names, 0))
    last: RoundScore | None = None
    known: Update | None = None
    previous: tuple[Submission, ...] = ()
    gains: list[int] = []
    for number in range(setting.rounds):
        given = RoundInput(
            scoring=terms,
            base=base,
            rows=quantise_rows(world.shards[number].features, terms.scales.input_scale),
            labels=world.shards[number].labels,
            submissions=crowd.submissions(base, number),
            root_update=root_update(
                base, RowSource(world.root.features, world.root.labels), recipe, seed=number, bounds=terms.bounds
            ),
            last_aggregate=known,
            last_submissions=previous,
            seed=keccak(bytes([setting.seed, number])),
            round_budget=BUDGET,
            min_holders=3,
        )
        if number == setting.rounds - 1:
            rows = quantise_rows(world.final.features, terms.scales.input_scale)
            given = replace(given, last_round=True, final=FinalInput(rows, world.final.labels, first, tuple(gains)))
        last = score_round(given)
        for submission in given.submissions:
            out.earned[submission.holder] += last.payouts.get(submission.index, 0)
        out.rounds.append((last.gain_ppb, last.adopted, last.pool))
        base, previous = last.next_base, given.submissions
        if last.adopted:
            known = last.aggregate
            gains.append(last.gain_ppb)
    out.final, out.released = _test(base, world.test), bool(last and last.released)
    return out


class _Crowd:
    """Eight honest holders and the cheats of a setting."""

    def __init__(self, world: Split, terms: ScoringTerms, recipe: Recipe, setting: Setting) -> None:
        self._sources = [RowSource(part.features, part.labels) for part in world.parts]
        self._world, self._terms, self._recipe, self._seed = world, terms, recipe, setting.seed
        self._cheats = [
            Attacker(
                kind,
                self._sources[VICTIMS[kind]],
                recipe,
                public_prior=world.public_prior,
                bounds=terms.bounds,
                seed=setting.seed,
            )
            for kind in setting.attackers
        ]
        self.names = [*honest_names(), *setting.attackers]

    def submissions(self, base: Network, number: int) -> tuple[Submission, ...]:
        """Return the round's submissions, honest ones first."""
        prior, bounds = self._world.public_prior, self._terms.bounds
        seed = 1000 * self._seed + number
        updates = [
            train(base, source, self._recipe, seed=seed, public_prior=prior, bounds=bounds) for source in self._sources
        ]
        updates += [cheat.update(base, seed=seed) for cheat in self._cheats]
        return tuple(Submission(i, name, u) for i, (name, u) in enumerate(zip(self.names, updates, strict=True)))


def honest_names() -> list[str]:
    """Names of the honest holders."""
    return [f"holder{i}" for i in range(HOLDERS)]


def _start(setting: Setting, world: Split, terms: ScoringTerms) -> Network:
    base = starting_network(terms.shape, terms.scales, setting.seed)
    if not setting.warm:
        return base
    return warm_start(base, RowSource(world.root.features, world.root.labels), seed=setting.seed, bounds=terms.bounds)


def _test(network: Network, rows: Rows) -> Metrics:
    return evaluate(network, rows.features, rows.labels)


def table(settings: Sequence[Setting], outcomes: Sequence[Outcome], clean: Sequence[Outcome]) -> str:
    """Return one Markdown row a run."""
    heads = ["data", "seed", "honest paid", "cheats' share", "best cheat, net", "budget paid"]
    heads += ["AUC", "accuracy", "without cheats", "hold-back"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for setting, out, other in zip(settings, outcomes, clean, strict=True):
        taken = {name: out.earned[name] for name in setting.attackers}
        share = 100 * sum(taken.values()) / max(1, out.money)
        best = max(taken, key=lambda name: taken[name], default="-")
        net = (taken.get(best, 0) - setting.rounds * FEE) / BUDGET
        cells = [
            setting.data,
            setting.seed,
            f"{out.paid(honest_names())} of {HOLDERS}",
            f"{share:.2f} %",
            f"{best} {net:+.3f}",
            f"{100 * out.money / BUDGET / setting.rounds:.0f} %",
            f"{out.start.auc:.3f} -> {out.final.auc:.3f}",
            f"{out.start.accuracy:.3f} -> {out.final.accuracy:.3f}",
            f"{other.final.auc:.3f}, {other.final.accuracy:.3f}",
            "released" if out.released else "returned",
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Play every setting, with and without cheats, and print the table."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--data", nargs="+", default=["support2", "digits"])
    ask.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    ask.add_argument("--attackers", nargs="*", default=list(ATTACKS), choices=list(ATTACKS))
    ask.add_argument("--rounds", type=int, default=5)
    ask.add_argument("--hidden", type=int, default=32)
    ask.add_argument("--rate", type=float, help=f"learning rate; default {RATES}, .01 otherwise")
    ask.add_argument("--target-ppm", type=int, default=ScoringTerms.target_gain_ppm)
    ask.add_argument("--jobs", type=int, default=2)
    ask.add_argument("--verbose", action="store_true", help="print gain, adoption and pool of every round")
    given = ask.parse_args()
    settings = [
        Setting(
            data=data,
            seed=seed,
            attackers=tuple(given.attackers),
            rounds=given.rounds,
            hidden=given.hidden,
            rate=given.rate or RATES.get(data, 0.01),
            target_ppm=given.target_ppm,
            warm=data in WARM,
        )
        for data in given.data
        for seed in given.seeds
    ]
    with ProcessPoolExecutor(given.jobs) as pool:
        results = list(pool.map(play, [*settings, *(replace(s, attackers=()) for s in settings)]))
    outcomes, clean = results[: len(settings)], results[len(settings) :]
    print(table(settings, outcomes, clean))
    if given.verbose:
        for setting, out in zip(settings, outcomes, strict=True):
            steps = [
                f"{gain / 1e6:.0f}{'' if ok else '!'} ({100 * pool / BUDGET:.0f} %)" for gain, ok, pool in out.rounds
            ]
            print(setting.data, setting.seed, "gain in thousandths of the clip a row (paid):", ", ".join(steps))


if __name__ == "__main__":
    main()
