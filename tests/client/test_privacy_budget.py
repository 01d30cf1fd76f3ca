"""A holder's privacy budget: never exceeded, spent before anything leaves, not spent twice after a crash."""

from __future__ import annotations

import logging
import math
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from client.journal import FileJournal, MemoryJournal
from client.privacy import PrivacyLedger, PrivateTrainer
from client.service.training import FileTrainer, private_trainer
from client.settings import Settings
from client.training.accounting import epsilon_of
from client.training.private import RowPrivacy
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import BudgetSpent, InvalidInput, StorageError
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.update import Update
from marketplace.privacy.differential import Mechanism
from marketplace.sealing.identity import EncryptionIdentity
from tests.client.stage import SHAPE as STAGE_SHAPE
from tests.client.stage import Stage

SHAPE = Shape(4, 0, 2)
SCORING = ScoringTerms(SHAPE)
BOUNTY, OTHER = bytes(31) + b"\1", bytes(31) + b"\2"
DELTA = 1e-5
NOISE = Mechanism(100, Fraction(4))


def _task(round_=0):
    return SimpleNamespace(terms=SimpleNamespace(scoring=SCORING), round=round_)


def _update(seed=0):
    return Update.from_flat(np.random.default_rng(seed).integers(-90, 91, SHAPE.parameters), SHAPE)


def _trainer(journal, budget=100.0, *, bounty=BOUNTY, update=None, mechanism=NOISE):
    ledger = PrivacyLedger(journal, budget, DELTA)
    return PrivateTrainer(lambda _: update or _update(), mechanism, ledger, journal, bounty)


def _exact_delta(multiplier, epsilon):
    """Balle and Wang 2018, theorem 8: the delta of one Gaussian release, exactly."""
    shift = 1 / (2 * multiplier)
    return norm.cdf(shift - epsilon * multiplier) - math.exp(epsilon) * norm.cdf(-shift - epsilon * multiplier)


@pytest.mark.parametrize("multiplier", [0.3, 0.5, 1.0, 2.0, 10.0, 1000.0])
def test_epsilon_is_an_upper_bound_and_not_a_loose_one(multiplier):
    """The exact delta at that epsilon is below the promised one, and at 80 % of the epsilon above it."""
    epsilon = epsilon_of([multiplier], DELTA)
    assert _exact_delta(multiplier, epsilon) <= DELTA
    assert _exact_delta(multiplier, 0.8 * epsilon) > DELTA


def test_releases_add_up_as_their_squares_do():
    """Four releases with twice the noise give away as much as one."""
    assert math.isclose(epsilon_of([1.0], DELTA), epsilon_of([2.0] * 4, DELTA), rel_tol=1e-9)
    assert 0.0 == epsilon_of([], DELTA)


@pytest.mark.parametrize("delta", [0.0, 1.0, -1.0])
def test_a_delta_that_promises_nothing_is_refused(delta):
    """0 cannot be kept, 1 means nothing."""
    with pytest.raises(InvalidInput, match="delta"):
        epsilon_of([1.0], delta)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.floats(0.5, 20), min_size=1, max_size=12), st.floats(0.5, 20))
def test_the_budget_is_never_exceeded(multipliers, budget):
    """Law: whatever is asked for, what was spent stays within the budget, and a refusal writes nothing. GM-931."""
    ledger = PrivacyLedger(MemoryJournal(), budget, DELTA)
    for number, multiplier in enumerate(multipliers):
        before = ledger.spendings()
        try:
            ledger.spend(BOUNTY, number, number.to_bytes(32), multiplier)
        except BudgetSpent:
            assert before == ledger.spendings()
        assert ledger.epsilon() <= budget


def test_the_budget_is_of_the_home_and_not_of_a_bounty():
    """What one bounty spent is gone for the next."""
    journal = MemoryJournal()
    budget = epsilon_of([NOISE.multiplier], DELTA) * 1.1
    _trainer(journal, budget)(_task())
    with pytest.raises(BudgetSpent, match="more private update"):
        _trainer(journal, budget, bounty=OTHER)(_task())


def test_an_update_is_spent_before_anybody_gets_it(tmp_path):
    """The journal holds it when the noisy update exists, also for a process that reads it afresh. GM-931."""
    identity = EncryptionIdentity.generate()
    with FileJournal(tmp_path / "journal", identity) as journal:
        _trainer(journal)(_task(3))
    with FileJournal(tmp_path / "journal", identity) as journal:
        (spent,) = PrivacyLedger(journal, 100, DELTA).spendings()
    assert (BOUNTY.hex(), 3, NOISE.multiplier) == (spent.bounty, spent.round, spent.multiplier)
    assert spent.epsilon == epsilon_of([NOISE.multiplier], DELTA)


def test_a_journal_that_cannot_be_written_lets_nothing_out(monkeypatch):
    """A full disk is an error, not an update that is not accounted for."""
    journal = MemoryJournal()
    trainer = _trainer(journal)

    def full(*_):
        msg = "no space left"
        raise StorageError(msg)

    monkeypatch.setattr(journal, "put", full)
    with pytest.raises(StorageError):
        trainer(_task())


def test_the_same_update_after_a_crash_is_the_same_and_free():
    """Training again gives the same noise, so that two copies tell no more than one; the budget of one is enough."""
    journal = MemoryJournal()
    budget = epsilon_of([NOISE.multiplier], DELTA)
    assert _trainer(journal, budget)(_task()) == _trainer(journal, budget)(_task())
    assert 1 == len(PrivacyLedger(journal, budget, DELTA).spendings())


