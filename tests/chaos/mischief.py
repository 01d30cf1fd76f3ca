"""The four kinds of trouble: processes killed, blocks taken back, nodes that misbehave, machines that fail."""

from __future__ import annotations

import random
import resource
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from marketplace.domain.bounty import Phase
from tests.chaos.faults import CHAIN_FAULTS, STORE_FAULTS, Script
from tests.chaos.run import LOOK, Mischief, Run
from tests.chaos.sabotage import BROADCAST, MOMENTS
from tests.chaos.town import Person

__all__ = ["Faults", "Observer", "RandomKills", "Reorganisations", "StepKills", "Target", "steps_of"]

Target = tuple[str, int]
"""The n-th durable step of one name in the life of a participant, however often that was started."""


class Observer(Mischief):
    """Does nothing, and writes down every durable step of everybody."""

    def sabotage(self, run: Run, person: Person, life: int) -> dict[str, Any]:
        """Have the steps written down."""
        return {"steps": str(_steps_file(run, person))}


def steps_of(run: Run, person: Person) -> list[str]:
    """Return the durable steps of a person so far, in order."""
    with suppress(FileNotFoundError):
        return _steps_file(run, person).read_text().split("\n")[:-1]
    return []


class StepKills(Mischief):
    """Kills everybody at chosen steps, one after the other.

    Args:
        targets: name -> steps in the order in which they come.
        seed: decides whether before, in the middle of or after each.

    Attributes:
        done: (role, step, number) -> how often somebody was killed there.
    """

    def __init__(self, targets: Mapping[str, Sequence[Target]], seed: object) -> None:
        self._left = {name: list(steps) for name, steps in targets.items()}
        self._chance = random.Random(repr(seed))
        self._meant: dict[str, tuple[Target, str]] = {}
        self.done: Counter[tuple[str, str, int]] = Counter()
        self.moments: Counter[str] = Counter()

    def sabotage(self, run: Run, person: Person, life: int) -> dict[str, Any]:
        """Choose the next step this person dies at."""
        plan: dict[str, Any] = {"steps": str(_steps_file(run, person))}
        meant = self._meant.pop(person.name, None)
        if meant is not None and run.codes.get(person.name, [0])[-1] == -9:
            (step, number), moment = meant
            self.done[person.role, step, number] += 1
            self.moments[moment] += 1
        if left := self._left.get(person.name):
            step, number = left.pop(0)
            moment = self._chance.choice([m for m in MOMENTS if m != "torn" or step != BROADCAST])
            before = steps_of(run, person).count(step)
            plan["kill"] = {"step": step, "count": max(1, number - before), "moment": moment}
            self._meant[person.name] = (step, number), moment
        return plan


class RandomKills(Mischief):
    """Kills somebody now and then, and lets them lie for a while.

    Args:
        seed: decides when, whom, and for how long.
        every: mean seconds between two kills.
        most: kills in all.
    """

    def __init__(self, seed: object, *, every: float = 0.4, most: int = 40) -> None:
        self._chance = random.Random(repr(seed))
        self._every, self._most = every, most
        self._next = 0.0
        self.killed = 0

    def tick(self, run: Run) -> None:
        """Kill somebody when it is time."""
        now = time.monotonic()
        if not self._next:
            self._next = now + self._chance.expovariate(1 / self._every)
        if now < self._next or self.killed >= self._most or not run.alive:
            return
        self._next = now + self._chance.expovariate(1 / self._every)
        pid = self._chance.choice(sorted(run.alive, key=lambda p: run.alive[p].name))
        run.kill(pid)
        self.killed += 1

    def pause(self, person: Person) -> float:
        """Seconds a person stays dead."""
        return self._chance.uniform(0, 0.8)


