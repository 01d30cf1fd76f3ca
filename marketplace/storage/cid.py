"""CIDv1: the name of a block, made of nothing but its codec and the sha2-256 of its bytes.

The product uses one form only, 36 bytes in memory and lower-case base32 text elsewhere, so that a block has exactly one
name and names can be compared as they are. Inside this room a CID is those 36 bytes; everybody else sees the text.

Source: https://github.com/multiformats/cid
"""

from __future__ import annotations

import base64
import binascii
import hashlib

from marketplace.domain.errors import InvalidInput

__all__ = [
    "CHUNK_BYTES",
    "cid_of_digest",
    "digest_of",
    "is_raw",
    "matches",
    "name_node",
    "name_raw",
    "parse_cid",
    "show_cid",
]

CHUNK_BYTES = 1 << 18
"""The most bytes one raw block holds; what the chain names by a digest must fit into one."""

CID_BYTES = 36
_DIGEST_BYTES = 32
_RAW = b"\x01\x55\x12\x20"
_NODE = b"\x01\x70\x12\x20"


def name_raw(data: bytes) -> bytes:
    """Return the binary CID of a block that holds bytes of content."""
    return _RAW + hashlib.sha256(data).digest()


def name_node(data: bytes) -> bytes:
    """Return the binary CID of a block that names other blocks (dag-pb)."""
    return _NODE + hashlib.sha256(data).digest()


def matches(cid: bytes, data: bytes) -> bool:
    """Whether `data` is the block that `cid` names."""
    return hashlib.sha256(data).digest() == cid[4:]


def is_raw(cid: bytes) -> bool:
    """Whether the block holds content itself rather than the names of other blocks."""
    return cid[:4] == _RAW


def show_cid(cid: bytes) -> str:
    """Return the text of a binary CID: `b` and lower-case base32."""
    return "b" + base64.b32encode(cid).decode("ascii").lower().rstrip("=")


def parse_cid(text: str) -> bytes:
    """Return the binary form of a CID.

    Raises:
        InvalidInput: it is anything but a CIDv1 in base32, sha2-256, raw or dag-pb, in its one spelling.
    """
    try:
        cid = base64.b32decode(text[1:].upper() + "=" * (-len(text[1:]) % 8))
    except (binascii.Error, ValueError):
        cid = b""
    # Showing it again refuses upper case, another multibase and stray bits behind the last byte at one stroke.
    if len(cid) != CID_BYTES or cid[:4] not in (_RAW, _NODE) or show_cid(cid) != text:
        msg = f"{text[:80]!r} is not a CIDv1 (base32, sha2-256, raw or dag-pb): check it for a typing error"
        raise InvalidInput(msg)
    return cid


def cid_of_digest(digest: bytes) -> str:
    """Return the CID of the raw block whose sha2-256 is `digest`, which is all that the chain stores.

    Raises:
        InvalidInput: it is not 32 bytes.
    """
    if len(digest) != _DIGEST_BYTES:
        msg = f"a digest has {len(digest)} bytes instead of {_DIGEST_BYTES}: pass the sha2-256 the chain holds"
        raise InvalidInput(msg)
    return show_cid(_RAW + digest)


def digest_of(cid: str) -> bytes:
    """Return the 32-byte digest by which the chain names a raw single block; `cid_of_digest` inverts it.

    Raises:
        InvalidInput: the content takes several blocks, so that a digest alone would not say how to read it.
    """
    binary = parse_cid(cid)
    if not is_raw(binary):
        msg = (
            f"{cid} takes several blocks, and the chain names a raw single block only: "
            f"keep what it names within {CHUNK_BYTES // 1024} KiB, and name bigger content by CID inside it"
        )
        raise InvalidInput(msg)
    return binary[4:]
