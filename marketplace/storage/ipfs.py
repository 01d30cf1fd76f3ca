"""A store in a node of the IPFS network, reached through its HTTP interface.

The same content has the same CID here as in the embedded store: this store computes it itself while the bytes stream
by, and holds the node to it. What it reads it checks block by block, so any node will do, also a stranger's.

Assumptions: nodes keep what they say they keep. Whether a pin survives a power cut is the node's affair; Kubo and
js-ipfs answer when the blocks are written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from types import TracebackType
from typing import Any, BinaryIO, Final, Self

from marketplace.domain.errors import CorruptContent, InvalidInput, NotFound, StorageError
from marketplace.storage.cid import CHUNK_BYTES, parse_cid, show_cid
from marketplace.storage.download import Blocks, Download
from marketplace.storage.reader import check_leaf, declared_bytes, walk
from marketplace.storage.sections import header_of, section_head
from marketplace.storage.streams import read_up_to
from marketplace.storage.unixfs import Builder, build
from marketplace.storage.wire import Body, Lost, Said, Silent, Wire

__all__ = ["IpfsStore"]

_ADD: Final = {
    "chunker": f"size-{CHUNK_BYTES}",
    "cid-base": "base32",
    "cid-version": "1",
    "hash": "sha2-256",
    "pin": "true",
    "raw-leaves": "true",
    "trickle": "false",
}
_MOST_ANSWER_BYTES: Final = 1 << 16
_MOST_LIST_BYTES: Final = 1 << 26
_LOCAL_SECONDS: Final = 2.0
"""How long a node may look for what it should have itself."""


class IpfsStore:
    """A `Store` in an IPFS node: Kubo, or js-ipfs. Threads may share it.

    Nothing is asked of the node before it is needed, so a node that is down does not keep anybody from starting.

    Args:
        url: `http://host:port`, with `user:password@` where the node wants them, or a multiaddr.
        timeout: the most seconds for connecting, and for answering to work (add, pin, import).
        patience: the most seconds the node may take to find a block, or for the next 256 KiB of a content.

    Raises:
        InvalidInput: `url` is no address.
        StorageError: the extra `ipfs` is not installed.
    """

    def __init__(self, url: str, *, timeout: tuple[float, float] = (5.0, 300.0), patience: float = 30.0) -> None:
        self._wire = Wire(url, timeout)
        self._patience = patience

    def __repr__(self) -> str:
        """Name the node, without its password."""
        return f"IpfsStore({self._wire.name!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connections; the store can be used again all the same."""
        self._wire.close()

    def version(self) -> str:
        """Return the version of the node; raises StorageError when it is out of reach, too old or too new."""
        return self._wire.version()

    def put(self, source: BinaryIO | bytes) -> str:
        """Keep the content, pinned, and return its CID; see `Store.put`. One request.

        Raises:
            StorageError: the node has no room, cannot be reached, or does not keep it under this name.
        """
        if isinstance(source, (bytes, bytearray, memoryview)):
            data = bytes(source)
            cid = show_cid(build(data, _nowhere))
            answer = self._work("add", _ADD, data)
        else:
            upload = _Upload(source)
            answer = self._wire.send("add", _ADD, upload.pieces(), most=_MOST_ANSWER_BYTES)
            cid = upload.cid()
        named = self._named(answer)
        if named != cid:
            self._rename(named, cid)
        return cid

    def get(self, cid: str, sink: BinaryIO, *, max_bytes: int) -> int:
        """Write the content to `sink`, every block checked before it is written; see `Store.get`.

        Raises:
            StorageError: beside what `Store.get` raises: the node cannot be reached or is too slow.
        """
        return self.get_rest(cid, sink, start=0, max_bytes=max_bytes)

    def get_rest(self, cid: str, sink: BinaryIO, *, start: int, max_bytes: int) -> int:
        """Write the content from byte `start` on, and return how many bytes the whole has; raises what `get` raises."""
        return Download(self._wire, cid, self._patience).run(sink, max_bytes, start)

    def has(self, cid: str) -> bool:
        """Whether the node has all of it: what it pinned is taken on its word, else every block is looked for."""
        root = parse_cid(cid)
        if self.is_pinned(cid):
            return True
        blocks = Blocks(self._wire, _LOCAL_SECONDS)
        try:
            for piece in walk(root, blocks.load, set()):
                if not piece.depth:
                    check_leaf(piece, self._length_of(piece.cid))
        except (NotFound, CorruptContent):
            return False
        return True

    def pin(self, cid: str) -> None:
        """Protect the content from being collected; the node fetches what it lacks of it. See `Store.pin`."""
        root = parse_cid(cid)
        # The root first, because its absence shows in seconds; to fetch all of it may take longer.
        blocks = self.blocks()
        blocks.load(root)
        try:
            self._work("pin/add", {"arg": cid})
        except Silent as error:
            raise blocks.missing(root) from error
        except Said as error:
            if "already pinned" not in error.said:
                raise

    def unpin(self, cid: str) -> None:
        """Let the content be collected; see `Store.unpin`."""
        parse_cid(cid)
        try:
            self._work("pin/rm", {"arg": cid})
        except Said as error:
            if "not pinned" not in error.said:
                raise

    def is_pinned(self, cid: str) -> bool:
        """Whether the content is pinned as a whole, by whomever."""
        parse_cid(cid)
        try:
            answer = self._work("pin/ls", {"arg": cid, "type": "recursive", "cid-base": "base32"})
        except Said as error:
            if "not pinned" in error.said:
                return False
            raise
        return cid in self._pins_in(answer)

    def pins(self) -> list[str]:
        """Return the CIDs of everything that is pinned as a whole and has a CID of ours, sorted."""
        opts = {"type": "recursive", "stream": "true", "cid-base": "base32"}
        answer = self._wire.ask("pin/ls", opts, most=_MOST_LIST_BYTES, seconds=self._wire.timeout[1])
        return sorted(filter(_is_ours, self._pins_in(answer)))

    def collect(self) -> None:
        """Let the node delete whatever nobody pinned."""
        self._wire.ask("repo/gc", most=_MOST_LIST_BYTES, seconds=self._wire.timeout[1])

    def blocks(self) -> Blocks:
        """Return what loads single blocks, each checked against its CID."""
        return Blocks(self._wire, self._patience)

    def size_of(self, cid: str) -> int:
        """Return how many bytes the content has, as its root declares; raises what `get` raises."""
        root, blocks = parse_cid(cid), self.blocks()
        declared = declared_bytes(root, blocks.load)
        return len(blocks.load(root)) if declared is None else declared

    @contextmanager
    def export_car(self, cid: str) -> Iterator[Body | None]:
        """Open what the node exports of a content as a CAR file, unchecked; None when it exports none."""
        with ExitStack() as stack:
            body = None
            with suppress(Said):
                body = stack.enter_context(
                    self._wire.stream("dag/export", {"arg": cid, "progress": "false"}, seconds=self._patience)
                )
            yield body

    def import_car(self, root: bytes, parts: Iterator[bytes]) -> bool:
        """Send a CAR file to the node and pin its root; returns False when the node does not take it.

        Raises:
            StorageError: the node cannot be reached; or what `parts` raises.
        """
        with suppress(Said):
            self._wire.send("dag/import", {"pin-roots": "true"}, parts, most=_MOST_LIST_BYTES)
            return self.is_pinned(show_cid(root))
        return False

    def _work(self, command: str, opts: Mapping[str, str], data: bytes | None = None) -> bytes:
        """Return the short answer to a command that makes the node work."""
        return self._wire.ask(command, opts, most=_MOST_ANSWER_BYTES, seconds=self._wire.timeout[1], data=data)

    def _length_of(self, leaf: bytes) -> int:
        try:
            answer = self._wire.ask(
                "block/stat",
                {"arg": show_cid(leaf), "timeout": f"{_LOCAL_SECONDS:g}s"},
                most=_MOST_ANSWER_BYTES,
                seconds=2 * _LOCAL_SECONDS,
            )
        except (Said, Silent) as error:
            msg = f"{show_cid(leaf)} is not in the IPFS node at {self._wire.name}: put it there again"
            raise NotFound(msg) from error
        size = self._lines(answer)[-1].get("Size")
        if not isinstance(size, int):
            raise self._unreadable()
        return size

    def _named(self, answer: bytes) -> str:
        """Return the CID under which the node says that it keeps what it was sent."""
        return str(self._lines(answer)[-1].get("Hash"))

    def _rename(self, named: str, cid: str) -> None:
        """Make a node that lays content out in its own way keep it in ours, too, out of the bytes it has already."""
        with self._wire.stream("cat", {"arg": named}, seconds=self._wire.timeout[1]) as body:
            kept = self.import_car(parse_cid(cid), _car(parse_cid(cid), iter(lambda: body.read(CHUNK_BYTES), b"")))
        if not kept:
            msg = (
                f"the IPFS node at {self._wire.name} does not keep content as `ipfs add --cid-version 1 --raw-leaves` "
                "names it: use Kubo or js-ipfs with their default layout"
            )
            raise StorageError(msg)
        with suppress(Said):
            self._work("pin/rm", {"arg": named})

    def _pins_in(self, answer: bytes) -> set[str]:
        found: set[str] = set()
        for line in self._lines(answer):
            keys = line.get("Keys")
            if isinstance(keys, dict):
                found.update(keys)
            elif isinstance(line.get("Cid"), str):
                found.add(line["Cid"])
        return found

    def _lines(self, answer: bytes) -> list[dict[str, Any]]:
        """Return the JSON objects of an answer, one a line; at least one, which may be empty."""
        try:
            lines = [json.loads(line) for line in answer.splitlines() if line.strip()] or [{}]
        except (ValueError, RecursionError):
            lines = [None]
        if not all(isinstance(line, dict) for line in lines):
            raise self._unreadable()
        return lines

    def _unreadable(self) -> Lost:
        return Lost(f"the IPFS node at {self._wire.name} gives an answer that cannot be read: check that it is one")


class _Upload:
    """A source that is named while it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._builder = Builder(_nowhere)

    def pieces(self) -> Iterator[bytes]:
        """Yield the content."""
        while chunk := read_up_to(self._source, CHUNK_BYTES):
            self._builder.leaf(chunk)
            yield chunk

    def cid(self) -> str:
        """Return the CID of what was yielded."""
        return show_cid(self._builder.root())


def _car(root: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield a CAR file of the content in `chunks`, whose CID is known to be `root`."""
    yield header_of(root)
    sections: list[bytes] = []
    builder = Builder(lambda cid, data: sections.append(section_head(cid, len(data)) + data))
    for chunk in chunks:
        builder.leaf(chunk)
        yield from sections
        sections.clear()
    builder.root()
    yield from sections


def _nowhere(cid: bytes, data: bytes) -> None:
    """Drop a block: only the name of the whole is wanted."""


def _is_ours(text: str) -> bool:
    try:
        parse_cid(text)
    except InvalidInput:
        return False
    return True
