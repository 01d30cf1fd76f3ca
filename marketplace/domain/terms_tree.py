"""What a terms document promises the chain: one root over its shards and over how rounds are scored.

A rebuttal proves a shard's key by it, and the referee reads shards and scoring terms through it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.domain.abi import scoring_leaf, shard_proof, shards_root
from marketplace.domain.hashing import keccak

if TYPE_CHECKING:
    from marketplace.domain.terms_document import SealedRoot, TermsDocument

__all__ = ["name_of", "proof_in", "root_of"]


def name_of(shard: SealedRoot) -> bytes:
    """Return the 32 bytes that stand for a shard's CID in its leaf."""
    return keccak(shard.cid.encode("ascii"))


def root_of(terms: TermsDocument) -> bytes:
    """Return `IMarket.Roots.shardsRoot` of a terms document."""
    return shards_root(_shards(terms), scoring_leaf(terms.scoring.words()))


def proof_in(terms: TermsDocument, position: int) -> tuple[bytes, ...]:
    """Return the path to `root_of` from a round's shard, the final one after them, or the scoring terms after that."""
    return shard_proof(_shards(terms), scoring_leaf(terms.scoring.words()), position)


def _shards(terms: TermsDocument) -> list[tuple[bytes, bytes, bytes]]:
    return [(shard.root, name_of(shard), shard.key_hash) for shard in terms.shards]
