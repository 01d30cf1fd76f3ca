"""CAR: all blocks of one content in one file, to carry it between stores and IPFS nodes.

What `ipfs dag export` writes can be read here and the other way round. A file is as little trusted as any peer: every
block must match its CID and belong to the root, and the whole must be what the product itself would have built.

Source: https://ipld.io/specs/transport/car/carv1/
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from marketplace.domain.errors import (
    ContentTooLarge,
    CorruptContent,
    GradMarketError,
    InvalidInput,
    StorageError,
)
from marketplace.storage.batch import Batch
from marketplace.storage.cid import CHUNK_BYTES, CID_BYTES, matches, parse_cid, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.reader import check_leaf, walk
from marketplace.storage.varint import MAX_VARINT_BYTES, encode_varint

__all__ = ["export_car", "import_car"]

_BEFORE_ROOT = b"\xa2\x65roots\x81\xd8\x2a\x58" + bytes([CID_BYTES + 1]) + b"\x00"
_AFTER_ROOT = b"\x67version\x01"
"""dag-cbor of {"roots": [CID], "version": 1}, which has one spelling only."""

_HEADER_BYTES = len(_BEFORE_ROOT) + CID_BYTES + len(_AFTER_ROOT)
_MAX_SECTION = CID_BYTES + CHUNK_BYTES
_CUT = "a CAR file is cut off or damaged: export it again"


def export_car(store: FolderStore, cid: str, sink: BinaryIO) -> int:
    """Write the content as a CARv1 file, each block once and checked, and return how many bytes that were.

    Raises:
        NotFound, CorruptContent: what `Store.get` would raise; what was written until then is no whole CAR.
        StorageError: `sink` takes no more.
    """
    root = parse_cid(cid)
    written = _write(sink, _section(_BEFORE_ROOT + root + _AFTER_ROOT))
    for piece in walk(root, store.load, set()):
        data = store.load(piece.cid, root)
        if not piece.depth:
            check_leaf(piece, len(data))
        written += _write(sink, _section(piece.cid + data))
    return written


def import_car(store: FolderStore, source: BinaryIO, *, max_bytes: int) -> str:
    """Keep the content of a CARv1 file with one root, pinned, and return its CID; all of it or nothing.

    Args:
        store: where it goes.
        source: the file, read to its end.
        max_bytes: the most bytes the file may have.

    Raises:
        ContentTooLarge: the file has more than `max_bytes`.
        CorruptContent: it is cut off or damaged, holds blocks its root does not name, or lacks some.
        InvalidInput: it is no CARv1 file of one content.
        StorageError: there is no room, or the file cannot be read.
    """
    reader = _Reader(source, max_bytes)
    root = _root(reader.section(_HEADER_BYTES) or b"")
    with store.batch() as batch:
        sizes: dict[bytes, int] = {}
        for cid, data in _blocks(reader):
            batch.add(cid, data)
            sizes[cid] = len(data)
        _check_whole(root, batch, sizes)
        return batch.commit(root)


def _check_whole(root: bytes, batch: Batch, sizes: dict[bytes, int]) -> None:
    def size_of(cid: bytes) -> int:
        if cid not in sizes:
            msg = f"a CAR file lacks block {show_cid(cid)} of {show_cid(root)}: export it again"
            raise CorruptContent(msg)
        return sizes[cid]

    def load(cid: bytes) -> bytes:
        size_of(cid)
        return batch.load(cid)

    needed = set()
    for piece in walk(root, load, set()):
        needed.add(piece.cid)
        if not piece.depth:
            check_leaf(piece, size_of(piece.cid))
    if foreign := sizes.keys() - needed:
        msg = f"a CAR file holds block {show_cid(min(foreign))}, which its root does not name: export it again"
        raise CorruptContent(msg)


def _blocks(reader: _Reader) -> Iterator[tuple[bytes, bytes]]:
    while (section := reader.section(_MAX_SECTION)) is not None:
        cid, data = section[:CID_BYTES], section[CID_BYTES:]
        parse_cid(show_cid(cid))
        if not matches(cid, data):
            msg = f"block {show_cid(cid)} of a CAR file does not match its CID: export it again"
            raise CorruptContent(msg)
        yield cid, data


def _root(header: bytes) -> bytes:
    root = header[len(_BEFORE_ROOT) : -len(_AFTER_ROOT)]
    if _BEFORE_ROOT + root + _AFTER_ROOT != header or len(root) != CID_BYTES:
        msg = "not a CARv1 file of one content: export it with `ipfs dag export` or this product"
        raise InvalidInput(msg)
    parse_cid(show_cid(root))
    return root


def _section(data: bytes) -> bytes:
    return encode_varint(len(data)) + data


class _Reader:
    """Reads the sections of a file, never more than the cap."""

    def __init__(self, source: BinaryIO, max_bytes: int) -> None:
        self._source = source
        self._left = max_bytes
        self._cap = max_bytes

    def section(self, limit: int) -> bytes | None:
        """Return the next section; None at the end of the file."""
        length = self._length()
        if length is None:
            return None
        if length > limit:
            raise CorruptContent(_CUT)
        return self._exactly(length)

    def _length(self) -> int | None:
        value = 0
        for i in range(MAX_VARINT_BYTES):
            byte = self._read(1)
            if not byte and not i:
                return None
            if not byte:
                break
            value |= (byte[0] & 0x7F) << (7 * i)
            if byte[0] < 0x80:  # noqa: PLR2004 - the last byte has its top bit clear
                return value
        raise CorruptContent(_CUT)

    def _exactly(self, length: int) -> bytes:
        parts, missing = [], length
        while missing:
            part = self._read(missing)
            if not part:
                raise CorruptContent(_CUT)
            parts.append(part)
            missing -= len(part)
        return b"".join(parts)

    def _read(self, size: int) -> bytes:
        try:
            data = self._source.read(size)
        except GradMarketError:
            raise
        except OSError as error:
            msg = f"a CAR file cannot be read ({error.strerror or error}): check the file and try again"
            raise StorageError(msg) from error
        self._left -= len(data)
        if self._left < 0:
            msg = f"a CAR file has more than the {self._cap:,} bytes expected: do not use it, or raise the cap"
            raise ContentTooLarge(msg)
        return data


def _write(sink: BinaryIO, data: bytes) -> int:
    try:
        sink.write(data)
    except GradMarketError:
        raise
    except OSError as error:
        msg = f"a CAR file cannot be written ({error.strerror or error}): free some space or choose another place"
        raise StorageError(msg) from error
    return len(data)
