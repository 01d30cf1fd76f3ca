"""What parties hold is what the product gives them, no more and no less."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.leakage.crowd import Crowd
from client.leakage.noise import Gaussian, plain
from client.leakage.reconstruction import rounds_of
from client.leakage.views import VIEWS, estimate
from client.leakage.world import SETTINGS
from marketplace.domain.update import Update
from marketplace.privacy.sharing.shares import join, ring, split

_WORDS = st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=5)


@pytest.fixture(scope="module")
def crowd(world):
    """A round of three holders under the recipe."""
    [(_, found)] = rounds_of(world, SETTINGS["recipe"], 3, 1)
    return found


@given(_WORDS, st.randoms(use_true_random=False))
def test_two_components_fit_every_update(words, random):
    """Whatever one compute seat holds, every update explains it equally well: nothing can be learnt. GM-952."""
    first, second, _ = split(np.zeros(len(words), np.int64), random.randbytes)
    third = ring(np.array(words)) - first - second
    assert words == join((first, second, third)).tolist()


def test_two_compute_seats_hold_the_update(crowd):
    """Together they have all three components."""
    (held,) = VIEWS["update"].vectors(crowd, np.random.default_rng(1))
    assert crowd.updates[0].flat().tolist() == held.tolist()


@pytest.mark.parametrize("view", ["ciphertext", "shares"])
def test_random_numbers_are_attacked_at_the_public_norm(crowd, view):
    """Each vector has the norm that the sheet publishes, other randomness gives others, and none is near the update."""
    vectors = VIEWS[view].vectors(crowd, np.random.default_rng(1))
    others = VIEWS[view].vectors(crowd, np.random.default_rng(2))
    update = crowd.updates[0].flat()
    for one, other in zip(vectors, others, strict=True):
        assert pytest.approx(crowd.norm) == np.linalg.norm(one)
        assert abs(one @ other) < 0.1 * crowd.norm**2
        assert abs(one @ update) < 0.1 * crowd.norm**2


def test_an_estimate_says_exactly_what_dot_products_say(world):
    """It has the given dot products, and lies in the span of the known vectors."""
    rng = np.random.default_rng(0)
    known, secret = rng.normal(size=(2, 7)), rng.normal(size=7)
    found = estimate(list(known), known @ secret)
    np.testing.assert_allclose(known @ found, known @ secret)
    assert 2 == np.linalg.matrix_rank(np.stack([*known, found]))


def test_a_holder_takes_its_own_part_out(crowd):
    """What is left of the aggregate does not depend on the attacker's update, but for rounding. GM-953."""
    values, k = crowd.weights.values, crowd.weights.k
    rest, _ = VIEWS["remainder"].vectors(crowd, np.random.default_rng(0))
    others = sum(c * u.flat() for i, (c, u) in enumerate(zip(values, crowd.updates, strict=True)) if i != 1) / k
    assert crowd.hides
    np.testing.assert_allclose(rest, others, atol=0.5)


def test_an_aggregate_of_too_few_is_given_to_nobody(world, crowd):
    """Where fewer than three coefficients exceed 0 the aggregate is not adopted, and the owner holds nothing."""
    zero = Update.zero(world.scoring.shape)
    lonely = Crowd(world, (crowd.updates[0], zero, zero))
    vectors = VIEWS["aggregate"].vectors(lonely, np.random.default_rng(0))
    assert not lonely.hides
    assert not vectors[0].any()


def test_noise_comes_in_before_anybody_holds_anything(world, crowd):
    """A mechanism changes the update that is submitted, by noise of about the norm it names. GM-955."""
    update = crowd.updates[0]
    noisy = Gaussian(0.5)(update, world.scoring, np.random.default_rng(0))
    distance = np.linalg.norm(noisy.flat() - update.flat())
    assert pytest.approx(0.5 * crowd.norm, rel=0.1) == distance
    assert update == plain(update, world.scoring, np.random.default_rng(0))
    [(_, changed)] = rounds_of(world, SETTINGS["recipe"], 3, 1, Gaussian(0.5))
    assert update != changed.updates[0]
