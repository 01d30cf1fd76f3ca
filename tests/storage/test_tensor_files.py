"""Models, updates and rows as bytes: one canonical form, readable by any safetensors library."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors.numpy import load, save

from marketplace.domain.errors import ProtocolError
from marketplace.domain.network import Layer, Network, Scales
from marketplace.domain.update import LayerUpdate, Update
from marketplace.storage.tensors import dump_network, dump_rows, dump_update, load_network, load_rows, load_update

SALT = bytes(range(32))


def integers(seed: int, *shape: int) -> NDArray[np.int64]:
    """Return integers of any size the format holds."""
    return np.random.default_rng(seed).integers(-(2**62), 2**62, shape, dtype=np.int64)


def an_update(seed: int, inputs: int, hidden: int, classes: int) -> Update:
    """Return an update of one or (with no hidden neurons) no hidden layer."""
    sizes = [(hidden, inputs), (classes, hidden)] if hidden else [(classes, inputs)]
    return Update(tuple(LayerUpdate(integers(seed, o, i), integers(seed + 1, o)) for o, i in sizes))


SHAPES = st.tuples(st.integers(0, 9), st.integers(1, 9), st.integers(0, 5), st.integers(1, 5))


@given(SHAPES, st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=2))
@settings(deadline=None)
def test_an_update_and_its_salts_come_back(shape: tuple[int, int, int, int], salts: list[bytes]) -> None:
    """load_update(dump_update(u, *s)) == (u, s)."""
    update = an_update(*shape)
    back, salts_back = load_update(dump_update(update, *salts), len(salts))
    assert np.array_equal(update.flat(), back.flat())
    assert [layer.weight.shape for layer in update.layers] == [layer.weight.shape for layer in back.layers]
    assert tuple(salts) == salts_back


@given(SHAPES)
@settings(deadline=None)
def test_a_network_and_its_salt_come_back(shape: tuple[int, int, int, int]) -> None:
    """load_network(dump_network(n, s), n.scales) == (n, s)."""
    layers = an_update(*shape).layers
    network = Network(tuple(Layer(layer.weight, layer.bias) for layer in layers), Scales())
    back, salt = load_network(dump_network(network, SALT), Scales())
    assert salt == SALT
    assert all(
        np.array_equal(a.weight, b.weight) and np.array_equal(a.bias, b.bias)
        for a, b in zip(network.layers, back.layers, strict=True)
    )


@given(st.integers(0, 20), st.integers(1, 9))
@settings(deadline=None)
def test_rows_labels_and_their_salt_come_back(count: int, inputs: int) -> None:
    """load_rows(dump_rows(r, l, s)) == (r, l, s)."""
    rows = np.random.default_rng(count).integers(-128, 128, (count, inputs)).astype(np.int8)
    labels = np.arange(count, dtype=np.int64)
    rows_back, labels_back, salt = load_rows(dump_rows(rows, labels, SALT))
    assert np.array_equal(rows, rows_back)
    assert np.array_equal(labels, labels_back)
    assert salt == SALT


def test_the_bytes_do_not_depend_on_how_arrays_lie_in_memory() -> None:
    """Honest seats write the same aggregate file, whatever order or byte order their arrays have."""
    update = an_update(1, 4, 3, 2)
    twisted = Update(
        tuple(LayerUpdate(np.asfortranarray(layer.weight), layer.bias[::-1].copy()[::-1]) for layer in update.layers)
    )
    assert dump_update(update, SALT) == dump_update(twisted, SALT)


def test_any_safetensors_library_reads_the_files() -> None:
    """The format is public: names, types and values are what the reference implementation finds."""
    update = an_update(1, 4, 3, 2)
    tensors = load(dump_update(update, SALT))
    assert ["layer0.bias", "layer0.weight", "layer1.bias", "layer1.weight", "salt"] == sorted(tensors)
    assert np.array_equal(update.layers[1].weight, tensors["layer1.weight"])


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_a_file_cut_anywhere_is_its_senders_fault(data: st.DataObject) -> None:
    """Truncation is a ProtocolError for each of the three readers, never a crash."""
    file = dump_update(an_update(1, 4, 3, 2), SALT)
    cut = file[: data.draw(st.integers(0, len(file) - 1))]
    for read in (load_update, load_rows, lambda f: load_network(f, Scales())):
        with pytest.raises(ProtocolError):
            read(cut)


@pytest.mark.parametrize(
    "tensors",
    [
        {},
        {"salt": np.zeros(32, np.uint8)},
        {"layer0.weight": np.zeros((2, 2), np.int64), "layer0.bias": np.zeros(2, np.int64)},
        {"layer0.weight": np.zeros((2, 2), np.int64), "salt": np.zeros(32, np.uint8)},
        {"layer0.weight": np.zeros((2, 2)), "layer0.bias": np.zeros(2), "salt": np.zeros(32, np.uint8)},
        {
            "layer0.weight": np.zeros((2, 2), np.int64),
            "layer0.bias": np.zeros(3, np.int64),
            "salt": np.zeros(32, np.uint8),
        },
        {
            "layer1.weight": np.zeros((2, 2), np.int64),
            "layer1.bias": np.zeros(2, np.int64),
            "salt": np.zeros(32, np.uint8),
        },
        {
            "layer0.weight": np.zeros((2, 2), np.int64),
            "layer0.bias": np.zeros(2, np.int64),
            "salt": np.zeros(31, np.uint8),
        },
        {
            "layer0.weight": np.zeros((2, 2), np.int64),
            "layer0.bias": np.zeros(2, np.int64),
            "salt": np.zeros(32, np.int8),
        },
    ],
    ids=[
        "nothing",
        "salt only",
        "no salt",
        "no bias",
        "floats",
        "bias too long",
        "no layer 0",
        "short salt",
        "odd salt",
    ],
)
def test_sound_safetensors_that_are_no_update_are_refused(tensors: dict[str, NDArray[np.generic]]) -> None:
    """A file of the right format with the wrong tensors is refused in one line."""
    with pytest.raises(ProtocolError, match=r"its sender wrote something else|lacks the salt"):
        load_update(save(tensors))


@pytest.mark.parametrize(
    "tensors",
    [
        {"rows": np.zeros((2, 2), np.int8)},
        {"rows": np.zeros((2, 2), np.int8), "labels": np.zeros(3, np.int64)},
        {"rows": np.zeros((2, 2), np.int64), "labels": np.zeros(2, np.int64)},
        {"rows": np.zeros((2, 2), np.int8), "labels": np.zeros(2)},
        {"rows": np.zeros(2, np.int8), "labels": np.zeros(2, np.int64)},
    ],
    ids=["no labels", "too many labels", "wide rows", "float labels", "flat rows"],
)
def test_rows_that_do_not_fit_their_labels_are_refused(tensors: dict[str, NDArray[np.generic]]) -> None:
    """A shard's file holds as many labels as rows."""
    with pytest.raises(ProtocolError, match="ask the owner for the right one"):
        load_rows(save({**tensors, "salt": np.zeros(32, np.uint8)}))


def test_a_salt_of_another_length_is_not_written() -> None:
    """Salts have 32 bytes, or commitments could not be checked."""
    with pytest.raises(ValueError, match="32 bytes"):
        dump_update(an_update(1, 2, 0, 2), b"short")
