"""The blocks of one content on their way into the embedded store: all of them, or none."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from marketplace.storage import disk
from marketplace.storage.cid import CHUNK_BYTES, is_raw, show_cid
from marketplace.storage.layout import Layout
from marketplace.storage.quota import Quota

__all__ = ["Batch"]


class Batch:
    """Stages blocks under names nobody looks at, and publishes them together.

    The order keeps every moment safe: staged files are durable before they get their names, leaves get theirs before
    the root, all names are durable before the pin exists. A crash leaves whole blocks or none, and staged files for
    the next sweep. The lock is shared with other writers; it keeps sweeping and collecting out.
    """

    def __init__(self, layout: Layout, quota: Quota) -> None:
        self._layout = layout
        self._quota = quota
        self._token = secrets.token_hex(8)
        self._staged: dict[bytes, Path] = {}
        self._known: set[bytes] = set()
        self._claimed = 0
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with disk.explained(self._layout.root):
            self._stack.enter_context(disk.locked(self._layout.lock, exclusive=False))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for staged in self._staged.values():
            disk.remove(staged)
        self._quota.settle(self._claimed, kept=kind is None)
        self._stack.close()

    def add(self, cid: bytes, data: bytes) -> None:
        """Stage a block, unless the store has it already, whole.

        Raises:
            StorageError: there is no room for it.
        """
        if cid in self._known:
            return
        with disk.explained(self._layout.root):
            # Comparing costs little and heals: a block that went bad on the disk is replaced by putting it again.
            if disk.read(self._layout.block(cid), len(data)) != data:
                self._quota.claim(len(data))
                self._claimed += len(data)
                staged = self._layout.staging / f"{self._token}-{len(self._staged)}"
                disk.create(staged, data)
                self._staged[cid] = staged
        self._known.add(cid)

    def load(self, cid: bytes) -> bytes:
        """Return a block that was added to this batch."""
        path = self._staged.get(cid) or self._layout.block(cid)
        with disk.explained(self._layout.root):
            return disk.read(path, CHUNK_BYTES) or b""

    def commit(self, root: bytes) -> str:
        """Publish everything staged, pin the root and return its text; durable when this returns.

        Raises:
            StorageError: the disk refused; blocks published until then are whole, and unpinned.
        """
        layout = self._layout
        with disk.explained(layout.root):
            disk.make_durable(list(self._staged.values()))
            for cid in sorted(self._staged, key=lambda cid: (not is_raw(cid), cid == root)):
                disk.publish(self._staged[cid], layout.block(cid))
            self._staged.clear()
            # Known blocks count too: whoever published them may not have come as far as this line yet.
            for folder in {layout.shard(cid) for cid in self._known}:
                disk.sync_folder(folder)
            disk.sync_folder(layout.blocks)
            text = show_cid(root)
            if disk.touch(layout.pin(text)):
                disk.sync_folder(layout.pins)
        return text
