"""Commands in the documentation are commands that exist."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tests.docs.documents import PAGES, ROOT, commands_of

COMMANDS = sorted({(page.name, command) for page in PAGES for command in commands_of(page)})
_OUTSIDE = ("git clone ", "cd ")


@cache
def _help(*subcommands: str) -> str:
    """Return what `gradmarket ... --help` says, wide enough that no option is cut."""
    words = [sys.executable, "-c", "from client.cli import main; main()", *subcommands, "--help"]
    environment = {"COLUMNS": "300", "PATH": "/usr/bin:/bin", "NO_COLOR": "1", "TERM": "dumb"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, env=environment)  # noqa: S603 - words of our pages
    assert 0 == done.returncode, done.stderr
    return re.sub(r"\x1b\[[0-9;]*m", "", done.stdout)


def _make_targets() -> set[str]:
    lines = (ROOT / "Makefile").read_text("utf-8").splitlines()
    return {name for line in lines if (found := re.match(r"([\w -]+):(?!=)", line)) for name in found[1].split()}


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_documented_command_exists(page: str, command: str) -> None:
    """Every command of a `bash` block is a target of the Makefile, or a subcommand and options of `gradmarket`."""
    words = command.split()
    if words[0] == "make":
        assert set(words[1:]) <= _make_targets(), f"{page}: {command}"
    elif words[0].endswith("gradmarket"):
        options = [word.split("=")[0] for word in words[1:] if word.startswith("--")]
        values = {words[i + 1] for i, word in enumerate(words[:-1]) if word.startswith("--") and "=" not in word}
        subcommands = [word for word in words[1:] if not word.startswith("-") and word not in values]
        page_help = _help(*subcommands[:2])
        missing = [option for option in options if option not in page_help]
        assert [] == missing, f"{page}: {command}"
    else:
        assert command.startswith(_OUTSIDE), f"{page}: {command}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_targets_named_in_prose_exist(page: Path) -> None:
    """Every `make` target that a page mentions in passing is in the Makefile too."""
    named = set(re.findall(r"`make ([a-z-]+)`", page.read_text("utf-8")))
    assert set() == named - _make_targets()


def test_readme_starts_with_two_commands() -> None:
    """A stranger types a clone and `make demo`, and nothing before or between."""
    first = commands_of(ROOT / "README.md")[:3]
    assert ["git", "cd", "make"] == [command.split()[0] for command in first]
    assert "make demo" == first[2]
