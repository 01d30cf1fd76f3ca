"""Preparation: statistics of the owner's rows, applied alike by everybody."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from marketplace.datasets import Preparation, quantise_rows
from marketplace.datasets.columns import Column
from marketplace.datasets.preparation import CLIP
from marketplace.domain.errors import InvalidData, InvalidTerms

COLUMNS = (Column("age"), Column("ward", ("a", "b")))
OWNED = np.asarray([[10.0, 0.0], [20.0, 1.0], [np.nan, 1.0], [30.0, np.nan]])


def test_fitted_rows_are_centred_and_scaled() -> None:
    """On the rows it was fitted to, every feature has mean 0 and deviation 1, up to the rounding of the figures."""
    features = Preparation.fit(COLUMNS, OWNED).apply(COLUMNS, OWNED)
    np.testing.assert_allclose(features.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(features.std(axis=0), 1, atol=1e-5)


def test_a_gap_becomes_the_median_and_an_indicator() -> None:
    """A missing number is the median of the owner's rows; a feature of its own says that it was missing."""
    plan = Preparation.fit(COLUMNS, OWNED)
    assert ("age", "age missing", "ward=a", "ward=b", "ward missing") == plan.feature_names
    filled, stated = plan.apply(COLUMNS, np.asarray([[np.nan, 0.0], [20.0, 0.0]]))
    assert stated[0] == filled[0]
    assert stated[1] < 0 < filled[1]


def test_a_category_nobody_declared_lights_no_feature() -> None:
    """Rows of a ward the owner has never seen are prepared like rows of no ward."""
    plan = Preparation.fit(COLUMNS, OWNED)
    strange = (Column("age"), Column("ward", ("a", "b", "c")))
    known, unknown = plan.apply(strange, np.asarray([[20.0, 1.0], [20.0, 2.0]]))
    assert unknown[2] < 0
    assert unknown[3] < 0 < known[3]


@given(arrays(np.float64, (7, 2), elements=st.floats(-1e12, 1e12)), st.integers(0, 2**32 - 1))
def test_prepared_rows_are_finite_and_fit_an_int8(values: Any, seed: int) -> None:
    """Whatever the data, features stay within the clip, and times the input scale within an int8 without saturating."""
    gaps = np.random.default_rng(seed).random(values.shape) < 0.3
    columns = (Column("x"), Column("y"))
    features = Preparation.fit(columns, values[:4]).apply(columns, np.where(gaps, np.nan, values))
    assert np.isfinite(features).all()
    assert np.abs(features).max() <= CLIP
    assert np.abs(quantise_rows(features, 24)).max() <= CLIP * 24


def test_columns_are_found_by_name() -> None:
    """Their order in a holder's file does not matter, and further columns are ignored."""
    plan = Preparation.fit(COLUMNS, OWNED)
    swapped = (COLUMNS[1], Column("hobby"), COLUMNS[0])
    values = np.stack([OWNED[:, 1], np.zeros(4), OWNED[:, 0]], axis=1)
    np.testing.assert_array_equal(plan.apply(COLUMNS, OWNED), plan.apply(swapped, values))


def test_a_missing_column_is_named() -> None:
    """A file with fewer columns than the terms is refused and told which one is not there."""
    plan = Preparation.fit(COLUMNS, OWNED)
    with pytest.raises(InvalidData, match="the terms need 2 columns and 1 of them are not in the data, first 'ward'"):
        plan.apply(COLUMNS[:1], OWNED[:, :1])


def test_a_number_is_no_category() -> None:
    """A column that is categorical in the terms is not read as numbers."""
    with pytest.raises(InvalidData, match="'ward' is categorical in the terms"):
        Preparation.fit(COLUMNS, OWNED).apply((Column("age"), Column("ward")), OWNED)


def test_the_terms_carry_a_preparation_exactly() -> None:
    """Through JSON and back every figure is the same, and no float is in the document."""
    plan = Preparation.fit(COLUMNS, OWNED / 3)
    document = json.loads(json.dumps(plan.to_json()))
    assert plan == Preparation.from_json(document)
    values = [value for entry in document for value in entry.values()]
    assert not [value for value in values if isinstance(value, float)]
    assert all(isinstance(v, str) for entry in document for v in (*entry["means"], *entry["deviations"]))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 3),
        ("missing", "yes"),
        ("means", ["nan"]),
        ("means", []),
        ("deviations", ["0.0"]),
        ("deviations", None),
        ("fill", "much"),
        ("categories", ["a"]),
    ],
)
def test_a_malformed_preparation_is_refused(key: str, value: object) -> None:
    """Terms come from strangers: wrong types, wrong counts, NaN and zero deviations raise InvalidTerms."""
    document = Preparation.public(("x",), mean=0.0, deviation=1.0).to_json()
    document[0][key] = value
    if key == "categories":
        document[0]["means"] = []
    with pytest.raises(InvalidTerms, match="malformed"):
        Preparation.from_json(document)


def test_terms_without_columns_are_refused() -> None:
    """An empty preparation prepares nothing."""
    with pytest.raises(InvalidTerms, match="no preparation"):
        Preparation.from_json([])


@given(arrays(np.float64, (3, 2), elements=st.floats(-6, 6)))
def test_quantisation_errs_by_at_most_half_a_step(features: Any) -> None:
    """Within the int8 range a feature moves by at most half of 1/24; beyond it, it saturates."""
    rows = quantise_rows(features, 24)
    assert np.int8 == rows.dtype
    inside = np.abs(features) <= 127 / 24
    assert np.abs(rows / 24 - features)[inside].max(initial=0) <= 0.5 / 24 + 1e-12
    assert (np.abs(rows.astype(np.int64))[~inside] == 127).all()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_has_no_integer(value: float) -> None:
    """NaN and infinity are refused, with the row."""
    with pytest.raises(InvalidData, match="row 2 holds NaN or infinity"):
        quantise_rows(np.asarray([[0.0], [value]]), 24)
