"""Whole experiments: many runs of one kind of trouble, each compared with a run nobody disturbed.

The quick tests play a few, `python -m tests.chaos` plays as many as it is asked for.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client.devnet.ipfsnode import IpfsNode
from tests.chaos.judge import Verdict, judge, wrongs
from tests.chaos.mischief import Faults, Observer, RandomKills, Reorganisations, StepKills, Target, steps_of
from tests.chaos.nursery import BROKEN
from tests.chaos.run import Mischief, Run
from tests.chaos.town import Town

__all__ = ["Played", "Theatre"]

MOST_KILLS_A_LIFE = 7
"""Kills of one person in one run; more would take longer than another run."""


@dataclass
class Played:
    """What an experiment did and found.

    Attributes:
        runs: how many ended. wrong: what was wrong with those that did not end as they should, by run.
        figures: what was done, counted.
        seconds: of each run.
        alike: runs that ended with the balances of the undisturbed one.
    """

    runs: int = 0
    wrong: dict[str, list[str]] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    alike: int = 0

    def add(self, other: Played) -> None:
        """Count what another experiment of the same kind did."""
        self.runs, self.alike = self.runs + other.runs, self.alike + other.alike
        self.wrong.update({f"{name} ({self.runs})": wrong for name, wrong in other.wrong.items()})
        self.figures.update(other.figures)
        self.endings.update(other.endings)
        self.seconds += other.seconds

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold."""
        mean = sum(self.seconds) / len(self.seconds) if self.seconds else 0.0
        return {
            "runs": self.runs,
            "wrong": self.wrong,
            "same_balances": self.alike,
            "endings": dict(self.endings),
            "mean_seconds": round(mean, 1),
            **{name: self.figures[name] for name in sorted(self.figures)},
        }


