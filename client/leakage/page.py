"""The measured part of docs/PRIVACY.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client.leakage.picture import drawing_of
from client.leakage.rates import FALSE_RATE
from client.leakage.report import TOLERANCE_DB, leaks
from client.leakage.views import VIEWS
from client.leakage.world import SETTINGS
from client.sections import head, line, write_drawing, write_sections

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["sections", "write_page"]


def write_page(page: Path, report: Mapping[str, Any]) -> None:
    """Write the marked sections of a page and its picture anew; raises as `write_sections`."""
    write_sections(page, "leakage", sections(report))
    write_drawing(page, "leakage.svg", drawing_of(report))


def sections(report: Mapping[str, Any]) -> dict[str, str]:
    """Return every section by its name, as Markdown."""
    return {
        "held": _held(),
        "verdict": _verdict(report),
        "reconstruction": _reconstruction(report),
        "membership": _membership(report),
        "noise": _noise(report),
    }


def _held() -> str:
    lines = head(("name", "what it is", "`sealed`: held by", "`shared`: held by", "has to be silent"))
    for view in VIEWS.values():
        lines.append(line((f"`{view.name}`", view.says, view.sealed, view.shared, "yes" if view.silent else "no")))
    return "\n".join(lines)


def _verdict(report: Mapping[str, Any]) -> str:
    silent = [r for r in report["reconstruction"] if VIEWS[r["view"]].silent]
    most = max((max(r["gain"], r["best_gain"]) for r in silent), default=0.0)
    told = [r for r in report["membership"] if VIEWS[r["view"]].silent]
    tpr = max((r["tpr"] for r in told), default=0.0)
    area = max((r["auc"] for r in told), default=0.0)
    broken = leaks(report)
    beside = f"{most:+.1f} dB beside chance"
    lines = [
        f"What has to be silent: {len(silent)} reconstructions, the best {beside} (allowed: {TOLERANCE_DB:g});",
        f"{len(told)} tests of membership, the highest rate of true positives at 0.1 % false ones {100 * tpr:.2f} %,",
        f"the largest AUC {area:.3f}. Broken promises: {len(broken)}.",
    ]
    return "\n".join([*lines, *(f"- {text}" for text in broken)])


def _reconstruction(report: Mapping[str, Any]) -> str:
    """One line for each view, of all attacks the one that sees most of a row."""
    lines = head(("data", "update", "held", "holders", "best attack", "PSNR", "chance", "above chance", "best row"))
    rows = report["reconstruction"]
    for key in dict.fromkeys((r["data"], r["setting"], r["view"], r["holders"]) for r in rows):
        tried = [r for r in rows if (r["data"], r["setting"], r["view"], r["holders"]) == key]
        best = max(tried, key=lambda r: r["gain"])
        gain = f"{best['gain']:+.1f} ({best['gain_low']:+.1f} to {best['gain_high']:+.1f})"
        figures = (f"{best['psnr']:.1f}", f"{best['chance']:.1f}", f"**{gain}**" if best["gain_low"] > 0 else gain)
        most = f"{max(r['best_gain'] for r in tried):+.1f}"
        names = (best["data"], SETTINGS[best["setting"]].says, f"`{best['view']}`", str(best["holders"]))
        lines.append(line((*names, f"`{best['attack']}`", *figures, most)))
    return "\n".join(lines)


def _membership(report: Mapping[str, Any]) -> str:
    lines = head(("data", "held", "holders", "signal", "members found", "95 %", "AUC", "95 %"))
    for r in report["membership"]:
        tpr = f"{100 * r['tpr']:.2f} %"
        spans = (
            f"{100 * r['tpr_low']:.2f} to {100 * r['tpr_high']:.2f} %",
            f"{r['auc_low']:.3f} to {r['auc_high']:.3f}",
        )
        loud = f"**{tpr}**" if r["tpr_low"] > FALSE_RATE else tpr
        names = (r["data"], f"`{r['view']}`", str(r["holders"]), r["signal"])
        lines.append(line((*names, loud, spans[0], f"{r['auc']:.3f}", spans[1])))
    return "\n".join(lines)


def _noise(report: Mapping[str, Any]) -> str:
    lines = head(("data", "noise / update", "one row, one step: above chance", "members found", "AUC", "round's gain"))
    for r in report["noise"]:
        figures = (f"{r['inversion']:+.1f} dB", f"{100 * r['tpr']:.2f} %", f"{r['auc']:.3f}", f"{r['gain']:+.1f} %")
        lines.append(line((r["data"], f"{r['ratio']:g}", *figures)))
    return "\n".join(lines)
