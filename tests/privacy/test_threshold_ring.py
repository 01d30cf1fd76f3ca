"""The ring behind masks, its errors, and the table its security rests on."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.privacy.paillier.primes import is_prime
from marketplace.privacy.randomness import RandomStream
from marketplace.privacy.threshold.gaussian import draw
from marketplace.privacy.threshold.parameters import (
    LARGEST_MODULUS_BITS,
    LEAST_WIDTH,
    MODULUS,
    PRIMES,
    TAIL,
    WIDTH,
    SumTerms,
)
from marketplace.privacy.threshold.ring import DEGREE, Ring

RINGS = [Ring(prime) for prime in PRIMES]


def _negacyclic(a, b, prime):
    """Schoolbook product of two sparse polynomials, place -> coefficient."""
    out = np.zeros(DEGREE, dtype=object)
    for i, x in a.items():
        for j, y in b.items():
            out[(i + j) % DEGREE] += x * y * (1 if i + j < DEGREE else -1)
    return (out % prime).astype(np.uint64)


def _dense(sparse):
    out = np.zeros((1, DEGREE), np.uint64)
    for place, value in sparse.items():
        out[0, place] = value
    return out


sparse = st.dictionaries(st.integers(0, DEGREE - 1), st.integers(0, PRIMES[1] - 1), max_size=8)


def test_the_modulus_keeps_to_the_standard():
    """Two different primes with all roots, their product within the table's 109 bits for this degree."""
    assert all(is_prime(prime) and 1 == prime % (2 * DEGREE) for prime in PRIMES)
    assert MODULUS == math.prod(set(PRIMES))
    assert MODULUS.bit_length() <= LARGEST_MODULUS_BITS[DEGREE]


def test_opening_a_sum_leaves_enough_noise():
    """Half of the width is left after the hint, above the table's width and above what smooths the integers."""
    smoothing = math.sqrt(math.log(2 * 2 * DEGREE * (1 + 2**128)) / math.pi) / math.sqrt(2 * math.pi)
    assert WIDTH / 2 >= LEAST_WIDTH
    assert WIDTH / 2 >= math.sqrt(2) * smoothing


@pytest.mark.parametrize("ring", RINGS)
@settings(deadline=None, max_examples=20)
@given(sparse, sparse)
def test_products_of_values_are_negacyclic_products(ring, a, b):
    """Law: values multiply as polynomials modulo X**4096 + 1 do."""
    product = ring.forward(_dense(a)) * ring.forward(_dense(b)) % np.uint64(ring.prime)
    assert np.array_equal(_negacyclic(a, b, ring.prime), ring.inverse(product)[0])


@pytest.mark.parametrize("ring", RINGS)
@pytest.mark.parametrize("fill", ["largest", "random"])
def test_values_give_the_coefficients_back(ring, fill):
    """Law: inverse(forward(a)) = a, also where every coefficient is the largest there is."""
    shape = (17, DEGREE)
    rng = np.random.default_rng(0)
    a = (
        np.full(shape, ring.prime - 1, np.uint64)
        if fill == "largest"
        else rng.integers(0, ring.prime, shape, np.uint64)
    )
    assert np.array_equal(a, ring.inverse(ring.forward(a)))


def test_errors_are_gaussian_and_within_the_tail():
    """Mean, width and shape of a million errors are those of a discrete Gaussian of width 8."""
    found = draw(RandomStream(bytes(32)), 1_000_000)
    counts = np.bincount(found + TAIL, minlength=2 * TAIL + 1)
    heights = np.exp(-np.square(np.arange(-TAIL, TAIL + 1)) / (2 * WIDTH**2))
    expected = 1e6 * heights / heights.sum()
    kept = expected > 20
    chi2 = (np.square(counts - expected)[kept] / expected[kept]).sum()
    assert np.abs(found).max() <= TAIL
    assert chi2 < kept.sum() + 5 * math.sqrt(2 * kept.sum())


@settings(deadline=None)
@given(st.integers(1, 2000), st.integers(1, 1 << 45), st.integers(1, 10**6))
def test_terms_hold_the_worst_case_or_are_refused(holders, bound, length):
    """Law: whatever is accepted fits: the noise below half the modulus, the sum within one step. GM-524."""
    try:
        terms = SumTerms(holders, bound, length)
    except InvalidInput:
        return
    assert 2 * holders * bound < terms.step
    assert 2 * (holders * (terms.step * TAIL + bound)) < MODULUS


@pytest.mark.parametrize("wrong", [(0, 1, 1), (1, 0, 1), (1, 1, 0), (10, 1 << 60, 1), (1 << 20, 1 << 30, 1)])
def test_terms_nobody_can_keep_are_refused(wrong):
    """No holder, no value, no length, and what could exceed the modulus."""
    with pytest.raises(InvalidInput):
        SumTerms(*wrong)


@given(st.integers(1, 1 << 63), st.integers(0, 200))
def test_numbers_below_a_bound_are_below_it(bound, count):
    """Law: 0 <= x < bound, and the same key gives the same numbers."""
    found = RandomStream(bytes(32)).below(bound, count)
    assert all(int(x) < bound for x in found)
    assert found.tolist() == RandomStream(bytes(32)).below(bound, count).tolist()


def test_numbers_below_a_bound_are_uniform():
    """Each of seven remainders comes as often as the others, within five standard deviations."""
    counts = np.bincount(RandomStream(bytes(32)).below(7, 70_000).astype(int), minlength=7)
    assert np.abs(counts - 10_000).max() < 5 * math.sqrt(10_000)


@pytest.mark.parametrize("bound", [0, -1, 1 << 64])
def test_bounds_without_numbers_are_refused(bound):
    """There is nothing below 0, and no word above 64 bits."""
    with pytest.raises(InvalidInput, match="no 64-bit numbers"):
        RandomStream().below(bound, 1)


def test_a_stream_has_a_key_of_32_bytes():
    """A password is no key."""
    with pytest.raises(InvalidInput, match="32 bytes"):
        RandomStream(b"password")


def test_streams_without_a_key_differ():
    """Each draws a key of its own from the operating system."""
    assert RandomStream().words(4).tolist() != RandomStream().words(4).tolist()
