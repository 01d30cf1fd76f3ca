"""What no file of the repository may hold, and how long one may be."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.architecture.repository import files, text

LONGEST = {".py": 400, ".sol": 450}
MACHINE_PATH = re.compile(r"(?<![\w.@~-])/(?:farm|home|root|Users|work)/")
REGISTRY = re.compile(r"deb\.[d]ebian|download\.[p]ytorch|pypi\.[o]rg|[p]ythonhosted|registry\.[n]pmjs")  # not itself
PICKLERS = {"cloudpickle", "dill", "joblib", "marshal", "pickle", "shelve"}


@pytest.mark.parametrize("suffix", LONGEST)
def test_no_source_file_is_long(suffix: str) -> None:
    """A file that grows past the limit has become two files in one."""
    lengths = {path: len(text(path).splitlines()) for path in files() if path.suffix == suffix}
    assert {} == {str(path): length for path, length in lengths.items() if length > LONGEST[suffix]}


@pytest.mark.parametrize(("what", "pattern"), [("machine's path", MACHINE_PATH), ("registry's host", REGISTRY)])
def test_no_file_knows_where_it_was_written(what: str, pattern: re.Pattern[str]) -> None:
    """No path of one machine and no host of a package registry stands in a file that others clone."""
    found = {str(path): match[0] for path in files() if (match := pattern.search(text(path)))}
    assert {} == found, f"a {what}"


def _imported(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names


def test_nothing_is_pickled() -> None:
    """Bytes from strangers are parsed, never unpickled: no module imports a library that runs what it reads."""
    sources = [path for path in files() if path.suffix == ".py" and path.parts[0] != "tests"]
    assert {} == {str(path): found for path in sources if (found := _imported(path) & PICKLERS)}
    loads = re.compile(r"torch\.load\(|allow_pickle\s*=\s*True|\beval\(|\bexec\(")
    assert [] == [str(path) for path in sources if loads.search(text(path))]
