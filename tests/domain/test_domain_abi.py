"""Hashes the contracts recompute: equal to keccak256 over eth_abi encodings, word for word."""

from __future__ import annotations

import pytest
from eth_abi import encode
from eth_utils import keccak as oracle
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain import abi
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.merkle import merkle_root
from marketplace.domain.scope import Scope
from marketplace.domain.terms import SheetHead
from marketplace.domain.words import address_word, bool_word, bytes32_word, uint_word

words = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: "0x" + raw.hex())
uints = st.integers(0, 2**256 - 1)
scopes = st.builds(Scope, uints, addresses, words)
bitmaps = st.integers(0, 2**128 - 1)
heads = st.builds(SheetHead, bitmaps, bitmaps, words, words, bitmaps, words, st.booleans(), st.booleans(), words, words)
PLACE = ["uint256", "address", "bytes32", "uint256"]


@given(st.binary(max_size=300))
def test_keccak_is_the_one_of_the_evm(data: bytes) -> None:
    """Equal to eth_utils' Keccak-256, also in parts."""
    assert oracle(data) == keccak(data) == keccak(data[:7], data[7:])


def test_tags_are_as_documented() -> None:
    """A tag is keccak256 of "gradmarket/1/" and a name."""
    assert oracle(b"gradmarket/1/bounty") == tag("bounty")


@given(uints, addresses, words, st.booleans())
def test_words_are_those_of_the_abi(number: int, address: str, raw: bytes, truth: bool) -> None:
    """Every static type the protocol hashes is encoded as eth_abi does."""
    expected = encode(["uint256", "address", "bytes32", "bool"], [number, address, raw, truth])
    assert expected == uint_word(number) + address_word(address) + bytes32_word(raw) + bool_word(truth)


@pytest.mark.parametrize("bad", ["", "0x1234", "0x" + "g" * 40, "0x" + "00" * 21])
def test_what_is_no_address_is_refused(bad: str) -> None:
    """Wrong length or digits never become a word."""
    with pytest.raises(InvalidInput, match="address"):
        address_word(bad)


def test_what_does_not_fit_a_word_is_refused() -> None:
    """Negative numbers, numbers beyond 256 bits and hashes of another length."""
    for bad in (-1, 2**256):
        with pytest.raises(InvalidInput):
            uint_word(bad)
    with pytest.raises(InvalidInput):
        bytes32_word(bytes(31))


@given(uints, addresses, addresses, words)
def test_bounty_ids(chain: int, market: str, owner: str, salt: bytes) -> None:
    """Bounty = keccak256(abi.encode(tag, chain id, market, owner, salt)). GM-201."""
    types = ["bytes32", "uint256", "address", "address", "bytes32"]
    assert oracle(encode(types, [tag("bounty"), chain, market, owner, salt])) == abi.bounty_id(
        chain, market, owner, salt
    )


@given(scopes, uints, heads)
def test_sheet_hashes(scope: Scope, number: int, head: SheetHead) -> None:
    """The sheet's hash covers its place, its trace, and the hash of its ten fields, in the order of the struct."""
    types = ["uint128", "uint128", "bytes32", "bytes32", "uint128", "bytes32", "bool", "bool", "bytes32", "bytes32"]
    fields = encode(types, head.as_tuple())
    assert (fields, abi.SHEET_BYTES) == (abi.sheet_fields(head), len(fields))
    values = [tag("sheet"), scope.chain_id, scope.market, scope.bounty, number, head.trace_root, oracle(fields)]
    assert oracle(encode(["bytes32", *PLACE, "bytes32", "bytes32"], values)) == abi.sheet_hash(scope, number, head)


