"""Every hash that Python and the contracts must agree on: keccak256(abi.encode(tag, ...)).

Chain id, market and bounty are part of each, so that nothing signed or committed in one place means anything in
another.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak, tag
from marketplace.domain.merkle import merkle_proof, merkle_root
from marketplace.domain.scope import Scope
from marketplace.domain.terms import SheetHead
from marketplace.domain.words import address_word, bool_word, bytes32_word, uint_word

__all__ = [
    "FAILED",
    "OPENED",
    "SHEET_BYTES",
    "allow_leaf",
    "allowlist_proof",
    "allowlist_root",
    "bounty_id",
    "commit_hash",
    "data_key_hash",
    "fields_hash",
    "result_hash",
    "scoring_leaf",
    "shard_leaf",
    "shard_proof",
    "shards_root",
    "sheet_fields",
    "sheet_hash",
    "submission_commitment",
    "submissions_step",
]

OPENED: Final = 255
"""Stands for a holder's index where the running hash of submissions takes in a round's opening."""

FAILED: Final = tag("failed")
"""Stands where a sheet names its aggregate, when a majority of an unjudged bounty's seats says that none came out."""

SHEET_BYTES: Final = 320
"""Bytes of `sheet_fields`."""


def bounty_id(chain_id: int, market: str, owner: str, salt: bytes) -> bytes:
    """Return the id a bounty will have, known before it is posted."""
    return keccak(tag("bounty"), uint_word(chain_id), address_word(market), address_word(owner), bytes32_word(salt))


def sheet_hash(scope: Scope, round_: int, sheet: SheetHead) -> bytes:
    """Return the hash seats commit to and the contract tallies.

    The trace's root stands beside the hash of all fields: whoever shows a step of a trace need not show the others.
    """
    return keccak(tag("sheet"), _place(scope, round_), bytes32_word(sheet.trace_root), fields_hash(sheet))


def fields_hash(sheet: SheetHead) -> bytes:
    """Return the hash of a sheet's fields, by which a case names them."""
    return keccak(sheet_fields(sheet))


def sheet_fields(sheet: SheetHead) -> bytes:
    """Return the bytes of a sheet's fields, as a step that needs them opens them."""
    return b"".join(
        (
            uint_word(sheet.included),
            uint_word(sheet.breached),
            bytes32_word(sheet.trace_root),
            bytes32_word(sheet.payout_root),
            uint_word(sheet.pool),
            bytes32_word(sheet.next_base_root),
            bool_word(sheet.adopted),
            bool_word(sheet.released),
            bytes32_word(sheet.aggregate),
            bytes32_word(sheet.document),
        )
    )


def commit_hash(  # noqa: PLR0913, PLR0917 - what makes a copied commit worthless
    scope: Scope, round_: int, seat: int, sender: str, sheet: bytes, salt: bytes
) -> bytes:
    """Return a seat's commitment to the hash of its sheet; a copy of it can be revealed by nobody else."""
    return keccak(
        tag("commit"),
        _place(scope, round_),
        uint_word(seat),
        address_word(sender),
        bytes32_word(sheet),
        bytes32_word(salt),
    )


def submission_commitment(scope: Scope, round_: int, holder: str, update_root: bytes, key_hash: bytes) -> bytes:
    """Return what a holder commits to on the chain: its update and the key that opens it, here and now."""
    return keccak(
        tag("submission"),
        _place(scope, round_),
        address_word(holder),
        bytes32_word(update_root),
        bytes32_word(key_hash),
    )


def submissions_step(  # noqa: PLR0913, PLR0917 - what the market hashes
    previous: bytes, round_: int, holder: str, index: int, commitment: bytes, document: bytes
) -> bytes:
    """Return the market's running hash over a bounty's submissions after one more; it starts as the bounty's id.

    A round's opening is a step too: by the owner, at the index `OPENED`, with the root update's commitment.
    """
    return keccak(
        bytes32_word(previous),
        uint_word(round_),
        address_word(holder),
        uint_word(index),
        bytes32_word(commitment),
        bytes32_word(document),
    )


