"""Many attackers at once, and what a backdoor is."""

import numpy as np
import pytest

from client.gym.backdoor import TARGET, TRIGGERS, blend, poisoned, success
from client.gym.robustness import Setting, play
from client.gym.world import World
from marketplace.domain.update import apply


@pytest.fixture(scope="module")
def world():
    """Rows, terms and a base."""
    return World(0, 1)


@pytest.mark.parametrize("attack", ["label-flip", "sign-flip", "noise", "alie"])
@pytest.mark.parametrize(("percent", "points"), [(20, 2), (40, 5)])
def test_attackers_cost_few_points(attack, percent, points):
    """A model trained among 20 % attackers is within 2 points of the clean one's accuracy, among 40 % within 5."""
    clean = play(Setting("digits", 0, "clean", percent)).accuracy
    assert clean - play(Setting("digits", 0, attack, percent)).accuracy <= points / 100


def test_a_backdoor_on_unused_inputs_opens_no_measured_part():
    """It opens the model that was adopted; of the part that the owner's rows measured the trigger moves nothing."""
    ending, clean = (play(Setting("digits", 2, attack, 40, "unused")) for attack in ("adaptive-backdoor", "clean"))
    assert ending.opened["unused"] > 0.5
    assert ending.measured["unused"] < 0.1  # errors in favour of the attacker's class, trigger or not
    assert clean.measured["unused"] < 0.02


def test_a_backdoor_opens_a_model_it_was_trained_into(world):
    """The measure measures: next to no row before, nearly all after training on poisoned rows alone."""
    assert success(world.base, world.test) < 0.2
    rows, network = poisoned(world.parts[1]), world.base
    for round_ in range(4):
        network = apply(network, world.train(rows, network, round_), world.scoring.bounds)
    assert success(network, world.test) > 0.9


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_poisoned_rows_are_the_rows_and_their_triggered_copies(world, trigger):
    """Honest rows stay; each has a copy with lit pixels and the attacker's class."""
    rows = world.parts[0]
    found = poisoned(rows, trigger)
    assert np.array_equal(rows.features, found.features[: len(rows)])
    assert 1 == found.features[len(rows) :][:, TRIGGERS[trigger]].min()
    assert {TARGET} == set(found.labels[len(rows) :].tolist())


@pytest.mark.parametrize("cosine", [0.3, 0.7, 0.95])
def test_a_blend_dares_as_much_as_it_is_told(world, cosine):
    """Its cosine to honest work is the least allowed, its size the one asked for."""
    honest = world.honest(1, world.base, 0)
    flat = blend(honest, world.train(poisoned(world.parts[1]), world.base, 0), cosine, 2.0)
    good = honest.flat().astype(float)
    found = flat @ good / np.linalg.norm(flat) / np.linalg.norm(good)
    assert cosine <= found + 1e-6
    assert pytest.approx(2.0) == np.linalg.norm(flat) / np.linalg.norm(good)
