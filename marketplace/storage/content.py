"""One content of the embedded store: an open CAR file, believed in nothing."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Self

from marketplace.domain.errors import CorruptContent
from marketplace.storage.cid import CID_BYTES, matches, show_cid
from marketplace.storage.sections import HEADER_BYTES, MAX_SECTION_BYTES, header_of
from marketplace.storage.varint import MAX_VARINT_BYTES, decode_varint

__all__ = ["Content"]


class Content:
    """The blocks of a content in a file, found by CID.

    The file stays open, so that deleting or replacing it meanwhile does not disturb a reader.

    Args:
        path: the CAR file.
        root: binary CID of the content it should hold.

    Raises:
        FileNotFoundError: there is no such file.
        CorruptContent: it is damaged where its blocks are found.
    """

    def __init__(self, path: Path, root: bytes) -> None:
        self._path = path
        self._root = root
        self._fd = os.open(path, os.O_RDONLY)
        try:
            self._index = self._find_blocks()
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._fd)

    def load(self, cid: bytes) -> bytes:
        """Return a block, checked against its CID.

        Raises:
            CorruptContent: it is damaged, or lacking.
        """
        at, length = self._find(cid)
        data = os.pread(self._fd, length, at)
        if not matches(cid, data):
            raise self._damaged(cid)
        return data

    def length_of(self, cid: bytes) -> int:
        """Return how many bytes a block has, without reading it.

        Raises:
            CorruptContent: it is lacking.
        """
        return self._find(cid)[1]

    def _find(self, cid: bytes) -> tuple[int, int]:
        try:
            return self._index[cid]
        except KeyError:
            raise self._damaged(cid) from None

    def _find_blocks(self) -> dict[bytes, tuple[int, int]]:
        """Return where each block starts and how long it is: as the file says, which `load` checks."""
        if os.pread(self._fd, HEADER_BYTES, 0) != header_of(self._root):
            raise self._damaged(self._root)
        index, at, end = {}, HEADER_BYTES, os.fstat(self._fd).st_size
        while at < end:
            head = os.pread(self._fd, MAX_VARINT_BYTES + CID_BYTES, at)
            try:
                length, start = decode_varint(head, 0)
            except ValueError:
                length, start = 0, 0
            if not CID_BYTES <= length <= min(MAX_SECTION_BYTES, end - at - start):
                raise self._damaged(self._root)
            index[head[start : start + CID_BYTES]] = (at + start + CID_BYTES, length - CID_BYTES)
            at += start + length
        return index

    def _damaged(self, cid: bytes) -> CorruptContent:
        return CorruptContent(
            f"block {show_cid(cid)} is damaged or lacking in {self._path}: "
            f"put {show_cid(self._root)} there again, or import its CAR file, which replaces it"
        )