@given(scopes, uints, uints, addresses, words, words)
def test_commit_hashes(scope: Scope, number: int, seat: int, sender: str, sheet: bytes, salt: bytes) -> None:
    """A commit covers its place, seat and sender, so a copied one is worthless. GM-308."""
    types = ["bytes32", *PLACE, "uint256", "address", "bytes32", "bytes32"]
    values = [tag("commit"), scope.chain_id, scope.market, scope.bounty, number, seat, sender, sheet, salt]
    assert oracle(encode(types, values)) == abi.commit_hash(scope, number, seat, sender, sheet, salt)


@given(scopes, uints, addresses, words, words)
def test_submission_commitments(scope: Scope, number: int, holder: str, root: bytes, key_hash: bytes) -> None:
    """A submission's commitment covers its place, its holder, the update and its key."""
    types = ["bytes32", *PLACE, "address", "bytes32", "bytes32"]
    values = [tag("submission"), scope.chain_id, scope.market, scope.bounty, number, holder, root, key_hash]
    assert oracle(encode(types, values)) == abi.submission_commitment(scope, number, holder, root, key_hash)


@given(words, addresses, uints, words, words)
def test_the_running_hash_over_submissions(
    before: bytes, holder: str, index: int, commitment: bytes, cid: bytes
) -> None:
    """Each submission is hashed onto the ones before, without a tag."""
    types = ["bytes32", "uint256", "address", "uint256", "bytes32", "bytes32"]
    expected = oracle(encode(types, [before, 7, holder, index, commitment, cid]))
    assert expected == abi.submissions_step(before, 7, holder, index, commitment, cid)


@given(st.lists(st.tuples(words, words, words), min_size=1, max_size=6), st.tuples(uints, uints, uints))
def test_shards(shards: list[tuple[bytes, bytes, bytes]], rules: tuple[int, int, int]) -> None:
    """A shard's leaf names its round, rows, ciphertext and key; the root is over the rounds and, last, the scoring."""
    scoring = oracle(encode(["bytes32", "uint256", "uint256", "uint256"], [tag("scoring"), *rules]))
    assert scoring == abi.scoring_leaf(rules)
    types = ["bytes32", "uint256", "bytes32", "bytes32", "bytes32"]
    leaves = [oracle(encode(types, [tag("shard"), i, *shard])) for i, shard in enumerate(shards)]
    assert leaves == [abi.shard_leaf(i, *shard) for i, shard in enumerate(shards)]
    assert merkle_root([*leaves, scoring]) == abi.shards_root(shards, scoring)
    node = leaves[-1]
    for i, sibling in enumerate(abi.shard_proof(shards, scoring, len(shards) - 1)):
        node = oracle(sibling + node if (len(shards) - 1) >> i & 1 else node + sibling)
    assert abi.shards_root(shards, scoring) == node


@given(words)
def test_data_keys(key: bytes) -> None:
    """A data key is committed by its tagged hash."""
    assert oracle(encode(["bytes32", "bytes32"], [tag("data-key"), key])) == abi.data_key_hash(key)


@given(st.lists(addresses, min_size=1, max_size=9, unique=True), st.data())
def test_allowlists_verify_as_openzeppelin_does(holders: list[str], data: st.DataObject) -> None:
    """Folding the proof in sorted pairs leads from every holder to the root, whatever the order of the list."""
    holder = data.draw(st.sampled_from(holders))
    node = oracle(encode(["bytes32", "address"], [tag("allow"), holder]))
    assert abi.allow_leaf(holder) == node
    for sibling in abi.allowlist_proof(holders, holder):
        node = oracle(min(node, sibling) + max(node, sibling))
    assert abi.allowlist_root(data.draw(st.permutations(holders))) == node


def test_an_empty_allowlist_allows_everybody() -> None:
    """Its root is zero and nobody needs a proof; somebody who is not on a list has none."""
    assert (bytes(32), ()) == (abi.allowlist_root([]), abi.allowlist_proof([], "0x" + "11" * 20))
    with pytest.raises(InvalidInput, match="not on the allowlist"):
        abi.allowlist_proof(["0x" + "22" * 20], "0x" + "11" * 20)
