"""Commitments bind every integer of what they commit to, and hide it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.commitment import (
    leaf_salt,
    network_leaves,
    network_root,
    row_leaves,
    rows_root,
    update_leaves,
    update_root,
)
from marketplace.domain.errors import InvalidData, InvalidInput
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.merkle import merkle_proof, merkle_root, merkle_verify
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.update import Update

SHAPE = Shape(3, 2, 2)
SALT, OTHER = bytes(range(32)), bytes(32)
salts = st.binary(min_size=32, max_size=32)


def network_of(update: Update) -> Network:
    """Return the network that has an update's integers."""
    return Network(tuple(Layer(layer.weight, layer.bias) for layer in update.layers), Scales())


@given(st.integers(0, SHAPE.parameters - 1), st.integers(-(2**30), 2**30).filter(bool), salts)
def test_every_integer_of_a_model_is_bound(at: int, change: int, salt: bytes) -> None:
    """Changing any weight or bias changes the root of a network and of an update."""
    flat = np.arange(SHAPE.parameters)
    changed = flat.copy()
    changed[at] += change
    one, two = Update.from_flat(flat, SHAPE), Update.from_flat(changed, SHAPE)
    assert update_root(one, salt) != update_root(two, salt)
    assert network_root(network_of(one), salt) != network_root(network_of(two), salt)


@given(st.integers(0, 3), st.integers(0, 2), st.integers(1, 100))
def test_every_feature_and_label_of_a_shard_is_bound(row: int, column: int, change: int) -> None:
    """Changing one feature or one label changes the root."""
    rows, labels = np.zeros((4, 3), np.int8), np.arange(4)
    other, wrong = rows.copy(), labels.copy()
    other[row, column] += change
    wrong[row] += change
    assert 3 == len({rows_root(rows, labels, SALT), rows_root(other, labels, SALT), rows_root(rows, wrong, SALT)})


def test_the_salt_hides() -> None:
    """The same model has another root under another salt, and every leaf a salt of its own. GM-508."""
    update = Update.zero(SHAPE)
    assert update_root(update, SALT) != update_root(update, OTHER)
    assert 1000 == len({leaf_salt(SALT, i) for i in range(1000)})
    assert 4 == len(set(row_leaves(np.zeros((4, 3), np.int8), np.zeros(4, np.int64), SALT)))


def test_a_model_an_update_and_a_shard_never_share_a_root() -> None:
    """The kind of a leaf is part of it."""
    update = Update.zero(SHAPE)
    assert update_root(update, SALT) != network_root(network_of(update), SALT)


def test_a_leaf_is_what_the_documentation_says() -> None:
    """Position, weights and bias as big-endian integers, behind tag and salt: what a referee will recompute."""
    update = Update.from_flat(np.arange(SHAPE.parameters), SHAPE)
    second = b"".join(v.to_bytes(4, "big") for v in (0, 1, 3, 4, 5)) + (7).to_bytes(8, "big")
    assert keccak(tag("update-row"), leaf_salt(SALT, 1), second) == update_leaves(update, SALT)[1]
    third = b"".join(v.to_bytes(4, "big") for v in (1, 0, 8, 9)) + (12).to_bytes(8, "big")
    assert keccak(tag("neuron"), leaf_salt(SALT, 2), third) == network_leaves(network_of(update), SALT)[2]
    row = (7).to_bytes(4, "big") + bytes([255, 0, 127])
    assert keccak(tag("row"), leaf_salt(SALT, 0), row) == row_leaves(np.array([[-1, 0, 127]]), np.array([7]), SALT)[0]


def test_a_weight_has_32_bits_and_a_bias_64() -> None:
    """Integers up to the edges of their fields are bound, and a weight beyond them is refused by name."""
    edges = [np.array([[-(2**31), 2**31 - 1]]), np.array([2**62])]
    leaf = network_leaves(Network((Layer(*edges),), Scales()), SALT)[0]
    content = bytes(8) + b"\x80\0\0\0\x7f\xff\xff\xff" + (2**62).to_bytes(8, "big")
    assert keccak(tag("neuron"), leaf_salt(SALT, 0), content) == leaf
    for weight in (2**31, -(2**31) - 1):
        with pytest.raises(InvalidData, match="32 bits"):
            network_root(Network((Layer(np.array([[weight]]), np.array([0])),), Scales()), SALT)


def test_the_number_of_rows_is_bound() -> None:
    """The root of a shard is its tree's root behind the number of rows."""
    rows, labels = np.zeros((3, 2), np.int8), np.arange(3)
    tree = merkle_root(row_leaves(rows, labels, SALT))
    assert keccak(tag("rows"), (3).to_bytes(32, "big"), tree) == rows_root(rows, labels, SALT)


def test_one_row_can_be_shown_without_the_others() -> None:
    """A leaf and its path lead to the root."""
    leaves = update_leaves(Update.zero(SHAPE), SALT)
    assert merkle_verify(merkle_root(leaves), leaves[3], 3, merkle_proof(leaves, 3))


def test_rows_that_are_no_shard_are_refused() -> None:
    """Features beyond 8 bits, a label too few, or no rows at all."""
    with pytest.raises(InvalidData, match="quantise"):
        rows_root(np.full((2, 2), 128), np.zeros(2, np.int64), SALT)
    with pytest.raises(InvalidData, match="label"):
        rows_root(np.zeros((2, 2), np.int8), np.zeros(1, np.int64), SALT)
    for label in (-1, 2**31):
        with pytest.raises(InvalidData, match="classes"):
            rows_root(np.zeros((1, 2), np.int8), np.array([label]), SALT)
    with pytest.raises(InvalidData):
        rows_root(np.zeros((0, 2), np.int8), np.zeros(0, np.int64), SALT)


def test_a_salt_has_32_bytes() -> None:
    """A shorter salt, which could be guessed, is refused."""
    with pytest.raises(InvalidInput):
        update_root(Update.zero(SHAPE), b"short")
