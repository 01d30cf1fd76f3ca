"""What a series came to: as JSON, and as a table on a terminal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from client.gym.registry import STRATEGIES
from marketplace.domain.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from client.gym.series import Result

__all__ = ["KIND", "merged", "read_report", "report_of", "show"]

KIND = "gradmarket-gym-1"


def report_of(
    results: Sequence[Result], robustness: Sequence[Mapping[str, Any]] = (), *, scored: Sequence[Result] = ()
) -> dict[str, Any]:
    """Return the document that `--report` writes and `--json` prints.

    Args:
        results: of games on the contracts; scored: of games without a chain.
        robustness: rows of `client.gym.robustness`.
    """
    return {
        "kind": KIND,
        "strategies": {result.name: result.to_json() for result in results},
        "scored": {result.name: result.to_json() for result in scored},
        "impossible": {name: kind.impossible for name, kind in STRATEGIES.items() if kind.impossible},
        "robustness": [dict(row) for row in robustness],
    }


def merged(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """Return an old report with what a new one has measured again, in the order of the registry."""
    kept = {
        part: {name: found[name] for name in STRATEGIES if name in found}
        for part in ("strategies", "scored")
        for found in ({**old[part], **new[part]},)
    }
    return {
        **new,
        **kept,
        "robustness": new["robustness"] or old["robustness"],
    }


def read_report(path: Path) -> dict[str, Any]:
    """Read a report.

    Raises:
        InvalidInput: the file is no report of the gym.
        StorageError: it cannot be read.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = isinstance(found, dict) and found.get("kind") == KIND
    except OSError as error:
        msg = f"{path} cannot be read ({error.strerror}): name a report that is there"
        raise StorageError(msg) from error
    except ValueError:
        known = False
    if not known:
        msg = f"{path} is no report of the gym: move it away, or choose another name"
        raise InvalidInput(msg)
    return found


def show(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the strategies of a report as a table, those that beat honest people in red."""
    out = console or Console(highlight=False)
    for part, where in (("strategies", "on the contracts"), ("scored", "without a chain")):
        if report[part]:
            out.print(_table(report[part], where))
    for name, why in report["impossible"].items():
        out.print(f"{name}: {why}")


def _table(rows: Mapping[str, Any], where: str) -> Table:
    table = Table(title=f"{where}: profit in tokens; a round's budget is 1,000", title_justify="left")
    for column in ("strategy", "games", "profit", "95 % of it", "honest", "difference", "paid more"):
        table.add_column(column, justify="left" if column == "strategy" else "right")
    for name, row in rows.items():
        excess = row["excess"]
        style = "red" if excess["low"] > 0 else ""
        table.add_row(
            Text(name, style),
            str(row["games"]),
            f"{row['profit']['mean']:+.1f}",
            f"{row['profit']['low']:+.1f} .. {row['profit']['high']:+.1f}",
            f"{row['honest']['mean']:+.1f}",
            f"{excess['mean']:+.1f}",
            f"{row['paid_more']}",
        )
    return table
