"""Contracts, people and money for Brownie's suite, on whatever local network it runs."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import brownie.test
import pytest

from scripts.deploy import create


def _repair_state_machine() -> None:
    """Replace Brownie 1.22's compiled `state_machine` by its source, which Hypothesis can subclass."""
    source = Path(brownie.test.__file__).with_name("stateful.py")
    spec = importlib.util.spec_from_file_location("brownie.test.stateful", source)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    for found in [m for name, m in sys.modules.items() if name.startswith("brownie") and hasattr(m, "state_machine")]:
        found.state_machine = module.state_machine


_repair_state_machine()


@pytest.fixture(autouse=True)
def isolated(fn_isolation):
    """Every test begins on the chain its module prepared."""


@pytest.fixture(scope="module")
def deployment(accounts, module_isolation):
    """Everything that a local deployment puts on the chain."""
    return create(accounts[0], faucet=True)
