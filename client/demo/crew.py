"""The processes of a demonstration: started, watched, and all stopped again however it ends."""

from __future__ import annotations

import signal
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from client.devnet.processes import last_lines, mark_of, start, stop
from marketplace.domain.errors import ProtocolError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from types import FrameType

__all__ = ["Crew", "Member", "ending_in_order"]

_SIGNALLED = 128


@dataclass(frozen=True)
class Member:
    """One process and where its log is."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path


class Crew:
    """Processes that have to end well, each in a process group of its own."""

    def __init__(self) -> None:
        self.members: list[Member] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.dismiss()

    def hire(self, name: str, command: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
        """Start a process; what it says goes to `log`."""
        process = start(command, log, environment=environment, dies_with_us=True)
        self.members.append(Member(name, process, log))

    def working(self) -> list[str]:
        """Return the names of those that have not ended.

        Raises:
            ProtocolError: somebody ended badly; the message ends with what it said last.
        """
        left = []
        for member in self.members:
            code = member.process.poll()
            if code is None:
                left.append(member.name)
            elif code:
                said = last_lines(member.log, 3).replace("\n", " / ") or "nothing"
                msg = f"{member.name} ended with exit code {code}: see {member.log} (with --keep); it said {said}"
                raise ProtocolError(msg)
        return left

    def dismiss(self) -> None:
        """Stop everybody who still runs."""
        marks = [mark_of(member.process.pid) for member in self.members if member.process.poll() is None]
        stop(*(mark for mark in marks if mark is not None))
        for member in self.members:
            member.process.wait()


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Make SIGTERM and SIGHUP unwind the stack like Ctrl-C does, so that what was started is stopped."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def leave(number: int, _: FrameType | None) -> None:
        for again in before:  # one is enough: a second one must not cut the tidying short
            signal.signal(again, signal.SIG_IGN)
        raise SystemExit(_SIGNALLED + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
