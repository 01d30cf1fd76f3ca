"""What takes no data never pays: noise, nothing, the opposite, a copy, yesterday's update."""

import os

import pytest

from client.gym.game import Game
from client.gym.registry import CHEAP, STRATEGIES
from client.gym.statistics import mean_of
from client.gym.world import TOKEN, World

GAMES = 50 if os.environ.get("CI") else 10
"""A minute or two a strategy where a robot waits; `gradmarket gym --only cheap --games 1000` by night."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", CHEAP)
def test_a_strategy_that_takes_no_data_loses_its_fees(arena, name):
    """Paid more than its fee in none of the games, mean profit below zero with its whole interval. GM-809."""
    kind = STRATEGIES[name]
    outcomes = [Game(arena, World(seed, kind.rounds), kind()).play() for seed in range(GAMES)]
    assert all(outcome.exact for outcome in outcomes)
    assert 0 == sum(outcome.paid_more for outcome in outcomes)
    assert mean_of([outcome.profit() / TOKEN for outcome in outcomes]).below
