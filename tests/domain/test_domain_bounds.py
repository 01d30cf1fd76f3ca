"""The proof that 64 bits hold every integer: attacked from the corners of what the bounds allow."""

from __future__ import annotations

from dataclasses import replace
from math import isqrt, lcm

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.bounds import (
    SAFE_LIMIT,
    Bounds,
    ceil_sqrt,
    check_bounds,
    contribution_denominator,
    largest_aggregate,
    step_denominator,
    worst_case,
)
from marketplace.domain.errors import InvalidTerms
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.update import Update, apply, difference

SCALES = Scales(24, 64)


def unit_vector(values: list[int], norm: int) -> list[int]:
    """Return the longest integer multiple of a direction that keeps `norm` (as a fraction of it, truncated)."""
    square = sum(v * v for v in values)
    return [abs(v) * norm // ceil_sqrt(square) * (1 if v > 0 else -1) for v in values] if square else values


def extreme_base(shape: Shape, bounds: Bounds) -> list[tuple[list[list[int]], list[int]]]:
    """Return the base whose every row is as long and whose every bias is as large as allowed, in Python integers."""
    out = []
    for i, (neurons, inputs) in enumerate(shape.layers):
        row = [min(bounds.weight, v) for v in unit_vector([1] * inputs, bounds.row_norm)]
        out.append(([row] * neurons, [bounds.bias * SCALES.bias_unit(i)] * neurons))
    return out


def largest_integer(shape: Shape, bounds: Bounds, submissions: int, top: int, *, all_in: int) -> int:
    """Return the largest |integer| of a coalition where every update spends its whole norm on layer `all_in`."""
    total = submissions * top
    k = step_denominator(total, 5)
    base = extreme_base(shape, bounds)
    neurons, inputs = shape.layers[all_in]
    entry = unit_vector([1] * (neurons * (inputs + 1)), bounds.norm)[0]
    values, seen = [127] * shape.inputs, 0
    for i, (weights, biases) in enumerate(base):
        extra = total * entry if i == all_in else 0
        unit = SCALES.bias_unit(i)
        values = [
            sum((k * w + extra) * v for w, v in zip(row, values, strict=True)) + k**i * (k * b + extra * unit)
            for row, b in zip(weights, biases, strict=True)
        ]
        seen = max(seen, *map(abs, values))
    return 2 * seen  # a margin: the other class may be as far on the other side


shapes = st.builds(Shape, st.integers(1, 8), st.integers(0, 6), st.integers(2, 4))
limits = st.builds(
    Bounds,
    entry=st.integers(1, 5000),
    norm=st.integers(1, 9000),
    weight=st.integers(1, 9000),
    row_norm=st.integers(1, 20000),
    bias=st.integers(1, 9000),
)


@given(shapes, limits, st.integers(2, 20), st.integers(1, 15), st.booleans())
def test_no_extreme_coalition_exceeds_the_worst_case(
    shape: Shape, bounds: Bounds, submissions: int, top: int, last: bool
) -> None:
    """Rows of 127s, the longest base and all updates in one direction stay within the bound. GM-403."""
    layer = len(shape.layers) - 1 if last else 0
    found = largest_integer(shape, bounds, submissions, top, all_in=layer)
    assert found <= worst_case(shape, SCALES, bounds, submissions, top, max_rows=1)


def test_the_worst_case_is_not_far_from_what_an_adversary_reaches() -> None:
    """The bound is useful: the extreme coalition of default terms comes within a factor of 20."""
    shape, bounds = Shape(64, 32, 10), Bounds()
    found = max(largest_integer(shape, bounds, 16, 15, all_in=i) for i in (0, 1))
    bound = worst_case(shape, SCALES, bounds, 16, 15, max_rows=1)
    assert found <= bound <= 20 * found


@given(st.data())
def test_no_adopted_aggregate_is_longer_than_proven(data: st.DataObject) -> None:
    """Rounding and saturating never lengthen the aggregate beyond P*, from any base within the bounds."""
    shape = data.draw(shapes)
    bounds = data.draw(limits)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    layers = []
    for i, (out, inputs) in enumerate(shape.layers):
        rows = [unit_vector(r, bounds.row_norm) for r in rng.integers(-9, 10, (out, inputs)).tolist()]
        bias = rng.integers(-bounds.bias, bounds.bias + 1, out) * SCALES.bias_unit(i)
        layers.append(Layer(np.clip(np.array(rows), -bounds.weight, bounds.weight), bias))
    base = Network(tuple(layers), SCALES)
    longest = -(-3 * 5 * bounds.norm // 8)  # the weighted sum over K, before rounding
    step = np.array(unit_vector(rng.integers(-9, 10, shape.parameters).tolist(), longest), np.int64)
    moved = difference(apply(base, Update.from_flat(step, shape), bounds), base).flat()
    assert ceil_sqrt(int(moved @ moved)) <= largest_aggregate(shape, bounds, 5)


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_the_denominator_is_the_rounded_step_and_never_too_small(total: int, quarters: int) -> None:
    """K = round(4 total / quarters), halves up, at least 1; and 8 total < 3 quarters K, which the proof uses."""
    k = step_denominator(total, quarters)
    assert max(1, (8 * total + quarters) // (2 * quarters)) == k
    assert 8 * total < 3 * quarters * k
    assert k == 1 or abs(k * quarters - 4 * total) * 2 <= quarters


@given(st.integers(0, 10**30))
def test_ceil_sqrt_is_the_smallest_integer_not_below_the_root(square: int) -> None:
    """Its square reaches the number, and its predecessor's does not."""
    root = ceil_sqrt(square)
    assert root * root >= square
    assert root == 0 or (root - 1) ** 2 < square
    assert root - isqrt(square) in (0, 1)


def test_denominators_of_contributions() -> None:
    """Twice lcm(1..n) while every coalition is evaluated, then four times the drawn pairs."""
    assert [2 * lcm(*range(1, n + 1)) for n in range(1, 9)] == [contribution_denominator(n, 16) for n in range(1, 9)]
    assert 64 == contribution_denominator(9, 16)


def test_terms_that_fit_pass_and_terms_that_do_not_are_refused() -> None:
    """The defaults carry 16 submissions on 784-128-10; 128 submissions with the same bounds are refused. GM-403."""
    check_bounds(Shape(784, 128, 10), Scales(), Bounds(), 16, 15)
    with pytest.raises(InvalidTerms, match="lower the bounds"):
        check_bounds(Shape(784, 128, 10), Scales(), Bounds(), 128, 15)


@pytest.mark.parametrize("changes", [["entry"], ["norm"], ["weight", "row_norm"], ["bias"]])
def test_every_bound_matters(changes: list[str]) -> None:
    """Raising any bound far enough breaks the proof; a row is as long as the smaller of its two bounds lets it be."""
    wide = replace(Bounds(), **dict.fromkeys(changes, 1 << 50))
    assert worst_case(Shape(64, 32, 10), Scales(), wide, 16, 15) >= SAFE_LIMIT


def test_squares_of_contributions_are_part_of_the_proof() -> None:
    """A shard with too many rows is refused even when the network is tiny."""
    small = Bounds(1, 1, 1, 1, 1)
    check_bounds(Shape(1, 0, 2), Scales(1, 1), small, 8, 1, max_rows=1500)
    with pytest.raises(InvalidTerms):
        check_bounds(Shape(1, 0, 2), Scales(1, 1), small, 8, 1, max_rows=1600)


@pytest.mark.parametrize("value", [0, -1, 1 << 62, True, 1.5])
def test_bounds_are_positive_integers(value: object) -> None:
    """A bound nothing fits into, or that is no integer, is refused."""
    with pytest.raises(InvalidTerms, match="norm"):
        Bounds(norm=value)  # type: ignore[arg-type]
