"""Hiding commitments to models, updates and validation rows: Keccak Merkle roots over salted rows.

A leaf is one neuron (its weights and bias) or one validation row, so that a dispute can publish the rows it turns on
and nothing else. Every leaf has its own 128-bit salt, derived from the one secret salt of the commitment: opening
one leaf says nothing about another, and short rows cannot be guessed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import InvalidData
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.keccak_batch import keccak_batch
from marketplace.domain.merkle import merkle_root
from marketplace.domain.words import bytes32_word, uint_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Layer, Network
    from marketplace.domain.update import LayerUpdate, Update

__all__ = [
    "LEAF_SALT_BYTES",
    "SALT_BYTES",
    "leaf_salt",
    "model_contents",
    "network_leaves",
    "network_root",
    "row_contents",
    "row_leaves",
    "rows_root",
    "rows_root_of",
    "update_leaves",
    "update_root",
]

SALT_BYTES: Final = 32
LEAF_SALT_BYTES: Final = 16
_INT32: Final = 1 << 31


def network_root(network: Network, salt: bytes) -> bytes:
    """Return the commitment to a base model under a 32-byte secret `salt`."""
    return merkle_root(network_leaves(network, salt))


def update_root(update: Update, salt: bytes) -> bytes:
    """Return the commitment to an update under a 32-byte secret `salt`."""
    return merkle_root(update_leaves(update, salt))


def rows_root(rows: NDArray[np.integer], labels: NDArray[np.integer], salt: bytes) -> bytes:
    """Return the commitment to a shard: int8[n, inputs] rows and their labels, under a 32-byte secret `salt`."""
    return rows_root_of(len(labels), merkle_root(row_leaves(rows, labels, salt)))


def rows_root_of(count: int, tree: bytes) -> bytes:
    """Return the commitment to a shard of `count` rows under the Merkle root `tree`: nobody can add a row unseen."""
    return keccak(tag("rows"), uint_word(count), bytes32_word(tree))


def network_leaves(network: Network, salt: bytes) -> list[bytes]:
    """Return one leaf a neuron, layer by layer: its position, its weights as int32, its bias as int64 (big-endian)."""
    return _model_leaves("neuron", network.layers, salt)


def update_leaves(update: Update, salt: bytes) -> list[bytes]:
    """Return one leaf a neuron, layer by layer: its position, the differences, the bias' in weight-scale units."""
    return _model_leaves("update-row", update.layers, salt)


def row_leaves(rows: NDArray[np.integer], labels: NDArray[np.integer], salt: bytes) -> list[bytes]:
    """Return one leaf a validation row: its label as a 32-bit integer, then one byte a feature."""
    return _salted("row", salt, 0, row_contents(rows, labels))


def leaf_salt(salt: bytes, position: int) -> bytes:
    """Return the 128-bit salt of the leaf at `position`."""
    return keccak(tag("leaf-salt"), bytes32_word(salt), uint_word(position))[:LEAF_SALT_BYTES]


def model_contents(layer: Layer | LayerUpdate) -> NDArray[np.uint8]:
    """Return uint8[neurons, 4 width + 8], what the leaves of a layer say beside the position: weights, then the bias.

    Raises:
        InvalidData: a weight does not fit 32 bits, which no terms that `check_bounds` passes allow.
    """
    if np.min(layer.weight, initial=0) < -_INT32 or np.max(layer.weight, initial=0) >= _INT32:
        msg = "a weight exceeds 32 bits, beyond what any terms allow: scale the model down"
        raise InvalidData(msg)
    weight = layer.weight.astype(">i4").view(np.uint8).reshape(len(layer.bias), -1)
    return np.hstack([weight, layer.bias[:, None].astype(">i8").view(np.uint8)])


def row_contents(rows: NDArray[np.integer], labels: NDArray[np.integer]) -> NDArray[np.uint8]:
    """Return uint8[n, 4 + inputs], what the leaves of a shard say: label, features; else InvalidData."""
    data, classes = np.asarray(rows), np.asarray(labels)
    if data.ndim != 2 or not len(data) or classes.shape != data.shape[:1]:  # noqa: PLR2004 - a table
        msg = f"a shard of rows {data.shape} and labels {classes.shape} is none: give each row a label"
        raise InvalidData(msg)
    if data.dtype != np.int8 and (data.min() < -128 or data.max() > 127):  # noqa: PLR2004 - int8
        msg = "a shard holds features beyond 8 bits: quantise them first"
        raise InvalidData(msg)
    if classes.min() < 0 or classes.max() >> 31:
        msg = "a shard holds labels that are no classes: number the classes from 0"
        raise InvalidData(msg)
    return np.hstack([classes[:, None].astype(">u4").view(np.uint8), data.astype(np.int8).view(np.uint8)])


def _model_leaves(kind: str, layers: Sequence[Layer | LayerUpdate], salt: bytes) -> list[bytes]:
    out: list[bytes] = []
    for i, layer in enumerate(layers):
        places = np.array([[i, j] for j in range(len(layer.bias))], ">u4").view(np.uint8).reshape(-1, 8)
        out += _salted(kind, salt, len(out), np.hstack([places, model_contents(layer)]))
    return out


def _salted(kind: str, salt: bytes, start: int, contents: NDArray[np.uint8]) -> list[bytes]:
    """Return the leaves of uint8[n, length] contents, the first of which lies at position `start`."""
    count = len(contents)
    words = np.zeros((count, 32), np.uint8)
    words[:, 24:] = np.arange(start, start + count)[:, None].astype(">u8").view(np.uint8)
    salts = keccak_batch(np.hstack([_repeat(tag("leaf-salt") + bytes32_word(salt), count), words]))
    leaves = keccak_batch(np.hstack([_repeat(tag(kind), count), salts[:, :LEAF_SALT_BYTES], contents]))
    return [leaf.tobytes() for leaf in leaves]


def _repeat(prefix: bytes, count: int) -> NDArray[np.uint8]:
    return np.broadcast_to(np.frombuffer(prefix, np.uint8), (count, len(prefix)))
