"""Encryption identities: who can open what was sealed to a public key, and that it is the published scheme."""

from __future__ import annotations

import copy
import hashlib
import hmac
import pickle
import traceback

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import WrongKey
from marketplace.domain.hashing import keccak
from marketplace.sealing.identity import (
    PRIVATE_KEY_BYTES,
    PUBLIC_KEY_BYTES,
    EncryptionIdentity,
    is_public_key,
    seal_key,
)

ANNA, BERT = EncryptionIdentity.generate(), EncryptionIdentity.generate()
CONTEXT = b"bounty 7, round 0"
XWING_SEED = bytes.fromhex("7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26")
"""Secret key of the first test vector of draft-connolly-cfrg-xwing-kem."""


@settings(deadline=None)
@given(st.binary(max_size=100), st.binary(max_size=300))
def test_a_sealed_key_opens_for_its_recipient(secret: bytes, context: bytes) -> None:
    """Law: i.open_key(seal_key(s, i.public_key, c), c) = s, and sealing adds 1,136 bytes."""
    sealed = seal_key(secret, ANNA.public_key, context)
    assert len(secret) + 1136 == len(sealed)
    assert secret == ANNA.open_key(sealed, context)


def test_a_sealed_key_opens_for_nobody_else() -> None:
    """Another identity gets WrongKey, and a line that says what to check. GM-503."""
    with pytest.raises(WrongKey, match="check the address and the encryption key"):
        BERT.open_key(seal_key(bytes(32), ANNA.public_key, CONTEXT), CONTEXT)


@settings(deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=300))
def test_a_sealed_key_opens_in_its_context_only(context: bytes, other: bytes) -> None:
    """Law: any other context raises WrongKey. GM-503."""
    assume(context != other)
    with pytest.raises(WrongKey):
        ANNA.open_key(seal_key(bytes(32), ANNA.public_key, context), other)


@settings(deadline=None, max_examples=300)
@given(st.integers(0, 1168 * 8 - 1))
@example(1120 * 8 - 1)
def test_a_flipped_bit_of_a_sealed_key_is_noticed(bit: int) -> None:
    """Law: no altered sealed key opens, wherever the bit: ML-KEM part, X25519 part, ciphertext or tag.

    The example is the one bit X25519 itself ignores (RFC 7748, section 5); X-Wing hashes the point as it was sent.
    """
    sealed = bytearray(seal_key(bytes(32), ANNA.public_key, CONTEXT))
    sealed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(WrongKey):
        ANNA.open_key(bytes(sealed), CONTEXT)


@pytest.mark.parametrize("change", [b"", b"\x00" * 1168, -1, 1])
def test_a_sealed_key_of_another_length_does_not_open(change: bytes | int) -> None:
    """Empty, zero, shortened and lengthened sealed keys raise WrongKey."""
    sealed = seal_key(bytes(32), ANNA.public_key, CONTEXT)
    altered = change if isinstance(change, bytes) else (sealed[:-1] if change < 0 else sealed + b"\x00")
    with pytest.raises(WrongKey):
        ANNA.open_key(altered, CONTEXT)


def test_sealing_the_same_twice_looks_different() -> None:
    """Sealing is randomised: nobody sees that two recipients or two rounds got the same key."""
    one, two = (seal_key(bytes(32), ANNA.public_key, CONTEXT) for _ in range(2))
    assert not set(zip(*[iter(one)] * 16, strict=True)) & set(zip(*[iter(two)] * 16, strict=True))


def test_a_public_key_has_the_layout_of_xwing() -> None:
    """The published seed gives the published public key: ML-KEM first, then X25519."""
    identity = EncryptionIdentity.from_private_bytes(hashlib.shake_256(XWING_SEED).digest(PRIVATE_KEY_BYTES))
    assert PUBLIC_KEY_BYTES == len(identity.public_key)
    assert (
        "2e816deebcd76c5c80d0cd2d174478871658e8e2ff42bc9d4a6e486372e856bb"
        == hashlib.sha256(identity.public_key).hexdigest()
    )
    assert keccak(identity.public_key) == identity.key_hash


