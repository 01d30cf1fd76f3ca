"""Fixtures of the chain room."""

from copy import copy

import pytest

from tests.chain.stage import Stage


@pytest.fixture(scope="session")
def _deployed():
    """One chain for all tests, with the contracts and everybody's money."""
    return Stage()


@pytest.fixture
def stage(_deployed):
    """The chain before anything is posted; whatever a test does to it is undone."""
    moment = _deployed.chain.snapshot()
    yield copy(_deployed)
    _deployed.chain.restore(moment)
