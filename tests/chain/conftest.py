"""Fixtures of the chain room."""

import pytest

from tests.chain.stage import Stage


@pytest.fixture
def stage():
    """A fresh chain with the contracts and everybody's money; nothing is posted."""
    return Stage()
