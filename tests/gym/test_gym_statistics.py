"""Intervals against samples whose intervals are known."""

import numpy as np
import pytest

from client.gym.statistics import mean_of, most_likely_share
from marketplace.domain.errors import InvalidInput


def test_a_mean_has_students_interval():
    """1 to 5: mean 3, standard error sqrt(.5), and 2.776 of those to either side with 4 degrees of freedom."""
    found = mean_of([1, 2, 3, 4, 5])
    assert 3 == found.mean
    assert pytest.approx(3 - 2.776445 * 0.5**0.5, abs=1e-5) == found.low
    assert pytest.approx(3 + 2.776445 * 0.5**0.5, abs=1e-5) == found.high


def test_equal_samples_leave_no_doubt():
    """Somebody who always loses its fee loses its fee."""
    found = mean_of([-5.0] * 10)
    assert (-5, -5, -5) == (found.mean, found.low, found.high)
    assert found.below
    assert not found.above


def test_one_sample_says_nothing():
    """An interval takes two."""
    with pytest.raises(InvalidInput, match="at least 2"):
        mean_of([1.0])


@pytest.mark.parametrize(("hits", "samples", "high"), [(0, 50, 0.0711), (0, 1000, 0.00368), (5, 1000, 0.01163)])
def test_a_share_has_clopper_and_pearsons_interval(hits, samples, high):
    """Never seen in n games: 1 - .025 ** (1 / n); 5 of 1000 from tables."""
    assert pytest.approx(high, abs=1e-4) == most_likely_share(hits, samples)


def test_intervals_hold_as_often_as_they_say():
    """Of 1,000 intervals over 20 skewed samples each, about 95 % hold the mean that made them."""
    rng = np.random.default_rng(1)
    found = [mean_of(rng.uniform(0, 1, 20) ** 2) for _ in range(1000)]
    assert 930 <= sum(one.low <= 1 / 3 <= one.high for one in found) <= 970
