"""The two things a CAR file consists of: one header, then sections of a CID and its block.

Source: https://ipld.io/specs/transport/car/carv1/
"""

from __future__ import annotations

from collections.abc import Callable

from marketplace.domain.errors import CorruptContent, InvalidInput
from marketplace.storage.cid import CHUNK_BYTES, CID_BYTES, parse_cid, show_cid
from marketplace.storage.varint import MAX_VARINT_BYTES, decode_varint, encode_varint

__all__ = ["HEADER_BYTES", "MAX_SECTION_BYTES", "header_of", "read_length", "root_of", "section_head"]

_BEFORE = b"\x3a\xa2\x65roots\x81\xd8\x2a\x58\x25\x00"
_AFTER = b"\x67version\x01"
"""Length and dag-cbor of {"roots": [CID], "version": 1}, which has one spelling only."""

HEADER_BYTES = len(_BEFORE) + CID_BYTES + len(_AFTER)

MAX_SECTION_BYTES = CID_BYTES + CHUNK_BYTES
"""The longest section, behind its length."""


def header_of(root: bytes) -> bytes:
    """Return the header of a file whose content has the binary CID `root`."""
    return _BEFORE + root + _AFTER


def root_of(header: bytes) -> bytes:
    """Return the binary CID of a file's content.

    Raises:
        InvalidInput: the header is not that of a CARv1 file with one root, in the form this product uses.
    """
    root = header[len(_BEFORE) : -len(_AFTER)]
    if len(root) != CID_BYTES or header != header_of(root):
        msg = "this is no CARv1 file of one content: export it with `ipfs dag export` or with this product"
        raise InvalidInput(msg)
    parse_cid(show_cid(root))
    return root


def section_head(cid: bytes, length: int) -> bytes:
    """Return what stands before a block of `length` bytes."""
    return encode_varint(CID_BYTES + length) + cid


def read_length(read: Callable[[int], bytes]) -> int | None:
    """Return the length of the next section, CID included, off a stream; None at its end.

    Raises:
        CorruptContent: it is cut off, or no section has that length.
    """
    head = bytearray()
    while len(head) < MAX_VARINT_BYTES and (byte := read(1)):
        head += byte
        if byte[0] < 0x80:  # noqa: PLR2004 - the last byte has its top bit clear
            break
    if not head:
        return None
    try:
        length, _ = decode_varint(bytes(head), 0)
    except ValueError:
        length = 0
    if not CID_BYTES <= length <= MAX_SECTION_BYTES:
        msg = "a CAR file is cut off or damaged: export it again"
        raise CorruptContent(msg)
    return length
