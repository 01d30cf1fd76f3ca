"""A content on its way into the embedded store: all of it, or nothing."""

from __future__ import annotations

import os
import secrets
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import Self

from marketplace.storage import disk
from marketplace.storage.cid import show_cid
from marketplace.storage.layout import Layout
from marketplace.storage.quota import Quota
from marketplace.storage.sections import HEADER_BYTES, header_of, section_head

__all__ = ["Draft"]

_WRITE_BEHIND_BYTES = 8 << 20


class Draft:
    """A CAR file in staging that gets its name when it is whole and on the disk.

    The order keeps every moment safe: blocks, then the header that names the root, then flushing, then the name, in one
    step. A crash leaves the content or nothing of it, and a file in staging for the next sweep. The lock is shared
    with other writers; it keeps sweeping and collecting out.
    """

    def __init__(self, layout: Layout, quota: Quota) -> None:
        self._layout = layout
        self._quota = quota
        self._path = layout.staging / secrets.token_hex(12)
        self._index: dict[bytes, tuple[int, int]] = {}
        self._size = 0
        self._claimed = 0
        self._behind = 0
        self._kept = False
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with disk.explained(self._layout.root), ExitStack() as stack:
            stack.enter_context(disk.locked(self._layout.lock, exclusive=False))
            self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            stack.callback(disk.remove, self._path)
            stack.callback(os.close, self._fd)
            # Only the root's name is missing from the header, and only the last block tells it.
            disk.append(self._fd, [bytes(HEADER_BYTES)])
            self._size = HEADER_BYTES
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        self._quota.settle(self._claimed, kept=self._kept)

    def add(self, cid: bytes, data: bytes) -> None:
        """Write a block that matches its CID; one that came before is not written again.

        Raises:
            StorageError: there is no room for it.
        """
        if cid in self._index:
            return
        head = section_head(cid, len(data))
        size = len(head) + len(data)
        self._claimed += size
        self._quota.claim(size)
        with disk.explained(self._layout.root):
            disk.append(self._fd, [head, data])
            self._index[cid] = (self._size + len(head), len(data))
            self._size += size
            if self._size - self._behind >= _WRITE_BEHIND_BYTES:
                disk.start_writing(self._fd, self._behind, self._size - self._behind)
                self._behind = self._size

    def load(self, cid: bytes) -> bytes:
        """Return a block that was added; raises KeyError when it was not."""
        at, length = self._index[cid]
        with disk.explained(self._layout.root):
            return os.pread(self._fd, length, at)

    def lengths(self) -> dict[bytes, int]:
        """Return the length of every block that was added."""
        return {cid: length for cid, (_, length) in self._index.items()}

    def commit(self, root: bytes) -> str:
        """Give the content its name, pinned, and return its CID; durable when this returns.

        Assumptions: `root` and everything under it was added, and nothing else.

        Raises:
            StorageError: the disk refused.
        """
        kept = self._layout.kept(root)
        with disk.explained(self._layout.root):
            disk.write_at(self._fd, header_of(root), 0)
            # What is there already is left alone if it is sound; if it went bad, putting it again heals it.
            if not disk.same(self._path, kept):
                os.fsync(self._fd)
                disk.publish(self._path, kept)
                self._kept = True
            with suppress(FileNotFoundError):
                self._layout.loose(root).unlink()
            # Also for what was there: whoever published it may not have come as far as this line yet.
            disk.sync_folder(kept.parent)
            disk.sync_folder(kept.parent.parent)
        return show_cid(root)