def test_a_sealed_key_is_what_rfc_9180_says() -> None:
    """Decapsulation and key schedule written out from X-Wing and RFC 9180 open what `seal_key` made."""
    private = ANNA.private_bytes()
    mlkem, x25519 = MLKEM768PrivateKey.from_seed_bytes(private[:64]), X25519PrivateKey.from_private_bytes(private[64:])
    sealed = seal_key(b"a data key", ANNA.public_key, CONTEXT)
    point = sealed[1088:1120]
    shared = hashlib.sha3_256(
        mlkem.decapsulate(sealed[:1088])
        + x25519.exchange(X25519PublicKey.from_public_bytes(point))
        + point
        + ANNA.public_key[1184:]
        + b"\\.//^\\"
    ).digest()
    suite = b"HPKE" + bytes.fromhex("647a00010002")

    def extract(salt: bytes, label: bytes, material: bytes) -> bytes:
        return hmac.digest(salt, b"HPKE-v1" + suite + label + material, "sha256")

    def expand(secret: bytes, label: bytes, info: bytes, size: int) -> bytes:
        return hmac.digest(secret, size.to_bytes(2, "big") + b"HPKE-v1" + suite + label + info + b"\x01", "sha256")[
            :size
        ]

    schedule = b"\x00" + extract(b"", b"psk_id_hash", b"") + extract(b"", b"info_hash", CONTEXT)
    secret = extract(shared, b"secret", b"")
    cipher = AESGCM(expand(secret, b"key", schedule, 32))
    assert cipher.decrypt(expand(secret, b"base_nonce", schedule, 12), sealed[1120:], b"") == b"a data key"


def test_the_private_key_makes_the_same_identity_again() -> None:
    """96 bytes of seed and X25519 key are all there is to restore."""
    raw = ANNA.private_bytes()
    again = EncryptionIdentity.from_private_bytes(raw)
    assert PRIVATE_KEY_BYTES == len(raw)
    assert ANNA.public_key == again.public_key
    assert again.open_key(seal_key(b"key", ANNA.public_key, CONTEXT), CONTEXT) == b"key"
    with pytest.raises(WrongKey, match="96 bytes, not 95"):
        EncryptionIdentity.from_private_bytes(raw[:-1])


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        ANNA.public_key[:-1],
        ANNA.public_key + b"\x00",
        b"\xff" * PUBLIC_KEY_BYTES,
        ANNA.public_key[:1184] + bytes(32),
        ANNA.public_key[:1184] + b"\x01" + bytes(31),
    ],
    ids=["empty", "short", "long", "ML-KEM coefficients out of range", "X25519 zero", "X25519 of low order"],
)
def test_a_public_key_nobody_can_seal_to_is_refused(raw: bytes) -> None:
    """A registered key may be anything: it is recognised before it can stop a sealing to many."""
    assert not is_public_key(raw)
    with pytest.raises(WrongKey, match="leave its owner out"):
        seal_key(bytes(32), raw, CONTEXT)


def test_a_public_key_is_recognised() -> None:
    """What `generate` made can be sealed to."""
    assert is_public_key(ANNA.public_key)


def test_an_identity_shows_no_secret() -> None:
    """Neither repr, str nor a traceback holds the private key; pickle and copy refuse it. GM-506."""
    private = ANNA.private_bytes()
    with pytest.raises(WrongKey) as caught:
        ANNA.open_key(seal_key(b"key", BERT.public_key, CONTEXT), CONTEXT)
    shown = repr(ANNA) + str(ANNA) + f"{[ANNA]}" + "".join(traceback.format_exception(caught.value))
    assert f"EncryptionIdentity({ANNA.key_hash.hex()[:16]}...)" == repr(ANNA)
    for part in (private, private[:32], private[64:]):
        assert part.hex() not in shown
        assert repr(part)[2:-1] not in shown
    with pytest.raises(TypeError):
        pickle.dumps(ANNA)
    with pytest.raises(TypeError):
        copy.deepcopy(ANNA)
