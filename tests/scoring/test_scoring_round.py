"""Whole rounds: laws of what is paid, and equality with the definition in fractions."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidData, InvalidInput, InvalidTerms, InvalidUpdate
from marketplace.domain.network import Layer, Network, Shape
from marketplace.domain.update import LayerUpdate, Update, difference
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.round import FinalInput, RoundInput, RoundScore, Submission, score_round
from tests.scoring.oracle import Oracle
from tests.scoring.worlds import (
    BOUNDS,
    address,
    network_of,
    plus,
    round_of,
    rounds,
    seeds,
    terms_of,
    update_of,
    with_submissions,
)


def oracle_of(given_: RoundInput, score: RoundScore) -> tuple[Oracle, tuple[int, ...]]:
    """Return the game of a scored round by definition, and the positions of its players."""
    chosen = score.coefficients
    players = []
    for i in chosen.live:
        update = given_.submissions[i].update
        assert update is not None
        players.append((update, chosen.values[i], chosen.known[i]))
    rows, labels = np.asarray(given_.rows).tolist(), given_.labels.tolist()
    return Oracle(given_.base, players, given_.last_aggregate, chosen.k, rows, labels, 2), chosen.live


@settings(max_examples=60, deadline=None)
@given(rounds)
def test_a_round_is_scored_as_its_definition_says(drawn: RoundInput) -> None:
    """Contributions, lower bounds, gain, adoption, payouts: each equal to a second computation in fractions."""
    score = score_round(drawn)
    oracle, live = oracle_of(drawn, score)
    exact = oracle.contributions()
    sums, m = [Fraction(0)] * len(drawn.submissions), len(drawn.labels)
    for place, i in enumerate(live):
        sums[i] = sum(exact[place], Fraction(0))
        squares = sum((v * v for v in exact[place]), Fraction(0))
        assert squares == Fraction(score.squares[i], score.denominator**2)
    assert sums == [Fraction(s, score.denominator) for s in score.sums]
    assert score.lower_bounds == tuple(
        lower_bound(s, q, m, 269) for s, q in zip(score.sums, score.squares, strict=True)
    )

    gain = sum(oracle.value(frozenset(range(len(live))))) - sum(oracle.scores([]))
    assert gain == score.gain
    assert (gain > 0 and len(live) >= drawn.min_holders) == score.adopted
    whole = max(
        Fraction(1000 * score.scale.clip * m, 10**6 * 2**score.scale.shift),
        Fraction(sum(score.lower_bounds), score.denominator),
    )
    for submission, bound in zip(drawn.submissions, score.lower_bounds, strict=True):
        exact_payout = drawn.round_budget * Fraction(bound, score.denominator) / whole if score.adopted else 0
        assert 0 <= exact_payout - score.payouts.get(submission.index, 0) < 2  # two roundings, both down


@given(rounds)
def test_payouts_stay_within_the_budget_and_the_lower_bound_within_the_sum(drawn: RoundInput) -> None:
    """The pool is the sum of payouts, at most the budget; nobody is paid beyond what was shown."""
    score = score_round(drawn)
    assert sum(score.payouts.values()) == score.pool <= drawn.round_budget
    assert all(0 <= bound <= max(0, total) for bound, total in zip(score.lower_bounds, score.sums, strict=True))
    assert score.adopted or not score.payouts
    assert all(amount > 0 for amount in score.payouts.values())


@given(rounds, st.data())
def test_a_null_update_earns_nothing_and_changes_nobody(drawn: RoundInput, data: st.DataObject) -> None:
    """An update of zeros, or a breached one, anywhere in the order: 0 for it, and all else bit for bit the same.

    GM-404.
    """
    idle = Submission(77, address(77), data.draw(st.sampled_from([Update.zero(drawn.scoring.shape), None])))
    at = data.draw(st.integers(0, len(drawn.submissions)))
    joined = replace(drawn, submissions=(*drawn.submissions[:at], idle, *drawn.submissions[at:]))
    before, after = score_round(drawn), score_round(joined)
    assert (0, 0) == (after.sums[at], after.payouts.get(77, 0))
    for name in ("sums", "squares", "lower_bounds"):
        mine = getattr(after, name)
        assert getattr(before, name) == mine[:at] + mine[at + 1 :]
    for name in ("payouts", "gain", "adopted", "pool", "aggregate", "next_base"):
        assert getattr(before, name) == getattr(after, name)


@settings(deadline=None)
@given(seeds, st.permutations(range(4)), st.booleans())
def test_the_order_of_submitting_decides_nothing_but_copies(seed: int, order: list[int], known: bool) -> None:
    """Permuting the submissions permutes the figures; payouts by holder, aggregate and gain stay. GM-405."""
    drawn = round_of(seed, known=known, spread=60)
    before = score_round(drawn)
    if any(before.coefficients.copies):
        return
    after = score_round(replace(drawn, submissions=tuple(drawn.submissions[i] for i in order)))
    assert tuple(before.sums[i] for i in order) == after.sums
    assert (before.payouts, before.gain, before.aggregate) == (after.payouts, after.gain, after.aggregate)


def reordered(update: Update, inputs: list[int], hidden: list[int]) -> Update:
    """Return the same update for a network whose inputs and hidden units come in another order."""
    first, second = update.layers
    return Update(
        (
            LayerUpdate(first.weight[np.ix_(hidden, inputs)], first.bias[hidden]),
            LayerUpdate(second.weight[:, hidden], second.bias),
        )
    )


@settings(max_examples=30, deadline=None)
@given(seeds, st.permutations(range(4)), st.permutations(range(3)), st.permutations(range(6)))
def test_the_order_of_inputs_hidden_units_and_rows_decides_nothing(
    seed: int, inputs: list[int], hidden: list[int], order: list[int]
) -> None:
    """Renaming features, neurons or validation rows changes no figure."""
    drawn = round_of(seed, shape=Shape(4, 3, 3), known=True)
    first, second = drawn.base.layers
    assert drawn.last_aggregate is not None
    base = Network(
        (
            Layer(first.weight[np.ix_(hidden, inputs)], first.bias[hidden]),
            Layer(second.weight[:, hidden], second.bias),
        ),
        drawn.base.scales,
    )
    other = replace(
        drawn,
        base=base,
        rows=np.asarray(drawn.rows)[np.ix_(order, inputs)],
        labels=drawn.labels[order],
        submissions=tuple(
            replace(s, update=reordered(s.update, inputs, hidden)) for s in drawn.submissions if s.update is not None
        ),
        root_update=reordered(drawn.root_update, inputs, hidden),
        last_aggregate=reordered(drawn.last_aggregate, inputs, hidden),
    )
    before, after = score_round(drawn), score_round(other)
    for name in ("dots", "coefficients", "sums", "squares", "lower_bounds", "payouts", "gain", "adopted", "pool"):
        assert getattr(before, name) == getattr(after, name)


@settings(max_examples=5, deadline=None)
@given(seeds)
def test_with_drawn_orders_the_order_of_submitting_decides_nothing_either(seed: int) -> None:
    """Beyond eight submissions permutations are drawn over holders, not over who was first. GM-405."""
    drawn = round_of(seed, submissions=10, shape=Shape(4, 2, 2), spread=30)
    before, after = score_round(drawn), score_round(replace(drawn, submissions=drawn.submissions[::-1]))
    if any(before.coefficients.copies):
        return
    assert before.sums == after.sums[::-1]
    assert before.payouts == after.payouts


@given(rounds, st.integers(1, 5))
def test_resubmitting_the_last_aggregate_earns_nothing(drawn: RoundInput, multiple: int) -> None:
    """In any positive multiple: what everybody knows belongs to nobody. GM-407."""
    shape = drawn.scoring.shape
    known = drawn.last_aggregate or update_of(shape, np.random.default_rng(1), 5)
    flat = known.flat()
    again = Update.from_flat(np.clip(flat, -80, 80) * multiple, shape)
    known = Update.from_flat(np.clip(flat, -80, 80), shape)
    score = score_round(with_submissions(replace(drawn, last_aggregate=known), again))
    assert (0, 0, 0) == (score.sums[-1], score.squares[-1], score.lower_bounds[-1])


@settings(deadline=None)
@given(seeds)
def test_the_shapley_part_of_all_adds_up_to_the_gain_beyond_what_was_known(seed: int) -> None:
    """Efficiency over a whole round: twice the contributions less the solos is v(everybody) - v(nobody)."""
    drawn = round_of(seed, known=True)
    score = score_round(drawn)
    oracle, live = oracle_of(drawn, score)
    solos = sum(sum(oracle.value(frozenset({i}))) - sum(oracle.value(frozenset())) for i in range(len(live)))
    whole = sum(oracle.value(frozenset(range(len(live))))) - sum(oracle.value(frozenset()))
    assert 2 * Fraction(sum(score.sums), score.denominator) - solos == whole


@given(rounds)
def test_the_aggregate_leads_from_the_base_to_the_next(drawn: RoundInput) -> None:
    """The aggregate is the difference that was really made; zero, and the same base, when not adopted."""
    score = score_round(drawn)
    assert score.aggregate == difference(score.next_base, drawn.base)
    if not score.adopted:
        assert (Update.zero(drawn.scoring.shape), drawn.base) == (score.aggregate, score.next_base)


def good_round(**change: object) -> RoundInput:
    """Return a round whose aggregate is adopted: the labels are what the better model says."""
    rng = np.random.default_rng(3)
    shape = Shape(4, 3, 3)
    base, root = network_of(shape, rng, 20), update_of(shape, rng, 60)
    rows = rng.integers(-127, 128, (200, 4))
    better = plus(root, root)
    target = network_of(shape, rng, 0)
    for layer, other, change_ in zip(target.layers, base.layers, better.layers, strict=True):
        object.__setattr__(layer, "weight", other.weight + change_.weight)
    labels = target.forward(rows).argmax(axis=1)
    drawn = RoundInput(
        scoring=terms_of(shape),
        base=base,
        rows=rows,
        labels=labels,
        submissions=tuple(Submission(i, address(i), plus(root, update_of(shape, rng, 12))) for i in range(4)),
        root_update=root,
        last_aggregate=None,
        last_submissions=(),
        seed=bytes(32),
        round_budget=10**6,
        min_holders=3,
    )
    return replace(drawn, **change)  # type: ignore[arg-type]


def test_a_good_round_is_adopted_and_pays_everybody() -> None:
    """Updates towards the labels gain, are adopted, and all four holders are paid from the whole budget."""
    score = score_round(good_round())
    assert score.adopted
    assert score.gain_ppb > 0
    assert [0, 1, 2, 3] == sorted(score.payouts)
    assert 10**6 - 4 <= score.pool <= 10**6


def test_a_round_of_too_few_is_not_adopted() -> None:
    """Two live updates do not hide each other among a minimum of three: no payout, no new base. GM-412."""
    drawn = good_round()
    score = score_round(replace(drawn, submissions=drawn.submissions[:2]))
    assert (False, 0, {}) == (score.adopted, score.pool, score.payouts)


def test_a_higher_target_pays_less() -> None:
    """A target beyond the gain pays that part of the budget that was reached."""
    drawn = good_round()
    strict = replace(drawn, scoring=replace(drawn.scoring, target_gain_ppm=1_000_000))
    assert 0 < score_round(strict).pool < score_round(drawn).pool


def test_a_copy_earns_nothing() -> None:
    """The second of two equal submissions gets no coefficient and no money. GM-406."""
    drawn = good_round()
    score = score_round(with_submissions(drawn, drawn.submissions[0].update))
    assert (True, 0) == (score.coefficients.copies[4], score.payouts.get(4, 0))


def test_the_hold_back_is_decided_in_the_last_round_alone() -> None:
    """Before it: never released. In it: by the final shard, and released when the owner did not open that. GM-414."""
    drawn = good_round()
    final = FinalInput(drawn.rows, drawn.labels, drawn.base, ())
    assert (None, False) == (score_round(drawn).final_ppb, score_round(drawn).released)
    assert not score_round(replace(drawn, final=final)).released
    assert score_round(replace(drawn, last_round=True)).released
    kept = score_round(replace(drawn, last_round=True, final=final))
    assert kept.released
    assert kept.final_ppb is not None
    assert 2 * kept.final_ppb >= kept.gain_ppb
    lost = score_round(replace(drawn, last_round=True, final=replace(final, adopted_gains=(10**10,))))
    assert not lost.released


def test_a_round_that_is_not_adopted_adds_nothing_to_the_gains() -> None:
    """The last round's own gain counts only when it was adopted."""
    drawn = good_round()
    worse = tuple(Submission(s.index, s.holder, None) for s in drawn.submissions)
    final = FinalInput(drawn.rows, drawn.labels, drawn.base, ())
    score = score_round(replace(drawn, submissions=worse, last_round=True, final=final))
    assert (False, 0, True) == (score.adopted, score.final_ppb, score.released)


