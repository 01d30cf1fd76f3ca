"""Raw columns: what a table holds before anything was filled, scaled or encoded.

A column is numeric, or it has *categories* and holds the index of one. Either way it is float64 and a missing value is
NaN; infinity is refused here, so that nothing later has to ask.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from marketplace.domain.errors import InvalidData

__all__ = [
    "MISSING",
    "Cells",
    "Column",
    "Floats",
    "Integers",
    "as_text",
    "is_missing",
    "parse_categories",
    "parse_numbers",
]

Cells: TypeAlias = Sequence[str] | NDArray[np.float64]
"""One column as a file holds it: texts, or numbers with NaN for what is missing."""
Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]

MISSING: Final = ("", "N/A", "NA", "NaN", "nan", "null")
"""Texts that stand for a missing value."""

_MAX_CATEGORIES: Final = 100


@dataclass(frozen=True)
class Column:
    """One raw column; it is numeric when it has no `categories`."""

    name: str
    categories: tuple[str, ...] = ()


def as_text(cells: Cells) -> NDArray[np.str_]:
    """Return `cells` as stripped texts: whole numbers without a decimal point, NaN as the empty text."""
    if isinstance(cells, np.ndarray):
        values = [int(v) if v.is_integer() else float(v) for v in cells]
        return np.asarray(["" if v != v else str(v) for v in values], dtype=np.str_)  # noqa: PLR0124 - NaN alone differs from itself
    return np.strings.strip(np.asarray(cells, dtype=np.str_))


def is_missing(texts: NDArray[np.str_]) -> NDArray[np.bool_]:
    """Return which of the stripped `texts` stand for a missing value."""
    return np.isin(texts, MISSING)


def parse_numbers(name: str, cells: Cells) -> Floats:
    """Return the numeric column `name`, NaN where a value is missing.

    Raises:
        InvalidData: a text that is no number, or infinity; names the first such row, counted from 1.
    """
    if isinstance(cells, np.ndarray):
        values = np.asarray(cells, dtype=np.float64)
    else:
        texts = as_text(cells)
        gap = is_missing(texts)
        try:
            values = np.where(gap, "nan", texts).astype(np.float64)
        except ValueError:
            row = next(i for i, text in enumerate(texts) if not gap[i] and not _is_number(str(text)))
            msg = (
                f"column {name!r} holds the text {str(texts[row])[:40]!r} in row {row + 1}: "
                "declare the column categorical, drop it, or correct the cell"
            )
            raise InvalidData(msg) from None
    if np.isinf(values).any():
        row = int(np.flatnonzero(np.isinf(values))[0])
        msg = f"column {name!r} holds infinity in row {row + 1}: leave the cell empty or correct it"
        raise InvalidData(msg)
    return values


def parse_categories(name: str, cells: Cells, vocabulary: Sequence[str] | None = None) -> tuple[Column, Floats]:
    """Return the categorical column `name` and, per row, the index of its category; NaN where it is missing.

    Args:
        vocabulary: the categories, in order; without it, the texts found, sorted. A text outside the vocabulary counts
            as missing: the terms cannot say anything about it.

    Raises:
        InvalidData: so many categories that the column is a name or a number, not a kind.
    """
    texts = as_text(cells)
    known = sorted({str(text) for text in texts[~is_missing(texts)]}) if vocabulary is None else list(vocabulary)
    if len(known) > _MAX_CATEGORIES:
        msg = f"column {name!r} has {len(known)} different texts, above {_MAX_CATEGORIES}: drop it or group its values"
        raise InvalidData(msg)
    index = {text: i for i, text in enumerate(known)}
    return Column(name, tuple(known)), np.asarray([index.get(str(text), np.nan) for text in texts], dtype=np.float64)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
