"""Where things lie in the embedded store's folder.

The folder holds

    format                 says that the folder is a store, and of which kind
    lock                   writers share it; collecting and sweeping hold it alone
    kept/3f/bafk....car    one CAR file for each pinned content, in 256 folders by the first byte of its digest
    loose/3f/bafk....car   the same for what is not pinned: still readable, gone with the next collection
    staging/...            files on their way; whatever lies here while nobody writes is left from a crash

One file for each content, rather than for each block, because a content comes and goes as a whole (sealed contents
share no blocks), one rename makes it visible and one flush makes it durable; and every IPFS tool reads it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from marketplace.domain.errors import InvalidInput, NotFound
from marketplace.storage import disk
from marketplace.storage.cid import show_cid
from marketplace.storage.content import Content

__all__ = ["Layout"]

_FORMAT = b"gradient-marketplace store 1\n"
_SUFFIX = ".car"


class Layout:
    """The paths of a store, and the few things done to the folder as a whole."""

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = Path(root).absolute()
        self.lock = self.root / "lock"
        self.staging = self.root / "staging"
        self._kept = self.root / "kept"
        self._loose = self.root / "loose"
        self._format = self.root / "format"

    def open(self) -> None:
        """Make the folder a store unless it is one, and sweep what a crash left.

        Raises:
            InvalidInput: the folder holds something else.
            StorageError: it cannot be made or read.
        """
        with disk.explained(self.root):
            self.root.mkdir(parents=True, exist_ok=True)
            if not self._format.exists():
                self._check_empty()
                with disk.locked(self.lock, exclusive=True):
                    self._make()
            if self._format.read_bytes() != _FORMAT:
                msg = f"{self.root} is a store of another version: choose another folder, or update this product"
                raise InvalidInput(msg)
            # Somebody who is writing right now keeps the lock, and the sweep waits for a better moment.
            with disk.locked(self.lock, exclusive=True, wait=False) as alone:
                if alone:
                    self.sweep()

    def kept(self, cid: bytes) -> Path:
        """Return the file of a content when it is pinned."""
        return self._kept / f"{cid[4]:02x}" / (show_cid(cid) + _SUFFIX)

    def loose(self, cid: bytes) -> Path:
        """Return the file of a content when it is not pinned."""
        return self._loose / f"{cid[4]:02x}" / (show_cid(cid) + _SUFFIX)

    def content(self, cid: bytes) -> Content:
        """Open a content, pinned or not.

        Raises:
            NotFound: it is not here.
            CorruptContent: its file is damaged.
        """
        # Pinning moves it: who looks in both places must look in the first one again before giving up.
        for path in (self.kept(cid), self.loose(cid), self.kept(cid)):
            try:
                return Content(path, cid)
            except FileNotFoundError:
                continue
        msg = f"{show_cid(cid)} is not in {self.root}: ask whoever published it to serve it again"
        raise NotFound(msg)

    def move(self, old: Path, new: Path) -> bool:
        """Move a content between kept and loose, durably; returns False when it is not at `old`."""
        if not old.exists():
            return False
        disk.publish(old, new)
        for folder in (new.parent, new.parent.parent, old.parent):
            disk.sync_folder(folder)
        return True

    def all_kept(self) -> list[str]:
        """Return the CIDs of everything pinned, sorted."""
        return sorted(path.name.removesuffix(_SUFFIX) for path in self._kept.glob(f"*/*{_SUFFIX}"))

    def all_loose(self) -> list[Path]:
        """Return the files of everything that is not pinned."""
        return list(self._loose.glob(f"*/*{_SUFFIX}"))

    def files(self) -> Iterator[Path]:
        """Yield the file of every content."""
        yield from self._kept.glob(f"*/*{_SUFFIX}")
        yield from self._loose.glob(f"*/*{_SUFFIX}")

    def sweep(self) -> None:
        """Delete what lies in staging; the caller holds the lock alone."""
        for path in self.staging.iterdir():
            disk.remove(path)

    def _check_empty(self) -> None:
        # Before the lock: a stranger's folder must not even find a lock file in it afterwards.
        if {path.name for path in self.root.iterdir()} - {"format", "kept", "lock", "loose", "staging"}:
            msg = f"{self.root} holds other files and is no store: choose an empty folder"
            raise InvalidInput(msg)

    def _make(self) -> None:
        for folder in (self._kept, self._loose, self.staging):
            folder.mkdir(exist_ok=True)
        # The format comes last and in one step: a folder without it is made again.
        staged = self.staging / "format"
        staged.write_bytes(_FORMAT)
        staged.replace(self._format)
        disk.sync_folder(self.root)
