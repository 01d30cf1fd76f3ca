"""What goes wrong inside a participant's own process: it dies at a chosen step, its disk is full, its clock is wrong.

Nothing of this is in the product. A participant is forked from a process that has loaded it (`nursery`), and the fork
wraps the two places where something becomes durable or public: a write of the journal, a broadcast of a transaction.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

__all__ = ["BROADCAST", "MOMENTS", "apply"]

BROADCAST = "broadcast"
"""The step at which a signed transaction is handed to a node; all others are named after what the journal writes."""
MOMENTS = ("before", "torn", "after")
"""Just before a step, in the middle of it (a record half written), just after it."""


def apply(plan: dict[str, Any]) -> None:
    """Prepare this process for what it is going to suffer.

    Args:
        plan: `steps`: a file to which the name of each durable step is added; `kill`: {step, count, moment}, the
            `count`-th such step is the last thing this process does; `full`: {step, count, times}, from the `count`-th
            such step on the disk has no room for a while; `clock`: seconds by which this machine's clock is wrong.
    """
    if plan.get("clock"):
        _shift_clock(float(plan["clock"]))
    if not any(plan.get(part) for part in ("steps", "kill", "full")):
        return
    watch = _Watch(plan)
    _wrap_journal(watch)
    _wrap_broadcast(watch)


class _Watch:
    """Counts steps, and strikes when the one comes that the plan names."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self._steps = plan.get("steps")
        self._kill = plan.get("kill") or {}
        self._full = plan.get("full") or {}
        self._counts: Counter[str] = Counter()
        self._refused = 0

    def run(self, step: str, act: Callable[[], Any]) -> Any:
        """Do a step, or a part of it."""
        self._counts[step] += 1
        if self._steps:
            with Path(self._steps).open("a", encoding="utf-8") as file:
                file.write(f"{step}\n")
        if (step, self._counts[step]) != (self._kill.get("step"), self._kill.get("count")):
            return self._with_room(step, act)
        if self._kill["moment"] == "before":
            _die()
        if self._kill["moment"] == "torn" and step != BROADCAST:
            _tear()
        result = act()
        _die()
        return result

    def _with_room(self, step: str, act: Callable[[], Any]) -> Any:
        full = self._full
        if step != full.get("step") or self._counts[step] < full["count"] or self._refused >= full["times"]:
            return act()
        self._refused += 1
        return _without_room(act)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # the signal is on its way


def _tear() -> None:
    """Let the next write put half of its bytes on the disk, and nothing after it."""
    write = os.pwrite

    def torn(descriptor: int, data: bytes, offset: int) -> int:
        write(descriptor, data[: len(data) // 2], offset)
        os.fsync(descriptor)
        _die()
        return 0

    os.pwrite = torn


def _without_room(act: Callable[[], Any]) -> Any:
    """Do `act` on a disk that takes half of a write and then has no room left."""
    write, room = os.pwrite, [True]

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if room[0]:
            room[0] = False
            return write(descriptor, data[: len(data) // 2], offset)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    os.pwrite = full
    try:
        return act()
    finally:
        os.pwrite = write


def _shift_clock(seconds: float) -> None:
    """Let whoever asks this machine for the time hear another one; durations stay right, as on a real machine."""
    now, now_ns = time.time, time.time_ns
    time.time = lambda: now() + seconds
    time.time_ns = lambda: now_ns() + int(seconds * 10**9)


def _wrap_journal(watch: _Watch) -> None:
    from client.journal import FileJournal  # noqa: PLC0415 - only where there is something to wrap

    write = FileJournal._write

    def wrapped(self: FileJournal, name: str, value: bytes) -> None:
        kind = name.partition("/")[0] if value[:1] == b"\1" else f"{name.partition('/')[0]} removed"
        watch.run(kind, lambda: write(self, name, value))

    FileJournal._write = wrapped


def _wrap_broadcast(watch: _Watch) -> None:
    from web3.eth import Eth  # noqa: PLC0415 - only where there is something to wrap

    send = Eth.send_raw_transaction

    def wrapped(self: Eth, transaction: Any) -> Any:
        return watch.run(BROADCAST, lambda: send(self, transaction))

    Eth.send_raw_transaction = wrapped
