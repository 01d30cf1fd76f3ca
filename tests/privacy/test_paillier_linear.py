"""Encrypted linear models: training in the dark gives what training in the light gives."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidData, InvalidInput
from marketplace.privacy.paillier.linear import (
    LEAST_SQUARES,
    LinearMap,
    Schedule,
    encrypt_model,
    logistic,
    train,
    training_map,
)
from marketplace.privacy.paillier.vector import decrypt
from tests.privacy.pairs import encrypter, private

SCALE = 1024
BOUND = 1 << 13


def _rows(seed, rows=120, features=6):
    rng = np.random.default_rng(seed)
    x = np.c_[rng.normal(0, 1, (rows, features)), np.ones(rows)]
    return x, x @ rng.normal(0, 1, features + 1)


def _descend(x, y, w, schedule, push):
    """Plain gradient descent with the same batches."""
    order = np.random.default_rng(schedule.seed)
    for _ in range(schedule.epochs):
        shuffled = order.permutation(len(y))
        for at in range(0, len(y), schedule.batch_size):
            rows = shuffled[at : at + schedule.batch_size]
            w = w - schedule.learning_rate / len(rows) * x[rows].T @ (push(x[rows] @ w) - y[rows])
    return w


@settings(deadline=None, max_examples=10)
@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_encrypted_map_is_exact(parameters, seed):
    """Law: what is decrypted is matrix @ model + offset, to the integer. GM-523."""
    rng = np.random.default_rng(seed)
    step = LinearMap(
        rng.integers(-(1 << 20), 1 << 20, (parameters, parameters)), rng.integers(-(1 << 40), 1 << 40, parameters), 20
    )
    model = rng.integers(-BOUND, BOUND + 1, parameters)
    made = train(encrypt_model(model, encrypter(), bound=BOUND), step, encrypter())
    assert (step.matrix @ model + step.offset).tolist() == decrypt(made, private()).tolist()


def test_least_squares_in_the_dark_is_least_squares():
    """Three epochs in batches give the weights of plain descent, up to the rounding of the map."""
    x, y = _rows(1)
    schedule = Schedule(epochs=3, learning_rate=0.05, batch_size=16, seed=4)
    start = np.random.default_rng(2).integers(-500, 500, 7)
    step = training_map(x, y, LEAST_SQUARES, schedule, weight_scale=SCALE)
    made = train(encrypt_model(start, encrypter(), bound=BOUND), step, encrypter())
    found = start / SCALE + step.difference(decrypt(made, private())) / SCALE
    plain = _descend(x, y, start / SCALE, schedule, lambda margin: margin)
    assert np.abs(found - plain).max() < 1e-4


def test_logistic_regression_in_the_dark_predicts_like_the_sigmoid():
    """With a straight line for the sigmoid, at most 3 % fewer rows are right."""
    x, margin = _rows(3, rows=600)
    y = (np.random.default_rng(5).random(600) < 1 / (1 + np.exp(-margin))).astype(float)
    schedule = Schedule(epochs=5, learning_rate=0.2)
    step = training_map(x, y, logistic(), schedule, weight_scale=SCALE)
    start = np.zeros(7, np.int64)
    made = decrypt(train(encrypt_model(start, encrypter(), bound=BOUND), step, encrypter()), private())
    dark = np.mean((x @ step.difference(made) > 0) == y)
    light = np.mean((x @ _descend(x, y, np.zeros(7), schedule, lambda z: 1 / (1 + np.exp(-z))) > 0) == y)
    assert dark > light - 0.03
    assert dark > 0.75


def test_the_line_is_the_nearest_to_the_sigmoid():
    """No other slope fits better in least squares, and it is off by no more than it says."""
    margins = np.linspace(-4, 4, 2001)
    sigmoid = 1 / (1 + np.exp(-margins))
    line = logistic(4)

    def off(slope):
        return np.square(line.intercept + slope * margins - sigmoid).sum()

    assert off(line.slope) < min(off(line.slope + 0.001), off(line.slope - 0.001))
    assert np.abs(line.intercept + line.slope * margins - sigmoid).max() < 0.14


def test_the_bound_of_a_result_tells_nothing_about_the_rows():
    """It is that of the lanes, whatever was trained on."""
    results = []
    for seed in (1, 2):
        x, y = _rows(seed)
        step = training_map(x * seed, y, LEAST_SQUARES, Schedule(learning_rate=0.01), weight_scale=SCALE)
        results.append(train(encrypt_model(np.zeros(7, np.int64), encrypter(), bound=BOUND), step, encrypter()))
    assert results[0].bound == results[1].bound == results[0].lanes.limit


def test_a_map_that_could_overflow_is_refused():
    """The reach of the map at the bound of the model decides, before anything is computed."""
    step = LinearMap(np.full((2, 2), 1 << 50), np.zeros(2, np.int64), 20)
    with pytest.raises(InvalidInput, match="do not fit into lanes"):
        train(encrypt_model(np.zeros(2, np.int64), encrypter(), bound=BOUND), step, encrypter())


def test_the_reach_is_the_largest_result():
    """A model at the bound, with the signs of a row of the matrix, attains it."""
    step = LinearMap(np.array([[3, -5], [1, 1]]), np.array([-7, 2]), 0)
    assert step.reach(10) == max(abs(step.matrix @ np.array([-10, 10]) + step.offset)) == 87


def test_a_map_of_another_size_is_refused():
    """A model of three weights is not trained with a map of two."""
    step = LinearMap(np.zeros((2, 2), np.int64), np.zeros(2, np.int64), 20)
    with pytest.raises(InvalidInput, match="does not fit an encrypted model"):
        train(encrypt_model(np.zeros(3, np.int64), encrypter(), bound=BOUND), step, encrypter())


def test_rows_that_cannot_be_trained_on_are_refused():
    """Missing values, missing targets, no rows at all, and rates at which training diverges."""
    x, y = _rows(1)
    cases = [
        (np.where(x > 1, np.nan, x), y, Schedule()),
        (x, y[1:], Schedule()),
        (x[:0], y[:0], Schedule()),
        (x, y, Schedule(epochs=100, learning_rate=100.0)),
    ]
    for features, targets, schedule in cases:
        with pytest.raises(InvalidData), np.errstate(all="ignore"):
            training_map(features, targets, LEAST_SQUARES, schedule, weight_scale=SCALE)
