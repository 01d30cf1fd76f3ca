"""One chain for a file's games."""

import pytest

from client.gym.arena import Arena
from client.gym.world import TICKET_STAKE


@pytest.fixture(scope="module")
def arena():
    """A chain on which everybody has an account."""
    return Arena(TICKET_STAKE)
