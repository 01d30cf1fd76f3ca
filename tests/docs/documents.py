"""What the tests of the documentation read: pages, their commands, their prose."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["PAGES", "ROOT", "commands_of", "links_of", "prose_of"]

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("changelog.d/*.md")])

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_JOINED = re.compile(r"\s*(?:&&|\|\||;)\s*")


def commands_of(page: Path) -> list[str]:
    """Return the single commands of a page's `bash` blocks."""
    blocks = [body for kind, body in _FENCE.findall(page.read_text("utf-8")) if kind == "bash"]
    lines = [line.strip() for body in blocks for line in body.replace("\\\n", " ").splitlines()]
    return [command for line in lines if line and not line.startswith("#") for command in _JOINED.split(line)]


def prose_of(page: Path) -> str:
    """Return a page without its code blocks and code spans."""
    return _CODE.sub("", _FENCE.sub("", page.read_text("utf-8")))


def links_of(page: Path) -> list[str]:
    """Return where a page's links and pictures lead."""
    return _LINK.findall(_FENCE.sub("", page.read_text("utf-8")))
