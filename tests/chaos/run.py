"""One run: everybody is started, dies or is deceived as the script of the run says, is started again, and finishes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client.devnet.conductor import Conductor
from client.settings import StorageSettings
from marketplace.chain.events import read_events
from marketplace.domain import events as ev
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import GradMarketError
from tests.chaos.chain_proxy import ChainProxy
from tests.chaos.faults import Script
from tests.chaos.store_proxy import StoreProxy
from tests.chaos.town import SEATS, Person, Town

__all__ = ["Mischief", "Run"]

PULSE = 0.2
PATIENCE = 60.0
LIMIT = 600.0
PAUSE = 0.05
LOOK = 0.1
"""Seconds between two looks of the script of a run at the chain."""


class Mischief:
    """What happens to a run; this one does nothing, and others override what they need."""

    def sabotage(self, run: Run, person: Person, life: int) -> dict[str, Any]:
        """Return what a person suffers in its next life, counted from 0; see `sabotage.apply`."""
        return {}

    def chain_script(self, person: Person) -> Script | None:
        """Return how the chain's node behaves towards a person; None for a direct connection."""
        return None

    def store_script(self, person: Person) -> Script | None:
        """Return how the store's node behaves towards a person."""
        return None

    def tick(self, run: Run) -> None:
        """Do something to the run now."""

    def pause(self, person: Person) -> float:
        """How many seconds a person stays dead."""
        return PAUSE


