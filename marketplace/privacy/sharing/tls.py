"""The channel between three machines: mutual TLS 1.3, certificates pinned by fingerprint, nothing without a time limit.

Every pair has two connections for messages, one for each direction: a party writes to those it opened and reads from
those it accepted, so that no connection is read and written at once and no two parties can wait for each other's
buffers. Two more are for notices, which must not wait behind messages.

Trust model: whoever does not hold the key of a registered certificate can neither read, speak nor replay, and is
refused without ending the wait for the right one. Certificates travel in the clear before the handshake, which
proves that the other side holds the key of the one it showed.

Raises PeerFailed, naming the peer, for everything a peer or the network can do wrong.
"""

from __future__ import annotations

import queue
import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from marketplace.domain.errors import InvalidInput, PeerFailed
from marketplace.privacy.sharing.channel import (
    DONE,
    HEADER,
    MAX_MESSAGE,
    MAX_NOTICE,
    TROUBLE,
    Channel,
    Inbox,
    check_header,
)
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.meeting import MESSAGES, NOTICES, VOID, Meeting, Peer, exactly, listen
from marketplace.privacy.sharing.shares import PARTIES

__all__ = ["Peer", "TlsChannel", "listen"]

_NOTICE: Final = struct.Struct("<H")


class TlsChannel(Channel):
    """Party `me` of `peers`, connected to the two others.

    Args:
        me: 0 to 2.
        identity: its certificate and key.
        listener: where the others reach it; closed once they have, or when it fails.
        peers: all three, in order.
        timeout: seconds within which the others must have connected, and then within which each message must arrive.
        most: seconds that the computation may take, from when all have met: a party that sends every message just in
            time must not keep the others from what they have to do next.
        whole: raise PeerFailed if somebody did not come. Otherwise `absent` is that error, and notices reach whoever
            came: the two that did have to tell each other.

    Attributes:
        certificates: of those that came.
        absent: what speaks against one of those that did not; None if all did.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - who meets whom, where, and for how long
        self,
        me: int,
        identity: TlsIdentity,
        listener: socket.socket,
        peers: Sequence[Peer],
        timeout: float = 60.0,
        most: float = float("inf"),
        whole: bool = True,  # noqa: FBT001, FBT002 - whether all have to come
    ) -> None:
        if len(peers) != PARTIES or not 0 <= me < PARTIES or peers[me].fingerprint != identity.fingerprint:
            msg = f"party {me} of {len(peers)} is not the one with this certificate: name all three parties in order"
            raise InvalidInput(msg)
        self.me, self.timeout = me, timeout
        self._numbers = {"in": [0] * PARTIES, "out": [0] * PARTIES}
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()
        with listener:
            met = Meeting(me, identity, peers, timeout, whole).hold(listener)
        self.absent, self.certificates = met.absent, met.certificates
        self._in = {peer: met.accepted[peer, MESSAGES] for peer in met.certificates}
        self._out = {peer: _Sender(peer, met.opened[peer, MESSAGES], timeout) for peer in met.certificates}
        self._tell = {peer: _Sender(peer, met.opened[peer, NOTICES], timeout) for peer in met.certificates}
        self._inbox, self._ended = Inbox(timeout, self._end_within), False
        self._heard = {peer: met.accepted[peer, NOTICES] for peer in met.certificates}
        if most < float("inf"):
            self._inbox.end_within(most)
        for peer, connection in self._heard.items():
            threading.Thread(target=_listen, args=(connection, peer, self._inbox), daemon=True).start()

    def send(self, to: int, data: memoryview) -> None:
        """Queue a message; a thread sends it."""
        header = HEADER.pack(self._numbers["out"][to], len(data))
        self._numbers["out"][to] += 1
        self._out[to].put(header, data)

    def receive(self, source: int, into: memoryview) -> None:
        """Fill the buffer with the next message."""
        if len(into) > MAX_MESSAGE:
            msg = f"a message of {len(into)} bytes is too large: score fewer rows at once"
            raise InvalidInput(msg)
        deadline = min(time.monotonic() + self.timeout, self._inbox.limit)
        header = bytearray(HEADER.size)
        _fill(self._in[source], memoryview(header), source, deadline)
        check_header(bytes(header), self._numbers["in"][source], len(into), source)
        self._numbers["in"][source] += 1
        _fill(self._in[source], into, source, deadline)

    def tell(self, to: int, notice: bytes) -> None:
        """Queue a notice."""
        self._ended |= notice[0] in {DONE, TROUBLE}
        if to in self._tell:
            with suppress(PeerFailed):
                self._tell[to].put(_NOTICE.pack(len(notice)), memoryview(notice))

    def hear(self, source: int, deadline: float) -> bytes | None:
        """Return the next notice that came in."""
        return self._inbox.next(source, deadline) if source in self._tell else None

    def close(self) -> None:
        """Send what is queued, then close every connection."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        if self._ended:  # nobody reads any more what is still queued
            for sender in self._out.values():
                sender.drop()
        for sender in (*self._out.values(), *self._tell.values()):
            sender.close()
        for connection in self._in.values():
            connection.close()
        for connection in self._heard.values():
            _hang_up(connection, socket.SHUT_RD)  # closed by the thread that reads it

    def _end_within(self, seconds: float) -> None:
        """Wake up, after so many seconds, whoever waits for a message."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            left = max(0.0, min(seconds, self._inbox.limit - time.monotonic()))
            self._timer = threading.Timer(left, self._end)
            self._timer.daemon = True
            self._timer.start()

    def _end(self) -> None:
        for connection in self._in.values():
            _hang_up(connection, socket.SHUT_RD)


def _hang_up(connection: ssl.SSLSocket, how: int) -> None:
    with suppress(OSError):
        socket.socket.shutdown(connection, how)  # below TLS: a thread may be using that


def _listen(connection: ssl.SSLSocket, peer: int, inbox: Inbox) -> None:
    """Collect the notices of one party, until it leaves or sends something else."""
    connection.settimeout(None)
    with connection, suppress(OSError):
        while True:
            (size,) = _NOTICE.unpack(exactly(connection, _NOTICE.size))
            if size > MAX_NOTICE:
                break
            inbox.put(peer, exactly(connection, size))
    inbox.put(peer, None)


class _Sender:
    """A connection that is only written to, by a thread of its own."""

    def __init__(self, peer: int, connection: ssl.SSLSocket, timeout: float) -> None:
        self._peer, self._connection, self._timeout = peer, connection, timeout
        self._queue: queue.Queue[bytes | memoryview | None] = queue.Queue()
        self._failed = False
        connection.settimeout(timeout)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, header: bytes, data: memoryview) -> None:
        if self._failed:
            raise PeerFailed(_gone(self._peer), self._peer)
        self._queue.put(header)
        self._queue.put(data)

    def drop(self) -> None:
        _hang_up(self._connection, socket.SHUT_RDWR)

    def close(self) -> None:
        self._queue.put(None)
        self._thread.join(self._timeout)
        self._connection.close()

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            try:
                self._connection.sendall(data)
            except OSError:
                self._failed = True  # said by the next call, in the thread of the caller
                return


def _fill(connection: ssl.SSLSocket, into: memoryview, peer: int, deadline: float) -> None:
    at, size, receive, clock = 0, len(into), connection.recv_into, time.monotonic
    connection.settimeout(max(0.001, deadline - clock()))
    while at < size:
        try:
            if clock() > deadline:  # bytes that trickle in are silence too
                raise TimeoutError  # noqa: TRY301 - one place says what silence means
            count = receive(into[at:])
        except TimeoutError:
            msg = f"party {peer} was silent for too long: {VOID}"
            raise PeerFailed(msg, peer) from None
        except OSError:
            count = 0
        if not count:
            raise PeerFailed(_gone(peer), peer)
        at += count


def _gone(peer: int) -> str:
    return f"party {peer} left: {VOID}"
