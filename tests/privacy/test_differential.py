"""Differential privacy: exact clipping, exact chances, noise nobody can tell from what it hides."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.privacy import differential
from marketplace.privacy.differential import Mechanism, clip, discrete_gaussian
from marketplace.privacy.randomness import RandomStream

KEY = bytes(range(32))
vectors = st.lists(st.integers(-(1 << 15), 1 << 15), min_size=1, max_size=60).map(lambda v: np.array(v, np.int64))


def _off(found, sigma):
    """Return chi-square less its mean, in its standard deviations, of numbers against the discrete Gaussian."""
    reach = math.ceil(6 * sigma) + 1
    places = np.arange(-reach, reach + 1)
    heights = np.exp(-np.square(places) / (2 * float(sigma) ** 2))
    expected = len(found) * heights / heights.sum()
    counts = np.bincount(np.clip(found, -reach, reach) + reach, minlength=2 * reach + 1)
    kept = expected > 10
    return ((np.square(counts - expected)[kept] / expected[kept]).sum() - kept.sum()) / math.sqrt(2 * kept.sum())


@given(vectors, st.integers(1, 1 << 20))
def test_a_clipped_norm_is_within_the_bound(values, norm):
    """Law: in integers, never a unit above; what is within stays as it is; no sign changes, no entry grows. GM-526."""
    found = clip(values, norm)
    assert int(found @ found) <= norm * norm
    assert int(values @ values) > norm * norm or values.tolist() == found.tolist()
    assert (np.abs(found) <= np.abs(values)).all()
    assert (found * values >= 0).all()


@given(vectors, st.integers(1, 1 << 20))
def test_clipping_shortens_no_more_than_rounding(values, norm):
    """Each entry is within two units of the vector scaled to the bound: one for the entry, one for the length."""
    length = math.sqrt(float(values @ values))
    scale = min(1.0, norm / length) if length else 1.0
    assert np.abs(clip(values, norm) - values * scale).max() < 2 + 1e-6 * np.abs(values).max()


def test_values_that_cannot_be_clipped_exactly_are_refused():
    """Rather than wrap around."""
    with pytest.raises(InvalidInput, match="cannot be clipped exactly"):
        clip(np.array([1 << 40]), 1 << 30)


@pytest.mark.parametrize("sigma", [Fraction(1, 3), Fraction(1), Fraction(7, 2), Fraction(41)])
def test_noise_is_a_discrete_gaussian(sigma):
    """200,000 numbers fit its chances within five standard deviations of chi-square, and those of 5 % more do not.

    GM-526.
    """
    found = discrete_gaussian(200_000, sigma, RandomStream(KEY))
    assert abs(_off(found, sigma)) < 5
    assert sigma < 1 or _off(found, sigma * Fraction(105, 100)) > 10


@pytest.mark.parametrize("sigma", [Fraction(1, 3), Fraction(7, 2)])
def test_where_digits_have_to_decide_the_chances_are_the_same(sigma, monkeypatch):
    """With every coin tossed by the slow, exact way instead of one in 2**39."""
    monkeypatch.setattr(differential, "_MARGIN", 2.0)
    assert abs(_off(discrete_gaussian(2_000, sigma, RandomStream(KEY)), sigma)) < 5


@given(st.fractions(0, 30), st.integers(0, (1 << 64) - 1))
def test_digits_decide_as_floating_point_does_where_it_can(exponent, word):
    """Away from the border the fast and the exact comparison agree."""
    lead = math.exp(-exponent) - word / 2**64
    if abs(lead) > 1e-9:
        assert (lead > 0) == differential._is_below(word, exponent, RandomStream(KEY))


def test_a_border_is_decided_by_more_bits():
    """The first 64 bits of 1/e leave it open; both outcomes occur, about as often as the next digits say."""
    border = int(Fraction("0.36787944117144232159552377016146086744581113103176") * 2**64)
    rest = float(Fraction("0.36787944117144232159552377016146086744581113103176") * 2**64 - border)
    heads = [differential._is_below(border, Fraction(1), RandomStream(i.to_bytes(32))) for i in range(2000)]
    assert abs(sum(heads) / 2000 - rest) < 5 * math.sqrt(0.25 / 2000)


def test_noise_for_a_large_update_takes_a_moment():
    """100,000 numbers of a width of thousands, and all of them integers."""
    found = discrete_gaussian(100_000, Fraction(3000), RandomStream(KEY))
    assert np.int64 == found.dtype
    assert abs(found.std() - 3000) < 5 * 3000 / math.sqrt(2 * 100_000)


def test_a_release_is_the_clipped_update_with_noise():
    """Taking the noise of the same key off gives the clipped update; without the key it is far from it."""
    values, mechanism = np.arange(-50, 50), Mechanism(100, Fraction(3, 2))
    released = mechanism.release(values, RandomStream(KEY))
    noise = discrete_gaussian(100, Fraction(150), RandomStream(KEY))
    assert clip(values, 100).tolist() == (released - noise).tolist()
    assert np.linalg.norm(noise) > 1000


def test_the_multiplier_counts_two_clipped_updates_as_far_apart_as_they_can_be():
    """Opposite vectors of the largest norm differ by twice the clip."""
    mechanism = Mechanism(100, Fraction(3))
    assert float(mechanism.sigma) / 200 == mechanism.multiplier == 1.5


@pytest.mark.parametrize("wrong", [(0, 1), (1, 0), (1, -1), (1 << 31, 1 << 20)])
def test_mechanisms_that_protect_nothing_are_refused(wrong):
    """No clip, no noise, less than none, and more than can be drawn."""
    with pytest.raises(InvalidInput, match="choose positive numbers"):
        Mechanism(wrong[0], Fraction(wrong[1]))
