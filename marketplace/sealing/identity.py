"""Encryption identities: what others seal keys to, kept apart from the Ethereum key.

Trust model: a sealed key opens for the holder of the private key alone, under the context it was sealed for, also
against an adversary who records ciphertexts today and has a quantum computer later: X25519 and ML-KEM-768 would both
have to fall. Sealing says neither who sealed nor that two recipients got the same secret; secrets that matter are
checked against a hash published elsewhere. The context is bound in but not part of what is sent: both sides know it.

Laws: i.open_key(seal_key(s, i.public_key, c), c) = s; another identity, another context or any altered bit raises
WrongKey; sealing is randomised, two seals of one secret never look alike.

Source: HPKE base mode, RFC 9180, with the KEM MLKEM768-X25519 (X-Wing, KEM id 0x647a of draft-ietf-hpke-pq, made of
FIPS 203 and RFC 7748), HKDF-SHA256 and AES-256-GCM. `cryptography` takes no associated data here, so the context is
HPKE's `info`.
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

__all__ = ["PRIVATE_KEY_BYTES", "PUBLIC_KEY_BYTES", "EncryptionIdentity", "is_public_key", "seal_key"]

_MLKEM_PUBLIC_BYTES: Final = 1184
_MLKEM_SEED_BYTES: Final = 64
_X25519_BYTES: Final = 32
PUBLIC_KEY_BYTES: Final = _MLKEM_PUBLIC_BYTES + _X25519_BYTES
PRIVATE_KEY_BYTES: Final = _MLKEM_SEED_BYTES + _X25519_BYTES

_SUITE: Final = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class EncryptionIdentity:
    """A hybrid key pair. It cannot be pickled, and its repr shows the public hash and nothing else."""

    __slots__ = ("_mlkem", "_private", "_public", "_x25519")

    def __init__(self, mlkem: MLKEM768PrivateKey, x25519: X25519PrivateKey) -> None:
        self._mlkem, self._x25519 = mlkem, x25519
        self._private = MLKEM768X25519PrivateKey(mlkem, x25519)
        self._public = mlkem.public_key().public_bytes_raw() + x25519.public_key().public_bytes_raw()

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
        mlkem = MLKEM768PrivateKey.from_seed_bytes(raw[:_MLKEM_SEED_BYTES])
        return cls(mlkem, X25519PrivateKey.from_private_bytes(raw[_MLKEM_SEED_BYTES:]))

    def private_bytes(self) -> bytes:
        """Return the private key. Warning: only `keyfile` may write it, and only encrypted."""
        return self._mlkem.private_bytes_raw() + self._x25519.private_bytes_raw()

    @property
    def public_key(self) -> bytes:
        """The 1,216 bytes others seal to: ML-KEM-768 encapsulation key, then X25519 public key."""
        return self._public

    @property
    def key_hash(self) -> bytes:
        """Keccak-256 of the public key."""
        return keccak(self._public)

    def open_key(self, sealed: bytes, context: bytes) -> bytes:
        """Return what `seal_key` sealed to this identity under `context`; raises WrongKey otherwise."""
        try:
            return _SUITE.decrypt(sealed, self._private, info=context)
        except (InvalidTag, ValueError):
            msg = "this was not sealed to you, or for another round or bounty: check the address and the encryption key"
            raise WrongKey(msg) from None

    def __repr__(self) -> str:
        """Show the start of the public hash."""
        return f"EncryptionIdentity({self.key_hash.hex()[:16]}...)"


def seal_key(secret: bytes, recipient_public_key: bytes, context: bytes) -> bytes:
    """Return `secret`, 1,136 bytes longer, sealed to a public key under `context`.

    Raises:
        WrongKey: the public key is not one; see `is_public_key`.
    """
    if len(recipient_public_key) != PUBLIC_KEY_BYTES:
        size = len(recipient_public_key)
        msg = f"a public encryption key has {PUBLIC_KEY_BYTES} bytes, not {size}: leave its owner out"
        raise WrongKey(msg)
    try:
        mlkem = MLKEM768PublicKey.from_public_bytes(recipient_public_key[:_MLKEM_PUBLIC_BYTES])
        x25519 = X25519PublicKey.from_public_bytes(recipient_public_key[_MLKEM_PUBLIC_BYTES:])
        return _SUITE.encrypt(secret, MLKEM768X25519PublicKey(mlkem, x25519), info=context)
    except ValueError:
        msg = "a public encryption key that nobody can seal to: leave its owner out"
        raise WrongKey(msg) from None


def is_public_key(raw: bytes) -> bool:
    """Whether keys can be sealed to `raw`.

    Right length is not enough: ML-KEM keys may hold coefficients out of range, and X25519 keys may be points of low
    order. Whoever seals to strangers asks this first and leaves the others out, or one of them could stop everybody.
    """
    try:
        seal_key(b"", raw, b"")  # sealing is the only check that covers both halves
    except WrongKey:
        return False
    return True
