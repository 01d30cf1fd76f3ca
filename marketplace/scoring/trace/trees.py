"""The trees of a trace: salted leaves of a section, and sum trees over rows or neurons."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import shake_128
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.hashing import ZERO_HASH, tag
from marketplace.domain.keccak_batch import HASH_BYTES, keccak_batch, keccak_levels, zero_tree
from marketplace.scoring.trace.layout import depth_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Ints = NDArray[np.int64]

__all__ = ["NODE_BYTES", "SALT_BYTES", "LeafTree", "SumForest", "big_endian", "leaf_prefix", "salts", "sum_levels"]

SALT_BYTES: Final = 16
NODE_BYTES: Final = 128
_AT_ONCE: Final = 1 << 14
"""Leaves put together at once, so that messages never take more memory than the leaves themselves."""


def salts(secret: bytes, section: int, count: int) -> Bytes:
    """Return uint8[count, 16], the salts of a section: SHAKE-128 over tag, secret and section."""
    stream = shake_128(tag("trace-salt") + secret + bytes([section])).digest(SALT_BYTES * count)
    return np.frombuffer(stream, np.uint8).reshape(count, SALT_BYTES)


def leaf_prefix(section: int) -> bytes:
    """Return what the hash of every leaf of a section starts with."""
    return tag("trace-leaf") + bytes([section])


def big_endian(values: NDArray[np.integer], kind: str = ">i8") -> Bytes:
    """Return uint8[..., columns * size], the integers along the last axis as big-endian bytes."""
    out = np.ascontiguousarray(values.astype(kind))
    return out.view(np.uint8).reshape(*values.shape[:-1], values.shape[-1] * out.itemsize)


class LeafTree:
    """The leaves of one section and the tree over them.

    Args:
        section: its number, part of every leaf.
        blocks: contents, uint8[n, length] each; leaves are numbered through.
        salted: uint8[leaves, 16]; None for public leaves, whose salt is zero.
        raw: the 32-byte contents are the leaves' hashes themselves.
        group_levels: contents and salts are of groups; so many levels above them stand the leaves.
    """

    def __init__(
        self,
        section: int,
        blocks: Sequence[Bytes],
        salted: Bytes | None = None,
        *,
        raw: bool = False,
        group_levels: int = 0,
    ) -> None:
        self._blocks = [block for block in blocks if len(block)]
        self._salts, self._group_levels = salted, group_levels
        count = sum(map(len, self._blocks))
        leaves = np.empty((count, HASH_BYTES), np.uint8)
        prefix, start = np.frombuffer(leaf_prefix(section), np.uint8), 0
        for block in self._blocks:
            for at in range(0, len(block), _AT_ONCE):
                part = block[at : at + _AT_ONCE]
                end = start + len(part)
                leaves[start:end] = part if raw else self._hash(prefix, part, start)
                start = end
        self._levels = keccak_levels(leaves) if count else []

    @property
    def root(self) -> bytes:
        """The tree's root; the zero hash without leaves."""
        return bytes(self._levels[-1][0]) if self._levels else ZERO_HASH

    def content(self, index: int) -> bytes:
        """Return the content of a leaf, group after group."""
        index, count = index << self._group_levels, 1 << self._group_levels
        for block in self._blocks:
            if index < len(block):
                return block[index : index + count].tobytes()
            index -= len(block)
        raise IndexError(index)

    def salt(self, index: int) -> bytes:
        """Return the salt of a leaf, or those of its groups; nothing for a public or raw one."""
        index, count = index << self._group_levels, 1 << self._group_levels
        return b"" if self._salts is None else self._salts[index : index + count].tobytes()

    def hash(self, height: int, index: int) -> bytes:
        """Return a node, `height` levels above the leaves."""
        height += self._group_levels
        level = self._levels[height]
        return bytes(level[index]) if index < len(level) else zero_tree(height)

    def path(self, index: int) -> tuple[bytes, ...]:
        """Return the siblings from a leaf to the root of the section."""
        depth = len(self._levels) - 1 - self._group_levels
        return tuple(self.hash(height, index >> height ^ 1) for height in range(depth))

    def _hash(self, prefix: Bytes, part: Bytes, start: int) -> Bytes:
        count = len(part)
        salted = np.zeros((count, SALT_BYTES), np.uint8) if self._salts is None else self._salts[start : start + count]
        return keccak_batch(np.hstack([np.broadcast_to(prefix, (count, len(prefix))), salted, part]))


