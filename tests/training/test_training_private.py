"""Training that hides single rows: right gradients, a sensitivity that holds, noise that follows from all it hides."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from client.journal import MemoryJournal
from client.privacy import PrivacyLedger, RowTrainer
from client.training import private as engine
from client.training import starting_network, to_torch
from client.training.accounting import epsilon_of
from client.training.private import RowPrivacy, train_private
from marketplace.datasets import Rows
from marketplace.domain.errors import BudgetSpent, InvalidInput
from marketplace.domain.network import Scales, Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.privacy.randomness import RandomStream

SHAPES = [Shape(5, 4, 3), Shape(5, 0, 2)]
PRIVACY = RowPrivacy(1.0, Fraction(4), 6, 0.5)


def _rows(count=60, shape=SHAPES[0], seed=0):
    rng = np.random.default_rng(seed)
    return Rows(rng.normal(0, 1, (count, shape.inputs)), rng.integers(0, shape.classes, count))


def _layers(shape, seed=3):
    rng = np.random.default_rng(seed)
    return [rng.normal(0, 1, (out, inputs + 1)) for out, inputs in shape.layers]


def _train(rows, privacy=PRIVACY, key=bytes(32), shape=SHAPES[0]):
    scoring = ScoringTerms(shape)
    return train_private(
        starting_network(shape, Scales(), 1),
        rows,
        privacy,
        public_prior=[1] * shape.classes,
        prior_offset=0.6,
        bounds=scoring.bounds,
        stream=RandomStream(key),
    )


@pytest.mark.parametrize("shape", SHAPES)
def test_gradients_are_those_of_torch(shape):
    """Row by row, for one layer and for two, with logits that are shifted."""
    rows, layers, shift = _rows(7, shape), _layers(shape), np.linspace(-1, 1, shape.classes)
    found = engine._gradients(layers, rows.features, rows.labels, shift)
    module = to_torch(starting_network(shape, Scales(), 1), torch.float64)
    linears = [part for part in module if isinstance(part, torch.nn.Linear)]
    for linear, layer in zip(linears, layers, strict=True):
        linear.weight.data, linear.bias.data = (
            torch.from_numpy(layer[:, :-1].copy()),
            torch.from_numpy(layer[:, -1].copy()),
        )
    for i, row in enumerate(rows.features):
        module.zero_grad()
        logits = module(torch.from_numpy(row)[None]) + torch.from_numpy(shift)
        torch.nn.functional.cross_entropy(logits, torch.tensor([rows.labels[i]])).backward()
        expected = np.concatenate(
            [torch.cat([m.weight.grad, m.bias.grad[:, None]], 1).numpy().ravel() for m in linears]
        )
        assert np.abs(expected - found[i]).max() < 1e-12


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 59), st.integers(0, 10**6), st.floats(0.01, 10), st.sampled_from(SHAPES))
def test_another_row_changes_a_sum_by_at_most_twice_the_clip(place, seed, clip, shape):
    """Law: the sensitivity that the noise is made for holds in integers, whatever the other row is. GM-527."""
    rows, layers, shift = _rows(60, shape), _layers(shape), np.zeros(shape.classes)
    rng = np.random.default_rng(seed)
    features, labels = rows.features.copy(), rows.labels.copy()
    features[place], labels[place] = rng.normal(0, 10 ** rng.uniform(-2, 3), shape.inputs), rng.integers(shape.classes)
    one = engine._clipped_sum(layers, rows.features, rows.labels, shift, clip)
    other = engine._clipped_sum(layers, features, labels, shift, clip)
    change = (one - other).astype(object)
    assert int(change @ change) <= (2 * engine._UNIT) ** 2


def test_without_clip_and_noise_it_is_gradient_descent():
    """One step with a wide clip and hardly any noise moves against the mean gradient."""
    rows, shape = _rows(300), SHAPES[0]
    base = starting_network(shape, Scales(), 1)
    privacy = RowPrivacy(100.0, Fraction(1, 1 << 20), 1, 0.5)
    moved = train_private(
        base,
        rows,
        privacy,
        public_prior=[1] * 3,
        prior_offset=0.0,
        bounds=ScoringTerms(shape).bounds,
        stream=RandomStream(bytes(32)),
    )
    module = to_torch(base, torch.float64)
    inputs = torch.from_numpy(np.clip(np.rint(rows.features * 24), -127, 127) / 24)
    torch.nn.functional.cross_entropy(module(inputs), torch.from_numpy(rows.labels)).backward()
    expected = np.concatenate([p.grad.numpy().ravel() for p in module.parameters()]) * -0.5 * 1024
    assert np.abs(moved.flat() - expected).max() < 2


def test_all_steps_cost_what_they_cost_one_by_one():
    """The counts of the classes and six steps are seven releases."""
    assert math.isclose(epsilon_of([2.0] * 7, 1e-5), epsilon_of([PRIVACY.multiplier], 1e-5), rel_tol=1e-9)


def test_the_noise_of_counts_is_as_large_as_another_row_needs():
    """Another row changes two counts by one: the square root of 2, and noise / 2 times that is its width."""
    assert engine._HALF_ROOT_2 * 2 >= Fraction(math.sqrt(2))


def test_the_same_key_gives_the_same_update():
    """And another key another one."""
    rows = _rows()
    assert _train(rows) == _train(rows)
    assert _train(rows) != _train(rows, key=b"\1" * 32)


@pytest.mark.parametrize("wrong", [{"clip": 0}, {"noise": Fraction(0)}, {"steps": 0}, {"rate": 0}])
def test_privacy_that_protects_nothing_is_refused(wrong):
    """No clip, no noise, no step, no rate."""
    with pytest.raises(InvalidInput, match="choose positive numbers"):
        replace(PRIVACY, **wrong)


def _trainer(rows, journal, budget=100.0, privacy=PRIVACY):
    return RowTrainer(lambda _: rows, privacy, PrivacyLedger(journal, budget, 1e-5), journal, bytes(32))


def _task(round_=0, seed=1):
    shape = SHAPES[0]
    terms = SimpleNamespace(
        scoring=ScoringTerms(shape), public_prior=(1, 1, 1), recipe=SimpleNamespace(prior_offset_percent=60)
    )
    return SimpleNamespace(base=starting_network(shape, Scales(), seed), terms=terms, round=round_)


def test_a_round_is_charged_once_and_again_for_anything_else():
    """The same rows, base and round are free the second time; one other label is charged, and has other noise."""
    journal, rows = MemoryJournal(), _rows()
    first = _trainer(rows, journal)(_task())
    assert first == _trainer(rows, journal)(_task())
    ledger = PrivacyLedger(journal, 100, 1e-5)
    assert 1 == len(ledger.spendings())
    labels = rows.labels.copy()
    labels[0] = (labels[0] + 1) % 3
    other = _trainer(Rows(rows.features, labels), journal)(_task())
    assert np.abs(other.flat() - first.flat()).max() > 20
    _trainer(rows, journal)(_task(round_=1))
    _trainer(rows, journal)(_task(seed=2))
    _trainer(rows, journal, privacy=replace(PRIVACY, clip=1.1))(_task())
    assert 5 == len(ledger.spendings())


def test_a_spent_budget_stops_training_before_it_starts():
    """Nothing is written, and the reason says what would help. GM-931."""
    journal = MemoryJournal()
    with pytest.raises(BudgetSpent, match="add more noise"):
        _trainer(_rows(), journal, budget=0.1)(_task())
    assert [] == PrivacyLedger(journal, 100, 1e-5).spendings()
