"""Content out of an IPFS node: every byte checked, taken up again where it broke off.

The nodes of the content come one by one, as blocks, and say which leaves follow. The leaves come as one stream
(`cat`), cut where the nodes say, and each is checked against its own CID before anybody sees it. When the stream
breaks, stalls or carries wrong bytes, another one is opened at the first byte that was not checked yet.
"""

from __future__ import annotations

from collections import OrderedDict
from contextlib import ExitStack
from typing import BinaryIO, Final

from marketplace.domain.errors import ContentTooLarge, CorruptContent, NotFound, StorageError
from marketplace.storage.cid import CHUNK_BYTES, is_raw, matches, parse_cid, show_cid
from marketplace.storage.reader import MAX_NODE_BYTES, Piece, check_leaf, declared_bytes, walk
from marketplace.storage.streams import write_all
from marketplace.storage.wire import Body, Lost, Said, Silent, Wire

__all__ = ["Blocks", "Download", "WrongBytes", "wrong_bytes"]

_NODES_KEPT: Final = 64
_TRIES: Final = 3
"""How often the same leaf is asked for before the node is given up."""

_GRACE_SECONDS: Final = 5.0
"""What a node that keeps its own time may be late."""


class WrongBytes(CorruptContent):
    """A node serves bytes that do not match the CID they were asked for by."""


class Blocks:
    """The blocks of a node, each checked; what was loaded last is remembered.

    Args:
        wire: the node.
        patience: seconds it may search the network for one block.
    """

    def __init__(self, wire: Wire, patience: float) -> None:
        self._wire = wire
        self._patience = patience
        self._nodes: OrderedDict[bytes, bytes] = OrderedDict()

    def load(self, cid: bytes) -> bytes:
        """Return a block.

        Raises:
            NotFound: the node has not got it, and nobody gives it to the node in time.
            WrongBytes: the node gives something else.
            StorageError: the node cannot be reached.
        """
        if cid in self._nodes:
            self._nodes.move_to_end(cid)
            return self._nodes[cid]
        most = CHUNK_BYTES if is_raw(cid) else MAX_NODE_BYTES
        try:
            # One byte more than there may be shows that there are more.
            data = self._wire.ask(
                "block/get",
                {"arg": show_cid(cid), "timeout": f"{self._patience:g}s"},
                most=most + 1,
                seconds=self._patience + _GRACE_SECONDS,
            )
        except (Said, Silent) as error:
            raise self.missing(cid) from error
        if not matches(cid, data):
            raise wrong_bytes(cid, self._wire)
        if not is_raw(cid):
            self._nodes[cid] = data
            if len(self._nodes) > _NODES_KEPT:
                self._nodes.popitem(last=False)
        return data

    def missing(self, cid: bytes) -> NotFound:
        """Return the error for a block that does not come."""
        return NotFound(
            f"{show_cid(cid)} is not to be had from the IPFS node at {self._wire.name}: "
            "ask whoever published it to serve it again"
        )


class Download:
    """One content on its way from a node into a sink.

    Args:
        wire: the node.
        cid: what to fetch.
        patience: seconds the node may take for each piece of it.

    Raises:
        InvalidInput: `cid` is no CID.
    """

    def __init__(self, wire: Wire, cid: str, patience: float) -> None:
        self._wire = wire
        self._cid = cid
        self._root = parse_cid(cid)
        self._patience = patience
        self._blocks = Blocks(wire, patience)
        self._stack = ExitStack()
        self._body: Body | None = None

    def run(self, sink: BinaryIO, max_bytes: int, start: int = 0) -> int:
        """Write the content from byte `start` on, and return how many bytes the whole of it has.

        Raises:
            ContentTooLarge: it has more than `max_bytes`; nothing was written.
            CorruptContent: the node gives wrong bytes, or the content is not laid out as this product does it.
            NotFound: all or part of it is not to be had.
            StorageError: the node cannot be reached, or fell silent.
        """
        if is_raw(self._root):
            return self._run_single(sink, max_bytes, start)
        size = declared_bytes(self._root, self._blocks.load) or 0
        if size > max_bytes:
            raise self._too_large(max_bytes)
        at = 0
        with self._stack:
            for piece in walk(self._root, self._blocks.load):
                if piece.depth:
                    continue
                length = piece.size or 0
                if at + length > start:
                    data = self._leaf(piece, at, length)
                    write_all(sink, data[max(0, start - at) :])
                at += length
        return at

    def _run_single(self, sink: BinaryIO, max_bytes: int, start: int) -> int:
        data = self._blocks.load(self._root)
        check_leaf(Piece(self._root, 0, None), len(data))
        if len(data) > max_bytes:
            raise self._too_large(max_bytes)
        write_all(sink, data[start:])
        return len(data)

    def _leaf(self, piece: Piece, at: int, length: int) -> bytes:
        """Return a leaf, checked; the stream stands behind it then."""
        failure: StorageError | NotFound = self._blocks.missing(piece.cid)
        for _ in range(_TRIES):
            try:
                data = self._open(at).read(length)
            except Silent:
                # It had its time, and a caller with other nodes wants to know.
                self._close()
                raise
            except (Said, Lost) as error:
                failure = error
            else:
                if matches(piece.cid, data):
                    return data
                failure = wrong_bytes(piece.cid, self._wire) if len(data) == length else self._broke_off()
            self._close()
        raise failure

    def _open(self, at: int) -> Body:
        if self._body is None:
            self._body = self._stack.enter_context(
                self._wire.stream("cat", {"arg": self._cid, "offset": str(at)}, seconds=self._patience)
            )
        return self._body

    def _close(self) -> None:
        self._body = None
        self._stack.close()

    def _broke_off(self) -> Lost:
        return Lost(f"the IPFS node at {self._wire.name} breaks off within {self._cid}: try again, or another node")

    def _too_large(self, max_bytes: int) -> ContentTooLarge:
        return ContentTooLarge(
            f"{self._cid} has more than the {max_bytes:,} bytes expected: do not use it, or raise the cap"
        )


def wrong_bytes(cid: bytes, wire: Wire) -> WrongBytes:
    """Return the error for bytes that do not match."""
    return WrongBytes(f"the IPFS node at {wire.name} gives wrong bytes for {show_cid(cid)}: use another node")