def result_hash(payout_root: bytes, pool: int, token: str, sheet: bytes) -> bytes:
    """Return what the market keeps of a settled round, for claims and for disputes of later rounds.

    Args:
        payout_root: hash of the payout tree's root; pool: its sum.
        token: the bounty's.
        sheet: hash of the sheet the round was settled on.
    """
    return keccak(bytes32_word(payout_root), uint_word(pool), address_word(token), bytes32_word(sheet))


def data_key_hash(key: bytes) -> bytes:
    """Return the hash a 32-byte data key is committed by."""
    return keccak(tag("data-key"), bytes32_word(key))


def shard_leaf(round_: int, root: bytes, digest: bytes, key_hash: bytes) -> bytes:
    """Return the leaf of one round's shard: its rows, where its ciphertext lies, the hash of its key."""
    return keccak(tag("shard"), uint_word(round_), bytes32_word(root), bytes32_word(digest), bytes32_word(key_hash))


def scoring_leaf(words: Sequence[int]) -> bytes:
    """Return the leaf that commits to how rounds are scored: see `ScoringTerms.words`."""
    return keccak(tag("scoring"), *map(uint_word, words))


def shards_root(shards: Sequence[tuple[bytes, bytes, bytes]], scoring: bytes) -> bytes:
    """Return the root over (rows root, digest, key hash) of every shard, the final one last, and `scoring_leaf`."""
    return merkle_root(_shard_leaves(shards, scoring))


def shard_proof(shards: Sequence[tuple[bytes, bytes, bytes]], scoring: bytes, position: int) -> tuple[bytes, ...]:
    """Return the path to `shards_root` from the shard of a round, or from what lies at the positions after them."""
    return merkle_proof(_shard_leaves(shards, scoring), position)


def allow_leaf(holder: str) -> bytes:
    """Return the allowlist's leaf of `holder`."""
    return keccak(tag("allow"), address_word(holder))


def allowlist_root(holders: Sequence[str]) -> bytes:
    """Return an allowlist's root, in sorted pairs as OpenZeppelin's MerkleProof verifies; zero allows everybody."""
    return _pair_levels(holders)[-1][0] if holders else ZERO_HASH


def allowlist_proof(holders: Sequence[str], holder: str) -> tuple[bytes, ...]:
    """Return the siblings that lead from `holder` to the root; empty when everybody is allowed."""
    if not holders:
        return ()
    levels = _pair_levels(holders)
    if allow_leaf(holder) not in levels[0]:
        msg = f"{holder} is not on the allowlist: ask the owner to post a list with it"
        raise InvalidInput(msg)
    at, proof = levels[0].index(allow_leaf(holder)), []
    for level in levels[:-1]:
        if at ^ 1 < len(level):
            proof.append(level[at ^ 1])
        at //= 2
    return tuple(proof)


def _place(scope: Scope, round_: int) -> bytes:
    return uint_word(scope.chain_id) + address_word(scope.market) + bytes32_word(scope.bounty) + uint_word(round_)


def _shard_leaves(shards: Sequence[tuple[bytes, bytes, bytes]], scoring: bytes) -> list[bytes]:
    return [*(shard_leaf(i, *shard) for i, shard in enumerate(shards)), scoring]


def _pair_levels(holders: Sequence[str]) -> list[list[bytes]]:
    """Sorted leaves; an odd one out moves up unhashed."""
    levels = [sorted({allow_leaf(h) for h in holders})]
    while len(levels[-1]) > 1:
        pairs = [levels[-1][i : i + 2] for i in range(0, len(levels[-1]), 2)]
        levels.append([keccak(*sorted(pair)) if len(pair) > 1 else pair[0] for pair in pairs])
    return levels
