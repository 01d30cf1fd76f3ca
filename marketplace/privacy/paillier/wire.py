"""Keys, shares of keys and parts of decryptions as JSON and bytes; vectors have their own file, in `vector`.

Warning: what `dump_private` and `dump_share` return is secret: seal it (`marketplace.sealing`), never publish it.

Law: load(dump(x)) is x; what is malformed, too long, for another key, or cannot be, is refused with an error of ours.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from marketplace.domain.errors import BrokenSeal, InvalidInput, WrongKey
from marketplace.privacy.paillier.keys import MOST_BITS, PrivateKey, PublicKey, hexadecimal
from marketplace.privacy.paillier.shares import MOST_SEATS, KeyShare, Part, SharedKey

if TYPE_CHECKING:
    from marketplace.privacy.paillier.vector import EncryptedVector

__all__ = [
    "dump_part",
    "dump_private",
    "dump_share",
    "dump_shared",
    "load_part",
    "load_private",
    "load_share",
    "load_shared",
]

_PRIVATE: Final = b"GMPKEY01"
_SHARE: Final = b"GMPSHR01"
_PART: Final = b"GMPPRT01"
_HEAD: Final = struct.Struct(">8s32sHI16s")
_SHARE_HEAD: Final = struct.Struct(">8s32sH")


def dump_shared(shared: SharedKey) -> dict[str, Any]:
    """Return the public part of a dealt key as JSON values."""
    return {
        "kind": "paillier-shared-key",
        "key": shared.key.to_json(),
        "threshold": shared.threshold,
        "base": f"{shared.base:x}",
        "checks": [f"{check:x}" for check in shared.checks],
    }


def load_shared(value: object) -> SharedKey:
    """Read the public part of a dealt key; raises WrongKey for one that cannot be."""
    found = value if isinstance(value, Mapping) and value.get("kind") == "paillier-shared-key" else {}
    key, threshold, texts = PublicKey.from_json(found.get("key")), found.get("threshold"), found.get("checks")
    if not isinstance(texts, list) or not isinstance(threshold, int) or not 1 <= threshold <= len(texts) <= MOST_SEATS:
        msg = "a dealt key of an impossible threshold: ask its dealer for a right one"
        raise WrongKey(msg)
    base, *checks = (hexadecimal(text) for text in (found.get("base"), *texts))
    try:
        for number in (base, *checks):
            key.check_ciphertext(number)
    except BrokenSeal:
        msg = "a dealt key whose checks are none: ask its dealer for a right one"
        raise WrongKey(msg) from None
    return SharedKey(key, threshold, base, tuple(checks))


def dump_private(private: PrivateKey) -> bytes:
    """Return a key pair as bytes: magic, base, both primes. Warning: secret."""
    p, q = private.primes
    size = private.public.ciphertext_bytes
    return _PRIVATE + private.public.base.to_bytes(size, "big") + b"".join(n.to_bytes(size // 4, "big") for n in (p, q))


def load_private(raw: bytes) -> PrivateKey:
    """Read a key pair; raises WrongKey for bytes that are none."""
    size = (len(raw) - len(_PRIVATE)) * 2 // 3
    body = raw[len(_PRIVATE) :]
    if not raw.startswith(_PRIVATE) or len(body) != size + size // 4 * 2 or size > MOST_BITS // 4:
        msg = "this is no Paillier key: restore it from a backup"
        raise WrongKey(msg)
    base, p, q = (
        int.from_bytes(body[a:b], "big") for a, b in ((0, size), (size, size * 5 // 4), (size * 5 // 4, None))
    )
    try:
        PrivateKey.from_primes(p, q)
    except InvalidInput:
        msg = "a Paillier key of wrong primes: restore it from a backup"
        raise WrongKey(msg) from None
    return PrivateKey(PublicKey(p * q, base), p, q)


def dump_share(share: KeyShare) -> bytes:
    """Return a share as bytes: magic, name of the key, seat, secret. Warning: secret."""
    head = _SHARE_HEAD.pack(_SHARE, share.shared.key.name, share.seat)
    return head + share.secret.to_bytes(share.shared.key.ciphertext_bytes, "big")


def load_share(raw: bytes, shared: SharedKey) -> KeyShare:
    """Read a share of a key that was dealt; raises WrongKey unless it is one, by the checks that all seats have."""
    if len(raw) != _SHARE_HEAD.size + shared.key.ciphertext_bytes:
        msg = "this is no share of this key: ask its dealer for yours"
        raise WrongKey(msg)
    magic, name, seat = _SHARE_HEAD.unpack_from(raw)
    share = KeyShare(shared, seat, int.from_bytes(raw[_SHARE_HEAD.size :], "big"))
    if (magic, name) != (_SHARE, shared.key.name) or not share.fits():
        msg = "this is no share of this key: ask its dealer for yours"
        raise WrongKey(msg)
    return share


def dump_part(part: Part, shared: SharedKey) -> bytes:
    """Return a seat's part of a decryption as bytes."""
    size = shared.key.ciphertext_bytes
    head = _HEAD.pack(_PART, shared.key.name, part.seat, len(part.numbers), part.challenge.to_bytes(16, "big"))
    return head + b"".join(n.to_bytes(size, "big") for n in part.numbers) + part.response.to_bytes(2 * size, "big")


def load_part(raw: bytes, vector: EncryptedVector, shared: SharedKey) -> Part:
    """Read a part of the decryption of `vector`; raises BrokenSeal for another form; `combine` checks the proof."""
    size, count = shared.key.ciphertext_bytes, len(vector.ciphertexts)
    if len(raw) != _HEAD.size + (count + 2) * size:
        msg = "this is no part of the decryption of this vector: leave its seat out"
        raise BrokenSeal(msg)
    magic, name, seat, said, challenge = _HEAD.unpack_from(raw)
    if (magic, name, said) != (_PART, shared.key.name, count):
        msg = "this is no part of the decryption of this vector: leave its seat out"
        raise BrokenSeal(msg)
    body = raw[_HEAD.size :]
    numbers = tuple(int.from_bytes(body[at : at + size], "big") for at in range(0, count * size, size))
    return Part(seat, numbers, int.from_bytes(challenge, "big"), int.from_bytes(body[count * size :], "big"))
