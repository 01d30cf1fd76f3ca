"""The embedded store: a folder of contents named by the hash of their bytes. Nothing to install, nothing to run."""

from __future__ import annotations

import os
from typing import BinaryIO

from marketplace.domain.errors import ContentTooLarge, CorruptContent, NotFound
from marketplace.storage import disk
from marketplace.storage.cid import parse_cid
from marketplace.storage.content import Content
from marketplace.storage.draft import Draft
from marketplace.storage.layout import Layout
from marketplace.storage.quota import Quota
from marketplace.storage.reader import check_leaf, check_whole, declared_bytes, walk
from marketplace.storage.streams import write_all
from marketplace.storage.unixfs import build

__all__ = ["FolderStore"]


class FolderStore:
    """A `Store` in a folder of one machine; any number of threads and processes may share it.

    `put` pins what it keeps, as `ipfs add` does: what nobody unpins is never collected. Only whole contents are found
    by their CID, not the blocks inside them.

    Args:
        path: the folder; made when it is not there.
        max_total_bytes: the most bytes its files may have, those being written included; None for as many as the disk
            takes.

    Raises:
        InvalidInput: the folder holds something else than a store.
        StorageError: it cannot be made or read.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_total_bytes: int | None = None) -> None:
        self._layout = Layout(path)
        self._layout.open()
        self._quota = Quota(max_total_bytes, self.total_bytes)

    def __repr__(self) -> str:
        """Name the folder."""
        return f"FolderStore({str(self._layout.root)!r})"

    def put(self, source: BinaryIO | bytes) -> str:
        """Keep the content, pinned, and return its CID; see `Store.put`."""
        with self.draft() as draft:
            return draft.commit(build(source, draft.add))

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink`, every block checked before it is written; see `Store.get`."""
        root, written = parse_cid(cid), 0
        with disk.explained(self._layout.root), self.content(cid) as content:
            declared = declared_bytes(root, content.load)
            if declared is None:
                declared = content.length_of(root)
            if declared > max_bytes:
                msg = f"{cid} has more than the {max_bytes:,} bytes expected: do not use it, or raise the cap"
                raise ContentTooLarge(msg)
            # Leaves add up to what was declared, or are refused: nothing beyond the cap reaches the sink.
            for piece in walk(root, content.load):
                if not piece.depth:
                    data = content.load(piece.cid)
                    check_leaf(piece, len(data))
                    written += write_all(sink, data)
        return written

    def has(self, cid: str) -> bool:
        """Whether every block is here; nodes are checked, leaves only looked for."""
        root = parse_cid(cid)
        try:
            with disk.explained(self._layout.root), self.content(cid) as content:
                check_whole(root, content.load, content.length_of)
        except (NotFound, CorruptContent):
            return False
        return True

    def pin(self, cid: str) -> None:
        """Protect the content from `collect`; see `Store.pin`."""
        root, layout = parse_cid(cid), self._layout
        with disk.explained(layout.root), disk.locked(layout.lock, exclusive=False):
            if not layout.kept(root).exists() and not layout.move(layout.loose(root), layout.kept(root)):
                msg = f"{cid} is not in {layout.root}: put it there before pinning it"
                raise NotFound(msg)

    def unpin(self, cid: str) -> None:
        """Let the content be collected; see `Store.unpin`."""
        root, layout = parse_cid(cid), self._layout
        with disk.explained(layout.root), disk.locked(layout.lock, exclusive=False):
            layout.move(layout.kept(root), layout.loose(root))

    def is_pinned(self, cid: str) -> bool:
        """Whether the content is here and protected from `collect`, by whomever."""
        with disk.explained(self._layout.root):
            return self._layout.kept(parse_cid(cid)).exists()

    def pins(self) -> list[str]:
        """Return the CIDs of everything pinned, sorted."""
        with disk.explained(self._layout.root):
            return self._layout.all_kept()

    def collect(self) -> int:
        """Delete everything that is not pinned and return how many bytes that freed; waits for writers."""
        freed = 0
        with disk.explained(self._layout.root), disk.locked(self._layout.lock, exclusive=True):
            for path in self._layout.all_loose():
                freed += path.stat().st_size
                path.unlink()
            self._layout.sweep()
        self._quota.recount()
        return freed

    def total_bytes(self) -> int:
        """Count the bytes of all files here."""
        with disk.explained(self._layout.root):
            return sum(path.stat().st_size for path in self._layout.files())

    def draft(self) -> Draft:
        """Return a context in which the blocks of one content are brought here; for CAR files and other bringers."""
        return Draft(self._layout, self._quota)

    def content(self, cid: str) -> Content:
        """Return a context in which the blocks of one content are read, each checked against its CID.

        Raises:
            NotFound: it is not here.
            CorruptContent: its file is damaged where blocks are found.
        """
        root = parse_cid(cid)
        with disk.explained(self._layout.root):
            return self._layout.content(root)
