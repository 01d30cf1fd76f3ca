"""The public documents of bounties whose updates are secret-shared: a submission, how seats meet, the next model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Self

from marketplace.domain.document_fields import Reader, malformed, read_digest
from marketplace.domain.fields import hex_text
from marketplace.domain.hashing import keccak

__all__ = ["COMPONENTS", "ComponentsDocument", "MeetingDocument", "ModelDocument", "SealedComponent"]

COMPONENTS: Final = 3
"""Of a shared update or model; seat i of three gets those numbered i and i + 1."""


@dataclass(frozen=True)
class SealedComponent:
    """One component of a shared update or model.

    Attributes:
        cid: of its ciphertext.
        commitment: to what is inside.
        key_hash: hash of the key that opens it.
    """

    cid: str
    commitment: bytes
    key_hash: bytes

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"cid": self.cid, "commitment": hex_text(self.commitment), "key_hash": hex_text(self.key_hash)}

    @classmethod
    def from_json(cls, value: object, kind: str) -> Self:
        """Read it; raises ProtocolError naming the document and its first malformed field."""
        if not isinstance(value, dict) or set(value) != {"cid", "commitment", "key_hash"}:
            raise malformed(kind, "components")
        if not isinstance(value["cid"], str):
            raise malformed(kind, "components")
        commitment, key_hash = (read_digest(value[field], kind, "components") for field in ("commitment", "key_hash"))
        return cls(value["cid"], commitment, key_hash)


@dataclass(frozen=True)
class ComponentsDocument:
    """What a holder publishes with a submission that nobody is to read, or an owner of its root update.

    Attributes:
        round: the round, from 0.
        holder: whose it is.
        components: the three, in order.
        sealed: for each seat the keys of its two components, one after the other, sealed to it; empty where the seat
            has no key that could be sealed to, or gets them later.
    """

    kind: ClassVar[str] = "components"
    round: int
    holder: str
    components: tuple[SealedComponent, ...]
    sealed: tuple[str, ...]

    @property
    def update_root(self) -> bytes:
        """What the chain's commitment has in the place of an update's."""
        return keccak(*(c.commitment for c in self.components))

    @property
    def key_hash(self) -> bytes:
        """What the chain's commitment has in the place of a data key's hash."""
        return keccak(*(c.key_hash for c in self.components))

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {
            "kind": self.kind,
            "round": self.round,
            "holder": self.holder,
            "components": [c.to_json() for c in self.components],
            "sealed": list(self.sealed),
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        components = _components(r.raw("components"), cls.kind)
        out = cls(r.integer("round"), r.text("holder"), components, _texts(r.raw("sealed")))
        r.end()
        return out


@dataclass(frozen=True)
class MeetingDocument:
    """A seat tells each seat where it computes, and hands it the keys of the component that both hold.

    Attributes:
        round: the round.
        seat: the seat's number.
        sealed: {seat's address: JSON {"host", "port", "fingerprint", "keys": {holder index: key}}, sealed to it}.
    """

    kind: ClassVar[str] = "meeting"
    round: int
    seat: int
    sealed: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {"kind": self.kind, "round": self.round, "seat": self.seat, "sealed": dict(self.sealed)}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(r.integer("round"), r.integer("seat"), r.sealed("sealed"))
        r.end()
        return out


@dataclass(frozen=True)
class ModelDocument:
    """The model that an adopted round leads to, where nobody is to see it but the owner and whoever trains on it.

    Attributes:
        round: the round.
        components: the three, in order, of how far it is from the model the bounty was posted with.
    """

    kind: ClassVar[str] = "model"
    round: int
    components: tuple[SealedComponent, ...]

    @property
    def root(self) -> bytes:
        """What the sheet has in the place of a commitment to the next base."""
        return keccak(*(c.commitment for c in self.components))

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {"kind": self.kind, "round": self.round, "components": [c.to_json() for c in self.components]}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        out = cls(r.integer("round"), _components(r.raw("components"), cls.kind))
        r.end()
        return out


def _components(value: object, kind: str) -> tuple[SealedComponent, ...]:
    if not isinstance(value, list) or len(value) != COMPONENTS:
        raise malformed(kind, "components")
    return tuple(SealedComponent.from_json(c, kind) for c in value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) != COMPONENTS or not all(isinstance(t, str) for t in value):
        raise malformed(ComponentsDocument.kind, "sealed")
    return tuple(value)
