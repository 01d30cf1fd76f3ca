"""Between integers and floats: what is exact, what is bounded."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import nn

from client.training import from_torch, starting_network, to_torch
from client.training.convert import parameters_of
from client.training.quantise import to_update
from marketplace.datasets import quantise_rows
from marketplace.domain.errors import InvalidInput, InvalidUpdate
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.update import Bounds, Update, apply, check_network

SHAPE = Shape(3, 4, 2)
BOUNDS = Bounds()


def networks(largest: int) -> st.SearchStrategy[Network]:
    """Return networks of `SHAPE` whose every integer is at most `largest`, and linear ones."""

    def layers(shape: Shape) -> st.SearchStrategy[Network]:
        whole = st.integers(-largest, largest)
        parts = [
            st.builds(Layer, arrays(np.int64, size, elements=whole), arrays(np.int64, size[0], elements=whole))
            for size in shape.layers
        ]
        return st.tuples(*parts).map(lambda found: Network(found, Scales()))

    return st.sampled_from([SHAPE, Shape(3, 0, 2)]).flatmap(layers)


@given(networks(1 << 22))
def test_float32_carries_a_network_exactly(network: Network) -> None:
    """Integers below 2**23 survive the way to a float32 module and back."""
    assert network == from_torch(to_torch(network), network.scales)


@given(networks(1 << 51))
def test_float64_carries_a_network_exactly(network: Network) -> None:
    """Integers below 2**52 survive the way to a float64 module and back."""
    assert network == from_torch(to_torch(network, torch.float64), network.scales)


@settings(deadline=None)
@given(st.integers(0, 1000))
def test_float_logits_are_the_integer_logits(seed: int) -> None:
    """A float64 module computes what the integer network does, over the scale of its last bias."""
    network = starting_network(SHAPE, Scales(), seed)
    rows = np.random.default_rng(seed).integers(-127, 128, (5, 3))
    floats = to_torch(network, torch.float64)(torch.from_numpy(rows / 24)).detach().numpy()
    np.testing.assert_allclose(network.forward(rows) / Scales().bias_scale(1), floats, rtol=1e-12, atol=1e-12)


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_quantisation_moves_logits_little(seed: int) -> None:
    """Rounding weights to 1/1024 and inputs to 1/24 moves a logit by at most what each rounding can contribute."""
    torch.manual_seed(seed)
    module = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).double()
    features = np.random.default_rng(seed).uniform(-5, 5, (20, 3))
    network = from_torch(module, Scales())
    exact = module(torch.from_numpy(features)).detach().numpy()
    rounded = network.forward(quantise_rows(features, 24)) / Scales().bias_scale(1)
    first, last = (np.abs(layer.weight) / 1024 + 0.5 / 1024 for layer in network.layers)
    step = 0.5 / 1024
    hidden_error = (first.sum(axis=1) * 0.5 / 24 + 3 * step * (5 + 0.5 / 24)).max() + 1e-6
    hidden = np.maximum(module[:1](torch.from_numpy(features)).detach().numpy(), 0).max()
    bound = last.sum(axis=1).max() * hidden_error + 4 * step * (hidden + hidden_error) + 1e-6
    assert np.abs(exact - rounded).max() <= bound


@pytest.mark.parametrize(
    "module",
    [
        nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)),
        nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2)),
        nn.Linear(3, 2, bias=False),
        nn.Conv1d(1, 1, 1),
    ],
)
def test_another_architecture_is_refused(module: nn.Module) -> None:
    """Only Linear and Linear - ReLU - Linear with biases have exact integer twins."""
    with pytest.raises(InvalidInput, match="is no exact network"):
        from_torch(module, Scales())


def test_a_model_of_nan_is_refused() -> None:
    """NaN has no integer."""
    module = nn.Linear(3, 2)
    module.weight.data[0, 0] = torch.nan
    with pytest.raises(InvalidInput, match="NaN or infinity"):
        from_torch(module, Scales())


def test_a_starting_network_is_seeded_and_within_its_bounds() -> None:
    """Equal seeds give equal models; a random start keeps the bounds of a base."""
    shape = Shape(61, 32, 2)
    network = starting_network(shape, Scales(), 3)
    assert network == starting_network(shape, Scales(), 3)
    assert network != starting_network(shape, Scales(), 4)
    check_network(network, shape, BOUNDS)


def test_parameters_are_in_the_order_of_an_update() -> None:
    """The module after an update minus the module before is that update, entry for entry."""
    network = starting_network(SHAPE, Scales(), 0)
    update = Update.from_flat(np.arange(SHAPE.parameters), SHAPE)
    after, before = (parameters_of(to_torch(n, torch.float64)) for n in (apply(network, update, BOUNDS), network))
    np.testing.assert_allclose(update.flat(), (after - before) * 1024, atol=1e-6)


flats = arrays(np.float64, SHAPE.parameters, elements=st.floats(-1e300, 1e300))


@given(flats, st.integers(1, 5000), st.integers(1, 5000))
def test_an_update_always_keeps_the_bounds(flat: Any, entry: int, norm: int) -> None:
    """Whatever training gives and whatever the terms allow, the check that seats make passes. GM-701."""
    bounds = Bounds(entry=entry, norm=norm)
    to_update(flat, SHAPE, bounds).check(SHAPE, bounds)


@given(arrays(np.float64, SHAPE.parameters, elements=st.floats(-1000, 1000)))
def test_within_the_bounds_an_update_is_only_rounded(flat: Any) -> None:
    """No entry moves by more than half a unit when nothing has to be clipped."""
    assert np.abs(to_update(flat, SHAPE, BOUNDS).flat() - flat).max() <= 0.5


@given(arrays(np.float64, SHAPE.parameters, elements=st.floats(-2000, 2000)), st.integers(100, 1000))
def test_a_long_update_keeps_its_direction(flat: Any, norm: int) -> None:
    """Scaling down to the norm moves no entry by more than one unit off the scaled one, and ends near the bound."""
    bounds = Bounds(norm=norm)
    length = np.linalg.norm(flat)
    if length > norm + SHAPE.parameters:
        out = to_update(flat, SHAPE, bounds).flat()
        assert np.abs(out - flat * norm / length).max() <= 1 + 1e-6
        assert np.linalg.norm(out) >= norm - SHAPE.parameters


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_diverged_training_is_refused(value: float) -> None:
    """NaN and infinity say what to change."""
    flat = np.zeros(SHAPE.parameters)
    flat[0] = value
    with pytest.raises(InvalidUpdate, match="lower the learning rate"):
        to_update(flat, SHAPE, BOUNDS)
