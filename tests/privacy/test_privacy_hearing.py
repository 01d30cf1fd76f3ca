"""How a computation ends: the same for both honest parties, and neither of them is ever blamed.

Every way to cheat is played by every party against every other. What is checked of all: the two honest parties agree on
whether there is a result and on whom they name, and it is the cheater or nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import pytest

from marketplace.domain.errors import GradMarketError
from marketplace.privacy.sharing import counterproof, proofs
from marketplace.privacy.sharing.admission import check_consistent
from marketplace.privacy.sharing.channel import DONE, MAX_NOTICE, TROUBLE, Channel, local_channels
from marketplace.privacy.sharing.hearing import Hearing, Verdict
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES, Shares
from marketplace.privacy.sharing.tls import Peer, TlsChannel, listen
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


# ---------------------------------------------------------------------- honest
def test_honest_parties_agree_on_the_result():
    """Nobody is absent, nothing is named, and there is one result."""
    ends = play(0, lambda channel: channel)
    assert [Verdict(agreed=True)] * PARTIES == [end.verdict for end in ends]
    assert [EXPECTED] * PARTIES == [end.result for end in ends]


# ---------------------------------------------------------------------- silence
@pytest.mark.parametrize("after", [0, 1, 4])
def test_a_party_that_is_silent_towards_one_gets_nobody_blamed(after):
    """Its victim waits for it, the third for the victim: to the third the victim would seem to be the silent one."""

    def way(cheater, victim):
        return play(cheater, lambda c: Crooked(c, lambda to, n, d: None if to == victim and n >= after else d))

    everybody(way, named=False, agreed=False)


def test_a_party_that_keeps_notices_from_one_too_gets_nobody_blamed():
    """The third heard it, and says so: it may be that the victim lies."""

    def way(cheater, victim):
        quiet = {
            "message": lambda to, n, d: None if to == victim and n >= 2 else d,
            "notice": lambda to, said: None if to == victim else said,
        }
        return play(cheater, lambda c: Crooked(c, **quiet))

    everybody(way, named=False, agreed=False)


@pytest.mark.parametrize("after", [0, 3])
def test_a_party_that_is_silent_towards_both_is_named_by_both(after):
    """Neither heard it, and each told the other. GM-558."""

    def way(cheater, _):
        return play(
            cheater,
            lambda c: Crooked(
                c, lambda _, n, d: None if n >= after else d, lambda _, said: said if said[0] == 3 else None
            ),
        )

    everybody(way, named=True, agreed=False)


def leaving(channel: Channel, to: int) -> None:
    """Hang up on one of the others alone."""
    channel._queues[channel.me][to].put(None)
    channel._inboxes[to].put(channel.me, None)


@pytest.mark.parametrize("whom", ["one", "both"])
def test_a_party_that_leaves_early_is_named_if_it_leaves_both(whom):
    """Who leaves one goes on to speak to the other; who leaves both has said nothing to either."""

    def way(cheater, victim):
        left = set()

        def message(to, n, data):
            if n >= 2 and (whom == "both" or to == victim):
                if to not in left:
                    leaving(crooked.channel, to)
                left.add(to)
            return None if to in left else data

        def notice(to, said):
            return None if to in left or (whom == "both" and said[0] != NONCES) else said

        def crook(channel):
            nonlocal crooked
            crooked = Crooked(channel, message, notice)
            return crooked

        crooked = None
        return play(cheater, crook)

    everybody(way, named=whom == "both", agreed=False)


def test_a_party_that_sends_garbage_to_one_gets_nobody_blamed():
    """A message of another size: the victim cannot show it to anybody."""

    def way(cheater, victim):
        return play(cheater, lambda c: Crooked(c, lambda to, n, d: b"garbage" if (to, n) == (victim, 2) else d))

    everybody(way, named=False, agreed=False)


def test_the_last_message_kept_from_one_leaves_neither_with_a_result():
    """Otherwise the one that has it and the cheater would make the same sheet, and the other one would pay for it."""

    def way(cheater, victim):
        agreed = []

        class Keeping(Party):
            """Keeps from one party that nobody was caught at the last opening."""

            def agree(self, blamed, what):
                agreed.append(what)
                super().agree(blamed, what)

        def message(to, _, data):
            return None if to == victim and len(agreed) == ENDINGS else data

        ends = play(cheater, lambda c: Crooked(c, message), Keeping)
        assert {None, EXPECTED} == {end.result for me, end in enumerate(ends) if me != cheater}
        return ends

    everybody(way, named=False, agreed=False)


# ---------------------------------------------------------------------- wrong components, and what is said of them
class Wrong(Party):
    """Computes every product wrong by one, and stands by it."""

    def _reshare(self, group, z, *rest):
        return super()._reshare(group, z + np.uint64(1), *rest)


class Denying(Party):
    """Sends something else of every product than it keeps, so that it says the receiver lies."""

    def pass_down(self, array, shape=None):
        """Send to the previous party."""
        return super().pass_down(array + np.uint64(array.dtype == np.uint64).astype(array.dtype), shape)


class TwoFaced(Party):
    """Opens another version of its component than the other holder's."""

    def open_words(self, x, *group):
        """Open."""
        return super().open_words(Shares(x.first + np.uint64(1), x.second), *group)


