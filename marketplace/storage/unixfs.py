"""Content -> blocks, laid out as `ipfs add --cid-version 1 --raw-leaves` does it.

Content is cut into chunks of 256 KiB, each a raw block. Up to 174 blocks hang under a node, up to 174 nodes under
a node above, until one is left: the root. Content of at most one chunk is its own root. The shape is therefore a
function of the size alone (`depth_of`, `split`, `total_bytes`). The reader accepts that shape and no other, so each
content has exactly one CID.

Source: https://specs.ipfs.tech/unixfs/, balanced layout as in Kubo and js-ipfs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import BinaryIO

from marketplace.storage.cid import CHUNK_BYTES, CID_BYTES, name_node, name_raw
from marketplace.storage.protobuf import Link, encode_node
from marketplace.storage.streams import read_up_to

__all__ = ["WIDTH", "Builder", "build", "depth_of", "split", "total_bytes"]

WIDTH = 174
"""The most children a node has."""

Emit = Callable[[bytes, bytes], None]
"""Takes each finished block: its binary CID and its bytes; children come before the node that names them."""


class Builder:
    """Builds the blocks of one content while its leaves stream by; holds at most 174 links a level."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._levels: list[list[Link]] = [[]]

    def leaf(self, data: bytes) -> None:
        """Add the next chunk: 256 KiB, only the last one may be shorter."""
        cid = name_raw(data)
        self._emit(cid, data)
        self.link(Link(cid, len(data), len(data)))

    def link(self, link: Link, level: int = 0) -> None:
        """Add the next child of `level`, a leaf or a full subtree whose blocks were emitted already."""
        if level == len(self._levels):
            self._levels.append([])
        row = self._levels[level]
        # A full row is folded only when one more comes: a root above a single full row would be one level too many.
        if len(row) == WIDTH:
            self._fold(level)
        row.append(link)

    def root(self) -> bytes:
        """Finish, and return the binary CID of the whole."""
        if self._levels == [[]]:
            self.leaf(b"")
        level = 0
        while level < len(self._levels) - 1 or len(self._levels[level]) > 1:
            self._fold(level)
            level += 1
        return self._levels[level][0].cid

    def _fold(self, level: int) -> None:
        row = self._levels[level]
        data = encode_node(row)
        cid = name_node(data)
        self._emit(cid, data)
        node = Link(cid, sum(link.size for link in row), len(data) + sum(link.total for link in row))
        row.clear()
        self.link(node, level + 1)


def build(source: BinaryIO | bytes, emit: Emit) -> bytes:
    """Emit every block of `source`, which is read to its end in whatever pieces it gives; return the root's binary CID.

    Raises:
        InvalidInput: the source gives text.
        StorageError: the source cannot be read.
    """
    builder = Builder(emit)
    for chunk in _chunks(source):
        builder.leaf(chunk)
    return builder.root()


def depth_of(size: int) -> int:
    """Return how many levels of nodes lie above the leaves of content of `size` bytes."""
    depth, capacity = 0, CHUNK_BYTES
    while capacity < size:
        depth, capacity = depth + 1, capacity * WIDTH
    return depth


def split(size: int, depth: int) -> list[int]:
    """Return the bytes of content under each child of a node at `depth` (1 or more) that holds `size` bytes."""
    each = CHUNK_BYTES * WIDTH ** (depth - 1)
    full, rest = divmod(size, each)
    return [each] * full + ([rest] if rest else [])


@lru_cache(maxsize=256)
def total_bytes(size: int, depth: int) -> int:
    """Return the bytes of all blocks of a subtree at `depth` that holds `size` bytes of content."""
    if not depth:
        return size
    # The length of a node does not depend on which children it names, so any names will do.
    links = [Link(bytes(CID_BYTES), part, total_bytes(part, depth - 1)) for part in split(size, depth)]
    return len(encode_node(links)) + sum(link.total for link in links)


def _chunks(source: BinaryIO | bytes) -> Iterator[bytes]:
    if isinstance(source, (bytes, bytearray, memoryview)):
        view = memoryview(source).cast("B")
        yield from (bytes(view[at : at + CHUNK_BYTES]) for at in range(0, len(view), CHUNK_BYTES))
        return
    while chunk := read_up_to(source, CHUNK_BYTES):
        yield chunk
