"""The counted games: `python -m tests.disputes`, or fewer of them: `python -m tests.disputes --games 20`.

Prints a line a game that went wrong, and writes what was played and found as JSON.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from tests.disputes.courtroom import Courtroom
from tests.disputes.games import Record, attack, lie

_SORTS = ("lies", "lies with other salts", "attacks")
_COURTS = ({"rounds": 1, "round_": 0}, {"rounds": 2, "round_": 0}, {"rounds": 2, "round_": 1})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.disputes", description=__doc__)
    parser.add_argument(
        "--games", type=int, default=200, help="games of each sort: lies, lies under other salts, attacks"
    )
    parser.add_argument("--seed", type=int, default=0, help="of what is drawn; the keys of a bounty are new each time")
    parser.add_argument("--report", type=Path, help="where the figures go, as JSON")
    return parser.parse_args()


def main() -> int:
    """Play; return 1 if anything went wrong."""
    asked, began = _arguments(), time.monotonic()
    lies, resalted, attacks = Record(), Record(), Record()
    with tempfile.TemporaryDirectory(prefix="disputes-") as folder:
        for number, shape in enumerate(_COURTS):
            court = Courtroom(Path(folder) / str(number), **shape)
            sorts: list[tuple[Record, Callable[..., None]]] = [
                (lies, partial(lie, resalted=False)),
                (resalted, partial(lie, resalted=True)),
                (attacks, attack),
            ]
            for sort, (record, game) in enumerate(sorts):
                share = asked.games * (number + 1) // len(_COURTS) - asked.games * number // len(_COURTS)
                for i in range(share):
                    wrong = len(record.wrong)
                    game(court, record, np.random.default_rng([asked.seed, number, sort, i]))
                    if record.wrong[wrong:]:
                        _say(f"{shape} {_SORTS[sort]} {i}: {record.wrong[-1]}")
                _say(f"{shape}: {share} games of {_SORTS[sort]}, {time.monotonic() - began:.0f} s so far")
    records = zip(_SORTS, (lies, resalted, attacks), strict=True)
    report = {"seed": asked.seed} | {name: record.to_json() for name, record in records}
    text = json.dumps(report | {"seconds": round(time.monotonic() - began)}, indent=1)
    _say(text)
    if asked.report:
        asked.report.parent.mkdir(parents=True, exist_ok=True)
        asked.report.write_text(text + "\n", encoding="utf-8")
    return int(bool(lies.wrong or resalted.wrong or attacks.wrong))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
