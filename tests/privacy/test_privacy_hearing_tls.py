"""The end of a computation between machines: notices have connections of their own, and two meet without the third."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from marketplace.privacy.sharing.channel import Channel
from marketplace.privacy.sharing.hearing import Hearing, Verdict
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.shares import PARTIES
from marketplace.privacy.sharing.tls import Peer, TlsChannel, listen
from tests.privacy.crooks import (
    NONCES,
    SECRET,
    Crooked,
    End,
    check,
    take_part,
)
from tests.privacy.tables import deal


# ---------------------------------------------------------------------- over TLS
def over_tls(
    crook: dict[int, Callable[[Channel], Channel]], refuse=frozenset(), timeout=4.0, absent=()
) -> dict[int, End]:
    """Have three parties meet and compute over TLS; `refuse` are pairs (cheater, whom it does not connect to)."""
    identities = [TlsIdentity.generate() for _ in range(PARTIES)]
    listeners = [listen() for _ in range(PARTIES)]
    peers = [Peer("127.0.0.1", s.getsockname()[1], i.fingerprint) for s, i in zip(listeners, identities, strict=True)]
    shares, ends = deal(SECRET), {}

    def run(me: int) -> None:
        known = [Peer("", 0, bytes(32)) if (me, p) in refuse else peer for p, peer in enumerate(peers)]
        channel = TlsChannel(me, identities[me], listeners[me], known, timeout, whole=False)
        crooked = crook.get(me, lambda c: c)(channel)
        if channel.absent is None:
            ends[me] = take_part(crooked, identities[me], channel.certificates, shares)
            return
        hearing = Hearing(crooked, identities[me], channel.certificates)
        ends[me] = End(hearing.hold(None), None, channel.absent)
        crooked.close()

    threads = [threading.Thread(target=run, args=(me,)) for me in range(PARTIES) if me not in absent]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for listener in listeners:
        listener.close()
    return ends


def test_three_parties_agree_over_tls():
    """Notices have connections of their own."""
    assert [Verdict(agreed=True)] * PARTIES == [end.verdict for _, end in sorted(over_tls({}).items())]


@pytest.mark.parametrize("cheater", range(PARTIES))
def test_silence_towards_one_over_tls_gets_nobody_blamed(cheater):
    """The victim is woken up, or ends after its time, and in both cases the third waits for what it says."""
    victim = (cheater + 1) % PARTIES
    ends = over_tls({cheater: lambda c: Crooked(c, lambda to, n, d: None if to == victim and n >= 3 else d)})
    check([ends[me] for me in range(PARTIES)], cheater, named=False, agreed=False)


@pytest.mark.parametrize("cheater", range(PARTIES))
def test_who_connects_to_one_alone_gets_nobody_blamed(cheater):
    """Its victim has met the third, and stays to say what it has not seen."""
    victim = (cheater + 1) % PARTIES
    ends = over_tls({}, refuse={(cheater, victim)})
    check([ends[me] for me in range(PARTIES)], cheater, named=False, agreed=False)


def test_who_does_not_come_is_named_by_both():
    """The two that came have met, and each says that it saw nobody else. GM-558."""
    ends = over_tls({}, absent=(1,))
    assert 1 == ends[0].verdict.named
    assert ends[0].verdict == ends[2].verdict


def test_who_is_silent_towards_both_over_tls_is_named():
    """Nothing comes from it on either way."""
    ends = over_tls({2: lambda c: Crooked(c, lambda *_: None, lambda _, s: s if s[0] == NONCES else None)})
    check([ends[me] for me in range(PARTIES)], 2, named=True, agreed=False)
