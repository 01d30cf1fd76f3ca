"""Six cheats: each does what its name says, within the bounds, and again with the same seed."""

from __future__ import annotations

import numpy as np
import pytest

from client.training import ATTACKS, Attacker, Recipe, RowSource, evaluate, starting_network, train
from marketplace.datasets import load, split
from marketplace.domain.errors import InvalidInput
from marketplace.domain.network import Scales, Shape
from marketplace.domain.update import Bounds, Update, apply

BOUNDS = Bounds()
CUT = split(load("support2"), holders=8, rounds=2, seed=0)
SHAPE = Shape(len(CUT.feature_names), 32, 2)
BASE = starting_network(SHAPE, Scales(), 0)
VICTIM = RowSource(CUT.parts[0].features, CUT.parts[0].labels)


def attacker(kind: str, seed: int = 0, bounds: Bounds = BOUNDS) -> Attacker:
    """Return a cheat that preys on the largest holder."""
    return Attacker(kind, VICTIM, Recipe(), public_prior=CUT.public_prior, bounds=bounds, seed=seed)


def honest(seed: int = 0) -> Update:
    """Return what the victim submits."""
    return train(BASE, VICTIM, Recipe(), seed=seed, public_prior=CUT.public_prior, bounds=BOUNDS)


def cosine(a: Update, b: Update) -> float:
    """Return the cosine between two updates."""
    x, y = a.flat().astype(np.float64), b.flat().astype(np.float64)
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def test_the_registry_has_the_six_attacks() -> None:
    """The names are those of the command line."""
    assert ["noise", "sign-flip", "zero", "copy", "stale", "label-flip"] == list(ATTACKS)


@pytest.mark.parametrize("kind", ATTACKS)
def test_an_attack_keeps_the_bounds_and_is_seeded(kind: str) -> None:
    """Tight bounds are kept (else it would be rejected unscored), and the same seeds give the same update."""
    tight = Bounds(entry=200, norm=1000)
    first, again = (attacker(kind, bounds=tight).update(BASE, seed=3) for _ in range(2))
    first.check(SHAPE, tight)
    assert first == again


def test_noise_has_an_honest_size_and_no_direction() -> None:
    """As long as the victim's update, nearly orthogonal to it."""
    found = attacker("noise").update(BASE, seed=0)
    assert 0.7 < np.linalg.norm(found.flat()) / np.linalg.norm(honest().flat()) < 1.4
    assert abs(cosine(found, honest())) < 0.1


def test_sign_flip_doubles_and_reverses() -> None:
    """Exactly minus two times the honest update where the bounds allow it."""
    np.testing.assert_array_equal(-2 * honest().flat(), attacker("sign-flip").update(BASE, seed=0).flat())


def test_zero_changes_nothing() -> None:
    """The free rider's update is zero."""
    assert Update.zero(SHAPE) == attacker("zero").update(BASE, seed=0)


def test_a_copy_is_disguised_and_still_above_the_copy_threshold() -> None:
    """A tenth of noise changes every round's copy and leaves the cosine above .97."""
    found = attacker("copy").update(BASE, seed=0)
    assert honest() != found
    assert cosine(found, honest()) > 0.97
    assert found != attacker("copy", seed=1).update(BASE, seed=0)


def test_stale_is_the_victims_last_update() -> None:
    """Nothing in the first round, then always what the victim submitted a round ago."""
    cheat = attacker("stale")
    assert Update.zero(SHAPE) == cheat.update(BASE, seed=0)
    assert honest(0) == cheat.update(BASE, seed=1)
    assert honest(1) == cheat.update(BASE, seed=2)


def test_label_flip_makes_the_model_worse() -> None:
    """Training on wrong labels pulls the AUC below what the honest update gives, and below chance."""
    poisoned, good = (
        evaluate(apply(BASE, update, BOUNDS), *CUT.test).auc
        for update in (attacker("label-flip").update(BASE, seed=0), honest())
    )
    assert poisoned < 0.5 < good


def test_an_unknown_attack_is_refused() -> None:
    """A misspelt name lists the attacks there are."""
    with pytest.raises(InvalidInput, match="there is no attack called nois: use noise, sign-flip"):
        attacker("nois")
