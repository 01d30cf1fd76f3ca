"""Merkle trees and the payout tree: proofs verify, and nothing else does."""

from __future__ import annotations

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak, tag
from marketplace.domain.merkle import merkle_proof, merkle_root, merkle_verify, tree_width
from marketplace.domain.sumtree import MAX_SUM, PayoutTree, payout_leaf, verify_payout

hashes = st.binary(min_size=32, max_size=32)
holders = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
payouts = st.dictionaries(st.integers(0, 127), st.tuples(holders, st.integers(1, 10**24)), min_size=1, max_size=12)


@given(st.lists(hashes, min_size=1, max_size=20), st.data())
def test_every_leaf_has_a_proof_and_no_other_leaf_fits_it(leaves: list[bytes], data: st.DataObject) -> None:
    """A proof verifies its leaf at its position; another leaf, position, sibling or length does not."""
    at = data.draw(st.integers(0, len(leaves) - 1))
    root, proof = merkle_root(leaves), merkle_proof(leaves, at)
    assert merkle_verify(root, leaves[at], at, proof)
    assert not merkle_verify(root, keccak(leaves[at]), at, proof)
    assert not merkle_verify(root, leaves[at], at + (1 << len(proof)), proof)
    assert not merkle_verify(root, leaves[at], -1, proof)
    for i in range(len(proof)):
        assert not merkle_verify(root, leaves[at], at, [*proof[:i], keccak(proof[i]), *proof[i + 1 :]])
    assert not merkle_verify(root, leaves[at], at, [*proof, ZERO_HASH])


def test_missing_leaves_are_zero_hashes() -> None:
    """Three leaves make the root of four, the last one zero; one leaf is its own root."""
    a, b, c = (keccak(bytes([i])) for i in range(3))
    assert keccak(keccak(a, b), keccak(c, ZERO_HASH)) == merkle_root([a, b, c])
    assert a == merkle_root([a])
    assert [1, 1, 2, 4, 4, 8] == [tree_width(n) for n in range(6)]


def test_a_leaf_that_is_not_there_has_no_proof() -> None:
    """Positions outside the tree, and trees of nothing, are refused."""
    with pytest.raises(InvalidInput):
        merkle_proof([ZERO_HASH], 1)
    with pytest.raises(InvalidInput):
        merkle_root([])


def root_by_hand(found: dict[int, tuple[str, int]], low: int, width: int) -> tuple[bytes, int]:
    """Return hash and sum of a node over positions low..low + width - 1, as the contract's documentation says."""
    if width == 1:
        if low not in found:
            return bytes(32), 0
        holder, amount = found[low]
        types = ["bytes32", "uint256", "address", "uint256"]
        return keccak(encode(types, [tag("payout-leaf"), low, holder, amount])), amount
    (a, x), (b, y) = (root_by_hand(found, start, width // 2) for start in (low, low + width // 2))
    return keccak(a + b + x.to_bytes(16, "big") + y.to_bytes(16, "big")), x + y


@given(payouts)
def test_the_payout_tree_is_the_documented_one(found: dict[int, tuple[str, int]]) -> None:
    """Root and sum equal those of a recursion over eth_abi encodings, as wide as the largest index needs."""
    tree = PayoutTree(found)
    width = 1
    while width <= max(found):
        width *= 2
    assert root_by_hand(found, 0, width) == (tree.root, tree.total)


@given(payouts, st.data())
def test_a_payout_can_be_claimed_and_a_tampered_one_cannot(
    found: dict[int, tuple[str, int]], data: st.DataObject
) -> None:
    """The proof verifies; with another amount, holder, index, hash or sum it does not. GM-416."""
    tree = PayoutTree(found)
    index = data.draw(st.sampled_from(sorted(found)))
    holder, amount = found[index]
    siblings, sums = tree.proof(index)

    def verifies(**change: object) -> bool:
        claim = {"index": index, "holder": holder, "amount": amount, "hashes": siblings, "sums": sums} | change
        return verify_payout(tree.root, tree.total, **claim)  # type: ignore[arg-type]

    assert verifies()
    assert not verifies(amount=amount + 1)
    assert not verifies(holder="0x" + "ab" * 20)
    assert not verifies(index=index ^ 1)
    assert not verifies(index=index + (1 << len(sums)))
    assert not verifies(hashes=(*siblings, ZERO_HASH), sums=(*sums, 0))
    assert not verifies(sums=(*sums, 0))
    for i in range(len(sums)):
        assert not verifies(sums=(*sums[:i], sums[i] + 1, *sums[i + 1 :]))
        assert not verifies(sums=(*sums[:i], -1, *sums[i + 1 :]))
        assert not verifies(hashes=(*siblings[:i], keccak(siblings[i]), *siblings[i + 1 :]))


def test_nobody_is_paid_nothing() -> None:
    """Amounts of 0 leave no leaf; a tree without payouts is the zero hash and sums to 0."""
    holder = "0x" + "11" * 20
    assert PayoutTree({3: (holder, 5)}).root == PayoutTree({3: (holder, 5), 100: (holder, 0)}).root
    assert (bytes(32), 0) == (PayoutTree({}).root, PayoutTree({}).total)
    with pytest.raises(InvalidInput, match="nothing to claim"):
        PayoutTree({3: (holder, 0)}).proof(3)


def test_the_only_payout_at_index_0_is_the_root() -> None:
    """A tree of one leaf needs no proof."""
    holder = "0x" + "11" * 20
    tree = PayoutTree({0: (holder, 5)})
    assert (payout_leaf(0, holder, 5), ((), ())) == (tree.root, tree.proof(0))


@pytest.mark.parametrize("bad", [{0: (1, -1)}, {0: (1, MAX_SUM + 1)}, {-1: (1, 1)}])
def test_payouts_no_token_can_pay_are_refused(bad: dict[int, tuple[int, int]]) -> None:
    """Negative amounts, sums beyond 128 bits and negative indices make no tree."""
    with pytest.raises(InvalidInput):
        PayoutTree({i: (f"0x{holder:040x}", amount) for i, (holder, amount) in bad.items()})
