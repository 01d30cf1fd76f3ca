"""Exact integer networks: bit for bit what arbitrary precision says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.domain.network import Layer, Network, Scales, Shape

small = st.integers(-5000, 5000)


@st.composite
def networks(draw: st.DrawFn) -> tuple[Network, list[list[int]]]:
    """Return a network and some int8 rows for it."""
    shape = Shape(draw(st.integers(1, 4)), draw(st.integers(0, 3)), draw(st.integers(2, 3)))
    scales = Scales(draw(st.integers(1, 30)), draw(st.integers(1, 2000)))
    layers = []
    for i, (out, inputs) in enumerate(shape.layers):
        weight = draw(st.lists(st.lists(small, min_size=inputs, max_size=inputs), min_size=out, max_size=out))
        bias = draw(st.lists(small, min_size=out, max_size=out))
        layers.append(Layer(np.array(weight), np.array(bias) * scales.bias_unit(i)))
    row = st.lists(st.integers(-127, 127), min_size=shape.inputs, max_size=shape.inputs)
    return Network(tuple(layers), scales), draw(st.lists(row, min_size=1, max_size=3))


def by_hand(network: Network, row: list[int], k: int) -> list[int]:
    """Return the logits of one row in Python integers."""
    values = row
    for i, layer in enumerate(network.layers):
        if i:
            values = [max(0, v) for v in values]
        weights, biases = layer.weight.tolist(), layer.bias.tolist()
        values = [
            sum(w * v for w, v in zip(ws, values, strict=True)) + b * k**i
            for ws, b in zip(weights, biases, strict=True)
        ]
    return values


@given(networks(), st.integers(1, 50))
def test_forward_equals_arbitrary_precision(drawn: tuple[Network, list[list[int]]], k: int) -> None:
    """No logit differs from the one Python integers give, for any denominator. GM-401."""
    network, rows = drawn
    assert [by_hand(network, row, k) for row in rows] == network.forward(np.array(rows), k).tolist()


@given(networks(), st.integers(1, 50))
def test_scaling_a_network_by_k_scales_its_logits_by_k_to_the_layers(
    drawn: tuple[Network, list[list[int]]], k: int
) -> None:
    """Homogeneity: weights and the first bias times k, evaluated over k, give k**layers times the logits. GM-402."""
    network, rows = drawn
    scaled = Network(tuple(Layer(layer.weight * k, layer.bias * k) for layer in network.layers), network.scales)
    expected = network.forward(np.array(rows)) * k ** len(network.layers)
    assert expected.tolist() == scaled.forward(np.array(rows), k).tolist()


def test_arrays_of_a_network_cannot_be_changed() -> None:
    """A network is a value: neither its arrays nor those it was made from can change it."""
    source = np.ones((2, 3), np.int64)
    layer = Layer(source, np.zeros(2, np.int64))
    source[0, 0] = 7
    assert 1 == layer.weight[0, 0]
    with pytest.raises(ValueError, match="read-only"):
        layer.weight[0, 0] = 7


def test_numbers_that_are_not_integers_are_refused() -> None:
    """A float weight, or an integer beyond int64, never becomes a weight silently."""
    with pytest.raises(InvalidInput, match="quantise"):
        Layer(np.ones((2, 2)), np.zeros(2, np.int64))  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="64"):
        Layer(np.full((2, 2), 2**63, np.uint64), np.zeros(2, np.int64))  # type: ignore[arg-type]


@pytest.mark.parametrize("sizes", [(0, 1, 2), (1, -1, 2), (1, 1, 1)])
def test_shapes_nothing_can_be_trained_with_are_refused(sizes: tuple[int, int, int]) -> None:
    """Fewer than one input, a negative width or one class make no network."""
    with pytest.raises(InvalidInput):
        Shape(*sizes)


def test_layers_that_do_not_fit_are_refused() -> None:
    """There is one bias a neuron."""
    with pytest.raises(InvalidInput):
        Layer(np.ones((2, 2), np.int64), np.zeros(3, np.int64))


def test_scales_that_stand_for_nothing_are_refused() -> None:
    """Scales are positive."""
    with pytest.raises(InvalidInput):
        Scales(0, 1)


def test_a_linear_model_has_one_layer() -> None:
    """A hidden width of 0 means no hidden layer; parameters count weights and biases."""
    assert ((3, 5),) == Shape(5, 0, 3).layers
    assert (18, 3 * 2 + 5 * 3 + 3) == (Shape(5, 0, 3).parameters, Shape(4, 3, 2).parameters + 1)


def test_networks_are_equal_when_every_integer_is() -> None:
    """One changed bias makes another network, and so do other scales."""
    layer, other = (
        Layer(np.ones((2, 2), np.int64), np.zeros(2, np.int64)),
        Layer(np.ones((2, 2), np.int64), np.ones(2, np.int64)),
    )
    assert Network((layer,), Scales()) == Network((layer,), Scales())
    assert Network((layer,), Scales()) != Network((other,), Scales())
    assert Network((layer,), Scales()) != Network((layer,), Scales(23))
