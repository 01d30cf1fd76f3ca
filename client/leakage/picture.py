"""Digits as an attacker sees them: what was trained on above, what came of each thing that is held below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import escape

import numpy as np

from client.leakage.quality import psnr

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from client.leakage.reconstruction import Seen
    from client.leakage.world import World
    from marketplace.datasets.columns import Floats

__all__ = ["drawing_of", "pictures_of"]

_COLUMNS: Final = 8
_SIDE: Final = 8
_INK: Final = 15
_PIXEL: Final = 5
_STEP: Final = _SIDE * _PIXEL + 8
_LEFT, _TOP, _WIDTH = 300, 84, 880
_LINES: Final = (
    ("one-row", "update", 3, "the update itself"),
    ("one-row", "aggregate", 3, "the aggregate of three such updates"),
    ("one-row", "shares", 3, "two of its three components"),
    ("one-row", "ciphertext", 3, "its sealed file"),
    ("recipe", "update", 3, "the update itself"),
)
_SAYS: Final = {"one-row": "one row, one step", "recipe": "the recipe: each holder's best row"}
_STYLE: Final = """
    text { font: 13px system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1c2430; }
    .card { fill: #fbfaf7; stroke: #d7d2c6; }
    .title { font-size: 15px; font-weight: 600; }
    .part { font-weight: 600; }
    .paper { fill: #ffffff; stroke: #d7d2c6; }
    .ink { fill: #1c2430; }
    @media (prefers-color-scheme: dark) {
      text { fill: #e8e6e1; }
      .card { fill: #1b1f27; stroke: #3a414e; }
    }
"""


def pictures_of(
    world: World, rows: Sequence[Mapping[str, Any]], seen: Mapping[tuple[str, ...], Sequence[Seen]]
) -> list[dict[str, Any]]:
    """Return lines of pictures, each 64 integers 0..15; of every attack on a view the one that sees most.

    Args:
        rows: reconstructions of the report; seen: guesses by data, setting, view, holders and attack.
    """
    lines: list[dict[str, Any]] = []
    for setting, view, holders, says in _LINES:
        tried = [
            r
            for r in rows
            if (r["data"], r["setting"], r["view"], r["holders"]) == (world.data, setting, view, holders)
        ]
        if not tried:
            continue
        best = max(tried, key=lambda r: r["psnr"])
        found = seen[world.data, setting, view, str(holders), best["attack"]][:_COLUMNS]
        pairs = [_nearest(s) for s in found]
        figure = best["psnr"] if setting == "one-row" else best["best"]
        if setting not in {line["setting"] for line in lines}:
            lines.append({"setting": setting, "says": "what was trained on", "images": [_ink(row) for row, _ in pairs]})
        lines.append(
            {
                "setting": setting,
                "says": says,
                "attack": best["attack"],
                "psnr": figure,
                "images": [_ink(guess) for _, guess in pairs],
            }
        )
        if setting == "one-row" and view == "ciphertext":
            mean = world.population.features.mean(axis=0)
            images = [_ink(mean)] * len(pairs)
            lines.append(
                {"setting": setting, "says": "nothing: the mean row", "psnr": best["chance"], "images": images}
            )
    return lines


def drawing_of(report: Mapping[str, Any]) -> str:
    """Return the pictures of a report as SVG: one line a thing that is held, one column a victim."""
    height = _TOP + sum(_STEP + (26 if first else 0) for first, _ in _parts(report["pictures"])) + 12
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img" aria-labelledby="title">',
        '<title id="title">What attacks see of training rows</title>',
        f'<desc id="desc">{escape("; ".join(_line(p) for p in report["pictures"]))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="card" x="1" y="1" width="{_WIDTH - 2}" height="{height - 2}" rx="10"/>',
        '<text class="title" x="24" y="34">Handwritten digits, and what the best attack makes of what is held</text>',
        '<text x="24" y="56">the attack with the highest PSNR (dB, mean over all victims), whatever it found</text>',
    ]
    y = _TOP
    for first, picture in _parts(report["pictures"]):
        if first:
            parts.append(f'<text class="part" x="24" y="{y + 14}">{escape(_SAYS[picture["setting"]])}</text>')
            y += 26
        parts.append(f'<text x="24" y="{y + 25}">{escape(picture["says"])}</text>')
        parts += [_image(_LEFT + i * _STEP, y, image) for i, image in enumerate(picture["images"])]
        if "psnr" in picture:
            parts.append(f'<text x="{_LEFT + _COLUMNS * _STEP + 8}" y="{y + 25}">{picture["psnr"]:.1f} dB</text>')
            if "attack" in picture:
                parts.append(
                    f'<text x="{_LEFT + _COLUMNS * _STEP + 72}" y="{y + 25}">{escape(picture["attack"])}</text>'
                )
        y += _STEP
    return "\n".join([*parts, "</svg>"]) + "\n"


def _parts(pictures: Sequence[Mapping[str, Any]]) -> list[tuple[bool, Mapping[str, Any]]]:
    """Return lines, and whether each begins a setting."""
    return [(not i or pictures[i - 1]["setting"] != p["setting"], p) for i, p in enumerate(pictures)]


def _line(picture: Mapping[str, Any]) -> str:
    return str(picture["says"]) + (f" {picture['psnr']:.1f} dB" if "psnr" in picture else "")


def _nearest(seen: Seen) -> tuple[Floats, Floats]:
    """Return the row that came back best, and the guess that is nearest to it."""
    row = seen.rows[int(psnr(seen.rows, seen.guesses).argmax())]
    return row, seen.guesses[int(((seen.guesses - row) ** 2).mean(axis=1).argmin())]


def _ink(row: Floats) -> list[int]:
    ink: list[int] = np.rint(np.clip(row, 0, 1) * _INK).astype(int).tolist()
    return ink


def _image(x: int, y: int, image: Sequence[int]) -> str:
    """Return one picture: paper, and for each darkness one path of the pixels that have it."""
    size = _SIDE * _PIXEL
    parts = [f'<rect class="paper" x="{x}" y="{y}" width="{size}" height="{size}"/>']
    for ink in sorted(set(image) - {0}):
        spots = [divmod(i, _SIDE) for i, value in enumerate(image) if value == ink]
        path = "".join(f"M{x + _PIXEL * c} {y + _PIXEL * r}h{_PIXEL}v{_PIXEL}h-{_PIXEL}z" for r, c in spots)
        parts.append(f'<path class="ink" fill-opacity="{ink / _INK:.2f}" d="{path}"/>')
    return "".join(parts)
