"""A data set as it was found: raw columns, labels, and what each is called."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from marketplace.datasets.columns import Cells, Column, Floats, Integers, as_text, is_missing
from marketplace.datasets.preparation import Preparation
from marketplace.domain.errors import InvalidData

__all__ = ["MIN_ROWS", "Dataset", "check_enough", "class_names_in", "encode_labels"]

MIN_ROWS: Final = 10
"""Fewer rows than this are neither trained on nor scored with."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Labelled rows before preparation.

    Args:
        name: what to call it.
        columns: of the table, without the label.
        values: float64[n, columns]; NaN is missing, a categorical column holds the index of its category.
        labels: int64[n], indices into `class_names`.
        class_names: at least two.
        groups: where each row comes from (a ward, a clinic), if the data say so.
        preparation: public already; without it, `split` fits one on the owner's rows.
    """

    name: str
    columns: tuple[Column, ...]
    values: Floats
    labels: Integers
    class_names: tuple[str, ...]
    groups: tuple[str, ...] | None = None
    preparation: Preparation | None = None

    def __post_init__(self) -> None:
        """Freeze the arrays and refuse a table that cannot be a classification task."""
        values, labels = np.array(self.values, dtype=np.float64), np.array(self.labels, dtype=np.int64)
        if labels.ndim != 1 or values.shape != (len(labels), len(self.columns)):
            got = f"values {values.shape} for {len(self.columns)} columns and labels {labels.shape}"
            msg = f"{self.name} has {got}: give one row per label and one value per column"
            raise InvalidData(msg)
        if not self.columns:
            msg = f"{self.name} has no column beside the label: add at least one feature"
            raise InvalidData(msg)
        if np.isinf(values).any():
            msg = f"{self.name} holds infinity: leave the cell empty or correct it"
            raise InvalidData(msg)
        check_enough(self.name, labels, len(self.class_names))
        values.setflags(write=False)
        labels.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "labels", labels)


def check_enough(name: str, labels: Integers, classes: int) -> None:
    """Raise InvalidData unless there are enough rows, of more than one class, all of them within `classes`."""
    if len(labels) < MIN_ROWS:
        msg = f"{name} has {len(labels)} rows and {MIN_ROWS} are the least: add rows"
        raise InvalidData(msg)
    if labels.min() < 0 or labels.max() >= classes:
        msg = f"{name} has the label {int(labels.max())} and only {classes} classes: correct the label column"
        raise InvalidData(msg)
    if len(np.unique(labels)) == 1:
        msg = f"{name} holds one class only, so there is nothing to tell apart: add rows of another class"
        raise InvalidData(msg)


def class_names_in(name: str, cells: Cells) -> tuple[str, ...]:
    """Return the classes found in a label column: sorted as numbers if they are, else as texts."""
    texts = as_text(cells)
    _refuse_gaps(name, texts)
    found = sorted({str(text) for text in texts})
    if len(found) > max(2, len(texts) // 2):
        msg = f"label column {name!r} has {len(found)} values in {len(texts)} rows: name a column that holds classes"
        raise InvalidData(msg)
    try:
        return tuple(sorted(found, key=float))
    except ValueError:
        return tuple(found)


def encode_labels(name: str, cells: Cells, class_names: tuple[str, ...]) -> Integers:
    """Return int64[n]: the class of each row. A row may name its class, or number it where no name is a number.

    Raises:
        InvalidData: a missing label, or one that is no class of the terms; names the first such row, counted from 1.
    """
    texts = as_text(cells)
    _refuse_gaps(name, texts)
    index = {class_name: i for i, class_name in enumerate(class_names)}
    if not any(class_name.lstrip("-").isdigit() for class_name in class_names):
        index |= {str(i): i for i in range(len(class_names))}
    unknown = [i for i, text in enumerate(texts) if str(text) not in index]
    if unknown:
        text, row = str(texts[unknown[0]]), unknown[0] + 1
        known = ", ".join(class_names)[:80]
        msg = f"label {text[:40]!r} in row {row} is none of the classes {known}: correct it or drop the row"
        raise InvalidData(msg)
    return np.asarray([index[str(text)] for text in texts], dtype=np.int64)


def _refuse_gaps(name: str, texts: np.ndarray[tuple[int, ...], np.dtype[np.str_]]) -> None:
    gaps = np.flatnonzero(is_missing(texts))
    if len(gaps):
        first = int(gaps[0]) + 1
        msg = f"label column {name!r} is empty in {len(gaps)} rows, first in row {first}: fill it or drop those rows"
        raise InvalidData(msg)
