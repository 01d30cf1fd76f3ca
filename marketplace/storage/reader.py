"""Blocks -> content, believing nobody.

A block's bytes are checked against its CID by whoever loads it. What hashes cannot show, that a node's declared
sizes are true and its shape is sane, follows here from one equation: the shape is a function of the size, so each node,
written again from its children's names and the sizes that must follow, has to give the same bytes. Lying sizes, chains
of nodes, endless lists of links, and a second CID for the same content all fail it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from marketplace.domain.errors import CorruptContent
from marketplace.storage.cid import CHUNK_BYTES, CID_BYTES, is_raw, show_cid
from marketplace.storage.protobuf import Link, decode_node, encode_node
from marketplace.storage.unixfs import depth_of, split, total_bytes

__all__ = ["MAX_NODE_BYTES", "Piece", "check_leaf", "check_whole", "declared_bytes", "walk"]

Load = Callable[[bytes], bytes]
"""Returns the block of a binary CID, already checked against it, or raises."""

MAX_NODE_BYTES = 1 << 14
"""A full node of 174 links takes less than 10 KiB."""


class Piece(NamedTuple):
    """One block of a content and what must be true of it.

    Attributes:
        cid: its binary CID.
        depth: levels of nodes from it down to the leaves; 0 for a leaf.
        size: bytes of content under it; None for content of a single block, which nothing declares.
    """

    cid: bytes
    depth: int
    size: int | None


def declared_bytes(root: bytes, load: Load) -> int | None:
    """Return how many bytes the root says it holds; None for a single block, whose length says it.

    Raises:
        CorruptContent: the root is not a node of a file.
    """
    return None if is_raw(root) else _decode(root, load(root))[1]


def walk(root: bytes, load: Load, seen: set[Piece] | None = None) -> Iterator[Piece]:
    """Yield every block under `root`, nodes before their children, in the order of the content.

    Nodes are loaded and checked; leaves are left to the caller (`check_leaf`).

    Args:
        root: binary CID of a content.
        load: gives verified blocks.
        seen: blocks not to yield again; grows. Without it, content that repeats itself is walked in full, which a few
            small nodes can make arbitrarily long: pass a set unless the bytes yielded are bounded some other way.

    Raises:
        CorruptContent: a node is not what the builder would have made.
    """
    size = declared_bytes(root, load)
    if size is not None and size <= CHUNK_BYTES:
        raise _refused(root)
    yield from _walk(Piece(root, depth_of(size or 0), size), load, seen)


def check_leaf(piece: Piece, size: int) -> None:
    """Refuse a leaf of `size` bytes when the nodes above it say otherwise.

    Raises:
        CorruptContent: it is.
    """
    if size > CHUNK_BYTES or piece.size not in (None, size):
        raise _refused(piece.cid)


def check_whole(root: bytes, load: Load, length_of: Callable[[bytes], int]) -> set[bytes]:
    """Check everything about a content but the bytes of its leaves, and return the names of its blocks.

    Args:
        root: binary CID of the content.
        load: gives verified blocks; asked for nodes only.
        length_of: gives the length of a leaf, or raises.

    Raises:
        CorruptContent: it is not what the builder would have made.
    """
    names = set()
    for piece in walk(root, load, set()):
        names.add(piece.cid)
        if not piece.depth:
            check_leaf(piece, length_of(piece.cid))
    return names


def _walk(piece: Piece, load: Load, seen: set[Piece] | None) -> Iterator[Piece]:
    if seen is not None:
        if piece in seen:
            return
        seen.add(piece)
    yield piece
    if piece.depth:
        for child in _children(piece, load(piece.cid)):
            yield from _walk(child, load, seen)


def _children(piece: Piece, data: bytes) -> list[Piece]:
    names, size = _decode(piece.cid, data)
    if size != piece.size:
        raise _refused(piece.cid)
    below, sizes = piece.depth - 1, split(size, piece.depth)
    if len(names) != len(sizes) or any(len(name) != CID_BYTES or is_raw(name) != (not below) for name in names):
        raise _refused(piece.cid)
    links = [Link(name, part, total_bytes(part, below)) for name, part in zip(names, sizes, strict=True)]
    if encode_node(links) != data:
        raise _refused(piece.cid)
    return [Piece(name, below, part) for name, part in zip(names, sizes, strict=True)]


def _decode(cid: bytes, data: bytes) -> tuple[list[bytes], int]:
    if len(data) > MAX_NODE_BYTES:
        raise _refused(cid)
    try:
        return decode_node(data)
    except ValueError as error:
        raise _refused(cid) from error


def _refused(cid: bytes) -> CorruptContent:
    return CorruptContent(
        f"block {show_cid(cid)} is not laid out as `ipfs add --cid-version 1 --raw-leaves` lays out a file: "
        "ask its sender to add the content again with these options"
    )
