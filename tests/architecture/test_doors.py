"""Doors between rooms: who may import whom, and what the command line loads before it knows what to do."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT

LINTER = Path(sys.executable).with_name("lint-imports")
HELP = """
import sys
from client.cli import main
sys.argv = ["gradmarket", "--help"]
try:
    main()
except SystemExit as end:
    print("exit", end.code)
print("loaded", *sys.modules)
"""


def _lint(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(LINTER), "--no-cache", "--no-logo"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603 - no input


def test_every_door_is_shut() -> None:
    """The contracts of `tool.importlinter` in pyproject.toml hold for the tree as it is."""
    checked = _lint(ROOT)
    assert 0 == checked.returncode, checked.stdout


@pytest.mark.parametrize(
    ("room", "breach", "contract"),
    [
        ("marketplace/storage", "import client", "what everybody shares does not know"),
        ("marketplace/sealing", "import marketplace.storage.cid", "rooms stand on the domain"),
        ("marketplace/privacy", "import marketplace.scoring.dots", "rooms stand on the domain"),
        ("marketplace/domain", "import marketplace.scoring", "rooms stand on the domain"),
        ("marketplace/annexe", "", "rooms stand on the domain"),
        ("marketplace/domain", "import time", "the domain is pure"),
        ("client/demo", "import torch.nn", "torch stays with local training"),
        ("client/leakage", "import torch", "torch stays with local training"),
        ("marketplace/scoring", "import torch", "torch stays with local training"),
        ("client/training", "import web3", "web3 and the virtual machine"),
        ("marketplace/sealing", "import eth_tester", "web3 and the virtual machine"),
    ],
)
def test_open_door_is_noticed(tmp_path: Path, room: str, breach: str, contract: str) -> None:
    """A module that breaks a door, planted in a copy of the tree, breaks the contract that guards this door."""
    for package in ("client", "marketplace"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__", "data"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / room).mkdir(exist_ok=True)
    (tmp_path / room / "__init__.py").touch()
    (tmp_path / room / "planted.py").write_text(breach, encoding="utf-8")
    checked = _lint(tmp_path)
    broken = checked.stdout.partition("Broken contracts")[2]
    assert 1 == checked.returncode
    assert contract in broken


def test_help_loads_no_heavy_library() -> None:
    """`gradmarket --help` answers at once: neither torch nor web3 nor anything else that takes a second is imported.

    GM-801.
    """
    heavy = {"cryptography", "eth", "eth_tester", "pandas", "scipy", "sklearn", "torch", "web3"}
    answer = subprocess.run([sys.executable, "-c", HELP], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - no input
    *shown, loaded = answer.stdout.splitlines()
    assert "exit 0" == shown[-1]
    assert any("demo" in line for line in shown)
    assert set() == heavy & set(loaded.split())
