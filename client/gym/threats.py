"""The figures of docs/THREATS.md: sections between markers that are written from a report, never by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from client.gym.registry import CHEAP, STRATEGIES
from client.gym.strategy import Role
from client.sections import head, line, write_sections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["sections", "write_threats"]

_HEADS: Final = ("attack", "what it does", "what stands against it", "profit", "honest", "difference", "what is left")


def write_threats(page: Path, report: Mapping[str, Any]) -> None:
    """Write the marked sections of a page anew; raises as `write_sections`."""
    write_sections(page, "gym", sections(report))


def sections(report: Mapping[str, Any]) -> dict[str, str]:
    """Return every section by its name, as Markdown."""
    return {
        "cheap": _cheap(report),
        **{role.value + "s": _table(report, role) for role in Role},
        "robustness": _robustness(report),
        "paying": _paying(report),
    }


def _cheap(report: Mapping[str, Any]) -> str:
    lines = head(("attack", "where", "games", "paid more than its fees", "at most, at 95 %", "mean profit"))
    for part, where in (("scored", "without a chain"), ("strategies", "on the contracts")):
        for name in CHEAP:
            row = report[part].get(name)
            if row is not None:
                share = f"{100 * row['paid_more'] / row['games']:.2f} %"
                most = f"{100 * row['paid_more_at_most']:.2f} %"
                lines.append(line((f"`{name}`", where, f"{row['games']:,}", share, most, _mean(row["profit"]))))
    return "\n".join(lines)


def _table(report: Mapping[str, Any], role: Role) -> str:
    lines = head(_HEADS)
    for name, kind in STRATEGIES.items():
        if kind.role is not role:
            continue
        row = report["strategies"].get(name)
        if row is None:
            figures = ("not possible" if kind.impossible else "not played", "", "")
        else:
            difference = _mean(row["excess"])
            loud = f"**{difference}**" if row["excess"]["low"] > 0 else difference
            figures = (_mean(row["profit"]), f"{row['honest']['mean']:+,.0f}", loud)
        lines.append(line((f"`{name}`", kind.does, kind.defence, *figures, kind.residual)))
    return "\n".join(lines)


def _robustness(report: Mapping[str, Any]) -> str:
    columns = ("data", "attack", "attackers", "accuracy", "clean", "points", "worst seed")
    lines = head((*columns, "backdoor opens", "clean", "measured part"))
    for row in report["robustness"]:
        attack = f"`{row['attack']}`" + (f", trigger `{row['trigger']}`" if row["trigger"] else "")
        opens, part = (_opens(row, name) if row["trigger"] else "" for name in ("opened", "opened_measured"))
        usual = f"{100 * row['opened_clean']:.1f} %" if row["trigger"] else ""
        accuracies = (f"{row['accuracy']:.3f}", f"{row['clean']:.3f}")
        points = (f"{row['points']:+.1f}", f"{row['worst_points']:+.1f}")
        lines.append(line((row["data"], attack, f"{row['percent']} %", *accuracies, *points, opens, usual, part)))
    return "\n".join(lines)


def _opens(row: Mapping[str, Any], name: str) -> str:
    return f"{100 * row[name]:.1f} %, at most {100 * row[f'{name}_at_most']:.1f} %"


def _paying(report: Mapping[str, Any]) -> str:
    rows = report["strategies"]
    winners = [name for name, row in rows.items() if row["excess"]["low"] > 0]
    losers = sum(row["excess"]["high"] < 0 for row in rows.values())
    games = sorted({row["games"] for row in rows.values()})
    span = f"{games[0]:,}" if len(games) == 1 else f"{games[0]:,} to {games[-1]:,}"
    named = ", ".join(f"`{name}`" for name in winners) or "none"
    rest = len(rows) - losers - len(winners)
    return "\n".join(
        (
            f"{len(rows)} strategies, {span} games of each. Beyond doubt worse than honesty: {losers}. Not told apart",
            f"from it: {rest}. Beyond doubt better: {len(winners)},",
            f"{named}.",
        )
    )


def _mean(value: Mapping[str, float]) -> str:
    """Return a mean in tokens and how far its interval reaches."""
    reach = (value["high"] - value["low"]) / 2
    digits = 1 if abs(value["mean"]) < 100 else 0  # noqa: PLR2004 - small figures need the decimal
    return f"{value['mean']:+,.{digits}f} ± {reach:,.{digits}f}"
