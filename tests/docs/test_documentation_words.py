"""The documentation keeps to the glossary: one word per idea."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.documents import PAGES, ROOT, prose_of

_GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
_HEADING = "## Words we do not use"


def _forbidden() -> list[str]:
    """Return the left column of the glossary's last table, phrase by phrase."""
    table = _GLOSSARY.read_text("utf-8").partition(_HEADING)[2]
    rows = [line.split("|")[1] for line in table.splitlines() if line.startswith("|")][2:]
    return [phrase.strip() for row in rows for phrase in row.split(",")]


def test_glossary_lists_words_to_avoid() -> None:
    """The list is there and read: it knows the most tempting synonyms."""
    assert {"worker", "penalty", "collateral", "global model"} <= set(_forbidden())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_keeps_to_the_glossary(page: Path) -> None:
    """No page uses a synonym of a word the glossary fixes, outside code."""
    prose = prose_of(page)
    if page == _GLOSSARY:
        prose = prose.partition(_HEADING)[0]
    found = [w for w in _forbidden() if re.search(rf"\b{re.escape(w)}(s|es|d|ed)?\b", prose, re.IGNORECASE)]
    assert [] == found


def test_glossary_names_exist_in_the_code() -> None:
    """Every name in the glossary's last column occurs in the code it stands for."""
    folders = [ROOT / "client", ROOT / "marketplace", ROOT / "contracts"]
    code = "\n".join(f.read_text("utf-8") for d in folders for s in ("*.py", "*.sol") for f in d.rglob(s))
    rows = _GLOSSARY.read_text("utf-8").partition(_HEADING)[0].splitlines()
    names = [n for row in rows if row.count("|") == 4 for n in re.findall(r"`([^`]+)`", row.split("|")[3])]
    missing = [n for n in names if "/" not in n and not all(part in code for part in n.split("."))]
    assert [] == missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_page_is_not_wider_than_a_screen(page: Path) -> None:
    """Outside tables and pictures no line is longer than 120 characters."""
    lines = page.read_text("utf-8").splitlines()
    assert [] == [line for line in lines if len(line) > 120 and not line.startswith(("|", "!["))]
