"""Where things lie in the embedded store's folder.

The folder holds

    format               says that the folder is a store, and of which kind
    lock                 writers share it; collecting and sweeping hold it alone
    blocks/3f/bafk...    one block a file, named by its CID, in 256 folders by the first byte of the digest
    pins/bafk...         one empty file for each pinned content
    staging/...          blocks on their way; whatever lies here while nobody writes is left from a crash
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from marketplace.domain.errors import InvalidInput
from marketplace.storage import disk
from marketplace.storage.cid import parse_cid, show_cid

__all__ = ["Layout"]

_FORMAT = b"gradient-marketplace store 1\n"


class Layout:
    """The paths of a store, and the few things done to the folder as a whole."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).absolute()
        self.lock = self.root / "lock"
        self.blocks = self.root / "blocks"
        self.pins = self.root / "pins"
        self.staging = self.root / "staging"
        self._format = self.root / "format"

    def open(self) -> None:
        """Make the folder a store unless it is one, and sweep what a crash left.

        Raises:
            InvalidInput: the folder holds something else.
            StorageError: it cannot be made or read.
        """
        with disk.explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            if disk.read(self._format, len(_FORMAT)) is None:
                self._check_empty()
                with disk.locked(self.lock, exclusive=True):
                    self._make()
            if disk.read(self._format, len(_FORMAT)) != _FORMAT:
                msg = f"{self.root} is a store of another version: choose another folder, or update this product"
                raise InvalidInput(msg)
            # Somebody who is writing right now keeps the lock, and the sweep waits for a better moment.
            with disk.locked(self.lock, exclusive=True, wait=False) as alone:
                if alone:
                    self.sweep()

    def shard(self, cid: bytes) -> Path:
        """Return the folder of a block."""
        return self.blocks / f"{cid[4]:02x}"

    def block(self, cid: bytes) -> Path:
        """Return the file of a block."""
        return self.blocks / f"{cid[4]:02x}" / show_cid(cid)

    def pin(self, cid: str) -> Path:
        """Return the file that says that a content is pinned; `cid` was parsed before, so it is no path."""
        return self.pins / cid

    def all_blocks(self) -> Iterator[tuple[bytes, os.DirEntry[str]]]:
        """Yield every block that has its name; files that are none are passed over."""
        for folder in self.blocks.iterdir():
            with os.scandir(folder) as entries:
                for entry in entries:
                    with suppress(InvalidInput):
                        yield parse_cid(entry.name), entry

    def all_pins(self) -> list[str]:
        """Return the CIDs of what is pinned, sorted."""
        return sorted(path.name for path in self.pins.iterdir())

    def sweep(self) -> None:
        """Delete what lies in staging; the caller holds the lock alone."""
        for path in self.staging.iterdir():
            disk.remove(path)

    def _check_empty(self) -> None:
        # Before the lock: a stranger's folder must not even find a lock file in it afterwards.
        if {path.name for path in self.root.iterdir()} - {"blocks", "format", "lock", "pins", "staging"}:
            msg = f"{self.root} holds other files and is no store: choose an empty folder"
            raise InvalidInput(msg)

    def _make(self) -> None:
        if self._format.exists():
            return
        for folder in (self.blocks, self.pins, self.staging):
            folder.mkdir(exist_ok=True)
        # The format comes last and in one step: a folder without it is made again.
        staged = self.staging / "format"
        disk.remove(staged)
        disk.create(staged, _FORMAT)
        disk.make_durable([staged])
        disk.publish(staged, self._format)
        disk.sync_folder(self.root)
