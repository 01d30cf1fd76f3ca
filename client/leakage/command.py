"""`gradmarket leakage`, from its options to its report."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final

from client.demo.command import write_report
from client.leakage.curve import curve
from client.leakage.membership import FEWEST_SHADOWS, LIRA, TARGETS, Shadows, infer
from client.leakage.page import write_page
from client.leakage.picture import pictures_of
from client.leakage.reconstruction import INVERSIONS, reconstruct
from client.leakage.report import PARTS, report_of, show
from client.leakage.views import VIEWS
from client.leakage.world import DATA, SETTINGS, World
from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from client.leakage.reconstruction import Seen

__all__ = ["LeakageOptions", "run_leakage"]

_NOISE: Final = "noise"
_PICTURED: Final = "digits"
_KINDS: Final = (tuple(VIEWS), (*INVERSIONS, LIRA, _NOISE), DATA)
"""Names of what is held, of what is measured, of data."""


@dataclass(frozen=True)
class LeakageOptions:
    """What a person asks for on the command line; wrong values are refused here, before anything starts.

    Attributes:
        only: names, comma-separated: of views, attacks and data; of each kind that is not named all are taken.
        shadows: models that LiRA learns from; targets: models that it attacks, for each of these.
        jobs: processes that share the data sets.
        report: a file to write the report to.
        write: a page whose marked sections are written anew, and the picture beside it.
    """

    only: str | None = None
    seed: int = 0
    shadows: int = 64
    jobs: int = 1
    as_json: bool = False
    report: Path | None = None
    write: Path | None = None
    targets: int = TARGETS

    def __post_init__(self) -> None:
        """Refuse what cannot be measured."""
        known = [name for kind in _KINDS for name in kind]
        unknown = [name for name in self.names if name not in known]
        if unknown:
            msg = f"the leakage laboratory knows no {unknown[0]!r}: use {', '.join(known)}"
            raise InvalidInput(msg)
        if self.seed < 0 or self.shadows < FEWEST_SHADOWS or min(self.targets, self.jobs) < 1:
            msg = (
                f"seed {self.seed}, {self.shadows} shadow models, {self.targets} targets for each and {self.jobs} jobs "
                f"cannot be measured with: use at least 0, {FEWEST_SHADOWS}, 1 and 1"
            )
            raise InvalidInput(msg)
        if self.only and self.write is not None:
            msg = "a page has the figures of everything: leave `--only` out to write it"
            raise InvalidInput(msg)

    @property
    def names(self) -> tuple[str, ...]:
        """What was asked for by name."""
        return tuple(name.strip() for name in self.only.split(",")) if self.only else ()

    def chosen(self, kind: Sequence[str]) -> tuple[str, ...]:
        """Return those of a kind that were named, or all of them."""
        return tuple(name for name in kind if name in self.names) or tuple(kind)


def run_leakage(options: LeakageOptions) -> dict[str, Any]:
    """Attack, print what came of it, write what was asked for, and return the report."""
    report = report_of(options.seed, options.shadows)
    data = options.chosen(DATA)
    workers = min(options.jobs, len(data))
    if workers == 1:
        found = [_measured(options, name) for name in data]
    else:
        # Started anew, not forked: threads of torch do not survive a fork.
        with ProcessPoolExecutor(workers, get_context("spawn")) as pool:
            found = list(pool.map(_measured, repeat(options), data))
    for part in PARTS:
        report[part] = [row for one in found for row in one[part]]
    if options.report is not None:
        write_report(options.report, report)
    if options.write is not None:
        write_page(options.write, report)
    if options.as_json:
        sys.stdout.write(json.dumps(report, indent=1) + "\n")
    else:
        show(report)
    return report


def _measured(options: LeakageOptions, data: str) -> dict[str, Any]:
    """Return the report of one data set."""
    views, measures, _ = (options.chosen(kind) for kind in _KINDS)
    report, world = report_of(options.seed, options.shadows), World(data, options.seed)
    seen = _reconstruct(report, world, views, [m for m in measures if m in INVERSIONS])
    if data == _PICTURED:
        report["pictures"] = pictures_of(world, report["reconstruction"], seen)
    if not {LIRA, _NOISE}.isdisjoint(measures):
        _learn(report, Shadows(world, options.shadows, options.targets), views, measures)
    return report


def _learn(report: dict[str, Any], shadows: Shadows, views: Sequence[str], measures: Sequence[str]) -> None:
    if LIRA in measures:
        for view in (VIEWS[v] for v in views):
            for holders in view.crowds:
                report["membership"] += [row.to_json() for row in infer(shadows, view, holders)]
    if _NOISE in measures and "update" in views:
        report["noise"] += curve(shadows)


def _reconstruct(
    report: dict[str, Any], world: World, views: Sequence[str], attacks: Sequence[str]
) -> Mapping[tuple[str, ...], Sequence[Seen]]:
    seen: dict[tuple[str, ...], Sequence[Seen]] = {}
    for setting in SETTINGS.values():
        for view in (VIEWS[v] for v in views if not VIEWS[v].wordless):
            for holders in view.crowds:
                for attack in attacks:
                    row, found = reconstruct(world, setting, view, attack, holders)
                    report["reconstruction"].append(row.to_json())
                    seen[world.data, setting.name, view.name, str(holders), attack] = found
    return seen