@pytest.mark.parametrize("change", ["update", "round", "bounty", "noise", "clip"])
def test_anything_else_gets_noise_of_its_own(change):
    """Another update, round, bounty or mechanism: were the noise the same, the difference would be free of it."""
    journal, round_ = MemoryJournal(), 0
    given = {"update": _update(), "bounty": BOUNTY, "mechanism": NOISE}
    first = _trainer(journal, **given)(_task(round_)).flat()
    match change:
        case "update":
            given["update"] = _update(1)
        case "bounty":
            given["bounty"] = OTHER
        case "noise":
            given["mechanism"] = Mechanism(100, Fraction(401, 100))
        case "clip":
            given["mechanism"] = Mechanism(101, Fraction(4))
        case _:
            round_ = 1
    second = _trainer(journal, **given)(_task(round_)).flat()
    assert 2 == len(PrivacyLedger(journal, 100, DELTA).spendings())
    assert (first != second).mean() > 0.5
    assert np.abs(first - second).max() > 200


def test_two_holders_with_the_same_update_have_other_noise():
    """It follows from a secret in the journal."""
    assert _trainer(MemoryJournal())(_task()) != _trainer(MemoryJournal())(_task())


def test_a_private_update_keeps_the_bounds():
    """However large the noise: bringing it back costs no privacy."""
    loud = _trainer(MemoryJournal(), mechanism=Mechanism(1 << 20, Fraction(3)))
    loud(_task()).check(SHAPE, SCORING.bounds)


def test_epsilon_is_said_before_the_update_is_returned(caplog):
    """One line with norm, noise, epsilon, budget and delta. GM-932."""
    with caplog.at_level(logging.INFO, "gradmarket"):
        _trainer(MemoryJournal())(_task(2))
    (said,) = caplog.messages
    assert f"epsilon {epsilon_of([2.0], DELTA):.2f} of 100 at delta 1e-05" in said
    assert "round 2" in said


def _from_settings(privacy):
    """Return what `[holder.privacy]` makes of a file of rows that nobody reads yet."""
    chain = {"network": "sepolia", "urls": ["https://node.example"]}
    made = Settings.make({"role": "holder", "chain": chain, "holder": {"privacy": privacy} if privacy else {}})
    return private_trainer(FileTrainer(Path("none"), made.holder), made.holder, MemoryJournal(), BOUNTY)


def test_settings_make_a_private_trainer():
    """Single rows are hidden unless the whole update is asked for; without the table updates are as trained."""
    table = {"clip": 900, "noise": 0.7, "budget": 8.0}
    rows = _from_settings(table | {"steps": 12, "rate": 0.25})
    assert RowPrivacy(900, Fraction(7, 10), 12, 0.25) == rows.privacy
    whole = _from_settings(table | {"unit": "update"})
    assert Mechanism(900, Fraction(7, 10)) == whole.mechanism
    assert (8.0, 1e-5) == (whole.ledger.budget, whole.ledger.delta)
    assert _from_settings(None) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"clip": 0},
        {"noise": 0},
        {"budget": 0},
        {"delta": 1},
        {"epsilon": 1},
        {"steps": 0},
        {"clip": 1.5, "unit": "update"},
    ],
)
def test_settings_that_protect_nothing_are_refused(wrong):
    """With the reason, and before anything is started. GM-908."""
    table = {"clip": 900, "noise": 0.7, "budget": 8.0} | wrong
    chain = {"network": "sepolia", "urls": ["https://node.example"]}
    with pytest.raises(InvalidInput, match=next(iter(wrong))):
        Settings.make({"role": "holder", "chain": chain, "holder": {"privacy": table}})


def test_a_refusal_in_a_round_costs_no_stake_and_no_privacy(tmp_path):
    """With a budget for one round of two, the second gets an update that changes nothing: the stake comes home.

    GM-931.
    """
    stage = Stage(tmp_path, rounds=2, honest=3)
    journal = MemoryJournal()
    made = []

    class Watched(PrivateTrainer):
        def __call__(self, task):
            made.append(super().__call__(task))
            return made[-1]

    holder = stage.add_holder("private", stage.honest_trainer(9))
    bounty = stage.post()
    budget = epsilon_of([2.0], DELTA) * 1.01
    holder.journal = journal
    holder.trainer = Watched(holder.trainer, NOISE, PrivacyLedger(journal, budget, DELTA), journal, bounty)
    stage.play(until=lambda b: b.phase is Phase.CLOSED)
    stage.play()
    stage.withdraw_all()
    assert 1 == len(made)
    assert made[0] != Update.zero(STAGE_SHAPE)
    assert any(isinstance(trouble, BudgetSpent) for trouble in holder.troubles)
    assert 1 == len(PrivacyLedger(journal, budget, DELTA).spendings())
    assert holder.account.token.balance() >= stage.terms.holder_stake
    assert 0 == stage.left_in_bounty()


def test_a_bounty_that_the_budget_does_not_cover_is_not_joined():
    """All rounds are counted before anything is locked; the refusal says what would help and spends nothing."""
    journal = MemoryJournal()
    trainer = _trainer(journal, epsilon_of([NOISE.multiplier] * 3, DELTA))
    assert trainer.check(3) <= trainer.ledger.budget
    with pytest.raises(BudgetSpent, match="add more noise"):
        trainer.check(4)
    assert [] == journal.names()
