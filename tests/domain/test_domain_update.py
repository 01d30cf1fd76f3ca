"""Updates: what they may hold, what they do to a base, and what the difference of two bases is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from marketplace.domain.bounds import Bounds, ceil_sqrt
from marketplace.domain.errors import InvalidUpdate
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.update import LayerUpdate, Update, apply, check_network, difference, moved_by, saturate

SHAPE = Shape(3, 2, 2)
BOUNDS = Bounds(entry=50, norm=100, weight=40, row_norm=60, bias=30)
SCALES = Scales(24, 16)


def updates(limit: int) -> st.SearchStrategy[Update]:
    """Return updates of SHAPE with entries up to `limit`."""
    flat = hnp.arrays(np.int64, SHAPE.parameters, elements=st.integers(-limit, limit))
    return flat.map(lambda values: Update.from_flat(values, SHAPE))


@st.composite
def bases(draw: st.DrawFn) -> Network:
    """Return bases within BOUNDS, with biases at any integer."""
    layers = []
    for i, (out, inputs) in enumerate(SHAPE.layers):
        limit = BOUNDS.bias * SCALES.bias_unit(i)
        weight = draw(hnp.arrays(np.int64, (out, inputs), elements=st.integers(-BOUNDS.weight, BOUNDS.weight)))
        layers.append(Layer(weight, draw(hnp.arrays(np.int64, out, elements=st.integers(-limit, limit)))))
    return saturate(Network(tuple(layers), SCALES), BOUNDS)


@given(updates(2**40))
def test_flat_and_from_flat_are_inverse(update: Update) -> None:
    """An update is its flat vector, per layer weights then biases."""
    again = Update.from_flat(update.flat(), SHAPE)
    assert update == again
    expected = [v for layer in update.layers for v in [*layer.weight.ravel().tolist(), *layer.bias.tolist()]]
    assert expected == update.flat().tolist()


@given(bases(), updates(200))
def test_a_base_stays_within_its_bounds_whatever_is_added(base: Network, update: Update) -> None:
    """Adoption keeps weights, rows and biases within the bounds the proof of `worst_case` starts from. GM-413."""
    after = apply(base, update, BOUNDS)
    check_network(after, SHAPE, BOUNDS)
    for i, layer in enumerate(after.layers):
        assert BOUNDS.weight >= np.abs(layer.weight).max()
        assert BOUNDS.row_norm >= max(ceil_sqrt(int(row @ row)) for row in layer.weight)
        assert BOUNDS.bias * SCALES.bias_unit(i) >= np.abs(layer.bias).max()


@given(bases(), updates(200))
def test_the_difference_of_two_bases_leads_from_one_to_the_other(base: Network, update: Update) -> None:
    """The aggregate is what really changed: applied to the base it gives the next base exactly."""
    after = apply(base, update, BOUNDS)
    assert after == apply(base, difference(after, base), BOUNDS)


@given(bases(), updates(200))
def test_a_distance_leads_exactly_to_where_it_was_measured(base: Network, update: Update) -> None:
    """Whether or not the bounds cut something off: nothing is cut off again."""
    after = apply(base, update, BOUNDS)
    assert after == moved_by(base, difference(after, base))
    assert update == difference(moved_by(base, update), base)


@given(bases(), updates(3))
def test_an_update_that_fits_is_applied_unchanged(base: Network, update: Update) -> None:
    """Within bounds nothing is lost: the difference is the update."""
    wide = Bounds(entry=50, norm=100, weight=4000, row_norm=6000, bias=3000)
    assert update == difference(apply(base, update, wide), base)


@given(bases())
def test_saturating_twice_is_saturating_once(base: Network) -> None:
    """What keeps the bounds is not touched."""
    assert base == saturate(base, BOUNDS)
    assert base == apply(base, Update.zero(SHAPE), BOUNDS)


@given(updates(60))
def test_check_accepts_exactly_what_keeps_the_bounds(update: Update) -> None:
    """The check agrees with its definition in Python integers."""
    flat = update.flat().tolist()
    fits = max(map(abs, flat)) <= BOUNDS.entry and sum(v * v for v in flat) <= BOUNDS.norm**2
    if fits:
        update.check(SHAPE, BOUNDS)
    else:
        with pytest.raises(InvalidUpdate):
            update.check(SHAPE, BOUNDS)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([51], "largest entry is 51"),
        ([-(2**63)], f"largest entry is {2**63}"),
        ([50, 50, 50, 50, 1], "norm is 101"),
    ],
)
def test_check_names_the_figure(values: list[int], words: str) -> None:
    """A holder is told which bound it exceeds and by how much, even at the edge of 64 bits. GM-705."""
    flat = np.zeros(SHAPE.parameters, np.int64)
    flat[: len(values)] = values
    with pytest.raises(InvalidUpdate, match=words):
        Update.from_flat(flat, SHAPE).check(SHAPE, BOUNDS)


def test_an_update_of_another_shape_is_refused_everywhere() -> None:
    """Neither the check nor applying accepts an update of another network. GM-705."""
    other = Update.zero(Shape(4, 2, 2))
    base = Network(tuple(Layer(np.zeros(s, np.int64), np.zeros(s[0], np.int64)) for s in SHAPE.layers), SCALES)
    with pytest.raises(InvalidUpdate, match="train from this round's base"):
        other.check(SHAPE, BOUNDS)
    with pytest.raises(InvalidUpdate, match="train from this round's base"):
        apply(base, other, BOUNDS)
    with pytest.raises(InvalidUpdate):
        Update.from_flat(np.zeros(3, np.int64), SHAPE)
    with pytest.raises(InvalidUpdate):
        LayerUpdate(np.zeros((2, 2), np.int64), np.zeros(3, np.int64))


def test_a_model_beyond_its_terms_is_refused() -> None:
    """A base of another shape, or with one weight too large, is not the one the terms were made for."""
    weights = [np.zeros(s, np.int64) for s in SHAPE.layers]
    weights[0][0, 0] = BOUNDS.weight + 1
    base = Network(tuple(Layer(w, np.zeros(len(w), np.int64)) for w in weights), SCALES)
    with pytest.raises(InvalidUpdate, match="exceeds the bounds"):
        check_network(base, SHAPE, BOUNDS)
    with pytest.raises(InvalidUpdate, match="use the model"):
        check_network(base, Shape(4, 2, 2), BOUNDS)


def test_biases_round_to_whole_units_half_up() -> None:
    """A difference of biases counts weight-scale units."""
    unit = SCALES.bias_unit(0)

    def linear(bias: int) -> Network:
        return Network((Layer(np.zeros((2, 1), np.int64), np.array([bias, -bias])),), SCALES)

    assert [3, -2] == difference(linear(5 * unit // 2), linear(0)).layers[0].bias.tolist()
