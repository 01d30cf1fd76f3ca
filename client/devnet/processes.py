"""Processes that outlive the command that started them, and how they are found and stopped again.

A process is remembered by its number and by when it started: numbers are given out again, and whoever has one now is
a stranger that nobody here may stop.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import StorageError
from marketplace.storage.disk import explained

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Mark", "last_lines", "mark_of", "runs", "start", "stop"]

_STARTED_FIELD: Final = 19
"""Of /proc/PID/stat, counted from the state behind the name in parentheses."""
_TAIL_BYTES: Final = 1 << 14
_PATIENCE_SECONDS: Final = 10.0

_children: Final[dict[int, subprocess.Popen[bytes]]] = {}
"""What this process started and has not stopped: kept, because the end of a child has to be taken note of."""


@dataclass(frozen=True)
class Mark:
    """What a process is recognised by.

    Attributes:
        pid: its number; it leads a process group of the same number.
        started: when it started, as the system tells it; compared, never read.
    """

    pid: int
    started: str


def start(
    command: Sequence[str],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    dies_with_us: bool = False,
) -> subprocess.Popen[bytes]:
    """Start `command` in a process group of its own, with everything it says in the file `log`.

    Args:
        command: program and arguments; no secrets, every user of the machine can read them.
        log: appended to.
        environment: variables to add to this process's.
        dies_with_us: where the system can (Linux with util-linux), end it too when this process is killed outright.

    Raises:
        StorageError: it cannot be started, or the log not be written.
    """
    guard = shutil.which("setpriv") if dies_with_us else None
    whole = [guard, "--pdeathsig", "TERM", "--", *command] if guard else list(command)
    with explained(log), log.open("ab") as file:
        try:
            process = subprocess.Popen(  # noqa: S603 - programs of this product, arguments of our own
                whole,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=None if environment is None else {**os.environ, **environment},
            )
        except OSError as error:
            msg = f"{command[0]} cannot be started ({error.strerror}): install it again"
            raise StorageError(msg) from error
    _children[process.pid] = process
    return process


def mark_of(pid: int) -> Mark | None:
    """Return what process `pid` is recognised by; None when there is none, or only its remains."""
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        with suppress(OSError):
            rest = stat.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            return None if rest[0] in "ZX" else Mark(pid, rest[_STARTED_FIELD])
        return None
    found = subprocess.run(  # noqa: S603 - a number is all it is given
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - where ps lies differs
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split(maxsplit=1)
    return None if len(found) < 2 or found[0].startswith("Z") else Mark(pid, found[1].strip())  # noqa: PLR2004


def runs(mark: Mark) -> bool:
    """Say whether that very process still runs."""
    return mark_of(mark.pid) == mark


def stop(*marks: Mark, seconds: float = _PATIENCE_SECONDS) -> None:
    """End these processes and their groups: asked first, killed after `seconds`; strangers are left alone."""
    _signal(marks, signal.SIGTERM)
    until = time.monotonic() + seconds
    while any(map(runs, marks)):
        if time.monotonic() > until:
            _signal(marks, signal.SIGKILL)
            until = time.monotonic() + seconds
        for mark in marks:
            _reap(mark)
        time.sleep(0.02)
    for mark in marks:
        _reap(mark)


def last_lines(log: Path, lines: int = 12) -> str:
    """Return the end of a log, for people."""
    with suppress(OSError), log.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        return "\n".join(file.read().decode("utf-8", "replace").strip().splitlines()[-lines:])
    return ""


def _signal(marks: Sequence[Mark], number: signal.Signals) -> None:
    for mark in marks:
        if runs(mark):
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(mark.pid, number)


def _reap(mark: Mark) -> None:
    """Take note of a child's end; for somebody else's child there is nothing to take note of."""
    child = _children.get(mark.pid)
    if child is not None and child.poll() is not None:
        del _children[mark.pid]