class Swapped(Party):
    """Says that the other holder of the updates' component has another one, to one party alone."""

    def agree(self, blamed, what):
        """Accuse towards the previous party, and not towards the next."""
        self.pass_down(np.array([1 << self.next], np.uint8))
        self.pass_up(np.array([0], np.uint8))
        super().agree(blamed, what)


def test_who_computes_something_wrong_and_stands_by_it_is_named_by_both():
    """The third knows from the proof, the receiver from the counterproof. GM-563."""
    everybody(lambda cheater, _: play(cheater, lambda c: c, Wrong), named=True, agreed=False)


@pytest.mark.parametrize("kind", [Denying, TwoFaced, Swapped])
def test_who_sends_or_opens_something_else_than_it_keeps_gets_nobody_blamed(kind):
    """It is noticed, and there is no result; who it was only one of the others knows, or neither."""
    everybody(lambda cheater, _: play(cheater, lambda c: c, kind), named=False, agreed=False)


class Lying(Party):
    """Marks the thread it runs on."""

    here = threading.local()

    def settle(self):
        """Prove."""
        self.here.lies = True
        super().settle()


def lies() -> bool:
    """Whether the party on this thread is the cheater."""
    return getattr(Lying.here, "lies", False)


def swapped_by_the_cheater(monkeypatch, module, name, other):
    """Have the cheater's party run something else than what a module calls `name`."""
    real = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *a, **b: other(real, *a, **b) if lies() else real(*a, **b))


@pytest.mark.parametrize("helping", ["honestly", "with lies", "not at all"])
def test_a_false_accusation_gets_nobody_but_the_accuser_blamed(monkeypatch, helping):
    """Both others know if it then helps as it should; if not, only the accused one, and the receiver blames nobody."""
    swapped_by_the_cheater(monkeypatch, proofs, "_check", lambda *_, **__: bytes(32))
    if helping == "with lies":
        swapped_by_the_cheater(
            monkeypatch, counterproof, "_answer", lambda real, *a, **b: [np.zeros_like(x) for x in real(*a, **b)]
        )
    if helping == "not at all":
        swapped_by_the_cheater(monkeypatch, counterproof, "_help", lambda *_: None)
    named = helping == "honestly"
    everybody(lambda cheater, _: play(cheater, lambda c: c, Lying), named=named, agreed=False)


@pytest.mark.parametrize("way", ["denies", "is silent", "changes its promise"])
def test_who_computes_something_wrong_and_does_not_stand_by_it_gets_nobody_else_blamed(monkeypatch, way):
    """The receiver cannot tell it from one that is accused falsely; a changed promise is another thing it stands by."""
    reshare = Party._reshare
    monkeypatch.setattr(Party, "_reshare", lambda s, g, z, *r: reshare(s, g, z + np.uint64(isinstance(s, Lying)), *r))
    if way == "denies":
        swapped_by_the_cheater(monkeypatch, counterproof, "_answer", lambda *_, **__: [np.zeros(1, np.uint8)])
    elif way == "is silent":
        swapped_by_the_cheater(monkeypatch, counterproof, "_prove", lambda *_: None)
    else:
        swapped_by_the_cheater(monkeypatch, counterproof, "_from_masks", lambda *_: bytes(32))
    named = way == "changes its promise"
    everybody(lambda cheater, _: play(cheater, lambda c: c, Lying), named=named, agreed=False)


def test_a_denied_accusation_gets_nobody_blamed(monkeypatch):
    """Who says that it does not know what the accuser got is told another story by the helper."""
    resolve = proofs._resolve

    def accusing(party, excuse, failed, tag):
        false = isinstance(party, Accuser)
        return resolve(party, excuse, (0, 1) if false else failed, bytes(32) if false else tag)

    class Accuser(Party):
        """Says of every proof that it failed."""

    monkeypatch.setattr(proofs, "_resolve", accusing)
    everybody(lambda cheater, _: play(cheater, lambda c: c, Accuser), named=False, agreed=False)


