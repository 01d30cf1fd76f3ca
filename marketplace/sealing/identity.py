"""Encryption identities: what others seal keys to, kept apart from the Ethereum key.

Trust model: a sealed key opens for the holder of the private key alone, under the context it was sealed for, also
against an adversary who records ciphertexts today and has a quantum computer later. Sealing does not say who sealed.

Source: HPKE, RFC 9180, with the hybrid KEM of X25519 (RFC 7748) and ML-KEM-768 (FIPS 203), HKDF-SHA256 and AES-256-GCM.
The context goes into HPKE's `info`.
"""

from __future__ import annotations

from typing import Final, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
    Suite,
)

from marketplace.domain.errors import WrongKey
from marketplace.domain.hashing import keccak

__all__ = ["PRIVATE_KEY_BYTES", "PUBLIC_KEY_BYTES", "EncryptionIdentity", "seal_key"]

_MLKEM_PUBLIC: Final = 1184
_SEED: Final = 64
PUBLIC_KEY_BYTES: Final = _MLKEM_PUBLIC + 32
PRIVATE_KEY_BYTES: Final = _SEED + 32

_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class EncryptionIdentity:
    """A hybrid key pair. Its repr shows the public hash and nothing else."""

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._mlkem, self._x25519 = mlkem, x25519
        self._private = MLKEM768X25519PrivateKey(mlkem, x25519)
        self.public_key = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

    @classmethod
    def generate(cls) -> Self:
        """Return a fresh identity."""
        return cls(MLKEM768PrivateKey.generate(), X25519PrivateKey.generate())

    @classmethod
    def from_private_bytes(cls, raw: bytes) -> Self:
        """Return the identity that `private_bytes` wrote: 64 bytes of ML-KEM seed, 32 of X25519."""
        if len(raw) != PRIVATE_KEY_BYTES:
            msg = f"a private encryption key has {PRIVATE_KEY_BYTES} bytes, not {len(raw)}: restore the key file"
            raise WrongKey(msg)
        mlkem = MLKEM768PrivateKey.from_seed_bytes(raw[:_SEED])
        return cls(mlkem, X25519PrivateKey.from_private_bytes(raw[_SEED:]))

    def private_bytes(self) -> bytes:
        """Return the private key. Warning: only `keyfile` may write it, and only encrypted."""
        return self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()

    @property
    def key_hash(self) -> bytes:
        """Keccak-256 of the public key."""
        return keccak(self.public_key)

    def open_key(self, sealed: bytes, context: bytes) -> bytes:
        """Return what `seal_key` sealed to this identity under `context`; raises WrongKey otherwise."""
        try:
            return _SUITE.decrypt(sealed, self._private, info=context)
        except (InvalidTag, ValueError) as error:
            msg = "this was not sealed to you, or for another round or bounty: check the address and the encryption key"
            raise WrongKey(msg) from error

    def __repr__(self) -> str:
        """Show the public hash."""
        return f"EncryptionIdentity({self.key_hash.hex()[:16]}...)"


def seal_key(secret: bytes, recipient: bytes, context: bytes) -> bytes:
    """Return `secret` sealed to the 1,216-byte public key `recipient` under `context`."""
    if len(recipient) != PUBLIC_KEY_BYTES:
        msg = f"a public encryption key has {PUBLIC_KEY_BYTES} bytes, not {len(recipient)}: fetch it again"
        raise WrongKey(msg)
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(recipient[:_MLKEM_PUBLIC])
        public = MLKEM768X25519PublicKey(mlkem, X25519PublicKey.from_public_bytes(recipient[_MLKEM_PUBLIC:]))
        return _SUITE.encrypt(secret, public, info=context)
    except ValueError as error:
        msg = "the recipient's public encryption key is not valid: leave its owner out"
        raise WrongKey(msg) from error
