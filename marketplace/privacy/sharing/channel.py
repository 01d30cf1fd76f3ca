"""How one party reaches the two others: ordered messages of a size both sides know, within a time limit.

A channel authenticates who sends, keeps messages in order and lets nobody read along; `LocalChannel` does so by
being inside one process, `tls.TlsChannel` by mutual TLS. A message starts with its number and its size, so that two
parties that are out of step find out at once. Sizes are capped: nobody can make a party allocate what it likes.

Beside the messages of the computation there are notices, see `hearing`: a few bytes on a way of their own, so that they
arrive however much of the computation lies in between. Once another party says that it has ended, what it still had to
send is on its way, and a party waits for messages only so much longer.
"""

from __future__ import annotations

import queue
import struct
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import PeerFailed
from marketplace.privacy.sharing.shares import PARTIES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = [
    "DONE",
    "HEADER",
    "MAX_MESSAGE",
    "MAX_NOTICE",
    "TROUBLE",
    "Channel",
    "Inbox",
    "LocalChannel",
    "check_header",
    "local_channels",
]

MAX_MESSAGE: Final = 1 << 30
"""Bytes; the largest batch of a legal scoring stays far below it."""

HEADER: Final = struct.Struct("<QQ")
"""Number of the message between these two in this direction, and its size."""

MAX_NOTICE: Final = 1 << 10
"""Bytes of a notice; the longest one carries two signatures."""

DONE: Final = 1
TROUBLE: Final = 2
"""First byte of a notice that says that its sender has ended its part of the computation: with a result, or without."""

_MOST_NOTICES: Final = 8
_PATIENCE_WITH: Final = {DONE: 1 / 2, TROUBLE: 1 / 8}
_GLANCE: Final = 0.05


class Inbox:
    """Notices from the others, in order, and until when messages of the computation are worth waiting for.

    Args:
        timeout: seconds within which a message must arrive.
        told: called with the seconds that are left, whenever messages have only so much more time; by any thread.

    Attributes:
        limit: monotonic time after which it is too late for messages.
    """

    def __init__(self, timeout: float, told: Callable[[float], None] = lambda _: None) -> None:
        self._timeout, self._told = timeout, told
        self._queues: list[queue.Queue[bytes | None]] = [queue.Queue() for _ in range(PARTIES)]
        self._left = [False] * PARTIES
        self.limit = float("inf")

    def put(self, source: int, notice: bytes | None) -> None:
        """Take a notice, or None from somebody who will send no more."""
        waiting = self._queues[source]
        if notice is not None and (len(notice) > MAX_NOTICE or waiting.qsize() >= _MOST_NOTICES):
            return  # nobody who keeps to the protocol says so much
        waiting.put(notice)
        share = _PATIENCE_WITH.get(notice[0]) if notice else None
        if share is not None:
            self.end_within(share * self._timeout)

    def end_within(self, seconds: float) -> None:
        """Give messages of the computation so much more time, at most."""
        self.limit = min(self.limit, time.monotonic() + seconds)
        self._told(seconds)

    def next(self, source: int, deadline: float) -> bytes | None:
        """Return the next notice of a party; None if it left or says nothing before the monotonic `deadline`."""
        if self._left[source]:
            return None
        try:
            notice = self._queues[source].get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            return None
        self._left[source] = notice is None
        return notice


class Channel(ABC):
    """A party's way to the others; used by one thread."""

    me: int
    timeout: float
    """Seconds within which a message must arrive."""

    @abstractmethod
    def send(self, to: int, data: memoryview) -> None:
        """Send bytes; may return before they have arrived. The buffer must not be changed afterwards."""

    @abstractmethod
    def receive(self, source: int, into: memoryview) -> None:
        """Fill a buffer with the next message, which must have exactly its size; raises PeerFailed naming the peer."""

    @abstractmethod
    def tell(self, to: int, notice: bytes) -> None:
        """Send a notice; does nothing if the other is not there, or no more."""

    @abstractmethod
    def hear(self, source: int, deadline: float) -> bytes | None:
        """Return the next notice; None if the other is not there, or says nothing before the monotonic `deadline`."""

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

    def __init__(
        self, me: int, queues: Sequence[Sequence[queue.Queue[bytes | None]]], inboxes: Sequence[Inbox], timeout: float
    ) -> None:
        self.me, self._queues, self._inboxes, self.timeout = me, queues, inboxes, timeout

    def send(self, to: int, data: memoryview) -> None:
        """Copy the message into the other's queue."""
        self._queues[self.me][to].put(bytes(data))

    def receive(self, source: int, into: memoryview) -> None:
        """Take the next message."""
        data = self._next(source)
        if data is None:
            msg = f"party {source} left: void the round and have its seat drawn anew"
            raise PeerFailed(msg, source)
        if len(data) != len(into):
            check_header(HEADER.pack(0, len(data)), 0, len(into), source)
        into[:] = data

    def _next(self, source: int) -> bytes | None:
        deadline, inbox = time.monotonic() + self.timeout, self._inboxes[self.me]
        while (left := min(deadline, inbox.limit) - time.monotonic()) > 0:
            try:
                return self._queues[source][self.me].get(timeout=min(left, _GLANCE))
            except queue.Empty:
                continue
        msg = f"party {source} was silent for {self.timeout:g} s: void the round and have its seat drawn anew"
        raise PeerFailed(msg, source)

    def tell(self, to: int, notice: bytes) -> None:
        """Put a notice into the other's inbox."""
        self._inboxes[to].put(self.me, notice)

    def hear(self, source: int, deadline: float) -> bytes | None:
        """Take the next notice."""
        return self._inboxes[self.me].next(source, deadline)

    def close(self) -> None:
        """Tell the others that nothing will follow."""
        for to in range(PARTIES):
            self._queues[self.me][to].put(None)
            self._inboxes[to].put(self.me, None)


def local_channels(timeout: float = 60.0) -> tuple[LocalChannel, ...]:
    """Return connected channels for three threads."""
    queues: list[list[queue.Queue[bytes | None]]] = [[queue.Queue() for _ in range(PARTIES)] for _ in range(PARTIES)]
    inboxes = [Inbox(timeout) for _ in range(PARTIES)]
    return tuple(LocalChannel(me, queues, inboxes, timeout) for me in range(PARTIES))
