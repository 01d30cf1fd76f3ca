"""CAR: all blocks of one content in one file, to carry it between stores and IPFS nodes.

What `ipfs dag export` writes can be read here and the other way round. A file is as little trusted as any peer: every
block must match its CID and belong to the root, and the whole must be what the product itself would have built.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from marketplace.domain.errors import ContentTooLarge, CorruptContent
from marketplace.storage.cid import CID_BYTES, matches, parse_cid, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.reader import check_leaf, check_whole, walk
from marketplace.storage.sections import HEADER_BYTES, header_of, read_length, root_of, section_head
from marketplace.storage.streams import read_up_to, write_all

__all__ = ["car_parts", "export_car", "import_car"]


def export_car(store: FolderStore, cid: str, sink: BinaryIO) -> int:
    """Write the content as a CARv1 file, root first and each block once, and return how many bytes that were.

    Raises:
        NotFound, CorruptContent: what `Store.get` would raise; what was written until then is no whole CAR.
        StorageError: `sink` takes no more.
    """
    return sum(write_all(sink, part) for part in car_parts(store, cid))


def car_parts(store: FolderStore, cid: str) -> Iterator[bytes]:
    """Yield the same file in pieces, for whoever would rather read than write; raises what `export_car` raises."""
    root = parse_cid(cid)
    with store.content(cid) as content:
        yield header_of(root)
        for piece in walk(root, content.load, set()):
            data = content.load(piece.cid)
            if not piece.depth:
                check_leaf(piece, len(data))
            yield section_head(piece.cid, len(data)) + data


def import_car(store: FolderStore, source: BinaryIO, *, max_bytes: int) -> str:
    """Keep the content of a CARv1 file with one root, pinned, and return its CID; all of it or nothing.

    Args:
        store: where it goes.
        source: the file, read to its end.
        max_bytes: the most bytes the file may have.

    Raises:
        ContentTooLarge: the file has more than `max_bytes`.
        CorruptContent: it is cut off or damaged, holds blocks its root does not name, or lacks some.
        InvalidInput: it is no CARv1 file of one content.
        StorageError: there is no room, or the file cannot be read.
    """
    reader = _Reader(source, max_bytes)
    root = root_of(reader.read(HEADER_BYTES))
    with store.draft() as draft:
        while (length := read_length(reader.read)) is not None:
            section = reader.read(length)
            cid, data = section[:CID_BYTES], section[CID_BYTES:]
            parse_cid(show_cid(cid))
            if len(section) < length or not matches(cid, data):
                msg = f"block {show_cid(cid)} of a CAR file does not match its CID: export it again"
                raise CorruptContent(msg)
            draft.add(cid, data)
        lengths = draft.lengths()
        try:
            needed = check_whole(root, draft.load, lengths.__getitem__)
        except KeyError as error:
            msg = f"a CAR file lacks block {show_cid(error.args[0])} of its content: export it again"
            raise CorruptContent(msg) from error
        if foreign := lengths.keys() - needed:
            msg = f"a CAR file holds block {show_cid(min(foreign))}, which its root does not name: export it again"
            raise CorruptContent(msg)
        return draft.commit(root)


class _Reader:
    """Reads a file, never beyond the cap."""

    def __init__(self, source: BinaryIO, max_bytes: int) -> None:
        self._source = source
        self._left = self._cap = max_bytes

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes, less only at the end of the file."""
        data = read_up_to(self._source, size)
        self._left -= len(data)
        if self._left < 0:
            msg = f"a CAR file has more than the {self._cap:,} bytes expected: do not use it, or raise the cap"
            raise ContentTooLarge(msg)
        return data
