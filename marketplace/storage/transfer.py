"""Content between the embedded store and an IPFS node, whole, as CAR files, and without loading it twice.

`FolderStore` and `IpfsStore` give it the same CID, so a transfer changes where content lies and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, cast

from marketplace.domain.errors import ContentTooLarge, CorruptContent
from marketplace.storage.car import car_parts, import_car
from marketplace.storage.cid import CHUNK_BYTES, parse_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.reader import walk
from marketplace.storage.sections import header_of
from marketplace.storage.wire import Body

__all__ = ["to_folder", "to_node"]


def to_node(folder: FolderStore, node: IpfsStore, cid: str) -> None:
    """Bring a content of the embedded store into the node, pinned there.

    As one CAR file where the node takes such; else the node adds the bytes anew and names them the same.

    Raises:
        NotFound, CorruptContent: what `FolderStore.get` raises.
        StorageError: the node has no room, cannot be reached, or does not keep it under this name.
    """
    if not node.import_car(parse_cid(cid), car_parts(folder, cid)):
        node.put(cast("BinaryIO", _Source(_leaves(folder, cid))))


def to_folder(node: IpfsStore, folder: FolderStore, cid: str, *, max_bytes: int) -> None:
    """Bring a content of the node into the embedded store, every block checked, pinned there.

    As one CAR file where the node gives such; else block by block.

    Args:
        node: where it is.
        folder: where it goes.
        cid: its name.
        max_bytes: the most bytes the content may have.

    Raises:
        ContentTooLarge: it has more than `max_bytes`.
        CorruptContent: the node gives wrong bytes.
        NotFound: the node has not got it.
        StorageError: one of the two cannot be used.
    """
    size = node.size_of(cid)
    if size > max_bytes:
        msg = f"{cid} has more than the {max_bytes:,} bytes expected: do not use it, or raise the cap"
        raise ContentTooLarge(msg)
    # Of nodes and section heads there are fewer bytes than that; a node may not stream for ever.
    most = size + size // 256 + 65_536
    root, blocks = parse_cid(cid), node.blocks()
    header = header_of(root)
    with node.export_car(cid) as body:
        # Looked at before anything is kept: another content would be kept, and pinned, as well.
        if body is not None and body.read(len(header)) == header:
            source = cast("BinaryIO", _Source(_parts(header, body)))
            try:
                import_car(folder, source, max_bytes=most)
            except ContentTooLarge as error:
                msg = f"the IPFS node gives more for {cid} than belongs to it: use another node"
                raise CorruptContent(msg) from error
            return
    with folder.draft() as draft:
        for piece in walk(root, blocks.load, set()):
            draft.add(piece.cid, blocks.load(piece.cid))
        draft.commit(root)


def _parts(header: bytes, body: Body) -> Iterator[bytes]:
    yield header
    yield from iter(lambda: body.read(CHUNK_BYTES), b"")


def _leaves(folder: FolderStore, cid: str) -> Iterator[bytes]:
    with folder.content(cid) as content:
        for piece in walk(parse_cid(cid), content.load):
            if not piece.depth:
                yield content.load(piece.cid)


class _Source:
    """Reads what an iterator gives."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, none only at the end."""
        if not self._rest:
            self._rest = next(self._pieces, b"")
        data, self._rest = self._rest[:size], self._rest[size:]
        return data
