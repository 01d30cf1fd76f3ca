"""Sealed content: AES-256-GCM in chunks of 1 MiB, each bound to its place, its context and the key.

    head      8 bytes "GMSEAL01", 32 bytes commitment to key and context
    chunk i   AES-256-GCM(derived key, nonce = i, associated data = i as uint64 | is it the last? | context)

Trust model: whoever holds the 32-byte key and knows the context opens the content; everybody else learns its length
and can tell whether two envelopes share key and context, nothing more. Altered, reordered, truncated or lengthened
ciphertext does not open, and no byte of a chunk is handed over before the chunk is verified.

Assumption: a key seals exactly one content in one context. The chunk's number can therefore be the nonce, and sealing
is deterministic: equal content under an equal key gives equal bytes, which is what lets all honest seats name the
same CID for the aggregate they computed each for itself. The AES key is derived from key and context together, so
different contexts are independent even under one key.
Warning: sealing two different contents under one key in one context gives both away.

Laws: open(seal(m, k, c), k, c) = m; what opens under (k, c) is exactly seal(m, k, c) for the m it opens to; another k
or c raises WrongKey; any other difference raises BrokenSeal, or WrongKey where the commitment itself was altered.

Source: NIST SP 800-38D (GCM, deterministic nonces of section 8.2.1); the chunks follow the STREAM construction of Hoang
et al., "Online authenticated-encryption and its nonce-reuse misuse-resistance", CRYPTO 2015. GCM does not commit to its
key (one ciphertext can be made to open differently under two keys), so the head holds an output of HKDF-SHA256 (RFC
5869) that does: two pairs of key and context with one commitment would be a collision of HMAC-SHA256.
"""

from __future__ import annotations

import hmac
from io import BytesIO
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from marketplace.domain.errors import BrokenSeal, ContentTooLarge, StorageError, WrongKey
from marketplace.sealing.datakeys import KEY_BYTES, derive

if TYPE_CHECKING:
    from typing import BinaryIO

__all__ = ["CHUNK_BYTES", "open_bytes", "open_stream", "seal_bytes", "seal_stream", "sealed_size"]

CHUNK_BYTES: Final = 1 << 20
_MAGIC: Final = b"GMSEAL01"
_HEAD_BYTES: Final = len(_MAGIC) + KEY_BYTES
_TAG_BYTES: Final = 16
_SEALED_CHUNK_BYTES: Final = CHUNK_BYTES + _TAG_BYTES


def sealed_size(plain_bytes: int) -> int:
    """Return the length of the ciphertext of so many bytes."""
    chunks = max(1, -(-plain_bytes // CHUNK_BYTES))
    return _HEAD_BYTES + plain_bytes + chunks * _TAG_BYTES


def seal_stream(source: BinaryIO, sink: BinaryIO, key: bytes, context: bytes) -> int:
    """Seal everything `source` holds and return how many bytes went to `sink`; four chunks are in memory at most.

    Raises:
        WrongKey: the key has another length than 32 bytes.
        StorageError: the sink takes no more bytes; its own OSErrors pass through.
    """
    cipher, commitment = _start(key, context)
    written = _write(sink, _MAGIC + commitment)
    number, chunk = 0, _read(source, CHUNK_BYTES)
    while True:
        # A full chunk is the last one only if nothing follows, so the next is read before this one is sealed.
        following = _read(source, CHUNK_BYTES) if len(chunk) == CHUNK_BYTES else b""
        last = not following
        # Kept in a name until the next one exists: freed at once, the C allocator hands its pages back and takes them
        # again for every chunk, which cost four fifths of the speed.
        sealed = cipher.encrypt(_nonce(number), chunk, _place(context, number, last=last))
        written += _write(sink, sealed)
        if last:
            return written
        number, chunk = number + 1, following


def open_stream(source: BinaryIO, sink: BinaryIO, key: bytes, context: bytes, *, max_bytes: int) -> int:
    """Open what `seal_stream` made and return how many bytes went to `sink`.

    Only verified chunks are written. Warning: that the content ends where it should is known at its end, so a caller
    that gets an exception has to drop what was written before it.

    Raises:
        WrongKey: the key or the context is not the one it was sealed with.
        BrokenSeal: the ciphertext was altered, reordered, truncated or lengthened.
        ContentTooLarge: the content exceeds `max_bytes`; no byte beyond them was written.
        StorageError: the sink takes no more bytes; its own OSErrors pass through.
    """
    cipher, commitment = _start(key, context)
    _check_head(_read(source, _HEAD_BYTES), commitment)
    written, number = 0, 0
    chunk = _read(source, _SEALED_CHUNK_BYTES)
    while True:
        following = _read(source, _SEALED_CHUNK_BYTES) if len(chunk) == _SEALED_CHUNK_BYTES else b""
        last = not following
        try:
            plain = cipher.decrypt(_nonce(number), chunk, _place(context, number, last=last))
        except InvalidTag:
            raise _broken(number) from None
        if number and not plain:  # only a holder of the key can write this; one content has one ciphertext
            raise _broken(number)
        if written + len(plain) > max_bytes:
            msg = f"the sealed content exceeds {max_bytes} bytes: its sender broke the terms, do not take it"
            raise ContentTooLarge(msg)
        written += _write(sink, plain)
        if last:
            return written
        number, chunk = number + 1, following


def seal_bytes(plain: bytes, key: bytes, context: bytes) -> bytes:
    """Return `plain` sealed; the same bytes every time."""
    sink = BytesIO()
    seal_stream(BytesIO(plain), sink, key, context)
    return sink.getvalue()


def open_bytes(sealed: bytes, key: bytes, context: bytes, *, max_bytes: int) -> bytes:
    """Return what `seal_bytes` sealed, whole or not at all; raises as `open_stream` does."""
    sink = BytesIO()
    open_stream(BytesIO(sealed), sink, key, context, max_bytes=max_bytes)
    return sink.getvalue()


def _start(key: bytes, context: bytes) -> tuple[AESGCM, bytes]:
    if len(key) != KEY_BYTES:
        msg = f"a key has {KEY_BYTES} bytes, not {len(key)}: fetch it again"
        raise WrongKey(msg)
    return AESGCM(derive(key, "envelope-content", context)), derive(key, "envelope-commitment", context)


def _check_head(head: bytes, commitment: bytes) -> None:
    if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
        msg = "this is not sealed content, or its head was cut off: fetch it again"
        raise BrokenSeal(msg)
    if not hmac.compare_digest(head[len(_MAGIC) :], commitment):
        msg = "the key does not fit: sealed with another key, or for another round or bounty; ask for the right one"
        raise WrongKey(msg)


def _broken(number: int) -> BrokenSeal:
    return BrokenSeal(f"chunk {number} of the sealed content was altered or cut off: fetch it from somebody else")


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


def _write(sink: BinaryIO, data: bytes) -> int:
    """Write all of `data`; sockets and unbuffered files take less at a time."""
    done = 0
    while done < len(data):
        taken = sink.write(memoryview(data)[done:] if done else data)
        if not taken:  # None where a write would block
            msg = "the place it is written to takes no more bytes: free some space and try again"
            raise StorageError(msg)
        done += taken
    return done
