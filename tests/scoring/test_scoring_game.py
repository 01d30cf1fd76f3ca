"""The value game: every coalition's scores are those of its network, evaluated from scratch in fractions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.network import Network, Shape
from marketplace.domain.update import Update
from marketplace.scoring.game import FLOAT_LIMIT, Game, _product, build_game
from marketplace.scoring.rowscore import ScoreScale, network_scores, row_scores, score_scale
from tests.scoring.oracle import Oracle
from tests.scoring.worlds import network_of, seeds, terms_of, update_of

CLIP = 2


def draw_game(seed: int, players: int, known: bool, magnitude: int = 1) -> tuple[Game, Oracle]:
    """Return the same random game twice."""
    rng = np.random.default_rng(seed)
    shape = Shape(int(rng.integers(1, 4)), int(rng.integers(0, 4)), int(rng.integers(2, 4)))
    base = network_of(shape, rng)
    last = update_of(shape, rng) if known else None
    group = [
        (update_of(shape, rng), int(rng.integers(1, 16)), int(rng.integers(0, 4)) if known else 0)
        for _ in range(players)
    ]
    k = int(rng.integers(1, 60)) * magnitude
    group = [(d, c * magnitude, a * magnitude) for d, c, a in group]
    rows, labels = rng.integers(-127, 128, (5, shape.inputs)), rng.integers(0, shape.classes, 5)
    game = build_game(base, group, last, k, rows, labels, score_scale(terms_of(shape), k))
    return game, Oracle(base, group, last, k, rows.tolist(), labels.tolist(), CLIP)


def coalition_of(bitmap: int) -> frozenset[int]:
    """Return the members of a bitmap."""
    return frozenset(i for i in range(bitmap.bit_length()) if bitmap >> i & 1)


@given(seeds, st.integers(0, 3), st.booleans())
def test_every_coalition_scores_as_its_network_in_fractions(seed: int, players: int, known: bool) -> None:
    """No division and no rounding but the one floor: the table equals the definition. GM-402."""
    game, oracle = draw_game(seed, players, known)
    assert [oracle.value(coalition_of(s)) for s in range(1 << players)] == game.table().tolist()


@given(seeds, st.integers(1, 3))
def test_floats_and_integers_give_the_same_scores(seed: int, players: int) -> None:
    """Below the limit BLAS in float64 is exact; above it int64 takes over; both equal the definition."""
    game, oracle = draw_game(seed, players, known=True, magnitude=1 << 12)
    small, _ = draw_game(seed, players, known=True)
    assert small.exact_in_float
    assert [oracle.value(coalition_of(s)) for s in range(1 << players)] == game.table().tolist()


def test_games_beyond_the_limit_are_played_in_integers() -> None:
    """A denominator that pushes logits beyond 2**52 switches to int64."""
    found = {draw_game(seed, 2, known=True, magnitude=1 << 15)[0].exact_in_float for seed in range(30)}
    assert {True, False} == found


@given(seeds, st.permutations(range(8)))
def test_the_order_of_walking_does_not_matter(seed: int, order: list[int]) -> None:
    """Coalitions have the same scores whichever was visited before: adding and taking away is exact."""
    game, _ = draw_game(seed, 3, known=True)
    table = game.table()
    for coalition, scores in zip(order, game.walk(order), strict=True):
        assert table[coalition].tolist() == scores.tolist()


@given(seeds, st.integers(1, 40), st.integers(1, 15))
def test_repeating_the_last_aggregate_changes_no_coalition(seed: int, multiple: int, c: int) -> None:
    """What c m P adds less its part along P, which is c m, is nothing: every coalition scores as the empty one.

    GM-407.
    """
    rng = np.random.default_rng(seed)
    shape = Shape(3, 2, 2)
    base, known = network_of(shape, rng), update_of(shape, rng)
    again = Update.from_flat(multiple * known.flat(), shape)
    rows, labels = rng.integers(-127, 128, (4, 3)), rng.integers(0, 2, 4)
    game = build_game(base, [(again, c, c * multiple)], known, 9, rows, labels, score_scale(terms_of(shape), 9))
    assert game.table()[0].tolist() == game.table()[1].tolist()


@given(seeds, st.integers(1, 300))
def test_a_model_over_k_scores_as_the_oracle_says(seed: int, k: int) -> None:
    """Homogeneity turns evaluating K base over K into one product."""
    rng = np.random.default_rng(seed)
    shape = Shape(3, int(rng.integers(0, 3)), 3)
    base = network_of(shape, rng)
    rows, labels = rng.integers(-127, 128, (5, 3)), rng.integers(0, 3, 5)
    oracle = Oracle(base, [], None, k, rows.tolist(), labels.tolist(), CLIP)
    assert oracle.value(frozenset()) == network_scores(base, rows, labels, score_scale(terms_of(shape), k)).tolist()


@given(st.integers(1, 1 << 12), st.integers(0, 2), st.integers(1, 8))
def test_row_scores_have_15_bits_and_no_bit_more_is_dropped(k: int, hidden: int, clip: int) -> None:
    """The largest score fits 15 bits; with one bit less dropped it would not. GM-418."""
    scale = score_scale(terms_of(Shape(2, hidden, 2), clip_logits=clip), k)
    assert 2 * scale.clip >> scale.shift < 1 << 15
    assert scale.shift == 0 or 2 * scale.clip >> (scale.shift - 1) >= 1 << 15


def test_margins_are_clipped_and_floored() -> None:
    """A margin of M or more scores 2M >> s, one of -M or less 0, and between them the floor decides."""
    scale = ScoreScale(k=1, clip=10, shift=1)
    logits = np.array([[5, 0, 100, 0, 3], [0, 0, 0, 100, 0], [-9, -1, -9, -9, -9]])
    labels = np.array([0, 0, 0, 0, 1])
    assert [7, 5, 10, 0, 3] == row_scores(logits.copy(), labels, scale).tolist()
    assert [7, 5, 10, 0, 3] == row_scores(logits.astype(np.float64), labels, scale).tolist()


def test_gains_compare_across_denominators() -> None:
    """Half the clip a row is half a billion, whatever K is; targets are in the unit of the numerators, rounded up."""
    for k in (1, 7, 168):
        scale = score_scale(terms_of(Shape(2, 2, 2)), k)
        half = scale.clip * 3 >> (scale.shift + 1)
        assert abs(scale.gain_ppb_floor(half, 3) - 500_000_000) < 100_000
        assert scale.gain_ppb_floor(-1, 3) < 0
        exact = scale.clip * 10 * 3 * 20_000 / (1_000_000 * 2**scale.shift)
        assert 0 <= scale.target_ceil(20_000, 3, 10) - exact < 1


@settings(max_examples=20)
@given(seeds)
def test_the_game_needs_no_last_aggregate(seed: int) -> None:
    """No last aggregate and one of zeros are the same game."""
    rng = np.random.default_rng(seed)
    shape = Shape(2, 2, 2)
    base, move = network_of(shape, rng), update_of(shape, rng)
    rows, labels = rng.integers(-127, 128, (3, 2)), rng.integers(0, 2, 3)
    scale = score_scale(terms_of(shape), 5)
    tables = [build_game(base, [(move, 6, 0)], p, 5, rows, labels, scale).table() for p in (None, Update.zero(shape))]
    assert tables[0].tolist() == tables[1].tolist()


def test_the_limit_of_floats_leaves_room_for_a_difference() -> None:
    """Integers below the limit, and differences of two, are exact in float64."""
    top = FLOAT_LIMIT - 1
    assert 2 * top == int(np.float64(top) - np.float64(-top))
    assert 2 * top - 1 == int(np.float64(top) - np.float64(1 - top))


def test_products_are_exact_on_both_sides_of_the_limit() -> None:
    """Small integers go through BLAS, large ones do not; both equal products in Python integers."""
    rng = np.random.default_rng(2)
    for reach in (1 << 20, 1 << 50):
        a, b = rng.integers(-reach, reach, (3, 4)), rng.integers(-127, 128, (4, 5))
        assert (a.astype(object) @ b.astype(object)).tolist() == _product(a, b).tolist()


def test_a_linear_model_is_a_game_too() -> None:
    """Without a hidden layer players' logits just add up."""
    rng = np.random.default_rng(5)
    shape = Shape(3, 0, 2)
    base: Network = network_of(shape, rng)
    terms = replace(terms_of(shape), clip_logits=8)
    moves = [(update_of(shape, rng), 3, 0), (update_of(shape, rng), 4, 0)]
    rows, labels = rng.integers(-127, 128, (4, 3)), rng.integers(0, 2, 4)
    game = build_game(base, moves, None, 6, rows, labels, score_scale(terms, 6))
    oracle = Oracle(base, moves, None, 6, rows.tolist(), labels.tolist(), 8)
    assert (2, 4, 3) == (game.players, game.rows, game.everybody)
    assert [oracle.value(coalition_of(s)) for s in range(4)] == game.table().tolist()
