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


def _cosine(one, other):
    return one @ other / (np.linalg.norm(one) * np.linalg.norm(other))


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


def test_the_root_update_says_one_number_of_an_update(world, crowd):
    """The estimate is the root update, as long as its published dot product with the victim's update asks for."""
    root, update = world.root.flat().astype(float), crowd.updates[0].flat().astype(float)
    (held,) = VIEWS["projection"].vectors(crowd, np.random.default_rng(0))
    np.testing.assert_allclose(held, root * (root @ update) / (root @ root))
    assert 0 < np.linalg.norm(held) < crowd.norm


def test_whoever_holds_the_next_base_is_said_to_hold_the_aggregate():
    """In a shared bounty no single seat is; in a sealed one every seat is. GM-953."""
    view = VIEWS["aggregate"]
    assert "seat" not in view.shared
    assert "seats" in view.sealed
    assert "owner" in view.shared


def test_what_one_compute_seat_or_everybody_holds_has_to_be_silent():
    """In a shared bounty: noise, figures and ciphertexts, and no root update. GM-952."""
    held = {v.name: v.silent for v in VIEWS.values() if v.shared in {"everybody", "one compute seat"}}
    assert {"ciphertext": True, "figures": True, "shares": True} == held


def test_the_next_root_update_moves_as_the_aggregate_has_the_root_rows_feel(world, crowd):
    """What adopting the aggregate takes off it points where the echo of the aggregate does; strangers' steps do not."""
    rng = np.random.default_rng(0)
    zero = Update.zero(world.scoring.shape)
    unmoved = Crowd(world, (crowd.updates[0], zero, zero))
    ((held,), (still,)) = (VIEWS["roots"].vectors(c, rng) for c in (crowd, unmoved))
    steps = np.stack([crowd.aggregate, rng.normal(size=crowd.aggregate.shape)])
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    echo, other = VIEWS["roots"].echo(world, steps)
    assert _cosine(held - still, echo) > 0.8
    assert abs(_cosine(held - still, other)) < 0.4


def test_root_updates_say_nothing_of_a_round_that_was_not_adopted(world, crowd):
    """The next root update then starts from the same base, whoever took part."""
    zero, rng = Update.zero(world.scoring.shape), np.random.default_rng(0)
    one, other = (Crowd(world, (update, zero, zero)) for update in crowd.updates[:2])
    assert not one.hides
    ((held,), (same,)) = (VIEWS["roots"].vectors(c, rng) for c in (one, other))
    assert held.tolist() == same.tolist()
    assert held.tolist() != VIEWS["roots"].vectors(crowd, rng)[0].tolist()


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
