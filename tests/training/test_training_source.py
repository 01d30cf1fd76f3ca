"""Any torch data set is a source of rows; a bad one is refused in one line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import ConcatDataset, IterableDataset, Subset, TensorDataset

from client.training import RowSource, rows_of
from marketplace.domain.errors import InvalidData
from marketplace.domain.network import Shape

SHAPE = Shape(4, 3, 2)
FEATURES = np.arange(48, dtype=np.float64).reshape(12, 4)
LABELS = np.arange(12) % 2


class Stream(IterableDataset[Any]):
    """The rows as an endless-looking stream without a length."""

    def __iter__(self) -> Iterator[Any]:
        """Yield plain lists and integers."""
        return iter([(list(row), int(label)) for row, label in zip(FEATURES, LABELS, strict=True)])


@pytest.mark.parametrize(
    "source",
    [
        RowSource(FEATURES, LABELS),
        TensorDataset(torch.from_numpy(FEATURES), torch.from_numpy(LABELS)),
        TensorDataset(torch.from_numpy(FEATURES).reshape(12, 2, 2), torch.from_numpy(LABELS)),
        Subset(RowSource(FEATURES, LABELS), range(12)),
        ConcatDataset([RowSource(FEATURES[:5], LABELS[:5]), RowSource(FEATURES[5:], LABELS[5:])]),
        Stream(),
    ],
)
def test_any_torch_data_set_gives_its_rows(source: Any) -> None:
    """Map-style or iterable, tensors or lists, flat or shaped: the same arrays come out."""
    rows = rows_of(source, SHAPE)
    np.testing.assert_array_equal(FEATURES, rows.features)
    np.testing.assert_array_equal(LABELS, rows.labels)


def changed(row: int, value: float) -> np.ndarray:
    """Return the features with one value replaced."""
    features = FEATURES.copy()
    features[row, 0] = value
    return features


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (RowSource(FEATURES[:, :3], LABELS), "have 3 features a row and the bounty's network takes 4"),
        (RowSource(changed(2, np.nan), LABELS), "row 3 of the data holds NaN or infinity"),
        (RowSource(changed(2, np.inf), LABELS), "row 3 of the data holds NaN or infinity"),
        (RowSource(FEATURES, LABELS + 1), "label 2 and only 2 classes"),
        (RowSource(FEATURES, LABELS - 1), "only 2 classes"),
        (RowSource(FEATURES, LABELS * 0), "one class only"),
        (RowSource(FEATURES[:9], LABELS[:9]), "has 9 rows and 10 are the least"),
        (RowSource(FEATURES[:0], LABELS[:0]), "has 0 rows"),
        ([(FEATURES[0], 0.5)] * 12, "row 1 of the data has the label 0.5"),
        ([(FEATURES[0], float("nan"))] * 12, "row 1 of the data has the label nan"),
        ([FEATURES[0]] * 12, "row 1 of the data is no pair"),
        ([(FEATURES[0], "died")] * 12, "row 1 of the data is no pair"),
        ([(FEATURES[0], 0), (FEATURES[0, :2], 1)] * 6, "row 2 of the data has 2 features and row 1 has 4"),
        ([], "no rows"),
    ],
)
def test_a_bad_source_is_refused_in_one_line(source: Any, message: str) -> None:
    """Shape, gaps, classes, number of rows and the form of a row are checked before any training."""
    with pytest.raises(InvalidData, match=message) as caught:
        rows_of(source, SHAPE)
    assert 1 == len(str(caught.value).splitlines())
    assert ": " in str(caught.value)


def test_features_without_their_labels_are_refused() -> None:
    """One label a row, or there is no source."""
    with pytest.raises(InvalidData, match="give one label a row"):
        RowSource(FEATURES, LABELS[:5])
