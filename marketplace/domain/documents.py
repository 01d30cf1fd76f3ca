"""The small public documents that the chain names by digest, one class each.

A document is canonical JSON in one raw block of at most 256 KiB; anything bigger (models, updates, shards) is
sealed content that a document names by CID. Reading one never trusts it: a malformed document is a
`ProtocolError` that says whose it is, and whatever it claims is checked against the chain or a hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from marketplace.domain.document_fields import Reader, malformed, read_digest, read_sealed
from marketplace.domain.fields import hex_text

__all__ = [
    "MAX_DOCUMENT_BYTES",
    "AggregateDocument",
    "HandoverDocument",
    "RoundDocument",
    "SealedShare",
    "ServeDocument",
    "ShardDocument",
    "SharesDocument",
    "SubmissionDocument",
]

MAX_DOCUMENT_BYTES = 1 << 18
_MAX_DIGITS = 4
"""Of a shard's number, of which there are at most 4,097; Python refuses to read thousands with an error of its own."""

Sealed = Mapping[str, str]
"""Address -> one key sealed to it (text); what `sealing.recipients` makes and opens."""


@dataclass(frozen=True)
class RoundDocument:
    """What the owner publishes when it opens a round.

    Attributes:
        round: the round, from 0.
        base_cid: the sealed base model.
        base_root: its commitment, equal to the one the chain holds.
        envelope_cid: JSON {address: sealed base key} for the seats and, unless holders are not to read it, for them.
        root_cid: the sealed root update; its key derives from the shard's key, so it opens with the shard. Where it is
            shared, a `ComponentsDocument` of the owner's, whose keys come with the shard's.
        root_root: its commitment, equal to the one on the chain.
        encrypted_base: CID of an `EncryptedBaseDocument`; empty where holders read the base.
        model_keys: CID of JSON {address: sealed keys of the components of the round's model}, where that is shared;
            `base_cid` is then the model the bounty was posted with.
    """

    kind: ClassVar[str] = "round"
    round: int
    base_cid: str
    base_root: bytes
    envelope_cid: str
    root_cid: str
    root_root: bytes
    encrypted_base: str = ""
    model_keys: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        optional = {"encrypted_base": self.encrypted_base, "model_keys": self.model_keys}
        more = {name: cid for name, cid in optional.items() if cid}
        return {
            "kind": self.kind,
            "round": self.round,
            "base_cid": self.base_cid,
            "base_root": hex_text(self.base_root),
            "envelope_cid": self.envelope_cid,
            "root_cid": self.root_cid,
            "root_root": hex_text(self.root_root),
            **more,
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(
            r.integer("round"),
            r.text("base_cid"),
            r.digest("base_root"),
            r.text("envelope_cid"),
            r.text("root_cid"),
            r.digest("root_root"),
            *(r.text(name) if r.has(name) else "" for name in ("encrypted_base", "model_keys")),
        )
        r.end()
        return out


@dataclass(frozen=True)
class SealedShare:
    """One seat's share of a data key: its public hash, and the share sealed to the seat."""

    hash: bytes
    sealed: str


@dataclass(frozen=True)
class SubmissionDocument:
    """What a holder publishes with a submission.

    Attributes:
        round: the round, from 0.
        holder: its address.
        update_cid: the sealed update.
        update_root: commitment to the update.
        key_hash: hash of the update's data key.
        shares: one per seat, in the order of the seats.
    """

    kind: ClassVar[str] = "submission"
    round: int
    holder: str
    update_cid: str
    update_root: bytes
    key_hash: bytes
    shares: tuple[SealedShare, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {
            "kind": self.kind,
            "round": self.round,
            "holder": self.holder,
            "update_cid": self.update_cid,
            "update_root": hex_text(self.update_root),
            "key_hash": hex_text(self.key_hash),
            "shares": [{"hash": hex_text(s.hash), "sealed": s.sealed} for s in self.shares],
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        raw = r.raw("shares")
        if not isinstance(raw, list) or not all(isinstance(s, dict) and set(s) == {"hash", "sealed"} for s in raw):
            raise malformed(cls.kind, "shares")
        shares = tuple(SealedShare(read_digest(s["hash"], cls.kind, "shares"), str(s["sealed"])) for s in raw)
        out = cls(
            r.integer("round"),
            r.text("holder"),
            r.text("update_cid"),
            r.digest("update_root"),
            r.digest("key_hash"),
            shares,
        )
        r.end()
        return out


@dataclass(frozen=True)
class ShardDocument:
    """The owner opens a shard: its key sealed to every seat; with the last round the final shard's too.

    Attributes:
        round: the round whose submissions the shard scores.
        keys: number of the shard -> {seat's address: sealed key}; of the final shard {market's address: its key sealed
            under the key of the round's shard}, so that no seat opens it without the others.
        root_keys: {seat's address: the keys of its components of the root update, one after the other, sealed}, where
            that is shared.
    """

    kind: ClassVar[str] = "shard"
    round: int
    keys: Mapping[int, Sealed]
    root_keys: Sealed = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        keys = {str(shard): dict(sealed) for shard, sealed in self.keys.items()}
        more = {"root_keys": dict(self.root_keys)} if self.root_keys else {}
        return {"kind": self.kind, "round": self.round, "keys": keys, **more}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        raw = r.raw("keys")
        if not isinstance(raw, dict) or not all(k.isascii() and k.isdigit() and len(k) <= _MAX_DIGITS for k in raw):
            raise malformed(cls.kind, "keys")
        keys = {int(k): read_sealed(v, cls.kind, "keys") for k, v in raw.items()}
        out = cls(r.integer("round"), keys, r.sealed("root_keys") if r.has("root_keys") else {})
        r.end()
        return out


@dataclass(frozen=True)
class SharesDocument:
    """A seat hands its shares of the round's data keys to all seats.

    Attributes:
        round: the round.
        seat: the seat's number.
        cid: sealed JSON {holder index: share}.
        keys: {seat's address: key of that content, sealed}.
    """

    kind: ClassVar[str] = "shares"
    round: int
    seat: int
    cid: str
    keys: Sealed

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {"kind": self.kind, "round": self.round, "seat": self.seat, "cid": self.cid, "keys": dict(self.keys)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(r.integer("round"), r.integer("seat"), r.text("cid"), r.sealed("keys"))
        r.end()
        return out


@dataclass(frozen=True)
class AggregateDocument:
    """The sealed aggregate of an adopted round, the same document from every honest seat.

    Attributes:
        round: the round.
        root: commitment to the aggregate (an update).
        cid: its ciphertext.
    """

    kind: ClassVar[str] = "aggregate"
    round: int
    root: bytes
    cid: str

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {"kind": self.kind, "round": self.round, "root": hex_text(self.root), "cid": self.cid}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(r.integer("round"), r.digest("root"), r.text("cid"))
        r.end()
        return out


@dataclass(frozen=True)
class ServeDocument:
    """A seat hands the aggregate's key to the owner.

    Attributes:
        round: the round.
        keys: {owner's address: sealed key}.
    """

    kind: ClassVar[str] = "serve"
    round: int
    keys: Sealed

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {"kind": self.kind, "round": self.round, "keys": dict(self.keys)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(r.integer("round"), r.sealed("keys"))
        r.end()
        return out


@dataclass(frozen=True)
class HandoverDocument:
    """A seat hands what the next round needs of the last ones to seats drawn since.

    Attributes:
        round: the round about to be scored.
        cid: sealed JSON {"round", "keys": [{"index", "key"}], "aggregate_key", "first_base_round", "first_base_key"}:
            the last settled round and its data keys, the last adopted aggregate's key, and where the first base opens.
        keys: {new seat's address: key of that content, sealed}.
    """

    kind: ClassVar[str] = "handover"
    round: int
    cid: str
    keys: Sealed

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {"kind": self.kind, "round": self.round, "cid": self.cid, "keys": dict(self.keys)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(r.integer("round"), r.text("cid"), r.sealed("keys"))
        r.end()
        return out
