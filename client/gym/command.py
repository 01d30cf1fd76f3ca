"""`gradmarket gym`, from its options to its report."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from client.demo.command import write_report
from client.gym.picture import picture_of
from client.gym.registry import chosen
from client.gym.report import merged, read_report, report_of, show
from client.gym.series import Result, play_series
from client.gym.threats import write_threats
from client.sections import write_drawing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["GymOptions", "run_gym"]


@dataclass(frozen=True)
class GymOptions:
    """What a person asks for on the command line.

    Attributes:
        only: names of strategies, comma-separated; None for all, empty for none.
        chain: play on the contracts; else only what a holder submits is scored, without a chain.
        report: a file whose figures are kept where they are not measured again.
        write: a page whose marked sections are written anew, and the picture beside it.
    """

    only: str | None = None
    games: int = 10
    seed: int = 0
    jobs: int = 1
    as_json: bool = False
    robustness: bool = False
    chain: bool = True
    report: Path | None = None
    write: Path | None = None


def run_gym(options: GymOptions) -> dict[str, Any]:
    """Play, print what came of it, write what was asked for, and return the report.

    The report file is written again and again on the way: a series that is stopped keeps what it has played.
    """
    kinds = chosen(options.only)
    old = read_report(options.report) if options.report is not None and options.report.exists() else report_of([])
    report = merged(old, report_of([]))
    series = play_series(kinds, options.games, options.seed, jobs=options.jobs, chain=options.chain) if kinds else ()
    for tallies in series:
        results = [Result.of(kind, tallies[kind.name]) for kind in kinds if kind.name in tallies]
        report = _kept(options, old, report_of(results) if options.chain else report_of([], scored=results))
    if options.robustness:
        from client.gym.robustness import measure  # noqa: PLC0415 - only where it is asked for

        report = _kept(options, report, report_of([], measure(options.seed, options.jobs)))
    if options.write is not None:
        write_threats(options.write, report)
        write_drawing(options.write, "gym.svg", picture_of(report))
    if options.as_json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        show(report)
    return report


def _kept(options: GymOptions, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a report had and what was measured now, written to its file if there is one."""
    report = merged(old, new)
    if options.report is not None:
        write_report(options.report, report)
    return report
