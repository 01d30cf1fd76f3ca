"""Reading from and writing to streams that others opened: files, sockets, sealing pipes."""

from __future__ import annotations

from typing import BinaryIO

from marketplace.domain.errors import GradMarketError, InvalidInput, StorageError

__all__ = ["read_up_to", "write_all"]


def read_up_to(source: BinaryIO, size: int) -> bytes:
    """Return the next `size` bytes, however little the source gives at a time; less only at its end.

    Raises:
        InvalidInput: the source gives text.
        StorageError: it cannot be read.
    """
    data = _read(source, size)
    if len(data) in (0, size):
        return data
    parts, missing = [data], size - len(data)
    while missing and (part := _read(source, missing)):
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def write_all(sink: BinaryIO, data: bytes) -> int:
    """Write `data` and return its length.

    Raises:
        StorageError: the sink takes no more.
    """
    rest = data
    try:
        # Unbuffered sinks say how much they took; whoever says nothing took it all.
        while rest and (taken := sink.write(rest)) is not None:
            rest = rest[taken:]
    except GradMarketError:
        raise
    except OSError as error:
        msg = f"what was fetched cannot be written ({error.strerror or error}): free some space or choose another place"
        raise StorageError(msg) from error
    return len(data)


def _read(source: BinaryIO, limit: int) -> bytes:
    try:
        data = source.read(limit)
    except GradMarketError:
        raise
    except OSError as error:
        msg = f"what is to be stored cannot be read ({error.strerror or error}): check its file and try again"
        raise StorageError(msg) from error
    if not isinstance(data, bytes) or len(data) > limit:
        msg = "what is to be stored does not give bytes: open the file in binary mode"
        raise InvalidInput(msg)
    return data
