"""Fixtures of the referee's tests."""

import pytest

from tests.referee.asking import Judges


@pytest.fixture(scope="session")
def judges() -> Judges:
    """Return the judges, deployed once; they keep nothing."""
    return Judges()
