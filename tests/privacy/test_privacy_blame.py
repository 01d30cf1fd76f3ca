"""Who is blamed for what was computed, opened or said: whom both others know to have cheated, or nobody. GM-591."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from marketplace.privacy.sharing import counterproof, proofs
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import Shares
from tests.privacy.crooks import (
    everybody,
    play,
)


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
