"""What the judge of inputs is shown: terms, shards, submissions and earlier sheets, as `IInputJudge.Evidence`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from marketplace.chain.codec import encode
from marketplace.chain.referee import NO_FRAME, Case
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.terms import SheetHead

if TYPE_CHECKING:
    from marketplace.domain.terms import ChainTerms

__all__ = ["Evidence", "Record", "ShardProof"]

_POSTED: Final = f"(({','.join(['uint256'] * 6)},bytes32,bytes32),(bytes32,bytes32,bytes32))"
_SHARD: Final = "(bytes32,bytes32,bytes32,uint256,bytes32,bytes32[])"
_HISTORY: Final = "(bytes32,(address,uint256,bytes32,bytes32)[])"
_SHEET: Final = "(uint128,uint128,bytes32,bytes32,uint128,bytes32,bool,bool,bytes32,bytes32)"
_EARLIER: Final = f"(uint256,{_SHEET},(uint256,bytes32,bytes32),address,bytes)"
_TYPE: Final = f"({_POSTED},uint256[3],{_SHARD},{_HISTORY},bytes32,bytes32,{_EARLIER},bytes)"

_NOBODY: Final = "0x" + "00" * 20
_NO_SHEET: Final = SheetHead(0, 0, ZERO_HASH, ZERO_HASH, 0, ZERO_HASH, False, False, ZERO_HASH, ZERO_HASH)  # noqa: FBT003
_NOWHERE: Final = Case(ZERO_HASH, 0, _NO_SHEET, NO_FRAME)
_NO_TERMS: Final = ((0,) * 6 + (ZERO_HASH,) * 2, (ZERO_HASH,) * 3)


@dataclass(frozen=True)
class ShardProof:
    """A leaf of the terms' tree: of a shard, or (with the path alone) of the scoring terms."""

    path: tuple[bytes, ...] = ()
    root: bytes = ZERO_HASH
    digest: bytes = ZERO_HASH
    key_hash: bytes = ZERO_HASH
    rows: int = 0
    merkle: bytes = ZERO_HASH


@dataclass(frozen=True)
class Record:
    """A step of the market's running hash in this round."""

    who: str
    index: int
    commitment: bytes
    document: bytes


@dataclass(frozen=True)
class Evidence:
    """What the judge of inputs compares a trace with; parts that a kind of step does not need stay empty.

    Attributes:
        openings: of the disputed sheet's trace.
        terms: the bounty's.
        scoring: the words of its scoring terms.
        shard: a leaf of the terms' tree.
        before: the running hash before the round; records: what it took in since.
        update_root, key_hash: what a submission committed to.
        earlier: a settled round's sheet, with its frame; earlier_openings: of its trace.
    """

    openings: bytes = b""
    terms: ChainTerms | None = None
    scoring: tuple[int, int, int] = (0, 0, 0)
    shard: ShardProof = ShardProof()
    before: bytes = ZERO_HASH
    records: tuple[Record, ...] = ()
    update_root: bytes = ZERO_HASH
    key_hash: bytes = ZERO_HASH
    earlier: Case = _NOWHERE
    earlier_openings: bytes = b""
    token: str = _NOBODY

    def encode(self) -> bytes:
        """Return the proof that `IJudge.contradicts` takes."""
        shard, earlier = self.shard, self.earlier
        value = (
            _NO_TERMS if self.terms is None else (self.terms.packed(), self.terms.roots),
            self.scoring,
            (shard.root, shard.digest, shard.key_hash, shard.rows, shard.merkle, shard.path),
            (self.before, [(r.who, r.index, r.commitment, r.document) for r in self.records]),
            self.update_root,
            self.key_hash,
            (earlier.round, earlier.sheet.as_tuple(), earlier.frame.as_tuple(), self.token, self.earlier_openings),
            self.openings,
        )
        return encode([_TYPE], [value])
