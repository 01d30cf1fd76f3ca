"""The long runs: `python -m tests.chaos`, or a part of them: `python -m tests.chaos --kills 200`.

Prints a line a run, and writes what was done and found as JSON.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from pathlib import Path

from tests.chaos.plays import Played, Theatre
from tests.chaos.town import Town

_CONFIRMATIONS = 2
_ALL = {"steps": 20, "kills": 200, "edges": 8, "deep": 50, "faults": 50}
_DEEP_A_RUN = 10
_DEEP_CONFIRMATIONS = 9
"""More than the deepest reorganisation at the edges: what is built on blocks so deep is never taken back there."""


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--steps", type=int, default=0, help="kills at every durable step of every role")
    parser.add_argument("--step-runs", type=int, default=10_000, help="runs for that at most")
    parser.add_argument("--kills", type=int, default=0, help="kills at random times")
    parser.add_argument("--edges", type=int, default=0, help="reorganisations at every phase edge, of depth 1 to this")
    parser.add_argument("--deep", type=int, default=0, help="reorganisations at random times, to depth 64")
    parser.add_argument("--faults", type=int, default=0, help="seeds of failing nodes, clocks and disks")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--report", type=Path, help="where the figures go, as JSON")
    parser.add_argument("--keep", type=Path, help="folder for runs that went wrong; a temporary one by default")
    asked = parser.parse_args()
    if not any(vars(asked)[name] for name in _ALL):
        vars(asked).update(_ALL)
    return asked


def main() -> int:
    """Play what was asked for; return 1 if anything went wrong."""
    asked, began = _arguments(), time.monotonic()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # whatever was started is stopped
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    found: dict[str, Played] = {}
    if asked.steps or asked.kills or asked.faults:
        with Town(folder / "town", confirmations=_CONFIRMATIONS) as town:
            theatre = Theatre(town, folder, _say)
            try:
                if asked.steps:
                    found["kills at steps"] = theatre.kill_at_steps(
                        asked.steps, most_runs=asked.step_runs, seed=asked.first
                    )
                if asked.kills:
                    found["kills at random"] = theatre.kill_at_random(asked.kills, seed=asked.first)
                if asked.faults:
                    found["faults"] = theatre.deceive(range(asked.first, asked.first + asked.faults))
            finally:
                theatre.close()
    if asked.edges:
        with Town(folder / "edges-town", confirmations=_DEEP_CONFIRMATIONS) as town:
            depths = range(1, asked.edges + 1)
            found["reorganisations at edges"] = Theatre(town, folder, _say).reorganise_edges(depths, seed=asked.first)
    if asked.deep:
        found["reorganisations at random"] = played = Played()
        # After it went back some times anvil loses states that a deep reorganisation needs: a town for each run.
        for number, first in enumerate(range(0, asked.deep, _DEEP_A_RUN)):
            place, times = folder / f"deep-{number}", min(_DEEP_A_RUN, asked.deep - first)
            with Town(place / "town", confirmations=_DEEP_CONFIRMATIONS) as town:
                played.add(Theatre(town, place, _say).reorganise_at_random(times, seed=asked.first + number))
    report = {name: played.to_json() for name, played in found.items()}
    report["seconds"] = round(time.monotonic() - began)
    text = json.dumps(report, indent=1)
    _say(text)
    if asked.report:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(text + "\n", encoding="utf-8")
    return int(any(played.wrong for played in found.values()))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
