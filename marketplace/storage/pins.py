"""What a participant keeps for the length of a bounty: pinned while it lives, released after it."""

from __future__ import annotations

from contextlib import suppress
from typing import BinaryIO, Protocol

from marketplace.domain.errors import NotFound, StorageError
from marketplace.storage.cid import show_cid
from marketplace.storage.store import Store
from marketplace.storage.unixfs import build

__all__ = ["Ledger", "MemoryLedger", "PinnedStore", "PinningStore"]


class PinningStore(Store, Protocol):
    """A store that says what is pinned."""

    def is_pinned(self, cid: str) -> bool:
        """Whether the content is pinned as a whole, by whomever."""
        ...


class Ledger(Protocol):
    """Which contents are pinned on behalf of one bounty; what was added is there after a crash."""

    def add(self, cid: str) -> None:
        """Note a content; doing so twice is doing so once."""
        ...

    def all(self) -> list[str]:
        """Return everything noted."""
        ...

    def clear(self) -> None:
        """Forget everything."""
        ...


class MemoryLedger:
    """A ledger that ends with its process."""

    def __init__(self) -> None:
        self._cids: dict[str, None] = {}

    def add(self, cid: str) -> None:
        """Note a content."""
        self._cids[cid] = None

    def all(self) -> list[str]:
        """Return everything noted, in the order it came."""
        return list(self._cids)

    def clear(self) -> None:
        """Forget everything."""
        self._cids.clear()


class PinnedStore:
    """A `Store` that pins what is put and fetched through it, and notes it, until the bounty is over.

    A pin is noted before it is made and forgotten after it is gone, so that a crash leaves at most one note too many.
    What was pinned already when it first came by belongs to somebody else and is left alone. Nodes do not count pins:
    participants who share one node should share one ledger, or the first to release takes the other's pins along.

    Args:
        store: where content is kept.
        ledger: where pins are noted.
    """

    def __init__(self, store: PinningStore, ledger: Ledger) -> None:
        self._store = store
        self._ledger = ledger
        self._ours = set(ledger.all())
        self._done: set[str] = set()
        """Pinned by us since we started, or by others before us: nothing is left to do for it."""

    def __repr__(self) -> str:
        """Name the store inside."""
        return f"PinnedStore({self._store!r})"

    def put(self, source: BinaryIO | bytes) -> str:
        """Keep the content, pinned and noted; see `Store.put`.

        A source that cannot be read twice is noted only after it is pinned: a crash between the two leaves a pin.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            self._note(show_cid(build(source, _nowhere)))
        elif source.seekable():
            start = source.tell()
            self._note(show_cid(build(source, _nowhere)))
            source.seek(start)
        else:
            cid = self._store.put(source)
            self._add(cid)
            self._done.add(cid)
            return cid
        cid = self._store.put(source)
        self._done.add(cid)
        return cid

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink`, then pin and note it; see `Store.get`.

        It counts as fetched also when it cannot be pinned.
        """
        written = self._store.get(cid, sink, max_bytes=max_bytes)
        with suppress(NotFound, StorageError):
            self.pin(cid)
        return written

    def has(self, cid: str) -> bool:
        """Whether all of the content is here; see `Store.has`."""
        return self._store.has(cid)

    def pin(self, cid: str) -> None:
        """Pin and note it, unless that happened already; see `Store.pin`."""
        if cid not in self._done:
            if self._note(cid):
                self._store.pin(cid)
            self._done.add(cid)

    def unpin(self, cid: str) -> None:
        """Let the content be collected; its note stays until `release`."""
        self._store.unpin(cid)
        self._done.discard(cid)

    def is_pinned(self, cid: str) -> bool:
        """Whether it is pinned, by whomever."""
        return self._store.is_pinned(cid)

    def release(self) -> None:
        """Unpin everything noted, then forget it; doing so again, or after a crash, is harmless.

        Raises:
            StorageError: the store could not be told of all of it; nothing is forgotten, so call this again.
        """
        failures = []
        cids = self._ledger.all()
        for cid in cids:
            try:
                self._store.unpin(cid)
            except StorageError as error:
                failures.append(error)
        if failures:
            msg = f"{len(failures)} of {len(cids)} contents are still pinned in {self._store!r}: start it and try again"
            raise StorageError(msg) from failures[0]
        self._ledger.clear()
        self._ours.clear()
        self._done.clear()

    def _note(self, cid: str) -> bool:
        """Note a content about to be pinned; returns False when somebody else pinned it before."""
        if cid not in self._ours:
            if cid in self._done or self._store.is_pinned(cid):
                return False
            self._add(cid)
        return True

    def _add(self, cid: str) -> None:
        self._ledger.add(cid)
        self._ours.add(cid)


def _nowhere(cid: bytes, data: bytes) -> None:
    """Drop a block: only the name of the whole is wanted."""
