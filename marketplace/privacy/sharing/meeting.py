"""How three parties find each other before they compute: TLS connections in both directions, or who did not come.

Trust model: as `tls`. Everybody who connects gets a thread of its own, so that nobody keeps out one that is in time.
"""

from __future__ import annotations

import socket
import ssl
import struct
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from marketplace.domain.errors import PeerFailed
from marketplace.privacy.sharing.identity import MAX_CERTIFICATE, TlsIdentity, fingerprint_of
from marketplace.privacy.sharing.shares import PARTIES

__all__ = ["MESSAGES", "NOTICES", "VOID", "Meeting", "Met", "Peer", "exactly", "listen"]

MESSAGES: Final = 0
NOTICES: Final = 1
"""What a connection is for; whoever opens one says so by its number plus three times this."""

VOID: Final = "void the round and have its seat drawn anew"

_HELLO: Final = struct.Struct("<8sBH")
_MAGIC: Final = b"gradmpc2"
_READY: Final = b"\1"
_RETRY: Final = 0.05
_STRANGER: Final = 5.0
"""Seconds that somebody who connects has to prove who it is."""

_BUFFER: Final = 1 << 22
_KINDS: Final = (MESSAGES, NOTICES)


@dataclass(frozen=True)
class Peer:
    """Where a party is, and the fingerprint it registered; port 0 of one that told nothing, and is not waited for."""

    host: str
    port: int
    fingerprint: bytes


def listen(host: str = "127.0.0.1", port: int = 0) -> socket.socket:
    """Return a listening socket; its port goes into `Peer`."""
    return socket.create_server((host, port), backlog=8)


class _Known(IntEnum):
    """What speaks against a peer that was not met; the more, the surer it is that the fault is its own."""

    ABSENT = 0
    BROKE_OFF = 1
    STRANGER = 2


@dataclass
class Met:
    """Connections to and from those that came, by party and what they are for."""

    accepted: dict[tuple[int, int], ssl.SSLSocket] = field(default_factory=dict)
    opened: dict[tuple[int, int], ssl.SSLSocket] = field(default_factory=dict)
    certificates: dict[int, bytes] = field(default_factory=dict)
    absent: PeerFailed | None = None


class Meeting:
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
        self._met = Met()
        self._against = {p: (_Known.ABSENT, _absent(p, peers[p])) for p in self._others}
        self._over = False
        self._lock = threading.Lock()

    def hold(self, listener: socket.socket) -> Met:
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

    def _result(self) -> Met:
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
                self._hold_against(peer, _Known.BROKE_OFF, f"party {peer} broke off while connecting ({name}): {VOID}")
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
                self._hold_against(peer, _Known.BROKE_OFF, f"party {peer} did not finish the handshake: {VOID}")
            plain.close()

    def _hello(self, kind: int = MESSAGES) -> bytes:
        certificate = self._identity.certificate
        return _HELLO.pack(_MAGIC, self._me + PARTIES * kind, len(certificate)) + certificate

    @staticmethod
    def _tune(plain: socket.socket, deadline: float) -> None:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            plain.setsockopt(socket.SOL_SOCKET, option, _BUFFER)
        plain.settimeout(max(0.001, deadline - time.monotonic()))


def _read_hello(plain: socket.socket) -> tuple[int, int, bytes]:
    magic, index, size = _HELLO.unpack(exactly(plain, _HELLO.size))
    if magic != _MAGIC or index >= PARTIES * len(_KINDS) or size > MAX_CERTIFICATE:
        msg = "no greeting of a compute seat"
        raise ConnectionError(msg)
    return index % PARTIES, index // PARTIES, exactly(plain, size)


def exactly(plain: socket.socket, size: int) -> bytes:
    """Read so many bytes; raises OSError if they do not come."""
    out = b""
    while len(out) < size:
        part = plain.recv(size - len(out))
        if not part:
            msg = "closed while greeting"
            raise ConnectionError(msg)
        out += part
    return out


def _absent(peer: int, there: Peer) -> str:
    return f"party {peer} at {there.host}:{there.port} did not connect in time: {VOID}"


def _stranger(peer: int) -> str:
    return f"who speaks as party {peer} has another certificate than the registered one: ask its seat which is right"
