"""Where training rows come from: any `torch.utils.data` data set of (features, label) pairs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
import torch
from torch.utils.data import Dataset, IterableDataset

from marketplace.datasets import Rows
from marketplace.datasets.columns import Floats, Integers
from marketplace.datasets.dataset import check_enough
from marketplace.domain.errors import InvalidData
from marketplace.domain.network import Shape

__all__ = ["RowSource", "rows_of"]

_MOST_ROWS: Final = 10_000_000


class RowSource(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """A torch data set over arrays: float64[n, d] features and int64[n] labels."""

    def __init__(self, features: Floats, labels: Integers) -> None:
        """Take both arrays; raises InvalidData unless there is one label a row."""
        self.features = np.asarray(features, dtype=np.float64)
        self.labels = np.asarray(labels, dtype=np.int64)
        if self.features.ndim != 2 or self.labels.shape != self.features.shape[:1]:  # noqa: PLR2004 - a matrix
            msg = f"features {self.features.shape} do not go with labels {self.labels.shape}: give one label a row"
            raise InvalidData(msg)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Return one row's features and label."""
        return torch.from_numpy(self.features[index].copy()), torch.tensor(self.labels[index])


def rows_of(source: Dataset[Any], shape: Shape) -> Rows:
    """Return all rows of `source` as arrays, checked against what the network takes.

    Args:
        source: yields (features, label) pairs, prepared as the terms say; features of any shape are flattened, the
            label is an integer. Map-style or iterable.
        shape: of the bounty's network.

    Raises:
        InvalidData: something else than pairs, a wrong number of features, NaN or infinity, an unknown class, too few
            rows, or one class only.
    """
    if isinstance(source, RowSource):
        features, labels = source.features, source.labels
    else:
        features, labels = _collect(source)
    if features.shape[1] != shape.inputs:
        msg = (
            f"the data have {features.shape[1]} features a row and the bounty's network takes {shape.inputs}: "
            "prepare them as its terms say"
        )
        raise InvalidData(msg)
    if not np.isfinite(features).all():
        row = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        msg = f"row {row + 1} of the data holds NaN or infinity: fill the gap or drop the row"
        raise InvalidData(msg)
    check_enough("the data", labels, shape.classes)
    return Rows(features, labels)


def _collect(source: Dataset[Any]) -> tuple[Floats, Integers]:
    features: list[Floats] = []
    labels: list[int] = []
    for item in _items(source):
        row = len(labels) + 1
        try:
            raw, label = item
            number = float(label)
            features.append(np.asarray(raw, dtype=np.float64).ravel())
        except (TypeError, ValueError, RuntimeError):
            msg = f"row {row} of the data is no pair of numbers and a class: yield (features, label)"
            raise InvalidData(msg) from None
        if not number.is_integer():
            msg = f"row {row} of the data has the label {number}: labels are whole numbers from 0"
            raise InvalidData(msg)
        if features[-1].shape != features[0].shape:
            sizes = f"{features[-1].size} features and row 1 has {features[0].size}"
            msg = f"row {row} of the data has {sizes}: make them alike"
            raise InvalidData(msg)
        if row > _MOST_ROWS:
            msg = f"the data have more than {_MOST_ROWS} rows: train on a sample"
            raise InvalidData(msg)
        labels.append(int(number))
    if not labels:
        msg = "the data have no rows: add some"
        raise InvalidData(msg)
    return np.stack(features), np.asarray(labels, dtype=np.int64)


def _items(source: Dataset[Any]) -> Iterator[Any]:
    if isinstance(source, IterableDataset) or not hasattr(source, "__len__"):
        iterable: Iterable[Any] = source  # type: ignore[assignment]
        return iter(iterable)
    return (source[i] for i in range(len(source)))
