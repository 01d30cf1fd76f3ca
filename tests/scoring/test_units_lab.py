"""The laboratory of weight units: its first rule is the product's, and what it is built from keeps its laws."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.datasets import Rows
from marketplace.domain.update import Update
from marketplace.scoring.game import build_game
from marketplace.scoring.round import RoundInput, score_round
from marketplace.scoring.rowscore import score_scale
from scripts.units_rules import RULES, Rule, diagonal, loadings, score, span_weights, weighted_median
from tests.scoring.worlds import round_of, rounds, seeds, with_submissions

SCRIPTS = Path(__file__).parents[2] / "scripts"
TINY = 1e-6


@pytest.fixture(scope="module")
def lab() -> Any:
    """The program; its neighbours are found as they are when it is started."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield import_module("units_lab")


@pytest.fixture(scope="module")
def crowd(lab: Any) -> Any:
    """The crowds it measures."""
    return import_module(lab.World.__module__)


def directions(seed: int, n: int = 5, width: int = 12) -> tuple[Any, Any]:
    """Return n vectors that share something, and a target."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=width)
    return common + rng.normal(size=(n, width)), common


def solved(vectors: Any, target: Any) -> Any:
    """Return the combination of `vectors` that `span_weights` finds."""
    norms = np.linalg.norm(vectors, axis=1)
    x = span_weights(vectors @ vectors.T, vectors @ target / norms, TINY)
    return x / norms @ vectors


@given(rounds)
def test_equal_weights_are_the_product_s(given: RoundInput) -> None:
    """The rule called equal pays, adopts and leads exactly where the product's scoring does."""
    expected, found = score_round(given), score(given, [1] * len(given.submissions), RULES[0])
    amounts = {s.index: amount for s, amount in zip(given.submissions, found.payouts, strict=True) if amount}
    assert (expected.payouts, expected.adopted) == (amounts, found.adopted)
    assert expected.next_base == found.next_base


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
@settings(max_examples=20)
@given(seed=seeds)
def test_an_update_of_nothing_earns_nothing(rule: Rule, seed: int) -> None:
    """Whatever the rule and the declared units, payouts keep the budget and a zero update is paid 0."""
    world = with_submissions(round_of(seed, rows=6, known=bool(seed % 2)), Update.zero(round_of(seed).scoring.shape))
    paid = score(world, [7, 1, 3, 2, 9], rule).payouts
    assert paid[-1] == 0
    assert sum(paid) <= world.round_budget


@given(seeds)
def test_best_combination_is_blind_to_length_and_number(seed: int) -> None:
    """Tripling an update, or submitting it as two that differ, leads to the same combination."""
    vectors, target = directions(seed)
    plain = solved(vectors, target)
    loud = vectors * np.array([3, 1, 1, 1, 1])[:, None]
    np.testing.assert_allclose(solved(loud, target), plain, atol=1e-3)
    copied = np.concatenate([vectors, vectors[:1]])
    np.testing.assert_allclose(solved(copied, target), plain, atol=1e-3)


@given(seeds)
def test_weights_are_optimal(seed: int) -> None:
    """No weight is negative, and none could be changed for the better (Karush-Kuhn-Tucker)."""
    vectors, target = directions(seed)
    norms = np.linalg.norm(vectors, axis=1)
    aim = vectors @ target / norms
    x = span_weights(vectors @ vectors.T, aim, 0.1)
    slope = (vectors @ vectors.T / np.outer(norms, norms) + 0.1 * np.eye(len(x))) @ x - aim
    assert (x >= 0).all()
    assert (slope > -TINY).all()
    assert np.abs(slope[x > 0]).max(initial=0) < TINY


@given(st.lists(st.floats(0.3, 0.95), min_size=3, max_size=9))
def test_loadings_are_found_and_a_friend_does_not_raise_them(true: list[float]) -> None:
    """Cosines b_i b_j give b back; from seven on, two that agree more than that gain nothing by it."""
    b = np.array(true)
    cosines = np.outer(b, b)
    np.fill_diagonal(cosines, 1)
    np.testing.assert_allclose(loadings(cosines), b, atol=1e-6)
    if len(b) >= 7:
        cosines[0, 1] = cosines[1, 0] = 0.99
        np.testing.assert_allclose(loadings(cosines), b, atol=1e-6)