def bad_rounds() -> dict[str, tuple[RoundInput, type[Exception]]]:
    """Return rounds that must not be scored, by what is wrong with them."""
    drawn = good_round()
    shape, first = drawn.scoring.shape, drawn.submissions[0]
    other = Update.zero(Shape(5, 3, 3))
    long = Update.from_flat(np.full(shape.parameters, BOUNDS.entry + 1), shape)
    large = network_of(shape, np.random.default_rng(0), BOUNDS.weight * 4)
    return {
        "an update of another shape": (replace(drawn, submissions=(Submission(0, "h", other),)), InvalidUpdate),
        "an update above the bounds": (replace(drawn, submissions=(Submission(0, "h", long),)), InvalidUpdate),
        "a root update above the bounds": (replace(drawn, root_update=long), InvalidUpdate),
        "a last submission above the bounds": (
            replace(drawn, last_submissions=(Submission(0, "h", long),)),
            InvalidUpdate,
        ),
        "a last aggregate that was never adopted": (
            replace(drawn, last_aggregate=Update.from_flat(long.flat() * 99, shape)),
            InvalidUpdate,
        ),
        "a base beyond the bounds": (replace(drawn, base=large), InvalidUpdate),
        "two submissions of one holder": (replace(drawn, submissions=(first, first)), InvalidInput),
        "too many submissions": (with_submissions(drawn, *[first.update] * 13), InvalidInput),
        "no budget": (replace(drawn, round_budget=0), InvalidTerms),
        "rows of another width": (replace(drawn, rows=np.asarray(drawn.rows)[:, :2]), InvalidData),
        "fewer labels than rows": (replace(drawn, labels=drawn.labels[:-1]), InvalidData),
        "no rows": (replace(drawn, rows=np.asarray(drawn.rows)[:0], labels=drawn.labels[:0]), InvalidData),
        "features beyond int8": (replace(drawn, rows=np.asarray(drawn.rows) - 100), InvalidData),
        "labels beyond the classes": (replace(drawn, labels=drawn.labels + 3), InvalidData),
        "a final shard of nothing": (
            replace(
                drawn, last_round=True, final=FinalInput(np.zeros((0, 4), np.int8), drawn.labels[:0], drawn.base, ())
            ),
            InvalidData,
        ),
    }


@pytest.mark.parametrize("name", bad_rounds())
def test_a_round_beyond_the_proof_is_refused(name: str) -> None:
    """Nothing is scored that the terms, the shard and the bounds do not cover."""
    drawn, error = bad_rounds()[name]
    with pytest.raises(error):
        score_round(drawn)


def test_a_shard_of_more_rows_than_the_terms_allow_is_refused() -> None:
    """The proof covers as many rows as the terms say."""
    drawn = good_round()
    with pytest.raises(InvalidData):
        score_round(replace(drawn, scoring=replace(drawn.scoring, max_rows=199)))