def sum_levels(sums: Ints, squares: Ints) -> list[tuple[Ints, Ints]]:
    """Return the sums of every node of sum trees, leaves first and roots last.

    Args:
        sums: int64[figures, items]; squares: likewise.

    Returns:
        (int64[figures, width], int64[figures, width]) a level; what pads the leaves is 0.
    """
    figures, items = sums.shape
    width = 1 << depth_of(items)
    padding = np.zeros((figures, width - items), np.int64)
    levels = [(np.hstack([sums, padding]), np.hstack([squares, padding]))]
    while levels[-1][0].shape[1] > 1:
        below = levels[-1]
        levels.append((below[0][:, ::2] + below[0][:, 1::2], below[1][:, ::2] + below[1][:, 1::2]))
    return levels


class SumForest:
    """The sum trees of one section, one a figure, and the public figure leaves over them.

    Args:
        section: its number.
        levels: what each node states to be its sums, as `sum_levels` makes them; a node's stand in its parent.
        items: leaves that are no padding.
        salted: uint8[figures * width, 16].
    """

    def __init__(self, section: int, levels: Sequence[tuple[Ints, Ints]], items: int, salted: Bytes) -> None:
        self._levels, self._salts = list(levels), salted
        sums, squares = levels[0]
        figures, width = sums.shape
        hashes = np.zeros((figures, width, HASH_BYTES), np.uint8)
        real = salted.reshape(figures, width, SALT_BYTES)[:, :items].reshape(-1, SALT_BYTES)
        prefix = np.frombuffer(leaf_prefix(section), np.uint8)
        content = _pairs(sums[:, :items].ravel(), squares[:, :items].ravel())
        leaves = keccak_batch(np.hstack([np.broadcast_to(prefix, (len(real), len(prefix))), real, content]))
        hashes[:, :items] = leaves.reshape(figures, items, HASH_BYTES)
        self._hashes = [hashes]
        self._tag = np.frombuffer(tag("trace-sum"), np.uint8)
        for height in range(len(levels) - 1):
            nodes = self._preimages(height)
            message = np.hstack([np.broadcast_to(self._tag, (len(nodes), HASH_BYTES)), nodes])
            self._hashes.append(keccak_batch(message).reshape(figures, -1, HASH_BYTES))
        top = [level[:, 0] for level in levels[-1]]
        self.figures = LeafTree(section, [np.hstack([self._hashes[-1][:, 0], _pairs(*top)])])

    @property
    def depth(self) -> int:
        """Levels of each tree."""
        return len(self._levels) - 1

    def salt(self, figure: int, position: int) -> bytes:
        """Return the salt of the leaf of a figure at a position."""
        return bytes(self._salts[(figure << self.depth) + position])

    def node(self, figure: int, level: int, position: int) -> bytes:
        """Return the 128 bytes under the hash of an inner node, `level` levels below the root."""
        height = self.depth - level - 1
        left = slice(2 * position, 2 * position + 2)
        sums, squares = (values[figure, left] for values in self._levels[height])
        return self._hashes[height][figure, left].tobytes() + _pairs(sums, squares).tobytes()

    def _preimages(self, height: int) -> Bytes:
        """Return uint8[nodes, 128], what the nodes above a height hash."""
        hashes = self._hashes[height].reshape(-1, 2 * HASH_BYTES)
        sums, squares = self._levels[height]
        return np.hstack([hashes, _pairs(sums.ravel(), squares.ravel()).reshape(-1, 2 * HASH_BYTES)])


def _pairs(sums: Ints, squares: Ints) -> Bytes:
    """Return uint8[n, 32]: each sum as int128, then its square as uint128."""
    return big_endian(np.stack([sums >> 63, sums, squares >> 63, squares], axis=1))
