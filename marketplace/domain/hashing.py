"""The two hash functions of the protocol, and how a context is bound into them.

Keccak-256 wherever a contract recomputes the hash, SHA-256 wherever IPFS does.
"""

from __future__ import annotations

from typing import Final

from Crypto.Hash import keccak as _keccak

__all__ = ["ZERO_HASH", "keccak", "tag"]

ZERO_HASH: Final = bytes(32)


def keccak(*parts: bytes) -> bytes:
    """Return the 32-byte Keccak-256 of the concatenated `parts`, as the EVM computes it."""
    digest = _keccak.new(digest_bits=256)
    for part in parts:
        digest.update(part)
    return digest.digest()


def tag(name: str) -> bytes:
    """Return the 32-byte domain separator of `name`, keccak256("gradmarket/1/" + name)."""
    return keccak(b"gradmarket/1/" + name.encode("ascii"))
