"""The specification is held by tests: every sentence is cited, and nothing cites a sentence that is not there."""

from __future__ import annotations

import re

from tests.docs.documents import ROOT

_SENTENCE = re.compile(r"^- \*\*(GM-\d{3})\*\* (.+?)(?=\n- \*\*GM-|\n\n|\Z)", re.MULTILINE | re.DOTALL)
_ID = re.compile(r"GM-\d{3}")
_TEXT = (ROOT / "docs" / "SPECIFICATION.md").read_text("utf-8")


def _citations() -> dict[str, list[str]]:
    """Return which files cite which sentence."""
    files = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "contracts" / "test").rglob("*.sol")]
    found: dict[str, list[str]] = {}
    for file in sorted(files):
        if file.is_relative_to(ROOT / "tests" / "docs"):
            continue
        for sentence in _ID.findall(file.read_text("utf-8")):
            found.setdefault(sentence, []).append(str(file.relative_to(ROOT)))
    return found


def test_every_sentence_is_cited_by_a_test() -> None:
    """Whoever adds a sentence to the specification shows a test that holds it."""
    assert [] == sorted({number for number, _ in _SENTENCE.findall(_TEXT)} - _citations().keys())


def test_every_citation_names_a_sentence() -> None:
    """No test cites a sentence that does not exist."""
    known = {number for number, _ in _SENTENCE.findall(_TEXT)}
    assert {} == {number: files for number, files in _citations().items() if number not in known}


def test_sentences_are_numbered_once_in_order() -> None:
    """A number stands for one sentence, and sentences are in the order of their numbers."""
    numbers = [number for number, _ in _SENTENCE.findall(_TEXT)]
    assert sorted(set(numbers)) == numbers
    assert set(_ID.findall(_TEXT)) == set(numbers)


def test_each_sentence_is_one_sentence() -> None:
    """A numbered fact is one sentence and ends with its only full stop."""
    texts = [" ".join(text.split()) for _, text in _SENTENCE.findall(_TEXT)]
    assert [] == [text for text in texts if not text.endswith(".") or re.search(r"\.\s+[A-Z]", text)]
