"""How one party reaches the two others: ordered messages of a size both sides know, within a time limit.

A channel authenticates who sends, keeps messages in order and lets nobody read along; `LocalChannel` does so by
being inside one process, `tls.TlsChannel` by mutual TLS. A message starts with its number and its size, so that two
parties that are out of step find out at once. Sizes are capped: nobody can make a party allocate what it likes.
"""

from __future__ import annotations

import queue
import struct
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import PeerFailed
from marketplace.privacy.sharing.shares import PARTIES

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HEADER", "MAX_MESSAGE", "Channel", "LocalChannel", "check_header", "local_channels"]

MAX_MESSAGE: Final = 1 << 30
"""Bytes; the largest batch of a legal scoring stays far below it."""

HEADER: Final = struct.Struct("<QQ")
"""Number of the message between these two in this direction, and its size."""


class Channel(ABC):
    """A party's way to the others; used by one thread."""

    me: int

    @abstractmethod
    def send(self, to: int, data: memoryview) -> None:
        """Send bytes; may return before they have arrived. The buffer must not be changed afterwards."""

    @abstractmethod
    def receive(self, source: int, into: memoryview) -> None:
        """Fill a buffer with the next message, which must have exactly its size; raises PeerFailed naming the peer."""

    @abstractmethod
    def close(self) -> None:
        """Let go of everything; the others notice."""


def check_header(header: bytes, number: int, size: int, peer: int) -> None:
    """Raise PeerFailed unless a header announces this message."""
    found = HEADER.unpack(header)
    if found != (number, size):
        msg = (
            f"party {peer} sent message {found[0]} of {found[1]} bytes where message {number} of {size} was due: "
            "the parties do not run the same scoring, void it"
        )
        raise PeerFailed(msg, peer)


class LocalChannel(Channel):
    """Queues between threads of one process."""

    def __init__(self, me: int, queues: Sequence[Sequence[queue.Queue[bytes | None]]], timeout: float) -> None:
        self.me, self._queues, self._timeout = me, queues, timeout

    def send(self, to: int, data: memoryview) -> None:
        """Copy the message into the other's queue."""
        self._queues[self.me][to].put(bytes(data))

    def receive(self, source: int, into: memoryview) -> None:
        """Take the next message."""
        try:
            data = self._queues[source][self.me].get(timeout=self._timeout)
        except queue.Empty:
            msg = f"party {source} was silent for {self._timeout:g} s: void the round and have its seat drawn anew"
            raise PeerFailed(msg, source) from None
        if data is None:
            msg = f"party {source} left: void the round and have its seat drawn anew"
            raise PeerFailed(msg, source)
        if len(data) != len(into):
            check_header(HEADER.pack(0, len(data)), 0, len(into), source)
        into[:] = data

    def close(self) -> None:
        """Tell the others that nothing will follow."""
        for to in range(PARTIES):
            self._queues[self.me][to].put(None)


def local_channels(timeout: float = 60.0) -> tuple[LocalChannel, ...]:
    """Return connected channels for three threads."""
    queues: list[list[queue.Queue[bytes | None]]] = [[queue.Queue() for _ in range(PARTIES)] for _ in range(PARTIES)]
    return tuple(LocalChannel(me, queues, timeout) for me in range(PARTIES))
