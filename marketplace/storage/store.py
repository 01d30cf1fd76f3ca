"""The seam: what the product asks of a place that keeps content, and the helpers everybody uses on it."""

from __future__ import annotations

from io import BytesIO
from typing import Any, BinaryIO, Protocol

from marketplace.domain.errors import InvalidInput, ProtocolError
from marketplace.storage.canonical import decode_json, encode_json

__all__ = ["Store", "put_json", "read_bytes", "read_json"]


class Store(Protocol):
    """A place that keeps content under the hash of its bytes.

    A CID is text, and the same for the same content in every store. Nothing is ever believed because of who
    served it: what `get` writes has been checked against the CID, block by block.
    """

    def put(self, source: BinaryIO | bytes) -> str:
        """Keep the content, pinned, and return its CID; when this returns, a power cut does not lose it.

        Raises:
            StorageError: there is no room, or the source cannot be read; no half of a block is left.
        """
        ...

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink` and return how many bytes that were.

        Only checked bytes reach the sink, but what was written before an error stays there: write into a temporary
        place when half of it must not be seen.

        Raises:
            ContentTooLarge: it has more than `max_bytes`; nothing was written.
            CorruptContent: a block does not match its name, or blocks contradict each other.
            NotFound: all or part of it is not here.
            InvalidInput: `cid` is no CID.
        """
        ...

    def has(self, cid: str) -> bool:
        """Whether all of the content is here, as far as can be told without reading it."""
        ...

    def pin(self, cid: str) -> None:
        """Protect the content from being collected; doing so twice is doing so once.

        Raises:
            NotFound: it is not here.
        """
        ...

    def unpin(self, cid: str) -> None:
        """Let the content be collected; no error when it was not pinned."""
        ...


def read_bytes(store: Store, cid: str, *, max_bytes: int) -> bytes:
    """Return the content of `cid`, of at most `max_bytes`; raises what `Store.get` raises."""
    sink = BytesIO()
    store.get(cid, sink, max_bytes=max_bytes)
    return sink.getvalue()


def put_json(store: Store, value: object) -> str:
    """Keep `value` as canonical JSON and return its CID: equal values have equal CIDs.

    Raises:
        InvalidInput: it holds a float or anything else that has no canonical form.
        StorageError: there is no room.
    """
    return store.put(encode_json(value))


def read_json(store: Store, cid: str, *, max_bytes: int) -> Any:  # noqa: ANN401 - the caller takes it apart
    """Return the value of a canonical JSON document; raises what `Store.get` raises too.

    Raises:
        ProtocolError: it is not canonical JSON (spaces, order, a key twice, floats, NaN, too deep).
    """
    data = read_bytes(store, cid, max_bytes=max_bytes)
    try:
        return decode_json(data)
    except InvalidInput as error:
        msg = f"{cid} cannot be used: {error}"
        raise ProtocolError(msg) from error