@dataclass
class Run:
    """Everybody in one bounty, from the first transaction to the last withdrawal.

    Attributes:
        folder: everybody's folders and logs of this run.
        ipfs: URL of an IPFS node, or None for a shared folder.
        lives: how often each person was started.
        codes: how each of those lives ended: 0, an exit code, or a signal as a negative number.
        time: held by whoever moves the chain's time or its blocks. Time that is moved for a phase which was taken back
            a moment ago would pass the deadline of the phase before.
    """

    town: Town
    folder: Path
    mischief: Mischief = field(default_factory=Mischief)
    ipfs: str | None = None
    limit: float = LIMIT
    lives: Counter[str] = field(default_factory=Counter)
    codes: dict[str, list[int]] = field(default_factory=dict)
    scripts: dict[str, list[Script]] = field(default_factory=dict)
    seconds: float = 0.0
    bounty: bytes = b""

    def __post_init__(self) -> None:
        """Put everything back to the beginning."""
        self.town.reset(self.folder)
        self.account = self.town.bank().account
        self.alive: dict[int, Person] = {}
        self.time = threading.Lock()
        self._due: list[tuple[float, Person]] = []
        self._until = self._looked = 0.0

    def play(self) -> Run:
        """Let it happen; raises AssertionError with the last words of whoever did not finish in time."""
        began = time.monotonic()
        self._until = began + self.limit
        with ExitStack() as undo:
            for person in self.town.people:
                self._furnish(person, undo)
            undo.callback(self._stop_all)
            over = threading.Event()
            conductor = threading.Thread(target=self._conduct, args=(over,), daemon=True)
            conductor.start()
            undo.callback(conductor.join, 30)
            undo.callback(over.set)
            people = {
                role: [p for p in self.town.people if p.role == role] for role in ("validator", "owner", "holder")
            }
            self._due = [(began, p) for p in people["validator"]]
            self._live(until=self._all_staked)
            self._due += [(time.monotonic(), p) for p in (*people["owner"], *people["holder"])]
            self._live(until=lambda: not self.alive and not self._due)
        self.seconds = time.monotonic() - began
        return self

    def kill(self, pid: int) -> None:
        """Kill a person's process outright."""
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def where(self) -> tuple[int, Phase] | None:
        """Return the round and the phase; None before the bounty is posted, or while it is taken back."""
        try:
            if not self.bounty:
                found = posted(self.account)
                self.bounty = found[0].bounty if found else b""
            state = self.account.bounty(self.bounty) if self.bounty else None
        except GradMarketError:
            return None
        return None if state is None else (state.round, state.phase)

    def home(self, person: Person) -> Path:
        """A person's folder in this run."""
        return self.folder / person.name

    def last_words(self) -> str:
        """The ends of the logs of whoever is not done."""
        waiting = [*self.alive.values(), *(person for _, person in self._due)]
        found = [f"{p.name} (life {self.lives[p.name]}):\n{_tail(self._log(p))}" for p in waiting]
        return f"{self.where()}\n" + "\n".join(found)

    # ------------------------------------------------------------------ details
    def _furnish(self, person: Person, undo: ExitStack) -> None:
        """Write a person's settings for this run; proxies stand before the nodes that misbehave."""
        chain, store = self.mischief.chain_script(person), self.mischief.store_script(person)
        self.scripts[person.name] = [script for script in (chain, store) if script is not None]
        url, ipfs = self.town.state.url, self.ipfs
        if chain is not None:
            url = undo.enter_context(ChainProxy(url, chain)).url
        if ipfs is not None and store is not None:
            ipfs = undo.enter_context(StoreProxy(ipfs, store)).url
        storage = (
            StorageSettings(kind="folder", path=str(self.folder / "store"))
            if ipfs is None
            else StorageSettings(kind="ipfs", urls=(ipfs,))
        )
        text = self.town.settings(person, url, storage).to_toml()
        (self.home(person) / "settings.toml").write_text(text)

    def _live(self, until) -> None:
        while not until():
            if time.monotonic() > self._until:
                msg = f"the run did not end in {self.limit:.0f} s: {self.last_words()}"
                raise AssertionError(msg)
            now = time.monotonic()
            for moment, person in [due for due in self._due if due[0] <= now]:
                self._due.remove((moment, person))
                self._start(person)
            ended = self.town.nursery.ended(0.05)
            if ended is not None and ended[0] in self.alive:
                person = self.alive.pop(ended[0])
                self.codes.setdefault(person.name, []).append(ended[1])
                if ended[1] != 0:
                    self._due.append((time.monotonic() + self.mischief.pause(person), person))
            self.mischief.tick(self)

    def _start(self, person: Person) -> None:
        plan = self.mischief.sabotage(self, person, self.lives[person.name])
        self.lives[person.name] += 1
        argv = ["gradmarket", person.role, "run", str(self.home(person))]
        environment = {"GRADMARKET_PASSWORD_FILE": str(self.town.password_file)}
        pid = self.town.nursery.start(argv, self._log(person), environment, plan)
        self.alive[pid] = person

    def _log(self, person: Person) -> Path:
        return self.folder / f"{person.name}.log"

    def _all_staked(self) -> bool:
        if time.monotonic() < self._looked + LOOK:
            return False
        self._looked = time.monotonic()
        terms = self.town.terms
        try:
            pool = self.account.registry.pool(terms.ticket_stake)
            return self.account.vault.balance(pool) >= SEATS * terms.ticket_stake
        except GradMarketError:
            return False

    def _stop_all(self) -> None:
        for pid in self.alive:
            self.kill(pid)
        until = time.monotonic() + 10
        while self.alive and time.monotonic() < until:
            ended = self.town.nursery.ended(0.1)
            if ended is not None:
                self.alive.pop(ended[0], None)

    def _conduct(self, over: threading.Event) -> None:
        """Move the chain's time; a reorganisation may take away whatever is being looked at."""
        account = self.town.bank().account
        conductor = Conductor(account, self.town.clock, holders=self.town.holders, patience=PATIENCE, pulse=PULSE)
        while not over.is_set():
            try:
                with self.time:
                    moved = conductor.step()
            except (GradMarketError, LookupError, TypeError):
                moved = False
            if not moved:
                over.wait(0.1)


def _tail(path: Path, count: int = 1500) -> str:
    try:
        return path.read_text(errors="replace")[-count:]
    except FileNotFoundError:
        return "(nothing)"


def posted(account) -> list[ev.Posted]:
    """Return the bounties on a market."""
    first, last = account.deployment.block, account.head()
    return list(read_events(account.chain, [account.contract_address], first, last, kinds=[ev.Posted]))
