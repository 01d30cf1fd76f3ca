"""The channel between machines: the registered party or nobody, everything within a time limit."""

from __future__ import annotations

import multiprocessing
import socket
import ssl
import threading
import time
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest

from marketplace.domain.errors import InvalidInput, PeerFailed
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.local import outcomes
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES, Shares, split
from marketplace.privacy.sharing.tls import Peer, TlsChannel, listen
from tests.privacy.tables import deal

PATIENCE = 4.0
"""Seconds that parties wait where somebody does not come: enough for handshakes on a busy machine."""


def meet(change=lambda peers, identities: None, timeout=60.0, absent=(), late=MappingProxyType({})):
    """Return what each of three parties got when it tried to meet the others: a channel or an error."""
    identities = [TlsIdentity.generate() for _ in range(PARTIES)]
    listeners = [listen() for _ in range(PARTIES)]
    peers = [Peer("127.0.0.1", s.getsockname()[1], i.fingerprint) for s, i in zip(listeners, identities, strict=True)]
    views = [list(peers) for _ in range(PARTIES)]
    change(views, identities)
    out: list[object] = [None] * PARTIES

    def run(me):
        time.sleep(late.get(me, 0))
        try:
            out[me] = TlsChannel(me, identities[me], listeners[me], views[me], timeout)
        except Exception as error:  # noqa: BLE001 - what is looked at
            out[me] = error

    threads = [threading.Thread(target=run, args=(me,)) for me in range(PARTIES) if me not in absent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for listener in listeners:
        listener.close()
    return out


def close(channels):
    """Hang up everywhere."""
    for channel in channels:
        if isinstance(channel, TlsChannel):
            channel.close()


def test_three_parties_compute_over_tls():
    """Messages of all sizes arrive whole and in order."""
    a = deal(np.arange(200_000))
    for opened in outcomes(lambda p: p.open(p.multiply(a(p), a(p))), 1, meet()):
        assert (np.arange(200_000) ** 2).tolist() == opened.tolist()


def test_another_certificate_is_refused():
    """Party 1 shows a certificate that nobody registered: the others refuse to speak to it, and say why."""

    def change(views, identities):
        identities[1] = TlsIdentity.generate()
        views[1][1] = replace(views[1][1], fingerprint=identities[1].fingerprint)

    results = meet(change, timeout=PATIENCE)
    for me in (0, 2):
        assert isinstance(results[me], PeerFailed)
        assert 1 == results[me].peer
        assert "another certificate" in str(results[me])
    assert isinstance(results[1], PeerFailed)


def test_the_stranger_is_named_and_not_who_left_because_of_it():
    """Party 2 looks for the others when 0 has met the stranger and left; it looks at both and names the stranger."""

    def change(views, identities):
        identities[1] = TlsIdentity.generate()
        views[1][1] = replace(views[1][1], fingerprint=identities[1].fingerprint)

    results = meet(change, timeout=PATIENCE, late={2: 1.0})
    assert 1 == results[2].peer
    assert "another certificate" in str(results[2])


def test_a_copied_certificate_without_its_key_is_refused():
    """Showing the registered certificate is not enough: the handshake proves the key. GM-557."""

    def change(views, identities):
        stranger = TlsIdentity.generate()
        identities[1] = TlsIdentity(identities[1].certificate, stranger._key)

    results = meet(change, timeout=PATIENCE)
    for me in (0, 2):
        assert isinstance(results[me], PeerFailed)
        assert 1 == results[me].peer


def test_strangers_do_not_keep_the_right_party_out():
    """Somebody who connects first and talks nonsense is dropped; the meeting goes on."""
    identities = [TlsIdentity.generate() for _ in range(PARTIES)]
    listeners = [listen() for _ in range(PARTIES)]
    stranger = socket.create_connection(listeners[0].getsockname())
    stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
    peers = [Peer("127.0.0.1", s.getsockname()[1], i.fingerprint) for s, i in zip(listeners, identities, strict=True)]
    found: list[TlsChannel] = []
    threads = [
        threading.Thread(target=lambda m=m: found.append(TlsChannel(m, identities[m], listeners[m], peers, 60)))
        for m in range(PARTIES)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stranger.close()
    assert {0, 1, 2} == {channel.me for channel in found}
    close(found)


def test_an_absent_party_is_named():
    """Who does not come within the time limit is named, and the wait ends. GM-558."""
    start = time.monotonic()
    results = meet(timeout=PATIENCE, absent=(2,))
    assert [2, 2] == [results[me].peer for me in (0, 1)]
    assert time.monotonic() - start < 10 * PATIENCE


def test_a_party_that_vanishes_is_named():
    """Who closes its connections in the middle is named by the one who waits for it."""
    channels = meet()
    channels[2].close()
    with pytest.raises(PeerFailed, match="party 2 left") as caught:
        channels[1].receive(2, memoryview(bytearray(8)))
    assert 2 == caught.value.peer
    close(channels)


def test_a_party_that_says_nothing_is_named():
    """Silence is an error after the time limit."""
    channels = meet()
    channels[1].timeout = 0.3
    with pytest.raises(PeerFailed, match="party 2 was silent") as caught:
        channels[1].receive(2, memoryview(bytearray(8)))
    assert 2 == caught.value.peer
    close(channels)


def test_parties_out_of_step_find_out():
    """A message of another size than the one due is an error, before a byte of it is read."""
    channels = meet()
    channels[0].send(1, memoryview(bytes(16)))
    with pytest.raises(PeerFailed, match="do not run the same"):
        channels[1].receive(0, memoryview(bytearray(8)))
    close(channels)


def test_huge_messages_are_refused():
    """Sizes are capped before anything is allocated or waited for."""
    channels = meet()

    class Huge(bytearray):
        def __len__(self):
            return 1 << 31

    with pytest.raises(InvalidInput, match="too large"):
        channels[1].receive(0, Huge())
    close(channels)


def test_a_party_must_be_who_it_registered():
    """A seat that starts with another certificate than it registered is told so at once."""
    identity, peers = TlsIdentity.generate(), [Peer("127.0.0.1", 1, bytes(32))] * PARTIES
    with listen() as listener, pytest.raises(InvalidInput, match="certificate"):
        TlsChannel(0, identity, listener, peers)


def test_identities_survive_writing_and_show_no_key():
    """What is written under a password is the same identity when read; a repr has no key in it."""
    identity = TlsIdentity.generate()
    again = TlsIdentity.from_bytes(*identity.to_bytes(b"secret"), b"secret")
    assert identity.fingerprint == again.fingerprint
    assert "key" not in repr(identity).replace("certificate", "")
    with pytest.raises(ValueError, match=r"."):
        TlsIdentity.from_bytes(*identity.to_bytes(b"secret"), b"wrong")


def test_only_the_newest_protocol_is_spoken():
    """No downgrade: TLS 1.3 and a certificate from both sides."""
    identity, other = TlsIdentity.generate(), TlsIdentity.generate()
    context = identity.context(other.certificate, server=True)
    assert ssl.TLSVersion.TLSv1_3 == context.minimum_version
    assert ssl.CERT_REQUIRED == context.verify_mode


def _seat(pipe, me):
    identity, listener = TlsIdentity.generate(), listen()
    pipe.send((identity.fingerprint, listener.getsockname()[1]))
    peers = [Peer("127.0.0.1", port, fingerprint) for fingerprint, port in pipe.recv()]
    channel = TlsChannel(me, identity, listener, peers, 60)
    party = Party.start(channel, bytes([me]) * 16, 1)
    shares = Shares(*pipe.recv())
    pipe.send(party.open(party.multiply(shares, shares)).tolist())
    channel.close()


def test_three_processes_compute_together():
    """Nothing is shared but the wire: three processes, mutual TLS."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(PARTIES)]
    seats = [context.Process(target=_seat, args=(pipes[me][1], me), daemon=True) for me in range(PARTIES)]
    for seat in seats:
        seat.start()
    met = [here.recv() for here, _ in pipes]
    components = split(np.array([3, -5]))
    for me, (here, _) in enumerate(pipes):
        here.send(met)
        here.send((components[me], components[(me + 1) % PARTIES]))
    assert [[9, 25]] * PARTIES == [here.recv() for here, _ in pipes]
    for seat in seats:
        seat.join()
