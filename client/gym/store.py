"""A store in memory, for games that last a second."""

from __future__ import annotations

from typing import BinaryIO

from marketplace.domain.errors import ContentTooLarge, NotFound
from marketplace.storage.cid import show_cid
from marketplace.storage.unixfs import build

__all__ = ["MemoryStore"]


class MemoryStore:
    """A `Store` that forgets everything with the process; the CIDs are those of every other store."""

    def __init__(self) -> None:
        self._contents: dict[str, bytes] = {}

    def put(self, source: BinaryIO | bytes) -> str:
        """Keep the content and return its CID."""
        content = source if isinstance(source, bytes) else source.read()
        cid = show_cid(build(content, lambda _cid, _block: None))
        self._contents[cid] = content
        return cid

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink`; see `Store.get`."""
        content = self._found(cid)
        if len(content) > max_bytes:
            msg = f"{cid} has more than the {max_bytes:,} bytes expected: do not use it, or raise the cap"
            raise ContentTooLarge(msg)
        return sink.write(content)

    def has(self, cid: str) -> bool:
        """Whether the content is here."""
        return cid in self._contents

    def pin(self, cid: str) -> None:
        """Nothing is ever collected here; raises NotFound if it is not here."""
        self._found(cid)

    def unpin(self, cid: str) -> None:
        """Nothing is ever collected here."""

    def _found(self, cid: str) -> bytes:
        if cid not in self._contents:
            msg = f"{cid} is not in this store: whoever named it has to put it there"
            raise NotFound(msg)
        return self._contents[cid]
