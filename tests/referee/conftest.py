"""Fixtures of the referee's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.chain.nodes import anvil
from tests.referee.asking import FastChain, Judges


@pytest.fixture(scope="session")
def embedded_judges() -> Judges:
    """Return the judges inside this process, deployed once; they keep nothing."""
    return Judges()


@pytest.fixture(scope="session")
def fast_judges() -> Iterator[Judges]:
    """Return the judges on anvil, which answers the long runs in a fraction of the time."""
    with anvil(*FastChain.OPTIONS) as url:
        yield Judges(FastChain(url))


@pytest.fixture
def judges(request: pytest.FixtureRequest) -> Judges:
    """Return the judges: on anvil for slow tests, inside this process for others."""
    slow = request.node.get_closest_marker("slow") is not None
    found: Judges = request.getfixturevalue("fast_judges" if slow else "embedded_judges")
    return found
