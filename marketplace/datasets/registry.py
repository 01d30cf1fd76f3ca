"""Data sets by name or path: what ships with the product, and what a person brings."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Final

import numpy as np

from marketplace.datasets.columns import Cells, Column, Floats, Integers, as_text, parse_categories, parse_numbers
from marketplace.datasets.dataset import Dataset, check_enough, class_names_in, encode_labels
from marketplace.datasets.preparation import Preparation
from marketplace.datasets.readers import DEFAULT_MAX_BYTES, RawTable, read_table
from marketplace.datasets.rows import Rows
from marketplace.domain.errors import InvalidData

__all__ = ["SHIPPED", "load", "load_rows"]

# What is known only after the outcome, or is a prognosis of it; see data/README.md.
_SUPPORT2_LEAKS: Final = (
    *("sno", "death", "slos", "d.time", "charges", "totcst", "totmcst", "surv2m", "surv6m", "prg2m", "prg6m"),
    *("dnr", "dnrday", "sfdm2", "adlsc", "adlp", "hday", "avtisst"),
)
_SUPPORT2_CATEGORIES: Final = ("sex", "dzgroup", "dzclass", "income", "race", "ca")
_DARKEST_PIXEL: Final = 16


def load(  # noqa: PLR0913 - a table's columns each have one of four roles
    name_or_path: str | Path,
    *,
    label: str = "label",
    categorical: Sequence[str] = (),
    drop: Sequence[str] = (),
    group: str | None = None,
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Dataset:
    """Return a shipped data set ("support2", "digits"), or the table in a CSV, Parquet or NPZ file.

    Args:
        name_or_path: one of `SHIPPED`, or a path; the other arguments apply to paths only.
        label: the column to predict.
        categorical: columns whose texts are categories; every other column must be numeric.
        drop: columns to leave out, such as what is known only after the outcome.
        group: column that says where each row comes from; it stays a feature unless dropped as well.
        max_bytes: most unpacked bytes to take.

    Raises:
        InvalidData: anything that cannot be used, in one line with what to do next.
    """
    if str(name_or_path) in SHIPPED:
        return SHIPPED[str(name_or_path)]()
    path = Path(name_or_path)
    if not path.suffix:
        msg = f"there is no data set {path.name}: use {', '.join(SHIPPED)}, or a path to a .csv, .parquet or .npz file"
        raise InvalidData(msg)
    table = read_table(path, label=label, max_bytes=max_bytes)
    return _dataset(path.name.split(".")[0], table, label, categorical=categorical, drop=drop, group=group)


def load_rows(
    path: str | Path,
    *,
    label: str = "label",
    preparation: Preparation,
    class_names: tuple[str, ...],
    max_bytes: int = DEFAULT_MAX_BYTES,
) -> Rows:
    """Return a holder's own file as a bounty's terms want it: prepared features and labels.

    Args:
        path: a CSV, Parquet or NPZ file with the columns of the terms; further named columns are ignored.
        preparation: of the terms; says which columns there are and which of them are categorical.
        class_names: of the terms. The file may lack some of them, but not all but one.

    Raises:
        InvalidData: as `load`, and columns or classes that are not those of the terms.
    """
    path = Path(path)
    table = read_table(path, label=label, max_bytes=max_bytes)
    labels = encode_labels(label, table.columns[label], class_names)
    check_enough(path.name, labels, len(class_names))
    cells = {name: column for name, column in table.columns.items() if name != label}
    if not table.named:
        if len(cells) != len(preparation.columns):
            want = len(preparation.columns)
            msg = f"{path.name} has {len(cells)} columns and the terms {want}: save exactly those, in order"
            raise InvalidData(msg)
        cells = {plan.name: column for plan, column in zip(preparation.columns, cells.values(), strict=True)}
    found = [
        _parse(plan.name, cells[plan.name], plan.categories or None)
        for plan in preparation.columns
        if plan.name in cells
    ]
    values = np.stack([column for _, column in found], axis=1) if found else np.empty((len(labels), 0))
    return Rows(preparation.apply([column for column, _ in found], values), labels)


def _dataset(  # noqa: PLR0913 - as `load`
    name: str, table: RawTable, label: str, *, categorical: Sequence[str], drop: Sequence[str], group: str | None
) -> Dataset:
    absent = [column for column in (*categorical, *drop, *([group] if group else [])) if column not in table.columns]
    if absent:
        msg = f"{name} has no column {absent[0]!r}, which you named: use one of {', '.join(list(table.columns)[:8])}"
        raise InvalidData(msg)
    class_names = class_names_in(label, table.columns[label])
    labels: Integers = encode_labels(label, table.columns[label], class_names)
    parsed = [
        _parse(column, cells, () if column in categorical else None)
        for column, cells in table.columns.items()
        if column != label and column not in drop
    ]
    values = np.stack([column for _, column in parsed], axis=1) if parsed else np.empty((len(labels), 0))
    groups = tuple(str(text) for text in as_text(table.columns[group])) if group else None
    return Dataset(name, tuple(column for column, _ in parsed), values, labels, class_names, groups)


def _parse(name: str, cells: Cells, categories: Sequence[str] | None) -> tuple[Column, Floats]:
    """Parse a numeric column (`categories` is None), or a categorical one with that vocabulary (empty: as found)."""
    if categories is None:
        return Column(name), parse_numbers(name, cells)
    return parse_categories(name, cells, categories or None)


def _support2() -> Dataset:
    """9,105 seriously ill hospital patients; does the patient die in hospital? Groups: eight disease groups."""
    with resources.as_file(resources.files(__package__) / "data" / "support2.csv.gz") as path:
        found = load(path, label="hospdead", categorical=_SUPPORT2_CATEGORIES, drop=_SUPPORT2_LEAKS, group="dzgroup")
    return replace(found, class_names=("survived", "died"))


def _digits() -> Dataset:
    """1,797 handwritten digits of 8x8 pixels from scikit-learn; everybody knows that a pixel lies between 0 and 16."""
    digits = importlib.import_module("sklearn.datasets").load_digits()
    names = tuple(f"pixel{i // 8}{i % 8}" for i in range(64))
    return Dataset(
        name="digits",
        columns=tuple(Column(name) for name in names),
        values=digits.data,
        labels=digits.target,
        class_names=tuple(str(digit) for digit in range(10)),
        preparation=Preparation.public(names, mean=0.0, deviation=float(_DARKEST_PIXEL)),
    )


SHIPPED: Final[Mapping[str, Callable[[], Dataset]]] = MappingProxyType({"support2": _support2, "digits": _digits})
"""The data sets that need no file."""
