"""The embedded store: a folder of blocks named by the hash of their bytes. Nothing to install, nothing to run."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import BinaryIO

from marketplace.domain.errors import (
    ContentTooLarge,
    CorruptContent,
    GradMarketError,
    NotFound,
    StorageError,
)
from marketplace.storage import disk
from marketplace.storage.batch import Batch
from marketplace.storage.cid import CHUNK_BYTES, matches, parse_cid, show_cid
from marketplace.storage.layout import Layout
from marketplace.storage.quota import Quota
from marketplace.storage.reader import Piece, check_leaf, declared_bytes, walk
from marketplace.storage.unixfs import build

__all__ = ["FolderStore"]


class FolderStore:
    """A `Store` in a folder of one machine; any number of threads and processes may share it.

    `put` pins what it keeps, as `ipfs add` does: what nobody unpins is never collected.

    Args:
        path: the folder; made when it is not there.
        max_total_bytes: the most bytes of blocks it may hold; None for as many as the disk takes.

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
        with self.batch() as batch:
            return batch.commit(build(source, batch.add))

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink`, every block checked before it is written; see `Store.get`."""
        root, written = parse_cid(cid), 0
        load = partial(self.load, root=root)
        declared = declared_bytes(root, load)
        if declared is not None and declared > max_bytes:
            raise _too_large(cid, max_bytes)
        for piece in walk(root, load):
            if not piece.depth:
                data = load(piece.cid)
                check_leaf(piece, len(data))
                # Only a single block comes as a surprise here; nodes have declared the sum of all others.
                if written + len(data) > max_bytes:
                    raise _too_large(cid, max_bytes)
                _write(sink, data)
                written += len(data)
        return written

    def has(self, cid: str) -> bool:
        """Whether every block is here; nodes are checked, leaves only looked for."""
        root = parse_cid(cid)
        try:
            with disk.explained(self._layout.root):
                return all(piece.depth or self._has_leaf(piece) for piece in walk(root, self.load, set()))
        except (NotFound, CorruptContent):
            return False

    def pin(self, cid: str) -> None:
        """Protect the content from `collect`; see `Store.pin`."""
        with disk.explained(self._layout.root), disk.locked(self._layout.lock, exclusive=False):
            if not self.has(cid):
                msg = f"{cid} is not in {self._layout.root}, or not all of it: put it there before pinning it"
                raise NotFound(msg)
            if disk.touch(self._layout.pin(cid)):
                disk.sync_folder(self._layout.pins)

    def unpin(self, cid: str) -> None:
        """Let the content be collected; see `Store.unpin`."""
        parse_cid(cid)
        with disk.explained(self._layout.root):
            self._layout.pin(cid).unlink(missing_ok=True)
            disk.sync_folder(self._layout.pins)

    def pins(self) -> list[str]:
        """Return the CIDs of everything pinned, sorted."""
        with disk.explained(self._layout.root):
            return self._layout.all_pins()

    def collect(self) -> int:
        """Delete every block that no pinned content needs and return how many bytes that freed; waits for writers.

        Raises:
            NotFound, CorruptContent: a node of a pinned content is missing or bad, so that what it needs is unknown.
                Nothing was deleted; put that content again, or unpin it.
        """
        layout, seen, freed = self._layout, set[Piece](), 0
        with disk.explained(layout.root), disk.locked(layout.lock, exclusive=True):
            for pin in layout.all_pins():
                root = parse_cid(pin)
                for _ in walk(root, partial(self.load, root=root), seen):
                    pass
            needed = {piece.cid for piece in seen}
            for cid, entry in layout.all_blocks():
                if cid not in needed:
                    freed += entry.stat().st_size
                    disk.remove(Path(entry))
            layout.sweep()
        self._quota.recount()
        return freed

    def total_bytes(self) -> int:
        """Count the bytes of all blocks here."""
        with disk.explained(self._layout.root):
            return sum(entry.stat().st_size for _, entry in self._layout.all_blocks())

    def batch(self) -> Batch:
        """Return a batch that puts blocks here, all or none; for CAR files and other bringers of blocks."""
        return Batch(self._layout, self._quota)

    def load(self, cid: bytes, root: bytes | None = None) -> bytes:
        """Return the block of a binary CID, checked against it; `root` is the content it is read for.

        Raises:
            NotFound: it is not here.
            CorruptContent: its bytes do not match its name.
        """
        with disk.explained(self._layout.root):
            data = disk.read(self._layout.block(cid), CHUNK_BYTES)
        whole = show_cid(root or cid)
        if data is None:
            part = f"block {show_cid(cid)} of " if root not in (None, cid) else ""
            msg = f"{part}{whole} is not in {self._layout.root}: ask whoever published it to serve it again"
            raise NotFound(msg)
        if not matches(cid, data):
            msg = (
                f"block {show_cid(cid)} in {self._layout.root} does not match its CID: "
                f"put {whole} there again, or import its CAR file, which replaces the block"
            )
            raise CorruptContent(msg)
        return data

    def _has_leaf(self, piece: Piece) -> bool:
        try:
            check_leaf(piece, self._layout.block(piece.cid).stat().st_size)
        except FileNotFoundError:
            return False
        return True


def _write(sink: BinaryIO, data: bytes) -> None:
    try:
        sink.write(data)
    except GradMarketError:
        raise
    except OSError as error:
        msg = f"what was fetched cannot be written ({error.strerror or error}): free some space or choose another place"
        raise StorageError(msg) from error


def _too_large(cid: str, max_bytes: int) -> ContentTooLarge:
    return ContentTooLarge(f"{cid} has more than the {max_bytes:,} bytes expected: do not use it, or raise the cap")
