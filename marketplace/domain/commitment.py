"""Hiding commitments to models, updates and validation rows: Keccak Merkle roots over salted rows.

A leaf is one neuron (its weights and bias) or one validation row, so that a dispute can publish the rows it turns on
and nothing else. Every leaf has its own 128-bit salt, derived from the one secret salt of the commitment: opening
one leaf says nothing about another, and short rows cannot be guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.errors import InvalidData
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.merkle import merkle_root
from marketplace.domain.words import bytes32_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Layer, Network
    from marketplace.domain.update import LayerUpdate, Update

__all__ = [
    "SALT_BYTES",
    "leaf_salt",
    "network_leaves",
    "network_root",
    "row_leaves",
    "rows_root",
    "update_leaves",
    "update_root",
]

SALT_BYTES = 32
_LEAF_SALT_BYTES = 16


def network_root(network: Network, salt: bytes) -> bytes:
    """Return the commitment to a base model under a 32-byte secret `salt`."""
    return merkle_root(network_leaves(network, salt))


def update_root(update: Update, salt: bytes) -> bytes:
    """Return the commitment to an update under a 32-byte secret `salt`."""
    return merkle_root(update_leaves(update, salt))


def rows_root(rows: NDArray[np.integer], labels: NDArray[np.integer], salt: bytes) -> bytes:
    """Return the commitment to a shard: int8[n, inputs] rows and their labels, under a 32-byte secret `salt`."""
    return merkle_root(row_leaves(rows, labels, salt))


def network_leaves(network: Network, salt: bytes) -> list[bytes]:
    """Return one leaf a neuron, layer by layer: its position, its weights, its bias as big-endian int64."""
    return _salted("neuron", salt, _neurons(network.layers))


def update_leaves(update: Update, salt: bytes) -> list[bytes]:
    """Return one leaf a neuron, layer by layer: its position, the differences, the bias' in weight-scale units."""
    return _salted("update-row", salt, _neurons(update.layers))


def row_leaves(rows: NDArray[np.integer], labels: NDArray[np.integer], salt: bytes) -> list[bytes]:
    """Return one leaf a validation row: its label as a 32-bit integer, then one byte a feature."""
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
    packed = data.astype(np.int8)
    contents = (int(label).to_bytes(4, "big") + row.tobytes() for label, row in zip(classes, packed, strict=True))
    return _salted("row", salt, contents)


def leaf_salt(salt: bytes, position: int) -> bytes:
    """Return the 128-bit salt of the leaf at `position`."""
    return keccak(tag("leaf-salt"), bytes32_word(salt), position.to_bytes(32, "big"))[:_LEAF_SALT_BYTES]


def _neurons(layers: Sequence[Layer | LayerUpdate]) -> Iterable[bytes]:
    for i, layer in enumerate(layers):
        table = np.column_stack([layer.weight, layer.bias]).astype(">i8")
        for j, row in enumerate(table):
            yield i.to_bytes(4, "big") + j.to_bytes(4, "big") + row.tobytes()


def _salted(kind: str, salt: bytes, contents: Iterable[bytes]) -> list[bytes]:
    separator = tag(kind)
    return [keccak(separator, leaf_salt(salt, i), content) for i, content in enumerate(contents)]
