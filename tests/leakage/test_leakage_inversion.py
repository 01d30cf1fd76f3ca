"""Attacks give rows back where theory says that they can."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from client.leakage.attack import Task, labels_of
from client.leakage.closed_form import closed_form
from client.leakage.gradients import Model, gradient_of
from client.leakage.matching import cosine, deep_leakage
from client.leakage.quality import chance, psnr
from client.leakage.reconstruction import reconstruct
from client.leakage.views import VIEWS
from client.leakage.world import SETTINGS
from client.training import starting_network
from client.training.convert import to_torch
from marketplace.domain.errors import InvalidInput
from marketplace.domain.network import Scales, Shape


def _task(world, rows, labels, guesses):
    model = Model.of(world.base)
    gradient = model.row_gradients(rows, labels).mean(axis=0, keepdims=True)
    return Task(model, gradient, guesses, world.population, world.low, world.high, (8, 8))


def test_the_gradient_is_the_one_that_training_follows(world):
    """The written-out formula equals automatic differentiation of cross-entropy, to rounding."""
    rows, labels = world.parts[0].features[:5], world.parts[0].labels[:5]
    module = to_torch(world.base, torch.float64)
    nn.functional.cross_entropy(module(torch.from_numpy(rows)), torch.from_numpy(labels)).backward()
    expected = np.concatenate([p.grad.numpy().ravel() for p in module.parameters()])
    one_hot = torch.from_numpy(np.eye(10)[labels])
    actual = gradient_of(Model.of(world.base), torch.from_numpy(rows)[None], one_hot[None])[0].numpy()
    np.testing.assert_allclose(actual, expected, atol=1e-14)


@pytest.mark.parametrize("row", range(5))
def test_one_row_comes_back_exactly(world, row):
    """The gradient of one row, not rounded, gives the row and its label without a search. GM-951."""
    rows, labels = world.parts[1].features[row : row + 1], world.parts[1].labels[row : row + 1]
    task = _task(world, rows, labels, 1)
    assert labels.tolist() == labels_of(task)[0].tolist()
    np.testing.assert_allclose(closed_form(task, np.random.default_rng(0))[0], rows, atol=1e-10)


def test_a_neuron_that_one_row_activates_gives_that_row(world):
    """Of several rows, those that are alone in activating some neuron come back exactly."""
    rows, labels = world.parts[1].features[:3], world.parts[1].labels[:3]
    model = Model.of(world.base)
    weight, bias, _, _ = model.parts(model.flat)
    alone = (rows @ weight.T + bias > 0).sum(axis=0) == 1
    activated = {int(np.flatnonzero((rows @ weight.T + bias)[:, n] > 0)[0]) for n in np.flatnonzero(alone)}
    found = psnr(rows, closed_form(_task(world, rows, labels, 33), np.random.default_rng(0))[0])
    assert activated
    assert all(found[row] > 80 for row in activated)


@pytest.mark.parametrize(("attack", "least"), [(deep_leakage, 40), (cosine, 25)])
def test_searches_find_one_row(world, attack, least):
    """DLG and the search by direction come near enough to read the digit."""
    rows, labels = world.parts[2].features[:1], world.parts[2].labels[:1]
    assert psnr(rows, attack(_task(world, rows, labels, 1), np.random.default_rng(0))[0])[0] > least


def test_counts_of_labels_are_inferred(world):
    """Two rows of one class and one of another: the bias gradient of the last layer says so."""
    part = world.parts[3]
    kinds, counts = np.unique(part.labels, return_counts=True)
    often, other = kinds[counts.argmax()], kinds[counts.argmax() - 1]
    chosen = [*np.flatnonzero(part.labels == often)[:2], np.flatnonzero(part.labels == other)[0]]
    found = labels_of(_task(world, part.features[chosen], part.labels[chosen], 3))[0]
    assert sorted(part.labels[chosen].tolist()) == sorted(found.tolist())


def test_a_linear_model_is_refused():
    """There is no hidden layer to invert."""
    with pytest.raises(InvalidInput, match="no hidden layer"):
        Model.of(starting_network(Shape(4, 0, 2), Scales(), 0))


def test_chance_is_never_worse_than_the_mean_row(world):
    """What needs no attack: the mean row, or as many strangers' rows as there are guesses."""
    rows, known = world.parts[0].features[:4], world.population.features
    mean, best = chance(rows, 8, known, np.random.default_rng(0))
    blind = psnr(rows, known.mean(axis=0)[None])
    assert mean >= blind.mean()
    assert best >= blind.max()


def test_a_quantised_update_of_one_row_still_shows_it(world):
    """What a seat of the sealed mode holds of one row and one step is far above chance: the attack works. GM-951."""
    result, _ = reconstruct(world, SETTINGS["one-row"], VIEWS["update"], "closed-form", 3, victims=8)
    assert result.gain_low > 20


@pytest.mark.parametrize(
    ("setting", "attack"), [*((setting, "closed-form") for setting in SETTINGS), ("one-row", "cosine")]
)
@pytest.mark.parametrize("view", [v.name for v in VIEWS.values() if v.silent and not v.wordless])
def test_silent_views_show_no_row(world, setting, attack, view):
    """The same attacks on what the chain, a store or one compute seat holds stay within 1 dB of chance. GM-952."""
    few = replace(SETTINGS[setting], guesses=2)
    result, _ = reconstruct(world, few, VIEWS[view], attack, 3, victims=3)
    assert 3 == result.held
    assert result.gain < 1
    assert result.best_gain < 1
