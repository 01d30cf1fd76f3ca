"""Data keys: one for each sealed content, what others may know of them, and what is derived from them.

Source: HKDF, RFC 5869, with SHA-256. Hashes of keys are Keccak-256, because a contract checks one of them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from marketplace.domain.hashing import keccak, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["KEY_BYTES", "derive", "key_hash", "new_key", "round_secret", "share_hash", "threshold"]

KEY_BYTES: Final = 32


def new_key() -> bytes:
    """Return 32 fresh bytes from the operating system's generator."""
    return secrets.token_bytes(KEY_BYTES)


def key_hash(key: bytes) -> bytes:
    """Return the public hash of a data key, keccak256(abi.encode(tag, key)); the market recomputes it."""
    return keccak(tag("data-key"), key)


def share_hash(share: bytes, seat: int) -> bytes:
    """Return the public hash of one seat's share of a data key."""
    return keccak(tag("key-share"), seat.to_bytes(32, "big"), share)


def threshold(seats: int) -> int:
    """Return how many seats open a data key together: two thirds, rounded up (2 of 3, 5 of 7, 10 of 15)."""
    return -(-2 * seats // 3)


def derive(secret: bytes, label: str, context: bytes = b"") -> bytes:
    """Return 32 bytes that follow from `secret` for one purpose and say nothing about it or about other purposes."""
    info = b"gradmarket/1/" + label.encode("ascii") + b"\x00" + context
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)


def round_secret(keys: Sequence[bytes]) -> bytes:
    """Return the secret that only those who opened every included update share.

    Args:
        keys: the data keys of the included updates that opened, in order of submission.
    """
    return keccak(tag("round-secret"), *keys)
