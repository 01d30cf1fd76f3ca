"""Keccak Merkle trees as the contracts verify them.

Inner node = keccak256(left || right); missing leaves are the zero hash, up to the next power of two. A proof lists
the siblings from leaf to root; the position's bits say on which side each one lies.
"""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak
from marketplace.domain.keccak_batch import HASH_BYTES, hashes_of, keccak_batch

__all__ = ["merkle_proof", "merkle_root", "merkle_verify", "tree_width"]


def tree_width(leaves: int) -> int:
    """Return the smallest power of two that holds this many leaves (at least 1)."""
    return 1 << max(0, leaves - 1).bit_length()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over 32-byte `leaves`; a single leaf is its own root."""
    return _levels(leaves)[-1][0]


def merkle_proof(leaves: Sequence[bytes], position: int) -> tuple[bytes, ...]:
    """Return the siblings on the path from leaf `position` to the root."""
    if not 0 <= position < len(leaves):
        msg = f"a tree of {len(leaves)} leaves has no leaf {position}"
        raise InvalidInput(msg)
    return tuple(level[(position >> i) ^ 1] for i, level in enumerate(_levels(leaves)[:-1]))


def merkle_verify(root: bytes, leaf: bytes, position: int, proof: Sequence[bytes]) -> bool:
    """Say whether `leaf` lies at `position` of the tree with this `root`."""
    if position < 0 or position >> len(proof):
        return False
    node = leaf
    for i, sibling in enumerate(proof):
        node = keccak(sibling, node) if position >> i & 1 else keccak(node, sibling)
    return node == root


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    if not leaves:
        msg = "a Merkle tree needs at least one leaf"
        raise InvalidInput(msg)
    levels = [[*leaves, *[ZERO_HASH] * (tree_width(len(leaves)) - len(leaves))]]
    while len(levels[-1]) > 1:
        below = levels[-1]
        above = keccak_batch(hashes_of(below).reshape(-1, 2 * HASH_BYTES))
        levels.append([node.tobytes() for node in above])
    return levels
