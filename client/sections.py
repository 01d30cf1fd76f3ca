"""Marked sections of a page: figures that are written from a report, never by hand.

<!-- KIND: NAME -->
...
<!-- end -->
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from marketplace.domain.errors import InvalidInput, StorageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["head", "line", "write_drawing", "write_sections"]


def write_sections(page: Path, kind: str, sections: Mapping[str, str]) -> None:
    """Write the sections of one kind on a page anew.

    Args:
        page: a Markdown file that is there.
        kind: the first word of its markers.
        sections: what stands between the markers, by name.

    Raises:
        InvalidInput: the page has no such section, or one that nobody knows.
        StorageError: it cannot be read or written.
    """
    marked = re.compile(rf"(<!-- {kind}: ([a-z]+) -->\n).*?(<!-- end -->)", re.DOTALL)
    try:
        text = page.read_text("utf-8")
        found = marked.findall(text)
        unknown = [name for _, name, _ in found if name not in sections]
        if not found or unknown:
            msg = f"{page} has no section of the {kind}, or one that it does not know ({', '.join(unknown)}): check it"
            raise InvalidInput(msg)
        page.write_text(marked.sub(lambda m: f"{m[1]}\n{sections[m[2]]}\n\n{m[3]}", text), "utf-8")
    except OSError as error:
        msg = f"{page} cannot be written ({error.strerror}): name a page that is there"
        raise StorageError(msg) from error


def write_drawing(page: Path, name: str, drawing: str) -> None:
    """Write a picture into the folder `pictures` beside a page; raises StorageError if there is none."""
    picture = page.parent / "pictures" / name
    try:
        picture.write_text(drawing, "utf-8")
    except OSError as error:
        msg = f"{picture} cannot be written ({error.strerror}): the page needs a folder `pictures` beside it"
        raise StorageError(msg) from error


def head(columns: tuple[str, ...]) -> list[str]:
    """Return the first two lines of a table."""
    return [line(columns), "|---" * len(columns) + "|"]


def line(cells: tuple[str, ...]) -> str:
    """Return one line of a table."""
    return "| " + " | ".join(cells) + " |"
