"""Where a sealed thing belongs: the context that binds a ciphertext to one place in the protocol.

A ciphertext taken from one round, bounty, market or chain and offered in another opens for nobody, because all of
these are part of what authenticates it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from marketplace.domain.hashing import tag

__all__ = ["Purpose", "Scope"]

_ADDRESS_BYTES = 20


class Purpose(StrEnum):
    """What a key or ciphertext is for; two purposes never share a context."""

    BASE = "base"
    ENCRYPTED_BASE = "encrypted-base"
    DECRYPTION_SHARE = "decryption-share"
    UPDATE = "update"
    COMPONENT = "component"
    MODEL_KEYS = "model-keys"
    ROOT_KEYS = "root-keys"
    KEY_SHARE = "key-share"
    SHARES = "shares"
    MEETING = "meeting"
    SHARD = "shard"
    ROOT_UPDATE = "root"
    AGGREGATE = "aggregate"
    HANDOVER = "handover"


@dataclass(frozen=True)
class Scope:
    """One bounty of one market on one chain.

    Args:
        chain_id: EIP-155 chain id.
        market: address of the market contract, EIP-55 text.
        bounty: 32-byte bounty id.
    """

    chain_id: int
    market: str
    bounty: bytes

    def context(self, purpose: Purpose, round_: int, sender: str) -> bytes:
        """Return 148 bytes that name this bounty, the round, who sealed and what for."""
        return b"".join(
            (
                tag(f"context/{purpose.value}"),
                self.chain_id.to_bytes(32, "big"),
                _address_bytes(self.market),
                self.bounty,
                round_.to_bytes(12, "big"),
                _address_bytes(sender),
            )
        )


def _address_bytes(address: str) -> bytes:
    raw = bytes.fromhex(address.removeprefix("0x"))
    if len(raw) != _ADDRESS_BYTES:
        msg = f"{address!r} is not a 20-byte address: check where it was copied from"
        raise ValueError(msg)
    return raw
