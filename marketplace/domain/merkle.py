"""Plain Merkle trees over Keccak-256: position is the path, missing leaves are zero."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.domain.hashing import ZERO_HASH, keccak

__all__ = ["merkle_proof", "merkle_root", "merkle_verify"]


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over 32-byte `leaves`, padded with zero hashes to a power of two; zero for no leaf at all."""
    return _levels(leaves)[-1][0]


def merkle_proof(leaves: Sequence[bytes], position: int) -> tuple[bytes, ...]:
    """Return the siblings from leaf to root of the leaf at `position`."""
    if not 0 <= position < len(leaves):
        msg = f"there is no leaf {position} among {len(leaves)}"
        raise IndexError(msg)
    return tuple(level[(position >> depth) ^ 1] for depth, level in enumerate(_levels(leaves)[:-1]))


def merkle_verify(root: bytes, leaf: bytes, position: int, proof: Sequence[bytes]) -> bool:
    """Return whether `proof` leads from `leaf` at `position` to `root`; the path is the position's bits."""
    if position >> len(proof):
        return False
    for depth, sibling in enumerate(proof):
        leaf = keccak(sibling, leaf) if position >> depth & 1 else keccak(leaf, sibling)
    return leaf == root


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    width = 1 << max(len(leaves) - 1, 0).bit_length()
    level = [*leaves, *[ZERO_HASH] * (width - len(leaves))]
    levels = [level]
    while len(level) > 1:
        level = [keccak(level[i], level[i + 1]) for i in range(0, len(level), 2)]
        levels.append(level)
    return levels