def test_weighted_median_counts_weight() -> None:
    """Half of the weight is at or below it; without weight it is 0."""
    assert weighted_median(np.array([5.0, 1.0, 3.0]), np.array([1.0, 1.0, 1.0])) == 3
    assert weighted_median(np.array([5.0, 1.0, 3.0]), np.array([9.0, 1.0, 1.0])) == 5
    assert weighted_median(np.array([5.0, 1.0]), np.array([0.0, 0.0])) == 0


@given(rounds)
def test_one_step_of_the_diagonal_is_solo_and_margin(given: RoundInput) -> None:
    """With one piece each, twice the contribution is what a player adds alone and what the others miss without it."""
    k = 4
    players = [(s.update, 1, 0) for s in given.submissions if s.update is not None]
    scale = score_scale(given.scoring, k)
    game = build_game(given.base, players, None, k, given.rows, given.labels, scale)
    table, everybody = game.table(), game.everybody
    found, margin = diagonal(game, len(players), 1), diagonal(game, len(players), 1, last=True)
    for i in range(len(players)):
        alone, missed = table[1 << i] - table[0], table[everybody] - table[everybody & ~(1 << i)]
        np.testing.assert_array_equal(alone + missed, found.numerators[i])
        np.testing.assert_array_equal(missed, margin.numerators[i])


@given(seeds, st.integers(1, 3))
def test_rows_are_dealt_and_cut_without_loss(crowd: Any, seed: int, count: int) -> None:
    """Dealing and cutting keep every row once; pieces differ by at most one row a class."""
    rng = np.random.default_rng(seed)
    parts = [Rows(np.arange(20.0)[:, None] + 20 * i, rng.integers(0, 3, 20)) for i in range(3)]
    dealt = crowd.deal_alike(parts, (3, 2, 1), rng)
    assert [30, 20, 10] == [len(p.labels) for p in dealt]
    pieces = crowd.pieces_of(dealt[0], count, rng)
    both = [np.sort(np.concatenate([p.features[:, 0] for p in some])) for some in ([dealt[0]], pieces)]
    np.testing.assert_array_equal(*both)
    assert {len(p.labels) for p in pieces} <= {30 // count, -(-30 // count)}


def test_rank_correlation_knows_ties(lab: Any) -> None:
    """It is 1 in order, -1 against it, 0 against a constant."""
    assert lab.rank_correlation([1, 2, 3], [10, 20, 30]) == pytest.approx(1)
    assert lab.rank_correlation([1, 2, 3], [3, 2, 1]) == pytest.approx(-1)
    assert lab.rank_correlation([1, 2, 3], [5, 5, 5]) == 0


def run_of(lab: Any, **factors: float) -> dict[str, Any]:
    """Return a run in which every holder has 10 rows and earns 1; deviations earn what `factors` say, else 1."""
    earned = {f"{role}/{what}": factors.get(what.split()[0], 1.0) for role in lab.RANKS for what in lab.DEVIATIONS}
    return {
        "honest": {f"holder{i}": 1.0 for i in range(8)},
        "rows": {f"holder{i}": 10 for i in range(8)},
        "roles": dict.fromkeys(lab.RANKS, 1.0),
        "role_rows": dict.fromkeys(lab.RANKS, 10),
        "deviating": earned,
    }


def test_fees_are_as_high_as_they_have_to_be(lab: Any) -> None:
    """No fee where nothing pays; a fee a row of (r - 1.05) / 1.95 where claiming three times the rows earns r."""
    free = lab.price([run_of(lab)], lab.DEVIATIONS)
    assert (0, 0, 1) == (free["row"], free["submission"], free["left"])
    dear = lab.price([run_of(lab, claim=2.0)], ["claim x3", "split 2"])
    assert (0.95 / 1.95) <= dear["row"] <= (0.95 / 1.95) + 0.02
    assert dear["submission"] == 0
    split = lab.price([run_of(lab, split=1.5)], ["split 2"])
    assert (0.45 / 0.95) <= split["submission"] <= (0.45 / 0.95) + 0.02


def test_ratios_compare_sums(lab: Any) -> None:
    """A ratio is of sums over runs and roles, so that a holder who earns nothing does not decide it."""
    runs = [run_of(lab, claim=2.0), run_of(lab)]
    assert lab.ratio(runs, "claim x3", list(lab.RANKS)) == pytest.approx(1.5)
    assert lab.ratio(runs, "twins", ["large"]) == pytest.approx(1)
