"""The two protobuf messages of a file: a dag-pb node and the UnixFS header inside it.

Only the one encoding that IPFS nodes write is known here. Reading takes no more than names and the declared size out
of a node; whether every other byte is as it must be is found out by writing the node again.

Source: https://ipld.io/specs/codecs/dag-pb/spec/ and https://specs.ipfs.tech/unixfs/
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from marketplace.storage.cid import CID_BYTES
from marketplace.storage.varint import decode_varint, encode_varint

__all__ = ["Link", "decode_node", "encode_node"]

_LINK, _DATA = 0x12, 0x0A
_HASH = b"\x0a" + bytes([CID_BYTES])
_NO_NAME = b"\x12\x00"
_TOTAL = b"\x18"
_FILE = b"\x08\x02\x18"
"""UnixFS: type = file, then the tag of its size."""


class Link(NamedTuple):
    """A child of a node.

    Attributes:
        cid: its binary CID.
        size: bytes of content under it.
        total: bytes of all its blocks, nodes included ("Tsize").
    """

    cid: bytes
    size: int
    total: int


def encode_node(links: Sequence[Link]) -> bytes:
    """Return the block of a node with these children, byte for byte what an IPFS node writes."""
    out = bytearray()
    for link in links:
        body = _HASH + link.cid + _NO_NAME + _TOTAL + encode_varint(link.total)
        out += bytes([_LINK]) + encode_varint(len(body)) + body
    header = _FILE + encode_varint(sum(link.size for link in links))
    header += b"".join(b"\x20" + encode_varint(link.size) for link in links)
    return bytes(out + bytes([_DATA]) + encode_varint(len(header)) + header)


def decode_node(data: bytes) -> tuple[list[bytes], int]:
    """Return the names of a node's children and the bytes of content it declares.

    Both are the word of whoever wrote the node: `encode_node` must give `data` again before they count.

    Raises:
        ValueError: it is not a node of a file.
    """
    names, at = [], 0
    while at < len(data) and data[at] == _LINK:
        length, at = decode_varint(data, at + 1)
        names.append(data[at + len(_HASH) : at + len(_HASH) + CID_BYTES])
        at += length
    if data[at : at + 1] != bytes([_DATA]):
        msg = "a node has no UnixFS header"
        raise ValueError(msg)
    _, at = decode_varint(data, at + 1)
    if data[at : at + len(_FILE)] != _FILE:
        msg = "a node is not that of a file"
        raise ValueError(msg)
    size, _ = decode_varint(data, at + len(_FILE))
    return names, size
