"""Data keys: one for each sealed content, what others may know of them, and what is derived from them.

Trust model: whoever sees a key's hash learns nothing about the key, because keys are 32 uniformly random bytes.
Whoever knows a derived key learns nothing about its secret nor about keys derived under other labels or contexts.

Laws: `derive` is a function (all honest seats get the same bytes) and separates labels and contexts; `share_hash`
separates seats; `round_secret` depends on every key and on their order.

Source: HKDF with SHA-256, RFC 5869. Hashes of keys are Keccak-256, because the market recomputes one of them.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from marketplace.domain import money
from marketplace.domain.errors import InvalidInput, WrongKey
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
    """Return the public hash of one seat's share of a data key, keccak256(abi.encodePacked(tag, uint256(seat), share)).

    The seat is part of it, so that a share copied from another seat does not match.
    """
    return keccak(tag("key-share"), seat.to_bytes(32, "big"), share)


def threshold(seats: int) -> int:
    """Return how many seats open a data key together: two thirds, rounded up (2 of 3, 5 of 7, 10 of 15)."""
    if seats < 1:
        msg = f"a bounty needs at least one seat, not {seats}: check the terms"
        raise InvalidInput(msg)
    return money.threshold(seats)


def derive(secret: bytes, label: str, context: bytes = b"") -> bytes:
    """Return 32 bytes that follow from `secret` for one purpose.

    Args:
        secret: at least 32 bytes of which an adversary knows nothing.
        label: what the derived key is for; printable ASCII, so that the zero byte after it ends it unambiguously.
        context: anything else the derived key depends on.
    """
    if not (label.isascii() and label.isprintable()):
        msg = "the label of a derived key is printable ASCII: choose another one"
        raise InvalidInput(msg)
    info = b"gradmarket/1/" + label.encode("ascii") + b"\x00" + context
    return HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(secret)


def round_secret(keys_in_submission_order: Sequence[bytes]) -> bytes:
    """Return the secret that only those who opened every included update share.

    Args:
        keys_in_submission_order: the 32-byte data keys of the included updates that opened, in order of submission.

    Raises:
        WrongKey: one of them has another length, which would make the concatenation ambiguous.
    """
    if any(len(key) != KEY_BYTES for key in keys_in_submission_order):
        msg = f"a data key has {KEY_BYTES} bytes: leave out the submission whose key has another length"
        raise WrongKey(msg)
    return keccak(tag("round-secret"), *keys_in_submission_order)
