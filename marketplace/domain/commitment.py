"""Commitments to models, updates and shards: Keccak Merkle roots over salted rows.

A row is one neuron (its weights, then its bias) or one validation row. Every row has its own 128-bit salt, derived
from one 32-byte salt, so that a dispute can open single rows and nobody can test guesses against the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.hashing import keccak, tag
from marketplace.domain.merkle import merkle_root

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

    from marketplace.domain.network import Layer, Network
    from marketplace.domain.update import LayerUpdate, Update

__all__ = ["network_root", "rows_root", "update_root"]

_SALT_BYTES = 16


def network_root(network: Network, salt: bytes) -> bytes:
    """Return the commitment to every integer of `network` under the 32-byte `salt`."""
    return _root("network", salt, _neurons(network.layers))


def update_root(update: Update, salt: bytes) -> bytes:
    """Return the commitment to every integer of `update` under the 32-byte `salt`."""
    return _root("update", salt, _neurons(update.layers))


def rows_root(rows: NDArray[np.int8], labels: NDArray[np.int64], salt: bytes) -> bytes:
    """Return the commitment to a shard: int8[n, inputs] rows and int64[n] labels."""
    texts = (row.tobytes() + int(y).to_bytes(2, "big") for row, y in zip(np.asarray(rows, np.int8), labels, strict=True))
    return _root("rows", salt, texts)


def _neurons(layers: tuple[Layer, ...] | tuple[LayerUpdate, ...]) -> Iterable[bytes]:
    for layer in layers:
        for weights, bias in zip(layer.weight.astype(">i4"), layer.bias.astype(">i8"), strict=True):
            yield weights.tobytes() + bias.tobytes()


def _root(kind: str, salt: bytes, rows: Iterable[bytes]) -> bytes:
    leaf = tag(f"row/{kind}")
    return merkle_root(
        [
            keccak(leaf, keccak(leaf, salt, i.to_bytes(4, "big"))[:_SALT_BYTES], i.to_bytes(4, "big"), row)
            for i, row in enumerate(rows)
        ]
    )
