"""One world for all files of the laboratory."""

import pytest

from client.leakage.membership import Shadows
from client.leakage.world import World


@pytest.fixture(scope="session")
def world():
    """The digits of the demonstration's eight holders."""
    return World("digits", 0)


@pytest.fixture(scope="session")
def shadows(world):
    """Eight shadow models and sixteen to attack."""
    return Shadows(world, 8)
