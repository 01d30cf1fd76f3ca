"""From contributions to money: the lower bound, the payout, adoption and the hold-back."""

from __future__ import annotations

from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.network import Shape
from marketplace.domain.update import Update
from marketplace.scoring.adoption import adopt, is_adopted, weighted_mean
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.holdback import final_gain_ppb, is_released
from marketplace.scoring.payout import payouts_floor
from tests.scoring.oracle import Oracle
from tests.scoring.worlds import BOUNDS, network_of, seeds, terms_of, update_of

numerators = st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=30)
amounts = st.lists(st.integers(0, 10**15), max_size=10)


@given(numerators, st.integers(0, 1000))
def test_the_lower_bound_is_the_sum_less_z_standard_errors(values: list[int], z2: int) -> None:
    """Within one unit below the exact figure, computed with 60 digits."""
    total, squares, m = sum(values), sum(v * v for v in values), len(values)
    with localcontext() as context:
        context.prec = 60
        exact = Decimal(total) - (Decimal(z2) / 100 * (Decimal(squares) - Decimal(total) ** 2 / m)).sqrt()
        found = lower_bound(total, squares, m, z2)
        assert max(Decimal(0), exact) - 2 < found <= max(Decimal(0), exact + Decimal("1e-20"))


@given(numerators, st.integers(0, 1000))
def test_the_lower_bound_never_exceeds_the_sum(values: list[int], z2: int) -> None:
    """Nothing beyond what was shown is paid, and nothing below zero. GM-409."""
    total = sum(values)
    assert 0 <= lower_bound(total, sum(v * v for v in values), len(values), z2) <= max(0, total)


@given(st.integers(-(10**9), 10**9), st.integers(1, 30))
def test_agreeing_rows_leave_no_doubt(value: int, rows: int) -> None:
    """When every row says the same, the bound is the sum."""
    assert max(0, rows * value) == lower_bound(rows * value, rows * value**2, rows, 269)


@given(numerators, st.integers(1, 50))
def test_the_bound_scales_with_its_unit(values: list[int], factor: int) -> None:
    """Numerators over a larger denominator lead to the same bound, up to the rounding of one unit each."""
    total, squares, m = sum(values), sum(v * v for v in values), len(values)
    small, large = lower_bound(total, squares, m, 269), lower_bound(factor * total, factor**2 * squares, m, 269)
    assert 0 <= large - factor * small <= factor


@given(st.integers(0, 10**24), amounts, st.integers(0, 10**15))
def test_payouts_never_exceed_the_budget(budget: int, shares: list[int], target: int) -> None:
    """Rounding goes down, so the sum stays within the budget; nothing for nothing. GM-410."""
    paid = payouts_floor(budget, shares, target)
    assert sum(paid) <= budget
    assert all(0 <= p for p in paid)
    assert all(p == 0 for p, s in zip(paid, shares, strict=True) if s == 0)


@given(st.integers(0, 10**24), amounts, st.integers(0, 10**15))
def test_payouts_are_the_documented_fraction(budget: int, shares: list[int], target: int) -> None:
    """floor(budget * share / max(target, sum of shares)), in fractions; more share is never paid less. GM-411."""
    paid = payouts_floor(budget, shares, target)
    whole = max(target, sum(shares))
    assert all(
        p == (Fraction(budget * s, whole).__floor__() if whole else 0) for p, s in zip(paid, shares, strict=True)
    )
    ranked = sorted(zip(shares, paid, strict=True))
    assert ranked == sorted(ranked, key=lambda pair: pair[1])


def test_a_weak_round_pays_its_only_survivor_its_part_of_the_target() -> None:
    """One survivor with a quarter of the target gets a quarter of the budget; a strong round pays everything."""
    assert (250, 0) == payouts_floor(1000, [5, 0], 20)
    assert (500, 500) == payouts_floor(1000, [20, 20], 20)


@given(st.integers(-10, 10), st.lists(st.integers(0, 3), max_size=6), st.integers(2, 5))
def test_adoption_needs_a_gain_and_enough_holders(gain: int, values: list[int], least: int) -> None:
    """An aggregate that gains nothing, or of fewer than the minimum of updates, is not adopted. GM-412."""
    assert (gain > 0 and len([c for c in values if c > 0]) >= least) == is_adopted(gain, values, least)


@given(seeds, st.lists(st.integers(0, 15), min_size=1, max_size=5), st.integers(1, 70))
def test_the_mean_is_rounded_half_up(seed: int, values: list[int], k: int) -> None:
    """Each entry is the exact weighted sum over K, rounded to the nearest integer."""
    rng = np.random.default_rng(seed)
    shape = Shape(2, 2, 2)
    updates = [update_of(shape, rng) for _ in values]
    found = weighted_mean(updates, values, k, shape).flat().tolist()
    for at, entry in enumerate(found):
        exact = Fraction(sum(c * int(u.flat()[at]) for c, u in zip(values, updates, strict=True)), k)
        assert Fraction(-1, 2) < entry - exact <= Fraction(1, 2)


def test_breached_updates_are_no_part_of_the_mean() -> None:
    """A missing update adds nothing, whatever stands beside it."""
    shape = Shape(2, 0, 2)
    update = Update.from_flat(np.arange(6) * 4, shape)
    assert update == weighted_mean([None, update], [0, 4], 4, shape)


@given(seeds, st.integers(1, 400))
def test_the_aggregate_is_the_difference_that_was_made(seed: int, reach: int) -> None:
    """Also when the step leaves the bounds, next base - base is the aggregate, weight by weight."""
    rng = np.random.default_rng(seed)
    shape = Shape(2, 2, 2)
    base = network_of(shape, rng)
    after, aggregate = adopt(base, update_of(shape, rng, reach), BOUNDS)
    for old, new, change in zip(base.layers, after.layers, aggregate.layers, strict=True):
        assert (new.weight - old.weight).tolist() == change.weight.tolist()
    unit = base.scales.bias_unit(1)
    assert (after.layers[1].bias - base.layers[1].bias).tolist() == (unit * aggregate.layers[1].bias).tolist()


@given(seeds)
def test_the_final_gain_is_a_mean_over_rows_of_true_margins(seed: int) -> None:
    """In billionths of the clip a row, rounded down, from scores over a denominator of 1."""
    rng = np.random.default_rng(seed)
    shape = Shape(3, 2, 2)
    first, last = network_of(shape, rng), network_of(shape, rng)
    rows, labels = rng.integers(-127, 128, (7, 3)), rng.integers(0, 2, 7)
    scores = [
        sum(Oracle(net, [], None, 1, rows.tolist(), labels.tolist(), 2).value(frozenset())) for net in (first, last)
    ]
    clip, shift = 2 * 24 * 16**2, 0
    while 2 * clip >> shift >= 1 << 15:
        shift += 1
    expected = Fraction((scores[1] - scores[0]) * 10**9 * 2**shift, clip * 7).__floor__()
    assert expected == final_gain_ppb(terms_of(shape), first, last, rows, labels)


@pytest.mark.parametrize(
    ("final", "gains", "released"), [(50, [60, 40], True), (49, [60, 40], False), (0, [], True), (-1, [], False)]
)
def test_the_hold_back_is_released_at_half_the_adopted_gains(final: int, gains: list[int], released: bool) -> None:
    """Half is enough; a final shard that shows less returns the hold-back to the owner. GM-414."""
    assert released == is_released(final, gains)
