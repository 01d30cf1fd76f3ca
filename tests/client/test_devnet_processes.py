"""Processes that outlive a command are found again by number and start time, and nobody else is ever stopped."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from client.devnet.processes import Mark, last_lines, mark_of, runs, start, stop
from marketplace.domain.errors import StorageError

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)",
]
_PARENT_CODE = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])
print(child.pid, flush=True)
time.sleep(60)
"""
PARENT = [sys.executable, "-c", _PARENT_CODE]


def _started(command, log):
    process = start(command, log)
    until = time.monotonic() + 30
    while not last_lines(log):
        assert time.monotonic() < until
        time.sleep(0.01)
    mark = mark_of(process.pid)
    assert mark is not None
    return mark


def test_a_process_is_recognised_and_stopped(tmp_path):
    """What it said is in its log."""
    mark = _started(SLEEPER, tmp_path / "log")
    assert runs(mark)
    stop(mark)
    assert not runs(mark)
    assert "up" == last_lines(tmp_path / "log")


def test_a_number_that_was_given_out_again_is_a_strangers(tmp_path):
    """The same number with another start is not touched."""
    mark = _started(SLEEPER, tmp_path / "log")
    try:
        remembered = replace(mark, started="1")
        assert not runs(remembered)
        stop(remembered)
        assert runs(mark)
    finally:
        stop(mark)


def test_what_does_not_listen_is_killed(tmp_path):
    """After the time it was given."""
    mark = _started(DEAF, tmp_path / "log")
    before = time.monotonic()
    stop(mark, seconds=0.3)
    assert 0.3 <= time.monotonic() - before < 10
    assert not runs(mark)


def test_what_a_process_started_ends_with_it(tmp_path):
    """The whole group is asked to end."""
    mark = _started(PARENT, tmp_path / "log")
    child = mark_of(int(last_lines(tmp_path / "log")))
    assert child is not None
    stop(mark)
    until = time.monotonic() + 10
    while runs(child) and time.monotonic() < until:
        time.sleep(0.01)
    assert not runs(child)


def test_stopping_what_has_ended_does_nothing():
    """As often as one likes."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    stop(Mark(process.pid, "1"))
    assert mark_of(process.pid) is None


@pytest.mark.skipif(not Path("/usr/bin/setpriv").exists(), reason="the system cannot tie one process to another")
def test_what_is_tied_to_a_process_ends_when_that_one_is_killed(tmp_path):
    """Also when it was killed so that it could tidy nothing."""
    code = (
        "import sys, time; sys.path.insert(0, '.')\n"
        "from pathlib import Path\n"
        "from client.devnet.processes import start\n"
        f"child = start({SLEEPER!r}, Path({str(tmp_path / 'child')!r}), dies_with_us=True)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)"
    )
    parent = _started([sys.executable, "-c", code], tmp_path / "parent")
    child = mark_of(int(last_lines(tmp_path / "parent")))
    assert child is not None
    until = time.monotonic() + 30
    while not last_lines(tmp_path / "child"):
        assert time.monotonic() < until
        time.sleep(0.01)
    os.kill(parent.pid, signal.SIGKILL)
    while runs(child):
        assert time.monotonic() < until
        time.sleep(0.01)
    stop(parent)


def test_a_program_that_is_not_there_says_so(tmp_path):
    """One line, with its name."""
    with pytest.raises(StorageError, match="no-such-program cannot be started"):
        start([str(tmp_path / "no-such-program")], tmp_path / "log")
