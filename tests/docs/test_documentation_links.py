"""Links in the documentation lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.docs.documents import PAGES, ROOT, links_of

_OUTSIDE = ("https://", "mailto:")


def _anchors(page: Path) -> set[str]:
    """Return the anchors a page's headings get."""
    titles = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_resolve(page: Path) -> None:
    """Every link inside the repository names a file that is there, and a heading that it has."""
    for link in links_of(page):
        if link.startswith(_OUTSIDE):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in _anchors(target), f"{page.name}: {link}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Whoever follows links from the README finds every page of `docs`."""
    seen: set[Path] = set()
    todo = [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        seen.add(page)
        targets = [(page.parent / link.partition("#")[0]).resolve() for link in links_of(page) if ":" not in link]
        todo += [t for t in targets if t.suffix == ".md" and t not in seen and t not in todo]
    assert set() == {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - seen


def test_pictures_are_well_formed_and_described() -> None:
    """Every picture is an SVG that brings its own background, and every page that shows one says what is on it."""
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert [".svg"] == sorted({picture.suffix for picture in pictures})
    for picture in pictures:
        drawing = ET.fromstring(picture.read_text("utf-8"))  # noqa: S314 - our own files
        assert drawing.find("{http://www.w3.org/2000/svg}rect") is not None, picture.name
    shown = [re.findall(r"!\[([^\]]*)\]\(", page.read_text("utf-8")) for page in PAGES]
    assert [] == [text for texts in shown for text in texts if len(text) < 20]


def test_every_runtime_dependency_has_a_reason() -> None:
    """The page on dependencies names exactly the packages that `pyproject.toml` installs."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = {re.split(r"[<>=!~ \[]", text)[0].lower() for text in project["dependencies"]}
    page = (ROOT / "docs/decisions/0001-dependencies.md").read_text("utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    assert wanted == {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_decisions_are_numbered_without_gaps() -> None:
    """Decisions are numbered from 1, and the list names each of them."""
    folder = ROOT / "docs" / "decisions"
    names = sorted(page.name for page in folder.glob("[0-9]*.md"))
    assert [f"{i + 1:04d}" for i in range(len(names))] == [name[:4] for name in names]
    assert names == sorted(links_of(folder / "README.md"))