class Reorganisations(Mischief):
    """Takes blocks back: at every edge between two phases, or at random times.

    Args:
        seed: decides when, where it is random.
        edges: how deep at each edge; None for none.
        deep: how many at random times, up to `deepest`.

    Attributes:
        done: (phase, depth) -> how many; phase is None for those at random times.
        undone: transactions that were taken back.
    """

    def __init__(
        self, seed: object, *, edges: int | None = None, deep: int = 0, deepest: int = 64, every: float = 1.5
    ) -> None:
        self._chance = random.Random(repr(seed))
        self._edges, self._deep, self._deepest, self._every = edges, deep, deepest, every
        self._seen: set[tuple[int, Phase]] = set()
        self._next = self._looked = 0.0
        self.done: Counter[tuple[Phase | None, int]] = Counter()
        self.undone = 0

    def tick(self, run: Run) -> None:
        """Reorganise when it is time."""
        now = time.monotonic()
        if now < self._looked + LOOK:
            return
        self._looked, where = now, run.where()
        if where is None:
            return
        if self._edges and where not in self._seen:
            self._seen.add(where)
            self._reorganise(run, self._edges, where[1])
        if self._deep and not self._next:
            self._next = now + self._chance.expovariate(1 / self._every)
        if self._deep and now >= self._next:
            self._next = now + self._chance.expovariate(1 / self._every)
            self._deep -= 1
            self._reorganise(run, self._chance.randint(1, self._deepest), None)

    def _reorganise(self, run: Run, depth: int, phase: Phase | None) -> None:
        rpc, clock = run.town.rpc, run.town.clock
        with run.time:
            head = clock.head()
            depth = min(depth, head - run.town.start)  # what was there before anybody came stays
            if depth < 1:
                return
            gone = sum(clock.transactions(number) for number in range(head - depth + 1, head + 1))
            # Empty blocks of the same second would be the same blocks again: somebody else makes these.
            rpc.ask("anvil_setCoinbase", "0x" + self._chance.randbytes(20).hex())
            rpc.ask("anvil_reorg", depth, [])
        self.done[phase, depth] += 1
        self.undone += gone


class Faults(Mischief):
    """Nodes misbehave towards everybody, some clocks are wrong, some disks are full for a while.

    Args:
        seed: decides everything.
        kinds: of faults of the chain's node that each person meets.

    Attributes:
        full: how often a disk was full. shifted: people with a wrong clock.
    """

    def __init__(self, seed: int, *, kinds: int = 5, store_kinds: int = 3) -> None:
        self._seed, self._kinds, self._store_kinds = seed, kinds, store_kinds
        self._chance = random.Random(f"machines {seed}")
        self._limited: dict[int, float] = {}
        self._next = 0.0
        self.shifted: set[str] = set()
        self.full = 0

    def sabotage(self, run: Run, person: Person, life: int) -> dict[str, Any]:
        """Set somebody's clock wrong, or fill a disk at some write of the journal."""
        plan: dict[str, Any] = {}
        chance = random.Random(f"{self._seed} {person.name}")
        if chance.random() < 0.5:
            plan["clock"] = chance.choice((-600, 600))
            self.shifted.add(person.name)
        if life == 0 and chance.random() < 0.3:
            plan["full"] = {"step": "outbox", "count": chance.randint(1, 8), "times": chance.randint(1, 3)}
            self.full += 1
        return plan

    def chain_script(self, person: Person) -> Script:
        """Return the faults of the chain's node."""
        chance = random.Random(f"chain {self._seed} {person.name}")
        return Script((self._seed, person.name, "chain"), chance.sample(CHAIN_FAULTS, self._kinds))

    def store_script(self, person: Person) -> Script:
        """Return the faults of the store's node."""
        chance = random.Random(f"store {self._seed} {person.name}")
        return Script((self._seed, person.name, "store"), chance.sample(STORE_FAULTS, self._store_kinds), gap=(3, 15))

    def tick(self, run: Run) -> None:
        """Leave somebody's process no room for its files, for a second."""
        now = time.monotonic()
        for pid, until in list(self._limited.items()):
            if now > until:
                del self._limited[pid]
                _limit(pid, resource.RLIM_INFINITY)
        if not self._next:
            self._next = now + self._chance.uniform(1, 4)
        if now >= self._next and run.alive:
            self._next = now + self._chance.uniform(3, 8)
            pid = self._chance.choice(sorted(run.alive, key=lambda p: run.alive[p].name))
            journal = run.home(run.alive[pid]) / "journal"
            if journal.exists():
                _limit(pid, journal.stat().st_size + self._chance.randint(0, 200))
                self._limited[pid] = now + 1.0
                self.full += 1

    def pause(self, person: Person) -> float:
        """Seconds until somebody starts again after an error."""
        return self._chance.uniform(0.1, 1.0)


def _limit(pid: int, size: int) -> None:
    with suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def _steps_file(run: Run, person: Person) -> Path:
    return run.folder / f"{person.name}.steps"
