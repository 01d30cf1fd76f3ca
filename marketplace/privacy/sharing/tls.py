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
from dataclasses import dataclass, field
from enum import IntEnum
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
from marketplace.privacy.sharing.identity import MAX_CERTIFICATE, TlsIdentity, fingerprint_of
from marketplace.privacy.sharing.shares import PARTIES

__all__ = ["Peer", "TlsChannel", "listen"]

_HELLO: Final = struct.Struct("<8sBH")
_MAGIC: Final = b"gradmpc2"
_READY: Final = b"\1"
_RETRY: Final = 0.05
_STRANGER: Final = 5.0
"""Seconds that somebody who connects has to prove who it is."""

_BUFFER: Final = 1 << 22
_NOTICE: Final = struct.Struct("<H")
_MESSAGES, _NOTICES = 0, 1  # what a connection is for; whoever opens one says so by its number plus three times this
_KINDS: Final = (_MESSAGES, _NOTICES)
_VOID: Final = "void the round and have its seat drawn anew"


@dataclass(frozen=True)
class Peer:
    """Where a party is, and the fingerprint it registered; port 0 of one that told nothing, and is not waited for."""

    host: str
    port: int
    fingerprint: bytes


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Return a listening socket; its port goes into `Peer`."""
    return socket.create_server((host, port), backlog=8)


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
            met = _Meeting(me, identity, peers, timeout, whole).hold(listener)
        self.absent, self.certificates = met.absent, met.certificates
        self._in = {peer: met.accepted[peer, _MESSAGES] for peer in met.certificates}
        self._out = {peer: _Sender(peer, met.opened[peer, _MESSAGES], timeout) for peer in met.certificates}
        self._tell = {peer: _Sender(peer, met.opened[peer, _NOTICES], timeout) for peer in met.certificates}
        self._inbox, self._ended = Inbox(timeout, self._end_within), False
        self._heard = {peer: met.accepted[peer, _NOTICES] for peer in met.certificates}
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
            (size,) = _NOTICE.unpack(_exactly(connection, _NOTICE.size))
            if size > MAX_NOTICE:
                break
            inbox.put(peer, _exactly(connection, size))
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


class _Known(IntEnum):
    """What speaks against a peer that was not met; the more, the surer it is that the fault is its own."""

    ABSENT = 0
    BROKE_OFF = 1
    STRANGER = 2


@dataclass
class _Met:
    """Connections to and from those that came, by party and what they are for."""

    accepted: dict[tuple[int, int], ssl.SSLSocket] = field(default_factory=dict)
    opened: dict[tuple[int, int], ssl.SSLSocket] = field(default_factory=dict)
    certificates: dict[int, bytes] = field(default_factory=dict)
    absent: PeerFailed | None = None


class _Meeting:
    """How three parties find each other, until a deadline.

    Both others are looked for at once, and whoever is most suspicious is blamed: a party that sees a wrong certificate
    leaves, and to the third that has not looked yet the one that left would seem to be the one at fault. Where those
    that came have to speak about the one that did not, nobody leaves before the time is up.
    """

    def __init__(
        self,
        me: int,
        identity: TlsIdentity,
        peers: Sequence[Peer],
        timeout: float,
        whole: bool,  # noqa: FBT001 - see `TlsChannel`
    ) -> None:
        self._me, self._identity, self._peers, self._whole = me, identity, peers, whole
        self._deadline = time.monotonic() + timeout
        self._others = [p for p in range(PARTIES) if p != me]
        self._expected = [p for p in self._others if peers[p].port]
        self._met = _Met()
        self._against = {p: (_Known.ABSENT, _absent(p, peers[p])) for p in self._others}
        self._over = False
        self._lock = threading.Lock()

    def hold(self, listener: socket.socket) -> _Met:
        """Return connections from and to each of the others; raises PeerFailed if not all are there in time."""
        tasks = [threading.Thread(target=self._accept, args=(listener,), daemon=True)]
        tasks += [
            threading.Thread(target=self._connect, args=(peer, kind), daemon=True)
            for peer in self._expected
            for kind in _KINDS
        ]
        for task in tasks:
            task.start()
        for task in tasks:
            # Who waits for an answer to its greeting would wait until the deadline, when nothing can come of it.
            while task.is_alive() and not self._over:
                task.join(_RETRY)
        with self._lock:
            self._over = True
            return self._result()

    def _result(self) -> _Met:
        met = self._met
        missing = [p for p in self._others if not self._complete(p)]
        met.certificates = {p: c for p, c in met.certificates.items() if p not in missing}
        gone = missing if not self._whole or not missing else self._others
        for table in (met.accepted, met.opened):
            for key in [key for key in table if key[0] in gone]:
                table.pop(key).close()
        if missing:
            peer = max(missing, key=lambda p: self._against[p][0])
            met.absent = PeerFailed(self._against[peer][1], peer)
            if self._whole:
                raise met.absent
        return met

    def _complete(self, peer: int) -> bool:
        return all((peer, kind) in table for table in (self._met.accepted, self._met.opened) for kind in _KINDS)

    def _keep(self, table: dict[tuple[int, int], ssl.SSLSocket], key: tuple[int, int], found: ssl.SSLSocket) -> None:
        with self._lock:
            if not self._over and key not in table:
                table[key] = found
                return
        found.close()

    def _hold_against(self, peer: int, known: _Known, reason: str) -> None:
        with self._lock:
            if known >= self._against[peer][0]:
                self._against[peer] = (known, reason)

    def _connect(self, peer: int, kind: int) -> None:
        """Open a connection to write to."""
        there = self._peers[peer]
        while not self._over and (left := self._deadline - time.monotonic()) > 0:
            try:
                plain = socket.create_connection((there.host, there.port), timeout=left)
            except OSError:
                time.sleep(_RETRY)
                continue
            try:
                self._keep(self._met.opened, (peer, kind), self._greet(plain, peer, kind))
            except PeerFailed as error:
                plain.close()
                self._hold_against(peer, _Known.STRANGER, str(error))
                self._over |= self._whole
                time.sleep(_RETRY)
            except OSError as error:
                plain.close()
                name = type(error).__name__
                self._hold_against(peer, _Known.BROKE_OFF, f"party {peer} broke off while connecting ({name}): {_VOID}")
                time.sleep(_RETRY)
            else:
                return

    def _greet(self, plain: socket.socket, peer: int, kind: int) -> ssl.SSLSocket:
        self._tune(plain, self._deadline)
        plain.sendall(self._hello(kind))
        index, _, certificate = _read_hello(plain)
        if index != peer or fingerprint_of(certificate) != self._peers[peer].fingerprint:
            raise PeerFailed(_stranger(peer), peer)
        context = self._identity.context(certificate, server=False)
        secure = context.wrap_socket(plain)
        # A client's handshake ends before the server has looked at its certificate: wait for the word that it did.
        if secure.recv(1) != _READY:
            msg = f"party {peer} refused this party's certificate: register the fingerprint of the one in use"
            raise PeerFailed(msg, peer)
        with self._lock:
            self._met.certificates[peer] = certificate
        return secure

    def _accept(self, listener: socket.socket) -> None:
        """Collect connections from each of the others to read from."""
        listener.settimeout(_RETRY)
        expected = len(self._expected) * len(_KINDS)
        while len(self._met.accepted) < expected and not self._over and time.monotonic() < self._deadline:
            try:
                plain, _ = listener.accept()
            except OSError:
                continue
            # On a thread of its own: whoever connects and says nothing must not keep out one that is in time.
            threading.Thread(target=self._admit, args=(plain,), daemon=True).start()

    def _admit(self, plain: socket.socket) -> None:
        """Keep a connection of one of the others; strangers are refused and forgotten."""
        peer = None
        try:
            self._tune(plain, min(self._deadline, time.monotonic() + _STRANGER))
            index, kind, certificate = _read_hello(plain)
            peer = index if index != self._me else None
            known = peer is not None and fingerprint_of(certificate) == self._peers[peer].fingerprint
            plain.sendall(self._hello())
            if peer is None or (peer, kind) in self._met.accepted or not known:
                if peer is not None:
                    self._hold_against(peer, _Known.STRANGER, _stranger(peer))
                plain.close()
                return
            secure = self._identity.context(certificate, server=True).wrap_socket(plain, server_side=True)
            secure.sendall(_READY)
            self._keep(self._met.accepted, (peer, kind), secure)
        except OSError:  # of the socket, of TLS, or nonsense instead of a greeting
            if peer is not None:  # it may be honest, and have left because it met a stranger
                self._hold_against(peer, _Known.BROKE_OFF, f"party {peer} did not finish the handshake: {_VOID}")
            plain.close()

    def _hello(self, kind: int = _MESSAGES) -> bytes:
        certificate = self._identity.certificate
        return _HELLO.pack(_MAGIC, self._me + PARTIES * kind, len(certificate)) + certificate

    @staticmethod
    def _tune(plain: socket.socket, deadline: float) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            plain.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        plain.settimeout(max(0.001, deadline - time.monotonic()))


def _read_hello(plain: socket.socket) -> tuple[int, int, bytes]:
    magic, index, size = _HELLO.unpack(_exactly(plain, _HELLO.size))
    if magic != _MAGIC or index >= PARTIES * len(_KINDS) or size > MAX_CERTIFICATE:
        msg = "no greeting of a compute seat"
        raise ConnectionError(msg)
    return index % PARTIES, index // PARTIES, _exactly(plain, size)


def _exactly(plain: socket.socket, size: int) -> bytes:
    out = b""
    while len(out) < size:
        part = plain.recv(size - len(out))
        if not part:
            msg = "closed while greeting"
            raise ConnectionError(msg)
        out += part
    return out


def _fill(connection: ssl.SSLSocket, into: memoryview, peer: int, deadline: float) -> None:
    at, size, receive, clock = 0, len(into), connection.recv_into, time.monotonic
    connection.settimeout(max(0.001, deadline - clock()))
    while at < size:
        try:
            if clock() > deadline:  # bytes that trickle in are silence too
                raise TimeoutError  # noqa: TRY301 - one place says what silence means
            count = receive(into[at:])
        except TimeoutError:
            msg = f"party {peer} was silent for too long: {_VOID}"
            raise PeerFailed(msg, peer) from None
        except OSError:
            count = 0
        if not count:
            raise PeerFailed(_gone(peer), peer)
        at += count


def _gone(peer: int) -> str:
    return f"party {peer} left: {_VOID}"


def _absent(peer: int, there: Peer) -> str:
    return f"party {peer} at {there.host}:{there.port} did not connect in time: {_VOID}"


def _stranger(peer: int) -> str:
    return f"who speaks as party {peer} has another certificate than the registered one: ask its seat which is right"
