"""Coefficients: the published formulas, laws of trust, and what counts as a copy."""

from __future__ import annotations

from math import isqrt, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.network import Shape
from marketplace.domain.update import Update
from marketplace.scoring.coefficients import ONE, Coefficients, coefficients, cosine
from marketplace.scoring.dots import Dots, dot_products
from tests.scoring.worlds import plus, seeds, terms_of, update_of

SHAPE = Shape(3, 2, 2)
TERMS = terms_of(SHAPE)


def crowd(seed: int, n: int, spread: int = 25) -> tuple[list[Update], Update]:
    """Return n updates that agree with a root update more or less, and it."""
    rng = np.random.default_rng(seed)
    root = update_of(SHAPE, rng)
    return [plus(root, update_of(SHAPE, rng, spread)) for _ in range(n)], root


def weigh(
    updates: list[Update | None],
    root: Update,
    known: Update | None = None,
    last: list[tuple[str, Update]] | None = None,
    names: list[str] | None = None,
) -> Coefficients:
    """Return the coefficients of a round."""
    previous = last or []
    dots = dot_products(updates, root, known, [u for _, u in previous])
    return coefficients(dots, names or [f"h{i}" for i in range(len(updates))], [h for h, _ in previous], TERMS)


def as_in_the_reference(dots: Dots, copies: list[bool]) -> tuple[list[int], int, list[int]]:
    """Return c, K and a by the formulas of the reference experiment, term by term."""
    n = len(copies)
    norm = [isqrt(dots.gram[i][i]) for i in range(n)]
    if not any(norm):
        return [0] * n, 1, [0] * n
    root_norm = isqrt(dots.root_square)
    cos = [[dots.gram[i][j] * 4096 // max(1, norm[i] * norm[j]) for j in range(n)] for i in range(n)]
    root_cos = [dots.root[i] * 4096 // max(1, norm[i] * root_norm) for i in range(n)]
    cap = 2 * sorted(v for v in norm if v)[(n - norm.count(0)) // 2]
    t = [max(0, a) * min(v, cap) // max(1, v) for a, v in zip(root_cos, norm, strict=True)]
    centre = isqrt(max(1, sum(t[i] * t[j] * cos[i][j] for i in range(n) for j in range(n)) // 4096))
    trust = [max(0, sum(t[j] * cos[i][j] for j in range(n)) // centre + root_cos[i]) for i in range(n)]
    e = [0 if copies[i] else trust[i] * min(norm[i], cap) // max(1, norm[i]) for i in range(n)]
    c = [(2 * 15 * v + max(e)) // (2 * max(e)) if max(e) and v >= max(e) / 5 else 0 for v in e]
    k = max(1, (8 * sum(c) + 5) // (2 * 5))
    a = [
        max(0, -(-ci * d // dots.known_square)) if dots.known_square else 0 for ci, d in zip(c, dots.known, strict=True)
    ]
    return c, k, a


@given(seeds, st.integers(0, 9), st.integers(5, 300), st.booleans())
def test_coefficients_are_those_of_the_reference(seed: int, n: int, spread: int, known: bool) -> None:
    """Values, denominator and known parts equal a second transcription of the reference formulas."""
    updates, root = crowd(seed, n, spread)
    last = update_of(SHAPE, np.random.default_rng(seed + 1)) if known else None
    found = weigh(list(updates), root, last)
    dots = dot_products(updates, root, last, [])
    assert as_in_the_reference(dots, list(found.copies)) == (list(found.values), found.k, list(found.known))


@given(seeds, st.integers(1, 6))
def test_dot_products_are_exact(seed: int, n: int) -> None:
    """Every dot product equals the one in Python integers; a breached submission counts as zero."""
    updates, root = crowd(seed, n)
    listed: list[Update | None] = [*updates, None]
    dots = dot_products(listed, root, updates[0], [root, None])
    flat = [[] if u is None else u.flat().tolist() for u in listed]
    r, p = root.flat().tolist(), flat[0]

    def dot(a: list[int], b: list[int]) -> int:
        return sum(x * y for x, y in zip(a, b, strict=False))

    assert tuple(tuple(dot(a, b) for b in flat) for a in flat) == dots.gram
    assert (tuple(dot(a, r) for a in flat), dot(r, r)) == (dots.root, dots.root_square)
    assert (tuple(dot(a, p) for a in flat), dot(p, p)) == (dots.known, dots.known_square)
    assert (tuple((dot(a, r), 0) for a in flat), (dot(r, r), 0)) == (dots.previous, dots.previous_squares)


@given(seeds, st.integers(1, 8), st.integers(5, 100))
def test_trust_is_two_cosines(seed: int, n: int, spread: int) -> None:
    """Trust is the cosine to the centre plus the cosine to the root update, to the precision of the fixed point."""
    updates, root = crowd(seed, n, spread)
    found = weigh(list(updates), root)
    flats = [u.flat().astype(float) for u in updates]
    r = root.flat() / np.linalg.norm(root.flat())
    norms = [float(np.linalg.norm(f)) for f in flats]
    cap = 2 * sorted(norms)[n // 2]
    towards = [max(0.0, float(f @ r) / v) * min(1.0, cap / v) for f, v in zip(flats, norms, strict=True)]
    centre = sum((t * f / v for t, f, v in zip(towards, flats, norms, strict=True)), np.zeros(SHAPE.parameters))
    if np.linalg.norm(centre) < 0.5:
        return  # nothing to be close to
    for f, v, trust in zip(flats, norms, found.trusts, strict=True):
        exact = float(f @ centre) / v / float(np.linalg.norm(centre)) + float(f @ r) / v
        assert abs(max(0.0, exact) - trust / ONE) < 0.05


@given(seeds, st.integers(1, 8))
def test_the_most_trusted_update_gets_the_largest_coefficient(seed: int, n: int) -> None:
    """Coefficients are 0..15, and 15 occurs whenever anybody is trusted."""
    updates, root = crowd(seed, n)
    found = weigh(list(updates), root)
    assert all(0 <= c <= 15 for c in found.values)
    assert max(found.values) == (15 if any(t and not x for t, x in zip(found.trusts, found.copies, strict=True)) else 0)
    assert found.live == tuple(i for i, c in enumerate(found.values) if c)


@given(seeds, st.integers(0, 7), st.data())
def test_an_update_of_zeros_changes_no_coefficient(seed: int, n: int, data: st.DataObject) -> None:
    """Zeros and breached submissions get 0, and everybody else exactly what they had. GM-404."""
    updates, root = crowd(seed, n)
    at = data.draw(st.integers(0, n))
    idle = data.draw(st.sampled_from([Update.zero(SHAPE), None]))
    alone, joined = weigh(list(updates), root), weigh([*updates[:at], idle, *updates[at:]], root)
    assert 0 == joined.values[at]
    assert alone.values == joined.values[:at] + joined.values[at + 1 :]
    assert alone.k == joined.k


@given(seeds, st.permutations(range(5)))
def test_the_order_of_submitting_does_not_matter_without_copies(seed: int, order: list[int]) -> None:
    """Permuting the submissions permutes their coefficients."""
    updates, root = crowd(seed, 5, 60)
    before = weigh(list(updates), root)
    after = weigh([updates[i] for i in order], root)
    if any(before.copies):
        return  # which one of two is the copy does depend on who was first
    assert tuple(before.values[i] for i in order) == after.values
    assert before.k == after.k


def test_an_update_against_the_root_is_not_trusted() -> None:
    """Reversing an update takes its coefficient away."""
    updates, root = crowd(1, 4)
    reversed_one = Update.from_flat(-2 * updates[0].flat(), SHAPE)
    found = weigh([*updates, reversed_one], root)
    assert (0, 0) == (found.trusts[4], found.values[4])


@given(seeds, st.integers(2, 6))
def test_agreeing_no_more_than_by_chance_counts_nothing(seed: int, n: int) -> None:
    """Whoever has less than a fifth of the largest weight has none, and nobody else's changes. GM-419."""
    updates, root = crowd(seed, n)
    noise = np.random.default_rng(seed + 9).integers(-60, 61, SHAPE.parameters)
    towards = np.random.default_rng(seed).uniform(0, 1)
    vague = Update.from_flat((towards * updates[0].flat() + noise).astype(np.int64), SHAPE)
    found = weigh([*updates, vague], root)
    cap = 2 * sorted(v for v in found.norms if v)[sum(v > 0 for v in found.norms) // 2]
    weights = [
        0 if copy else trust * min(norm, cap) // max(1, norm)
        for copy, trust, norm in zip(found.copies, found.trusts, found.norms, strict=True)
    ]
    assert [0 < w and 5 * w >= max(weights) for w in weights] == [c > 0 for c in found.values]


def test_a_long_update_buys_no_more_weight() -> None:
    """Beyond twice the median norm the coefficient shrinks as the update grows: c_i D_i keeps its length. GM-417."""
    updates, root = crowd(2, 5, 10)
    long = Update.from_flat(updates[0].flat() * 8, SHAPE)
    found = weigh([*updates[1:], long], root)
    assert found.values[4] * 8 <= 2.5 * max(found.values[:4])


def test_without_a_root_update_nobody_is_trusted() -> None:
    """A root update of zeros gives no coefficient, so no payout and no aggregate."""
    updates, _ = crowd(3, 4)
    assert (0, 0, 0, 0) == weigh(list(updates), Update.zero(SHAPE)).values


def test_the_later_of_two_equal_updates_is_the_copy() -> None:
    """An earlier submission of this round makes a later one a copy, however it is scaled; not the other way round.

    GM-406.
    """
    updates, root = crowd(4, 4, 60)
    stolen = Update.from_flat(3 * updates[1].flat(), SHAPE)
    found = weigh([*updates, stolen], root)
    assert (False, False, False, False, True) == found.copies
    assert (0, True) == (found.values[4], found.values[1] > 0)


def test_another_holders_last_update_is_a_copy_and_ones_own_is_not() -> None:
    """Repeating what somebody else submitted in the last round earns nothing; repeating oneself is no theft."""
    updates, root = crowd(5, 4, 60)
    last = [("h1", updates[1])]
    assert (False, False, False, False) == weigh(list(updates), root, last=last).copies
    renamed = weigh(list(updates), root, last=last, names=["h0", "thief", "h2", "h3"])
    assert (False, True, False, False) == renamed.copies
    assert 0 == renamed.values[1]


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(1, 10**6))
def test_the_copy_threshold_is_exact(x: int, y: int, ppm: int) -> None:
    """A copy has a cosine above the threshold, decided in integers of any size."""
    a, b = Update.zero(SHAPE).flat(), Update.zero(SHAPE).flat()
    a[0], b[0], b[1] = 7, x, y
    dots = dot_products([Update.from_flat(v, SHAPE) for v in (a, b)], Update.from_flat(a, SHAPE), None, [])
    found = coefficients(dots, ["h0", "h1"], [], terms_of(SHAPE, copy_ppm=ppm))
    length = x * x + y * y
    assert (x > 0 and x * x * 10**12 > ppm * ppm * length) == found.copies[1]


@given(st.integers(-(10**12), 10**12), st.integers(0, 10**12), st.integers(0, 10**12))
def test_cosines_are_fixed_point(dot: int, a: int, b: int) -> None:
    """Within one unit of the true value once norms are long enough for their rounding not to matter; 0 for zeros."""
    if not a or not b:
        assert dot * ONE == cosine(dot, a, b)  # a dot product with zeros is 0
        return
    if min(a, b) > 10**10 and abs(dot) <= sqrt(a) * sqrt(b):
        assert abs(cosine(dot, a, b) - ONE * dot / sqrt(a) / sqrt(b)) <= 1.2


@given(seeds, st.integers(1, 9))
def test_the_known_part_covers_a_multiple_of_the_last_aggregate(seed: int, multiple: int) -> None:
    """For D = m P the known part is exactly c m, and it is never negative."""
    rng = np.random.default_rng(seed)
    known = update_of(SHAPE, rng)
    updates: list[Update | None] = [Update.from_flat(multiple * known.flat(), SHAPE), update_of(SHAPE, rng, 60)]
    found = weigh(updates, known, known)
    assert found.values[0] * multiple == found.known[0]
    assert all(a >= 0 for a in found.known)


def test_nobody_submitted() -> None:
    """An empty round has no coefficients and the smallest denominator."""
    found = weigh([], crowd(0, 1)[1])
    assert ((), 1, ()) == (found.values, found.k, found.known)


@pytest.mark.parametrize("n", [1, 3])
def test_a_round_of_zeros_trusts_nobody(n: int) -> None:
    """All submissions zero: nothing to divide by, and no coefficient."""
    found = weigh([Update.zero(SHAPE)] * n, crowd(0, 1)[1])
    assert ((0,) * n, 1) == (found.values, found.k)
