"""The public document of bounties whose base holders cannot read: the key it is encrypted under, and who gets what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from marketplace.domain.document_fields import Reader, malformed

__all__ = ["EncryptedBaseDocument"]


@dataclass(frozen=True)
class EncryptedBaseDocument:
    """What the owner publishes beside a round whose base is encrypted.

    Attributes:
        round: the round, from 0.
        key: the public part of the dealt key, as `marketplace.privacy.paillier.wire.load_shared` reads it.
        model_cid: the encrypted base, sealed once more.
        envelope_cid: JSON {address: sealed key of it} for the seats and the joined holders.
        shares: {seat's address: its share of the private key, sealed to it}.
    """

    kind: ClassVar[str] = "encrypted-base"
    round: int
    key: Mapping[str, Any]
    model_cid: str
    envelope_cid: str
    shares: Mapping[str, str]

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {
            "kind": self.kind,
            "round": self.round,
            "key": dict(self.key),
            "model_cid": self.model_cid,
            "envelope_cid": self.envelope_cid,
            "shares": dict(self.shares),
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises ProtocolError naming the first malformed field."""
        r = Reader(value, cls.kind)
        round_, key = r.integer("round"), r.raw("key")
        if not isinstance(key, dict):
            raise malformed(cls.kind, "key")
        out = cls(round_, key, r.text("model_cid"), r.text("envelope_cid"), r.sealed("shares"))
        r.end()
        return out
