"""`gradmarket gym`, from its options to its report."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich.console import Console

from client.demo.command import write_report
from client.gym.picture import picture_of
from client.gym.registry import chosen
from client.gym.report import merged, read_report, report_of, show
from client.gym.series import Result, play_series
from client.gym.threats import write_threats

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["GymOptions", "run_gym"]


@dataclass(frozen=True)
class GymOptions:
    """What a person asks for on the command line.

    Attributes:
        only: names of strategies, comma-separated; None for all, empty for none.
        report: a file whose figures are kept where they are not measured again.
        write: a page whose marked sections are written anew, and the picture beside it.
    """

    only: str | None = None
    games: int = 10
    seed: int = 0
    jobs: int = 1
    as_json: bool = False
    robustness: bool = False
    report: Path | None = None
    write: Path | None = None


def run_gym(options: GymOptions) -> dict[str, Any]:
    """Play, print what came of it, write what was asked for, and return the report."""
    kinds = chosen(options.only)
    console = Console(stderr=True, highlight=False)

    def tell(done: int) -> None:
        if console.is_terminal:
            console.print(f"{done} of {options.games} seeds played", end="\r")

    tallies = play_series(kinds, options.games, options.seed, jobs=options.jobs, tell=tell) if kinds else {}
    results = [Result.of(kind, tallies[kind.name]) for kind in kinds if kind.name in tallies]
    rows: list[dict[str, Any]] = []
    if options.robustness:
        from client.gym.robustness import measure  # noqa: PLC0415 - only where it is asked for

        rows = measure(options.seed, options.jobs)
    report = report_of(results, rows)
    if options.report is not None:
        report = merged(read_report(options.report), report) if options.report.exists() else report
        write_report(options.report, report)
    if options.write is not None:
        write_threats(options.write, report)
        (options.write.parent / "pictures" / "gym.svg").write_text(picture_of(report), "utf-8")
    if options.as_json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        show(report)
    return report
