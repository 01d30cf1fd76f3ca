"""What the laboratory found: as JSON, as a table on a terminal, and whether what has to be silent is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.console import Console
from rich.table import Table

from client.leakage.rates import FALSE_RATE
from client.leakage.views import VIEWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["KIND", "PARTS", "TOLERANCE_DB", "leaks", "report_of", "show"]

KIND: Final = "gradmarket-leakage-1"
PARTS: Final = ("reconstruction", "membership", "noise", "pictures")
TOLERANCE_DB: Final = 1.0
"""How far above chance a reconstruction may be where nothing is held."""


def report_of(seed: int, shadows: int) -> dict[str, Any]:
    """Return an empty report."""
    return {"kind": KIND, "seed": seed, "shadows": shadows, **{part: [] for part in PARTS}}


def leaks(report: Mapping[str, Any]) -> list[str]:
    """Return what is said by views that have to be silent, one line each; none if they keep their promise.

    A reconstruction has to stay within 1 dB of chance, for rows on average and for each victim's best row. The interval
    of the true positives at 0.1 % false ones has to reach down to 0.1 %.
    """
    found = []
    for row in report["reconstruction"]:
        if VIEWS[row["view"]].silent and max(row["gain"], row["best_gain"]) > TOLERANCE_DB:
            figure = f"{max(row['gain'], row['best_gain']):.1f} dB above chance"
            found.append(f"{row['data']}, {row['setting']}: {row['attack']} on {row['view']} is {figure}")
    for row in report["membership"]:
        if VIEWS[row["view"]].silent and row["tpr_low"] > FALSE_RATE:
            figure = f"{100 * row['tpr']:.2f} % true at 0.1 % false positives"
            found.append(f"{row['data']}: {row['signal']} of {row['view']} finds {figure}")
    return found


def show(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print a report, and in red what leaks where nothing should."""
    out = console or Console(highlight=False)
    for rows, table in (("reconstruction", _reconstruction), ("membership", _membership), ("noise", _noise)):
        if report[rows]:
            out.print(table(report[rows]))
    for line in leaks(report):
        out.print(f"[red]leaks[/red] {line}")


def _reconstruction(rows: Sequence[Mapping[str, Any]]) -> Table:
    heads = ("data", "update", "held", "holders", "attack", "PSNR", "chance", "above", "best above")
    table = _table("reconstruction, in dB", heads)
    for r in rows:
        figures = (f"{r[key]:.1f}" for key in ("psnr", "chance", "gain", "best_gain"))
        table.add_row(r["data"], r["setting"], r["view"], str(r["holders"]), r["attack"], *figures)
    return table


def _membership(rows: Sequence[Mapping[str, Any]]) -> Table:
    table = _table("membership", ("data", "held", "holders", "signal", "members found", "95 % of it", "AUC"))
    for r in rows:
        span = f"{100 * r['tpr_low']:.2f} .. {100 * r['tpr_high']:.2f} %"
        figures = (f"{100 * r['tpr']:.2f} %", span, f"{r['auc']:.3f}")
        table.add_row(r["data"], r["view"], str(r["holders"]), r["signal"], *figures)
    return table


def _noise(rows: Sequence[Mapping[str, Any]]) -> Table:
    heads = ("data", "noise / update", "inversion, dB above chance", "members found", "AUC", "round's gain")
    table = _table("noise", heads)
    for r in rows:
        figures = (f"{r['inversion']:.1f}", f"{100 * r['tpr']:.2f} %", f"{r['auc']:.3f}", f"{r['gain']:.1f} %")
        table.add_row(r["data"], f"{r['ratio']:g}", *figures)
    return table


def _table(title: str, heads: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for head in heads:
        table.add_column(head)
    return table
