"""Hashing many messages at once is hashing each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import keccak_batch as module
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak
from marketplace.domain.keccak_batch import hashes_of, keccak_batch, keccak_levels, zero_tree
from marketplace.domain.merkle import merkle_proof, merkle_root

FEW = module._FEW
edges = st.one_of(st.integers(0, 420), st.sampled_from([k * 136 + d for k in range(1, 5) for d in (-2, -1, 0, 1)]))


def drawn(seed: int, count: int, length: int) -> np.ndarray:
    """Return random messages."""
    return np.random.default_rng(seed).integers(0, 256, (count, length)).astype(np.uint8)


@given(st.integers(0, 2**32), st.integers(0, 3) | st.integers(FEW - 1, FEW + 5), edges)
def test_many_hashes_are_one_hash_many_times(seed: int, count: int, length: int) -> None:
    """Every digest equals that of the reference, whatever the length: around block edges too."""
    messages = drawn(seed, count, length)
    assert [keccak(m.tobytes()) for m in messages] == [d.tobytes() for d in keccak_batch(messages)]


@pytest.mark.parametrize("count", [4095, 4096, 4097, 4096 + FEW])
def test_chunks_join_seamlessly(count: int) -> None:
    """Messages at the edges of chunks have the digests of the reference."""
    messages = drawn(1, count, 64)
    found = keccak_batch(messages)
    for i in {0, FEW, 4094, count - 2, count - 1}:
        assert keccak(messages[i].tobytes()) == found[i].tobytes()


def test_only_tables_of_bytes_are_hashed() -> None:
    """Another type or shape is refused, not reinterpreted."""
    for wrong in (np.zeros((2, 2), np.int64), np.zeros(4, np.uint8)):
        with pytest.raises(InvalidInput, match="table of bytes"):
            keccak_batch(wrong)


@given(st.integers(0, 2**32), st.integers(1, 200))
def test_the_levels_are_those_of_a_merkle_tree(seed: int, count: int) -> None:
    """The root and every sibling are `merkle`'s; what is left out of a level is a zero tree."""
    leaves = drawn(seed, count, 32)
    levels, listed = keccak_levels(leaves), [leaf.tobytes() for leaf in leaves]
    assert merkle_root(listed) == levels[-1][0].tobytes()
    for height, sibling in enumerate(merkle_proof(listed, count - 1)):
        at = (count - 1 >> height) ^ 1
        assert sibling == (levels[height][at].tobytes() if at < len(levels[height]) else zero_tree(height))


def test_zero_trees() -> None:
    """A zero tree is a Merkle tree over zero hashes."""
    assert [merkle_root([ZERO_HASH] * (1 << h)) for h in range(5)] == [zero_tree(h) for h in range(5)]
    assert (2, 32) == hashes_of([ZERO_HASH, ZERO_HASH]).shape
