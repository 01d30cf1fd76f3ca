"""A computation of three, one of whom does what it likes, and what has to hold for the two others at its end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from marketplace.domain.errors import GradMarketError
from marketplace.privacy.sharing.admission import check_consistent
from marketplace.privacy.sharing.channel import Channel, local_channels
from marketplace.privacy.sharing.hearing import Hearing, Verdict
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES, Shares
from tests.privacy.tables import deal

TIMEOUT = 2.0
REPETITIONS = 10
SECRET = np.arange(3)
NONCES, REPORT = 3, 4
EXPECTED = (SECRET**4).tobytes()
ENDINGS = 5
"""How often the parties ask each other in `work` whether somebody was caught."""


class Crooked(Channel):
    """A channel whose owner decides what becomes of what it sends.

    Args:
        channel: the honest one.
        message: (to, number of the message to it, data) -> what is sent, or None.
        notice: (to, notice) -> what is told, or None.
    """

    def __init__(self, channel: Channel, message=lambda to, n, data: data, notice=lambda to, said: said) -> None:
        self.channel, self.message, self.notice = channel, message, notice
        self.me, self.timeout, self.sent = channel.me, channel.timeout, [0] * PARTIES

    def send(self, to: int, data: memoryview) -> None:
        """Send what the owner makes of it."""
        said = self.message(to, self.sent[to], data)
        self.sent[to] += 1
        if said is not None:
            self.channel.send(to, memoryview(said))

    def receive(self, source: int, into: memoryview) -> None:
        """Receive as usual."""
        self.channel.receive(source, into)

    def tell(self, to: int, notice: bytes) -> None:
        """Tell what the owner makes of it."""
        said = self.notice(to, notice)
        if said is not None:
            self.channel.tell(to, said)

    def hear(self, source: int, deadline: float) -> bytes | None:
        """Hear as usual."""
        return self.channel.hear(source, deadline)

    def close(self) -> None:
        """Leave as usual."""
        self.channel.close()


@dataclass
class End:
    """What a party made of a computation."""

    verdict: Verdict
    result: bytes | None
    trouble: BaseException | None


def work(party: Party, shares: Shares) -> bytes:
    """Multiply, prove and open, twice."""
    check_consistent(party, shares)
    squares = party.multiply(shares, shares)
    party.open(squares)
    return party.open(party.multiply(squares, squares)).tobytes()


def take_part(channel: Channel, identity: TlsIdentity, certificates, shares, kind=Party) -> End:
    """Be one party, from the first message to the end of the hearing."""
    hearing = Hearing(channel, identity, certificates)
    result = trouble = None
    try:
        party = kind.start(channel, bytes([channel.me]) * 16, REPETITIONS)
        result = work(party, shares(party))
    except GradMarketError as error:
        trouble = error
    try:
        return End(hearing.hold(result, getattr(trouble, "known", None)), result, trouble)
    finally:
        channel.close()


def play(cheater: int, crook: Callable[[Channel], Channel], kind=Party, timeout=TIMEOUT) -> list[End]:
    """Have three parties compute, one of them over a crooked channel or as another kind of party."""
    identities = [TlsIdentity.generate() for _ in range(PARTIES)]
    certificates = {p: identity.certificate for p, identity in enumerate(identities)}
    shares, ends = deal(SECRET), {}
    channels: list[Channel] = list(local_channels(timeout))
    channels[cheater] = crook(channels[cheater])

    def run(me: int) -> None:
        ends[me] = take_part(channels[me], identities[me], certificates, shares, kind if me == cheater else Party)

    threads = [threading.Thread(target=run, args=(me,), daemon=True) for me in range(PARTIES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [ends[me] for me in range(PARTIES)]


def check(ends: list[End], cheater: int, *, named: bool | None = None, agreed: bool | None = None) -> None:
    """Check what has to hold for the two honest parties whatever the third does; and what this one leads to."""
    one, two = (end for me, end in enumerate(ends) if me != cheater)
    assert one.verdict == two.verdict
    verdict = one.verdict
    assert verdict.named in {None, cheater}
    assert bool(verdict.secret) == (verdict.named is not None)
    if verdict.agreed:
        assert (EXPECTED, EXPECTED, None) == (one.result, two.result, verdict.named)
    if named is not None:
        assert (cheater if named else None) == verdict.named
    if agreed is not None:
        assert agreed == verdict.agreed


def everybody(way: Callable[[int, int], list[End]], **expected: bool) -> None:
    """Play a way to cheat with every cheater and victim at once."""
    pairs = list(permutations(range(PARTIES), 2))
    with ThreadPoolExecutor(len(pairs)) as pool:
        for (cheater, _), ends in zip(pairs, pool.map(lambda pair: way(*pair), pairs), strict=True):
            check(ends, cheater, **expected)
