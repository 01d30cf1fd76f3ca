"""The shipped data sets are what their README says."""

from __future__ import annotations

import numpy as np
import pytest

from marketplace.datasets import SHIPPED, Dataset, load
from marketplace.datasets.columns import Column
from marketplace.domain.errors import InvalidData


def test_support2_is_the_published_study() -> None:
    """9,105 patients, 2,360 of whom died in hospital, in eight disease groups; no column that leaks the outcome."""
    data = load("support2")
    assert (9105, 29) == data.values.shape
    assert 2360 == data.labels.sum()
    assert ("survived", "died") == data.class_names
    assert data.groups is not None
    assert 8 == len(set(data.groups))
    names = {column.name for column in data.columns}
    leaks = (
        "sno death hospdead slos d.time charges totcst totmcst surv2m surv6m prg2m prg6m dnr dnrday sfdm2 adlsc adlp"
    )
    assert set() == names & {*leaks.split(), "hday", "avtisst"}


def test_no_shipped_column_tells_the_outcome_alone() -> None:
    """Dropping worked: no single column of SUPPORT2 separates the classes nearly perfectly."""
    data = load("support2")
    died = data.labels == 1
    for i in range(len(data.columns)):
        values = np.nan_to_num(data.values[:, i], nan=-1.0)
        _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
        ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
        area = (ranks[died].mean() - (died.sum() + 1) / 2) / (~died).sum()
        assert max(area, 1 - area) < 0.8, data.columns[i].name


def test_digits_are_scikit_learns() -> None:
    """1,797 pictures of ten digits; the preparation is public and maps pixels to 0..1."""
    data = load("digits")
    assert (1797, 64) == data.values.shape
    assert 10 == len(data.class_names)
    assert data.preparation is not None
    features = data.preparation.apply(data.columns, data.values)
    assert (features.min(), features.max()) == (0.0, 1.0)


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_a_shipped_data_set_cannot_be_changed(name: str) -> None:
    """Arrays are read-only: one user's preparation cannot reach another's."""
    data = load(name)
    with pytest.raises(ValueError, match="read-only"):
        data.values[0, 0] = 1


@pytest.mark.parametrize(
    ("values", "labels", "message"),
    [
        (np.zeros((12, 2)), np.zeros(11), "give one row per label"),
        (np.zeros((12, 3)), np.zeros(12), "one value per column"),
        (np.full((12, 2), np.inf), np.arange(12) % 2, "holds infinity"),
        (np.zeros((12, 2)), np.arange(12), "label 11 and only 2 classes"),
        (np.zeros((12, 2)), np.arange(12) - 1, "only 2 classes"),
        (np.zeros((9, 2)), np.arange(9) % 2, "9 rows and 10 are the least"),
        (np.zeros((12, 2)), np.zeros(12), "one class only"),
    ],
)
def test_a_data_set_that_contradicts_itself_is_refused(values: np.ndarray, labels: np.ndarray, message: str) -> None:
    """Whoever builds a `Dataset` by hand meets the same checks as a file."""
    with pytest.raises(InvalidData, match=message):
        Dataset("mine", (Column("x"), Column("y")), values, labels.astype(np.int64), ("0", "1"))
