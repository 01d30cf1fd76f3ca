"""Sealed content: AES-256-GCM in chunks of 1 MiB, each bound to its place, its context and the key.

Trust model: whoever holds the 32-byte key and knows the context opens the content; nobody else learns more than its
length. Altered, reordered, truncated or lengthened ciphertext does not open.

Assumption: a key seals exactly one content. The nonce is therefore the chunk's number, and sealing is deterministic:
equal content under an equal key gives equal bytes, so all honest seats name the same CID for the aggregate.
Warning: sealing two different contents under one key gives both away.

Laws: open(seal(m, k, c), k, c) = m; open with another k raises WrongKey; any other difference raises BrokenSeal.

Source: NIST SP 800-38D (GCM); the chunk layout follows the STREAM construction, Hoang et al., "Online authenticated-
encryption and its nonce-reuse misuse-resistance", CRYPTO 2015. GCM does not commit to its key, so the header carries a
commitment: HMAC-SHA256 of the context under a key of its own.
"""

from __future__ import annotations

import hmac
from io import BytesIO
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from marketplace.domain.errors import BrokenSeal, ContentTooLarge, WrongKey
from marketplace.sealing.datakeys import KEY_BYTES, derive

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["CHUNK_BYTES", "open_bytes", "open_stream", "seal_bytes", "seal_stream", "sealed_size"]

CHUNK_BYTES: Final = 1 << 20
_MAGIC: Final = b"GMSEAL01"
_COMMITMENT_BYTES: Final = 32
_HEADER_BYTES: Final = len(_MAGIC) + _COMMITMENT_BYTES
_TAG_BYTES: Final = 16


def sealed_size(plain_bytes: int) -> int:
    """Return the length of the ciphertext of so many bytes."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return _HEADER_BYTES + plain_bytes + chunks * _TAG_BYTES


def seal_stream(source: BinaryIO, sink: BinaryIO, key: bytes, context: bytes) -> int:
    """Seal everything `source` holds and return how many bytes went to `sink`."""
    cipher, commitment = _start(key, context)
    written = sink.write(_MAGIC) + sink.write(commitment)
    number, chunk = 0, _read(source, CHUNK_BYTES)
    while True:
        following = _read(source, CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        last = not following
        written += sink.write(cipher.encrypt(_nonce(number), chunk, _place(context, number, last=last)))
        if last:
            return written
        number, chunk = number + 1, following


def open_stream(source: BinaryIO, sink: BinaryIO, key: bytes, context: bytes, *, max_bytes: int) -> int:
    """Open what `seal_stream` made and return how many bytes went to `sink`.

    Only verified chunks are written; a caller that sees an exception has to drop what was written before it.

    Raises:
        WrongKey: the key or the context is not the one it was sealed with.
        BrokenSeal: the ciphertext was altered, reordered, truncated or lengthened.
        ContentTooLarge: the content exceeds `max_bytes`; nothing beyond them was written.
    """
    cipher, commitment = _start(key, context)
    header = _read(source, _HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        msg = "this is not sealed content, or its head was cut off: fetch it again"
        raise BrokenSeal(msg)
    if not hmac.compare_digest(header[len(_MAGIC) :], commitment):
        msg = "the key does not fit: the content was sealed with another key, or for another round or bounty"
        raise WrongKey(msg)
    written, number = 0, 0
    chunk = _read(source, CHUNK_BYTES + _TAG_BYTES)
    while True:
        following = _read(source, CHUNK_BYTES + _TAG_BYTES)
        last = not following
        try:
            plain = cipher.decrypt(_nonce(number), chunk, _place(context, number, last=last))
        except (InvalidTag, ValueError) as error:
            msg = f"chunk {number} of the sealed content was altered or cut off: fetch it again, from somebody else"
            raise BrokenSeal(msg) from error
        written += len(plain)
        if written > max_bytes:
            msg = f"the sealed content exceeds {max_bytes} bytes: its sender broke the terms, do not take it"
            raise ContentTooLarge(msg)
        sink.write(plain)
        if last:
            return written
        number, chunk = number + 1, following


def seal_bytes(plain: bytes, key: bytes, context: bytes) -> bytes:
    """Return `plain` sealed."""
    sink = BytesIO()
    seal_stream(BytesIO(plain), sink, key, context)
    return sink.getvalue()


def open_bytes(sealed: bytes, key: bytes, context: bytes, *, max_bytes: int) -> bytes:
    """Return what `seal_bytes` sealed; raises as `open_stream` does."""
    sink = BytesIO()
    open_stream(BytesIO(sealed), sink, key, context, max_bytes=max_bytes)
    return sink.getvalue()


def _start(key: bytes, context: bytes) -> tuple[AESGCM, bytes]:
    if len(key) != KEY_BYTES:
        msg = f"a key has {KEY_BYTES} bytes, not {len(key)}"
        raise WrongKey(msg)
    committed = hmac.digest(derive(key, "envelope-commitment"), context, "sha256")
    return AESGCM(derive(key, "envelope-content")), committed


def _place(context: bytes, number: int, *, last: bool) -> bytes:
    return number.to_bytes(8, "big") + (b"\x01" if last else b"\x00") + context


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _read(source: BinaryIO, size: int) -> bytes:
    """Read `size` bytes unless the source ends before; sockets and pipes return less at a time."""
    data = source.read(size)
    if len(data) in (0, size):
        return data
    parts, missing = [data], size - len(data)
    while missing and (data := source.read(missing)):
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)
