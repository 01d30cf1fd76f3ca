"""What the chain and the store must not forget, kept in the participant's journal."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from marketplace.chain.outbox import Entry

if TYPE_CHECKING:
    from client.journal import Journal

__all__ = ["JournalOutbox", "JournalPins"]

_OUTBOX: Final = "outbox/"
_PINS: Final = "pin/"


class JournalOutbox:
    """An outbox (`marketplace.chain.outbox.Outbox`) that survives the process."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries by rising nonce."""
        found = [self._journal.get(name) for name in sorted(self._journal.names(_OUTBOX))]
        return tuple(Entry.from_json(json.loads(value)) for value in found if value is not None)

    def put(self, entry: Entry) -> None:
        """Keep an entry, in place of one with its nonce."""
        self._journal.put(_name(entry), json.dumps(entry.to_json()).encode())

    def remove(self, entry: Entry) -> None:
        """Forget the entry with this one's nonce; nothing happens if there is none."""
        self._journal.remove(_name(entry))


class JournalPins:
    """The pins of one bounty (`marketplace.storage.pins.Ledger`): what was pinned for it and is let go after it."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def add(self, cid: str) -> None:
        """Note a pin, before it is made."""
        self._journal.put(f"{_PINS}{cid}", b"")

    def all(self) -> list[str]:
        """Return what was pinned and not forgotten."""
        return [name.removeprefix(_PINS) for name in self._journal.names(_PINS)]

    def clear(self) -> None:
        """Forget all of it, after it was let go."""
        for name in self._journal.names(_PINS):
            self._journal.remove(name)


def _name(entry: Entry) -> str:
    return f"{_OUTBOX}{entry.nonce:020d}"
