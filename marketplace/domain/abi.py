"""The hashes that Python and Solidity both compute, in one place.

Each is keccak256(abi.encode(tag, ...)) with the chain, the market, the bounty and the round inside, so that nothing
made for one place can be replayed in another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from eth_abi import encode

from marketplace.domain.hashing import keccak, tag

if TYPE_CHECKING:
    from marketplace.domain.scope import Scope
    from marketplace.domain.terms import SheetHead

__all__ = [
    "allow_leaf",
    "bounty_id",
    "commit_hash",
    "shard_leaf",
    "sheet_hash",
    "submission_commitment",
    "submissions_link",
]

_PLACE = ("bytes32", "uint256", "address", "bytes32", "uint256")  # tag, chain, market, bounty, round
_SHEET = ("uint128", "uint128", "bytes32", "bytes32", "uint128", "bytes32", "bool", "bool", "bytes32", "bytes32")


def bounty_id(chain_id: int, market: str, owner: str, salt: bytes) -> bytes:
    """Return the id of the bounty that `owner` posts with `salt`; known before posting, so the base can be sealed to it."""
    return _hash(("bytes32", "uint256", "address", "address", "bytes32"), tag("bounty"), chain_id, market, owner, salt)


def sheet_hash(scope: Scope, round_: int, sheet: SheetHead) -> bytes:
    """Return what a seat commits to and reveals."""
    return _hash((*_PLACE, *_SHEET), *_place("sheet", scope, round_), *sheet.as_tuple())


def commit_hash(scope: Scope, round_: int, seat: int, sender: str, sheet: bytes, salt: bytes) -> bytes:  # noqa: PLR0913
    """Return a seat's commitment to the sheet with hash `sheet`; nobody else can reveal it."""
    types = (*_PLACE, "uint256", "address", "bytes32", "bytes32")
    return _hash(types, *_place("commit", scope, round_), seat, sender, sheet, salt)


def submission_commitment(scope: Scope, round_: int, holder: str, update_root: bytes, key_hash: bytes) -> bytes:
    """Return what a holder puts on the chain about its update."""
    types = (*_PLACE, "address", "bytes32", "bytes32")
    return _hash(types, *_place("submission", scope, round_), holder, update_root, key_hash)


def submissions_link(previous: bytes, holder: str, index: int, commitment: bytes, document: bytes) -> bytes:
    """Return the running hash of a round's submissions after one more; it starts at zero."""
    return _hash(("bytes32", "address", "uint256", "bytes32", "bytes32"), previous, holder, index, commitment, document)


def shard_leaf(round_: int, shard_root: bytes, shard_digest: bytes, key_hash: bytes) -> bytes:
    """Return the leaf of one shard under the terms' `shards_root`."""
    types = ("bytes32", "uint256", "bytes32", "bytes32", "bytes32")
    return _hash(types, tag("shard"), round_, shard_root, shard_digest, key_hash)


def allow_leaf(holder: str) -> bytes:
    """Return the leaf of one holder under the terms' `allowlist_root`."""
    return _hash(("bytes32", "address"), tag("allow"), holder)


def _place(name: str, scope: Scope, round_: int) -> tuple[bytes, int, str, bytes, int]:
    return tag(name), scope.chain_id, scope.market, scope.bounty, round_


def _hash(types: tuple[str, ...], *values: object) -> bytes:
    return keccak(encode(list(types), list(values)))
