"""Every strategy plays a game to its end, and every unit is accounted for."""

from dataclasses import astuple

import pytest

from client.gym.game import Game
from client.gym.registry import CHEAP, STRATEGIES
from client.gym.replay import HonestWork, replay
from client.gym.strategy import Honest
from client.gym.world import TOKEN, World
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import InvalidInput

QUICK = {
    *CHEAP,
    "sybil-split",
    "lazy-guess",
    "majority-liar",
    "thrown-dispute",
    "self-challenge",
    "never-opens",
    "opens-to-some",
    "grinds-the-draw",
}
"""Played in every run; the others in those that take long."""
PLAYABLE = [
    pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
    for name, kind in STRATEGIES.items()
    if not kind.impossible
]
CERTAIN = {
    "zero": -5,
    "sign-flip": -5,
    "copy": -5,
    "stale": -10,
    "take-the-base": -50,
    "lazy-guess": -1200,
    "copied-commit": -360,
    "withheld-reveal": -360,
    "false-unavailability": 0,
    "majority-unavailability": 0,
    "thrown-dispute": 2 * 5 - 120,
    "never-opens": -96,
    "never-opens-the-shard": -96,
    "unbeatable-labels": 2 * (5 * 5 - 3 * 5),
}
"""Tokens, where no seed can change them: fees, stakes, slashes, bonds."""
SEED = 3


@pytest.mark.parametrize("name", PLAYABLE)
def test_a_game_ends_and_is_exact(arena, name):
    """The bounty closes empty; what some lost, others gained or is burned; what is certain is what happens. GM-810."""
    kind = STRATEGIES[name]
    world = World(SEED, kind.rounds)
    game = Game(arena, world, kind())
    outcome = game.play()
    assert Phase.CLOSED == game.state().phase
    assert (0, 0) == (outcome.left, sum(outcome.money.values()) + outcome.burned)
    assert outcome.exact
    assert arena.net.books().exact
    if name in CERTAIN:
        assert CERTAIN[name] * TOKEN == sum(outcome.money[member] for member in outcome.team)
    if kind.only_trains:
        assert (outcome.earned, outcome.fees) == astuple(replay(world, kind()))


def test_honest_people_settle_every_round_and_are_paid(arena):
    """What everything is compared with: all rounds adopted, seats paid, the holders together better off."""
    outcome = Game(arena, World(SEED, 2), Honest()).play()
    assert (2, 2, True) == (outcome.settled, outcome.adopted, outcome.exact)
    assert [10 * TOKEN] * 3 == [outcome.money[f"validator {i}"] for i in range(3)]
    assert sum(outcome.money[f"holder {i}"] for i in range(5)) > 0
    assert 0 < outcome.worth <= 2 * 1000 * TOKEN
    assert outcome.money["holder 4"] == replay(World(SEED, 2), HonestWork()).profit


def test_the_same_seed_gives_the_same_profits(arena):
    """Only the draw is left to chance, and three tickets for three seats leave it nothing to choose."""
    first, second = (Game(arena, World(SEED, 1), STRATEGIES["noise"]()).play() for _ in range(2))
    assert first.money == second.money


def test_one_honest_seat_overturns_two_that_lie(arena):
    """The sheet that two of three seats revealed falls; both lose their tickets, and the third is paid for it."""
    lied_to = Game(arena, World(SEED, 1), STRATEGIES["majority-liar"]()).play()
    assert [-1200 * TOKEN, -1200 * TOKEN] == [lied_to.money[f"validator {i}"] for i in range(2)]
    assert (5 + 1200) * TOKEN == lied_to.money["validator 2"]
    honest = Game(arena, World(SEED, 1), Honest()).play()
    assert [honest.money[f"holder {i}"] for i in range(5)] == [lied_to.money[f"holder {i}"] for i in range(5)]


def test_a_strategy_that_does_more_than_train_is_not_replayed():
    """It would be measured without what it does."""
    with pytest.raises(InvalidInput, match="play it on the contracts"):
        replay(World(SEED, 1), STRATEGIES["majority-liar"]())


def test_a_liar_among_three_changes_nothing_for_the_others(arena):
    """The minority's sheet is as if it had not been revealed: holders have what they have among honest seats."""
    honest, lied_to = (Game(arena, World(SEED, 1), kind()).play() for kind in (Honest, STRATEGIES["minority-liar"]))
    paid = [f"holder {i}" for i in range(5)]
    assert [honest.money[name] for name in paid] == [lied_to.money[name] for name in paid]


def test_two_seats_read_what_one_cannot(arena):
    """With the shares of a threshold of seats a holder submits exactly the mean of the others before the close."""
    leaked, granted = (Game(arena, World(SEED, 2), STRATEGIES[n]()).play() for n in ("key-leak", "mean-of-others"))
    assert granted.money["holder 4"] == leaked.money["holder 4"]
