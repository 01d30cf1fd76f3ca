"""What takes no data never pays: noise, nothing, the opposite, a copy, yesterday's update."""

import pytest

from client.gym.registry import CHEAP, STRATEGIES
from client.gym.replay import replay
from client.gym.statistics import mean_of
from client.gym.world import TOKEN, World

GAMES = 50
"""`gradmarket gym --only cheap --games 1000 --no-chain` by night."""


@pytest.fixture(scope="module")
def worlds():
    """Rows of every seed, by the rounds of the bounty, trained on once."""
    return {rounds: [World(seed, rounds) for seed in range(GAMES)] for rounds in (1, 2)}


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", CHEAP)
def test_a_strategy_that_takes_no_data_loses_its_fees(worlds, name):
    """Paid more than its fee in none of the games, mean profit below zero with its whole interval. GM-809."""
    kind = STRATEGIES[name]
    found = [replay(world, kind()) for world in worlds[kind.rounds]]
    assert [] == [seed for seed, game in enumerate(found) if game.earned > game.fees]
    assert mean_of([game.profit / TOKEN for game in found]).below