def test_a_helper_that_lies_about_what_it_received_gets_nobody_blamed(monkeypatch):
    """The sender tells another story than its helper; which one is right the accuser cannot know."""
    exchange = proofs._exchange

    def lying(party, claims, answer, **options):
        if isinstance(party, Forgetful):
            answer = [np.zeros_like(a) for a in answer]
        return exchange(party, claims, answer, **options)

    class Forgetful(Party):
        """Helps with zeros."""

    monkeypatch.setattr(proofs, "_exchange", lying)
    everybody(lambda cheater, _: play(cheater, lambda c: c, Forgetful), named=False, agreed=False)


# ---------------------------------------------------------------------- the hearing itself
def say(change: Callable[[int, bytes], bytes | None]):
    """Return a way to cheat in notices alone; `change` gets whether it is told to the victim, and the notice."""
    return lambda cheater, victim: play(
        cheater, lambda c: Crooked(c, notice=lambda to, said: change(to == victim, said))
    )


def test_done_to_one_and_trouble_to_the_other_counts_as_done_for_both():
    """The signature is passed on: whoever gave it once cannot take it back."""
    everybody(say(lambda victim, s: bytes([TROUBLE]) + s[1:33] if victim and s[0] == DONE else s), agreed=True)


def test_done_to_one_and_nothing_to_the_other_counts_as_done_for_both():
    """From the other's report the signature is as good as from its signer."""
    everybody(say(lambda victim, s: None if victim and s[0] in {DONE, REPORT} else s), agreed=True)


def test_nothing_to_both_is_named_however_the_computation_went():
    """The result counts for nobody, and both say who said nothing."""
    everybody(say(lambda _, s: s if s[0] == NONCES else None), agreed=False, named=True)


@pytest.mark.parametrize("forged", ["random", "cut", "empty", "long"])
def test_a_signature_that_fits_nothing_is_no_result(forged):
    """Not for the one that got it, nor for the other, and nobody is named: it did take part."""
    signature = {"random": b"\x30" * 70, "cut": None, "empty": b"", "long": b"\1" * 500}[forged]

    def change(_, said):
        return said if said[0] != DONE else said[:33] + (said[33:-1] if signature is None else signature)

    everybody(say(change), agreed=False)


def test_a_signature_of_another_computation_fits_nowhere():
    """It is of other nonces."""
    old: dict[int, bytes] = {}
    identities = [TlsIdentity.generate() for _ in range(PARTIES)]

    def once(cheater, replay):
        def notice(to, said):
            if said[0] == DONE:
                old.setdefault(to, said[33:])
                return said[:33] + old[to] if replay else said
            return said

        certificates = {p: i.certificate for p, i in enumerate(identities)}
        channels: list[Channel] = list(local_channels(TIMEOUT))
        channels[cheater] = Crooked(channels[cheater], notice=notice)
        shares, ends = deal(SECRET), {}

        def run(me):
            ends[me] = take_part(channels[me], identities[me], certificates, shares)

        threads = [threading.Thread(target=run, args=(me,)) for me in range(PARTIES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return [ends[me] for me in range(PARTIES)]

    check(once(1, replay=False), 1, agreed=True)
    check(once(1, replay=True), 1, agreed=False, named=False)


def test_two_nonces_lead_to_no_result_and_blame_nobody():
    """The honest parties sign different things, and say trouble or what does not fit."""
    everybody(say(lambda victim, s: bytes([NONCES]) + bytes(32) if victim and s[0] == NONCES else s), agreed=False)


def test_a_report_that_denies_having_heard_an_honest_party_names_nobody():
    """Each honest party heard the other itself."""
    everybody(say(lambda _, s: bytes([REPORT]) if s[0] == REPORT else s), agreed=True, named=False)


@pytest.mark.parametrize("said", [b"", b"\7", bytes([TROUBLE]), bytes([REPORT]), bytes(MAX_NOTICE + 1)])
def test_garbage_instead_of_a_statement_is_silence(said):
    """Who says nothing that means anything to either of the others took no part."""
    everybody(say(lambda _, s: s if s[0] == NONCES else said or None), agreed=False, named=True)


def test_two_that_are_named_together_share_a_secret_the_third_does_not_know():
    """So that it cannot say what they say, and be one of them. GM-564."""
    ends = play(2, lambda c: Crooked(c, notice=lambda _, s: s if s[0] == NONCES else None))
    one, two, third = (end.verdict for end in ends)
    assert one.secret == two.secret
    assert 32 == len(one.secret)
    assert third.secret != one.secret
    again = play(2, lambda c: Crooked(c, notice=lambda _, s: s if s[0] == NONCES else None))
    assert again[0].verdict.secret != one.secret


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
