"""How a computation ends: the same for both honest parties, and neither of them is ever blamed.

Every way to cheat is played by every party against every other. What is checked of all: the two honest parties agree on
whether there is a result and on whom they name, and it is the cheater or nobody. GM-591.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from marketplace.privacy.sharing.channel import DONE, MAX_NOTICE, TROUBLE, Channel, local_channels
from marketplace.privacy.sharing.hearing import Verdict
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES
from tests.privacy.crooks import (
    ENDINGS,
    EXPECTED,
    NONCES,
    REPORT,
    SECRET,
    TIMEOUT,
    Crooked,
    check,
    everybody,
    play,
    take_part,
)
from tests.privacy.tables import deal


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