class Theatre:
    """A town in which experiments are made.

    Args:
        town: built and waiting.
        folder: for the runs; those that went well are deleted.
        say: told a line after each run.
    """

    def __init__(self, town: Town, folder: Path, say: Callable[[str], None] = lambda _line: None) -> None:
        self.town, self.folder, self.say = town, folder, say
        self._undisturbed: Verdict | None = None
        self._steps: dict[str, list[str]] = {}
        self._number = 0
        self.node: IpfsNode | None = None

    @property
    def undisturbed(self) -> Verdict:
        """How a run ends that nobody disturbs; played when it is first asked for."""
        if self._undisturbed is None:
            run = Run(self.town, self._next("undisturbed"), Observer())
            run.play()
            found = judge(run)
            wrong = wrongs(found)
            if wrong or found.slashed:
                msg = f"the undisturbed run is wrong already: {wrong}, {found}"
                raise AssertionError(msg)
            self._undisturbed = found
            self._steps = {person.name: steps_of(run, person) for person in self.town.people}
            steps = sum(map(len, self._steps.values()))
            self.say(f"undisturbed: {run.seconds:.1f} s, {steps} durable steps, {found.wasted} wasted transactions")
            shutil.rmtree(run.folder)
        return self._undisturbed

    # ------------------------------------------------------------------ experiments
    def kill_at_steps(self, each: int, *, most_runs: int = 10_000, seed: int = 0) -> Played:
        """Kill somebody at every durable step of every role, `each` times."""
        played, wanted, done = Played(), self._wanted(each), Counter()
        # A step that a killed process does not come to any more is tried in a few runs more than needed at most.
        for number in range(min(most_runs, 2 * each)):
            targets = self._choose(wanted, done, random.Random(f"{seed} {number}"))
            if not targets:
                break
            mischief = StepKills(targets, (seed, number))
            self._one(played, f"steps-{number}", mischief, compare=True)
            for (role, step, count), times in mischief.done.items():
                wanted[role, step] -= times
                done[role, step, count] += times
                played.figures["kills"] += times
            played.figures.update({f"kills {moment}": n for moment, n in mischief.moments.items()})
        occurrences = {
            (person.role, step, number + 1)
            for person in self.town.people
            for step, count in Counter(self._steps[person.name]).items()
            for number in range(count)
        }
        played.figures["steps"] = len(wanted)
        played.figures["steps killed as often as asked"] = sum(left <= 0 for left in wanted.values())
        played.figures["occurrences of steps"] = len(occurrences)
        played.figures["occurrences killed"] = len(occurrences & done.keys())
        return played

    def kill_at_random(self, kills: int, *, seed: int = 0, every: float = 1.0) -> Played:
        """Kill somebody at random times until there were `kills`."""
        played, number = Played(), 0
        while played.figures["kills"] < kills:
            mischief = RandomKills((seed, number), every=every, most=kills - played.figures["kills"])
            self._one(played, f"random-{number}", mischief, compare=True)
            played.figures["kills"] += mischief.killed
            number += 1
        return played

    def reorganise_edges(self, depths: range, *, seed: int = 0) -> Played:
        """Take blocks back at every edge between phases, as deep as each of `depths`."""
        played = Played()
        for depth in depths:
            mischief = Reorganisations((seed, depth), edges=depth)
            self._one(played, f"edges-{depth}", mischief, compare=True)
            self._count(played, mischief)
        return played

    def reorganise_at_random(self, times: int, *, seed: int = 0, a_run: int = 10) -> Played:
        """Take up to 64 blocks back at random times; bounties may end void, and no unit may be missing."""
        played, number, done = Played(), 0, 0
        while done < times and number < 4 * times:
            mischief = Reorganisations((seed, number), deep=min(a_run, times - done))
            self._one(played, f"deep-{number}", mischief, compare=False)
            self._count(played, mischief)
            done, number = sum(played.figures[name] for name in played.figures if name.startswith("depth ")), number + 1
        return played

    def deceive(self, seeds: Iterator[int] | range) -> Played:
        """Let nodes, clocks and disks fail, differently for each seed, with contents on a real IPFS node."""
        played = Played()
        if self.node is None:
            self.node = IpfsNode(self.folder / "ipfs", dies_with_us=True)
            self.node.start()
        for seed in seeds:
            mischief = Faults(seed)
            run = self._one(played, f"faults-{seed}", mischief, compare=False, ipfs=self.node.url)
            for script in (script for scripts in run.scripts.values() for script in scripts):
                played.figures.update({f"fault {kind}": n for kind, n in script.met.items()})
            played.figures["disks full"] += mischief.full
            played.figures["wrong clocks"] += len(mischief.shifted)
        return played

    def close(self) -> None:
        """Stop what was started here."""
        if self.node is not None:
            self.node.stop()

    # ------------------------------------------------------------------ details
    def _one(self, played: Played, name: str, mischief: Mischief, *, compare: bool, ipfs: str | None = None) -> Run:
        undisturbed = self.undisturbed
        run = Run(self.town, self._next(name), mischief, ipfs)
        try:
            run.play()
            found = judge(run)
        except AssertionError as error:
            wrong = [str(error)]
        else:
            wrong = wrongs(found, undisturbed if compare else None)
            played.alike += found.wallets == undisturbed.wallets
            played.endings[f"{found.closed.name if found.closed else 'open'}, {len(found.settled)} settled"] += 1
            played.figures["wasted transactions"] += found.wasted
            played.figures["slashed seats"] += found.slashed
        codes = [code for codes in run.codes.values() for code in codes]
        played.figures.update(
            {f"ends with code {code}": n for code, n in Counter(codes).items() if code not in (0, -9)}
        )
        if BROKEN in codes:
            wrong.append("somebody's program broke: see the logs")
        played.runs += 1
        played.seconds.append(run.seconds)
        if wrong:
            played.wrong[name] = wrong
        else:
            shutil.rmtree(run.folder)
        self.say(
            f"{name}: {run.seconds:.1f} s, {sum(run.lives.values())} lives, {'; '.join(wrong) or 'as it should be'}"
        )
        return run

    def _count(self, played: Played, mischief: Reorganisations) -> None:
        for (phase, depth), times in mischief.done.items():
            played.figures[f"depth {depth}" if phase is None else f"edge {phase.name}"] += times
        played.figures["reorganisations"] += sum(mischief.done.values())
        played.figures["transactions undone"] += mischief.undone

    def _wanted(self, each: int) -> Counter[tuple[str, str]]:
        """How often somebody of each role is to be killed at each of its steps."""
        assert self.undisturbed
        found = {(person.role, step) for person in self.town.people for step in self._steps[person.name]}
        return Counter(dict.fromkeys(found, each))

    def _choose(
        self, wanted: Counter[tuple[str, str]], done: Counter[tuple[str, str, int]], chance: random.Random
    ) -> dict[str, list[Target]]:
        """Share the steps at which somebody is still to be killed among the people of each role, for one run.

        Of a step that comes many times, those numbers come first that nobody was killed at yet.
        """
        left, targets = wanted.copy(), {}
        for person in self.town.people:
            counts: Counter[str] = Counter()
            steps = [(step, counts.update((step,)) or counts[step]) for step in self._steps[person.name]]
            order = sorted(steps, key=lambda one: (done[person.role, *one], chance.random()))
            chosen: list[Target] = []
            for step, number in order:
                if left[person.role, step] > 0 and len(chosen) < MOST_KILLS_A_LIFE:
                    left[person.role, step] -= 1
                    chosen.append((step, number))
            if chosen:
                targets[person.name] = [one for one in steps if one in chosen]
        return targets

    def _next(self, name: str) -> Path:
        self._number += 1
        return self.folder / f"{self._number:04d}-{name}"
