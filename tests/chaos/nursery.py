"""Participants by the dozen: one process loads everything heavy once, and every participant is a fork of it.

A fork runs the same command line as a person's shell would start, on its own folder, and shares nothing with the
others; killing it is killing a participant. Loading web3 and torch anew costs seconds of a core, a fork milliseconds.

`python -m tests.chaos.nursery` reads orders as lines of JSON and answers with who was born and who ended.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import queue
import resource
import selectors
import signal
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Any

__all__ = ["BROKEN", "Nursery"]

_ROOT = Path(__file__).parents[2]
BROKEN = 70
"""How a participant ends whose program raised what it does not know."""
_PATIENCE = 300
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of Linux."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Nursery:
    """The other end: starts participants, and tells who ended how."""

    def __init__(self, log: Path) -> None:
        environment = {**os.environ, **dict.fromkeys(_THREADS, "1"), "PYTHONPATH": str(_ROOT)}
        self._log = log
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.chaos.nursery"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=file,
                cwd=_ROOT,
                env=environment,
                text=True,
                start_new_session=True,
            )
        self._ended: queue.SimpleQueue[tuple[int, int]] = queue.SimpleQueue()
        self._born: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.born()  # it says 0 when it has loaded everything

    def start(self, argv: list[str], log: Path, environment: dict[str, str], sabotage: dict[str, Any]) -> int:
        """Start a participant and return its process's number."""
        order = {"argv": argv, "log": str(log), "environment": environment, "sabotage": sabotage}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self.born()

    def born(self) -> int:
        """Return the next number it tells; raises AssertionError when it cannot tell any more."""
        for _ in range(_PATIENCE):
            with suppress(queue.Empty):
                return self._born.get(timeout=1)
            if self._process.poll() is not None:
                break
        msg = f"the nursery does not answer: see {self._log}"
        raise AssertionError(msg)

    def ended(self, seconds: float) -> tuple[int, int] | None:
        """Return (process number, exit code) of one that ended, the signal as a negative code; None after a while."""
        with suppress(queue.Empty):
            return self._ended.get(timeout=seconds)
        return None

    def close(self) -> None:
        """End it, and whoever it started."""
        self._process.stdin.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(10)
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._thread.join(5)
        self._process.stdout.close()

    def _listen(self) -> None:
        for line in self._process.stdout:
            said = json.loads(line)
            if "born" in said:
                self._born.put(said["born"])
            else:
                self._ended.put((said["ended"], said["code"]))


# ---------------------------------------------------------------------- the process itself
def _load() -> None:
    """Import whatever a participant imports sooner or later; some of torch comes with the first step of training."""
    import numpy as np  # noqa: PLC0415
    import safetensors.numpy  # noqa: F401, PLC0415
    from torch import set_num_threads  # noqa: PLC0415

    import client.cli  # noqa: PLC0415
    import client.home  # noqa: PLC0415
    import client.service.loop  # noqa: PLC0415
    import client.service.tasks  # noqa: F401, PLC0415
    import marketplace.storage.ipfs  # noqa: PLC0415
    import marketplace.storage.pins  # noqa: F401, PLC0415
    from client.training import Recipe, RowSource, root_update, starting_network  # noqa: PLC0415
    from marketplace.domain.network import Shape  # noqa: PLC0415
    from marketplace.domain.scoring_terms import ScoringTerms  # noqa: PLC0415
    from marketplace.domain.terms_document import RecipeTerms  # noqa: PLC0415

    set_num_threads(1)
    scoring = ScoringTerms(Shape(2, 2, 2))
    rows = RowSource(np.array([[0.0, 1.0], [1.0, 0.0]] * 10), np.array([0, 1] * 10))
    base = starting_network(scoring.shape, scoring.scales, 0)
    root_update(base, rows, Recipe.from_terms(RecipeTerms()), seed=0, bounds=scoring.bounds)
    gc.collect()
    gc.freeze()


def _live(order: dict[str, Any]) -> None:
    """Be a participant until the command line is done; never returns."""
    code = BROKEN
    try:
        os.setsid()  # as from a shell of its own
        ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        out = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.environ.update(order["environment"])
        from client.cli import main  # noqa: PLC0415 - loaded before the fork
        from tests.chaos.sabotage import apply  # noqa: PLC0415

        apply(order["sabotage"])
        sys.argv = order["argv"]
        code = main() or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001 - whatever it was, the log has it
        import traceback  # noqa: PLC0415 - in an accident

        traceback.print_exc()
    finally:
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _tell(said: dict[str, int]) -> None:
    os.write(1, (json.dumps(said) + "\n").encode())


def _serve() -> None:
    _load()
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(woken)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    ready = selectors.DefaultSelector()
    ready.register(0, selectors.EVENT_READ)
    ready.register(wake, selectors.EVENT_READ)
    _tell({"born": 0})
    text, children = b"", set()
    while True:
        for key, _ in ready.select():
            if key.fd == wake:
                with suppress(BlockingIOError):
                    os.read(wake, 4096)
            else:
                piece = os.read(0, 1 << 16)
                if not piece:  # whoever gives orders is gone
                    for child in children:
                        os.kill(child, signal.SIGKILL)
                    return
                *lines, text = (text + piece).split(b"\n")
                for order in deque(map(json.loads, lines)):
                    child = os.fork()
                    if not child:
                        signal.set_wakeup_fd(-1)
                        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                        _live(order)
                    children.add(child)
                    _tell({"born": child})
        with suppress(ChildProcessError):
            while (found := os.waitpid(-1, os.WNOHANG)) != (0, 0):
                children.discard(found[0])
                _tell({"ended": found[0], "code": os.waitstatus_to_exitcode(found[1])})


if __name__ == "__main__":
    _serve()
