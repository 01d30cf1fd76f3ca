"""Contributions: equal to the mean over all orders in fractions, and lawful when orders are drawn."""

from __future__ import annotations

from fractions import Fraction
from math import factorial, lcm

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.network import Shape
from marketplace.domain.update import Update
from marketplace.scoring.contribution import contributions, draw_permutation, shapley_weights
from marketplace.scoring.game import Game, build_game
from marketplace.scoring.rowscore import score_scale
from tests.scoring.test_scoring_game import draw_game
from tests.scoring.worlds import network_of, seeds, terms_of, update_of

SEED = bytes(range(32))


def game_of(seed: int, players: int, *, zero_at: int | None = None) -> Game:
    """Return a random game; the player at `zero_at` changes nothing."""
    rng = np.random.default_rng(seed)
    shape = Shape(3, 2, 3)
    base, rows, labels = network_of(shape, rng), rng.integers(-127, 128, (4, 3)), rng.integers(0, 3, 4)
    group = [(update_of(shape, rng), int(rng.integers(1, 16)), 0) for _ in range(players)]
    if zero_at is not None:
        group.insert(zero_at, (Update.zero(shape), 15, 0))
    return build_game(base, group, None, 40, rows, labels, score_scale(terms_of(shape), 40))


@settings(max_examples=40)
@given(seeds, st.integers(0, 4), st.booleans())
def test_contributions_equal_the_mean_over_all_orders(seed: int, players: int, known: bool) -> None:
    """Numerators over the public denominator are (Shapley + solo) / 2, row by row, exactly."""
    game, oracle = draw_game(seed, players, known)
    found = contributions(game, SEED, 16)
    exact = [[Fraction(v, found.denominator) for v in row] for row in found.numerators.tolist()]
    assert oracle.contributions() == exact
    assert oracle.value(frozenset(range(players))) == found.full.tolist()


@settings(max_examples=20)
@given(seeds, st.integers(1, 8))
def test_shapley_parts_share_out_the_whole_gain(seed: int, players: int) -> None:
    """Efficiency: without the solo part, numerators sum to the gain of everybody over nobody, in every row. GM-408."""
    game = game_of(seed, players)
    found, table = contributions(game, SEED, 16), game.table()
    half = found.denominator // 2
    solos = np.array([table[1 << i] - table[0] for i in range(players)])
    shapley = found.numerators - half * solos
    assert (half * (table[-1] - table[0])).tolist() == shapley.sum(axis=0).tolist()


@settings(max_examples=20)
@given(seeds, st.integers(1, 7), st.data())
def test_a_player_that_changes_nothing_gets_nothing_and_takes_nothing(
    seed: int, players: int, data: st.DataObject
) -> None:
    """The null player's numerators are 0 in every row, and nobody else's contribution changes. GM-404."""
    at = data.draw(st.integers(0, players))
    alone, joined = (
        contributions(game_of(seed, players), SEED, 16),
        contributions(game_of(seed, players, zero_at=at), SEED, 16),
    )
    assert not joined.numerators[at].any()
    others = np.delete(joined.numerators, at, axis=0)
    assert (alone.numerators * joined.denominator).tolist() == (others * alone.denominator).tolist()


@settings(max_examples=10, deadline=None)
@given(seeds, st.integers(9, 12), st.integers(1, 3))
def test_drawn_orders_share_out_the_whole_gain_too(seed: int, players: int, pairs: int) -> None:
    """Efficiency holds for every drawn order, so also for their mean; null players still get nothing."""
    game = game_of(seed, players - 1, zero_at=2)
    found = contributions(game, SEED, pairs)
    empty, full, *solos = (s.copy() for s in game.walk([0, game.everybody, *(1 << i for i in range(players))]))
    half = found.denominator // 2
    shapley = found.numerators - half * (np.array(solos) - empty)
    assert (half * (full - empty)).tolist() == shapley.sum(axis=0).tolist()
    assert not found.numerators[2].any()
    assert full.tolist() == found.full.tolist()


def test_drawn_orders_come_close_to_all_orders() -> None:
    """For a game of nine, many pairs of orders give about the exact value (here computed from all coalitions)."""
    game = game_of(11, 9)
    table = game.table()
    drawn = contributions(game, SEED, 400)
    for i in range(9):
        without = [s for s in range(1 << 9) if not s >> i & 1]
        marginal = [int((table[s | 1 << i] - table[s]).sum()) for s in without]
        weight = [Fraction(factorial(s.bit_count()) * factorial(8 - s.bit_count()), factorial(9)) for s in without]
        shapley = float(sum(w * v for w, v in zip(weight, marginal, strict=True)))
        exact = (shapley + marginal[0]) / 2
        error = float(np.std(marginal)) / (2 * 800**0.5)  # 400 pairs; pairing only makes it smaller
        assert abs(drawn.sums[i] / drawn.denominator - exact) < 4 * error


def test_sums_and_squares_are_exact() -> None:
    """What is opened of a contribution: its sum and the sum of its squares over the rows, in Python integers."""
    found = contributions(game_of(3, 4), SEED, 16)
    rows = found.numerators.tolist()
    assert tuple(sum(r) for r in rows) == found.sums
    assert tuple(sum(v * v for v in r) for r in rows) == found.squares
    assert found.numerators.shape == (4, 4)


@pytest.mark.parametrize("players", range(1, 9))
def test_weights_are_those_of_shapley(players: int) -> None:
    """|S|! (n - |S| - 1)! / n! over lcm(1..n), without a remainder."""
    whole = lcm(*range(1, players + 1))
    for size, weight in enumerate(shapley_weights(players)):
        exact = Fraction(factorial(size) * factorial(players - size - 1), factorial(players))
        assert exact == Fraction(weight, whole)


@given(st.binary(min_size=32, max_size=32), st.integers(0, 100), st.integers(1, 128))
def test_a_drawn_order_holds_everybody_once(seed: bytes, draw: int, players: int) -> None:
    """Fisher-Yates permutes, and the same seed and draw give the same order."""
    order = draw_permutation(seed, draw, players)
    assert list(range(players)) == sorted(order)
    assert order == draw_permutation(seed, draw, players)


def test_drawn_orders_are_uniform() -> None:
    """Over 6,000 draws each of the six orders of three comes up about a thousand times."""
    counts: dict[tuple[int, ...], int] = {}
    for draw in range(6000):
        order = draw_permutation(SEED, draw, 3)
        counts[order] = counts.get(order, 0) + 1
    assert 6 == len(counts)
    assert all(abs(count - 1000) < 150 for count in counts.values())
