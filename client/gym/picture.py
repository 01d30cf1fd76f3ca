"""One picture of a report: what each strategy earned beyond what honest people have in its place."""

from __future__ import annotations

from math import asinh
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["picture_of"]

_WIDTH: Final = 880
_TOP: Final = 96
_STEP: Final = 22
_NAMES: Final = 216
_LEFT, _RIGHT = 232, 856
_TICKS: Final = (-1000, -100, -10, 0, 10, 100, 1000)
_LINEAR: Final = 5.0
"""Tokens up to which the scale is about linear."""
_STYLE: Final = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1c2430; }
    .card { fill: #fbfaf7; stroke: #d7d2c6; }
    .title { font-size: 15px; font-weight: 600; }
    .name { text-anchor: end; }
    .tick { font-size: 12px; fill: #6b6455; text-anchor: middle; }
    .rule { stroke: #d7d2c6; }
    .zero { stroke: #47546a; }
    .loses { fill: #2f7d57; } .even { fill: #8a8473; } .pays { fill: #b4532a; }
    .span { stroke: #1c2430; stroke-width: 1.5; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e8e6e1; }
      .card { fill: #1b1f27; stroke: #3a414e; }
      .tick { fill: #a9a08c; }
      .rule { stroke: #3a414e; }
      .zero { stroke: #a8b4c8; }
      .loses { fill: #66c294; } .even { fill: #8a8473; } .pays { fill: #e58a5e; }
      .span { stroke: #e8e6e1; }
    }
"""


def picture_of(report: Mapping[str, Any]) -> str:
    """Return the picture of a report as SVG: one bar a strategy, with the 95 % interval of its mean."""
    rows = report["strategies"]
    height = _TOP + _STEP * len(rows) + 24
    paying = [name for name, row in rows.items() if row["excess"]["low"] > 0]
    said = f"Of {len(rows)} strategies these earn more than honesty beyond doubt: {', '.join(paying) or 'none'}."
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title">',
        '<title id="title">What attacks earn beyond honesty</title>',
        f'<desc id="desc">{escape(said)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="card" x="1" y="1" width="{_WIDTH - 2}" height="{height - 2}" rx="10"/>',
        '<text class="title" x="24" y="34">Profit beyond what honest people have in the same place</text>',
        '<text x="24" y="56">tokens a bounty; a round pays at most 1,000; lines are 95 % intervals of the mean</text>',
    ]
    for tick in _TICKS:
        x = _at(tick)
        kind = "rule" if tick else "zero"
        parts.append(f'<path class="{kind}" d="M{x:.1f} {_TOP - 8}V{height - 16}"/>')
        parts.append(f'<text class="tick" x="{x:.1f}" y="{_TOP - 14}">{tick:{"+," if tick else ""}}</text>')
    parts += [_bar(number, name, row) for number, (name, row) in enumerate(rows.items())]
    return "\n".join([*parts, "</svg>"]) + "\n"


def _bar(number: int, name: str, row: Mapping[str, Any]) -> str:
    excess, y = row["excess"], _TOP + _STEP * number
    kind = "pays" if excess["low"] > 0 else "loses" if excess["high"] < 0 else "even"
    start, end = sorted((_at(0), _at(excess["mean"])))
    low, high = _at(excess["low"]), _at(excess["high"])
    return (
        f'<text class="name" x="{_NAMES}" y="{y + 13}">{escape(name)}</text>'
        f'<rect class="{kind}" x="{start:.1f}" y="{y + 2}" width="{max(1.0, end - start):.1f}" height="13" rx="2"/>'
        f'<path class="span" d="M{low:.1f} {y + 8.5}H{high:.1f}"/>'
    )


def _at(tokens: float) -> float:
    """Return where an amount lies: linear near 0, logarithmic far from it, and at the edge beyond the last tick."""
    reach = asinh(2 * _TICKS[-1] / _LINEAR)
    share = max(-1.0, min(1.0, asinh(tokens / _LINEAR) / reach))
    return (_LEFT + _RIGHT) / 2 + share * (_RIGHT - _LEFT) / 2
