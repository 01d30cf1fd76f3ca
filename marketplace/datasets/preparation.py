"""How raw columns become what a network is fed: fill, encode, standardise, clip. Fixed once, published with the terms.

Every holder must prepare its rows in the same way, and nobody can compute statistics over rows it cannot see: neither
the holders' training rows nor the test rows may enter them. What a federation can really agree on is one of

- figures that are public anyway (a pixel lies between 0 and 16), or
- figures the model owner computes *on its own rows only* (root and validation rows) and ships with the terms.

`Preparation.fit` is the second: `split` calls it on the owner's rows and on no others. What that gives away: per column
the median, mean, deviation and the categories that occur over all of the owner's rows together, the hidden validation
rows among them; no single row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from marketplace.datasets.columns import Column, Floats
from marketplace.domain.errors import InvalidData, InvalidTerms

__all__ = ["CLIP", "ColumnPlan", "Preparation"]

CLIP: Final = 5.0
"""Standard deviations from the mean at which a feature is cut off; times the input scale it must fit an int8."""

_DIGITS: Final = 6
_INDICATOR_FROM: Final = 0.01
_SMALLEST_DEVIATION: Final = 1e-6


@dataclass(frozen=True)
class ColumnPlan:
    """What becomes of one column.

    Args:
        name: of the column.
        categories: one feature for each; none for a numeric column, which is one feature.
        missing: whether one more feature says that the value is missing.
        fill: stands for a missing value of a numeric column.
        means, deviations: of the features, in their order.
    """

    name: str
    categories: tuple[str, ...]
    missing: bool
    fill: float
    means: tuple[float, ...]
    deviations: tuple[float, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """One name per feature this column becomes."""
        names = [f"{self.name}={text}" for text in self.categories] or [self.name]
        return (*names, f"{self.name} missing") if self.missing else tuple(names)

    def apply(self, column: Column, values: Floats) -> Floats:
        """Return float64[n, features]: the column's features, standardised and clipped."""
        if bool(column.categories) != bool(self.categories):
            kind = "categorical" if self.categories else "numeric"
            msg = f"column {self.name!r} is {kind} in the terms: declare it so, or correct the file"
            raise InvalidData(msg)
        features = _features(column, values, self.categories, self.fill, missing=self.missing)
        scaled: Floats = (features - np.asarray(self.means)) / np.asarray(self.deviations)
        return np.clip(scaled, -CLIP, CLIP)

    def to_json(self) -> dict[str, Any]:
        """Return texts and truth values only: the terms' canonical JSON holds no floats."""
        return {
            "name": self.name,
            "categories": list(self.categories),
            "missing": self.missing,
            "fill": repr(self.fill),
            "means": [repr(value) for value in self.means],
            "deviations": [repr(value) for value in self.deviations],
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> ColumnPlan:
        """Return the plan in `document`; raises InvalidTerms if it is none."""
        try:
            name, categories, missing = document["name"], document["categories"], document["missing"]
            fill = float(document["fill"])
            means, deviations = ([float(value) for value in document[key]] for key in ("means", "deviations"))
            texts_fit = (
                isinstance(name, str) and isinstance(missing, bool) and all(isinstance(t, str) for t in categories)
            )
            width = (len(categories) or 1) + missing
        except (KeyError, TypeError, ValueError, AttributeError):
            texts_fit, width, means, deviations, fill = False, -1, [], [], 0.0
        finite = np.isfinite([fill, *means, *deviations]).all()
        if not (texts_fit and finite and width == len(means) == len(deviations) and min(deviations) > 0):
            msg = "the terms' preparation of a column is malformed: ask the owner to post correct terms"
            raise InvalidTerms(msg)
        return cls(name, tuple(categories), missing, fill, tuple(means), tuple(deviations))


@dataclass(frozen=True)
class Preparation:
    """The one way of a bounty from raw columns to features, published with its terms."""

    columns: tuple[ColumnPlan, ...]

    @classmethod
    def fit(cls, columns: Sequence[Column], values: Floats) -> Preparation:
        """Return the plan that follows from `values` (float64[n, columns]), the owner's own rows.

        Median for what is missing; an indicator where more than one row in a hundred misses the value (any row, for a
        categorical column); one feature for each category that occurs. Figures are rounded to six digits, so that the
        terms stay readable.
        """
        return cls(tuple(_fit(column, values[:, i]) for i, column in enumerate(columns)))

    @classmethod
    def public(cls, names: Sequence[str], *, mean: float, deviation: float) -> Preparation:
        """Return the plan for numeric columns without gaps whose `mean` and `deviation` are public knowledge."""
        return cls(
            tuple(
                ColumnPlan(name, (), missing=False, fill=mean, means=(mean,), deviations=(deviation,)) for name in names
            )
        )

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the network's inputs, in order."""
        return tuple(name for plan in self.columns for name in plan.feature_names)

    def apply(self, columns: Sequence[Column], values: Floats) -> Floats:
        """Return float64[n, features] for raw `values` (float64[n, columns]), matched by column name.

        Raises:
            InvalidData: a column of the terms that is not there. Further columns are ignored.
        """
        at = {column.name: i for i, column in enumerate(columns)}
        absent = [plan.name for plan in self.columns if plan.name not in at]
        if absent:
            msg = (
                f"the terms need {len(self.columns)} columns and {len(absent)} of them are not in the data, first "
                f"{absent[0]!r}: add them, empty where you have no value"
            )
            raise InvalidData(msg)
        return np.concatenate([p.apply(columns[at[p.name]], values[:, at[p.name]]) for p in self.columns], axis=1)

    def to_json(self) -> list[dict[str, Any]]:
        """Return what the terms document carries."""
        return [plan.to_json() for plan in self.columns]

    @classmethod
    def from_json(cls, document: Sequence[Mapping[str, Any]]) -> Preparation:
        """Return the plan a terms document carries; raises InvalidTerms if it is malformed."""
        if isinstance(document, str) or not isinstance(document, Sequence) or not document:
            msg = "the terms carry no preparation of columns: ask the owner to post correct terms"
            raise InvalidTerms(msg)
        return cls(tuple(ColumnPlan.from_json(plan) for plan in document))


def _fit(column: Column, values: Floats) -> ColumnPlan:
    gaps = np.isnan(values)
    if column.categories:
        seen = {int(code) for code in values[~gaps]}
        categories = tuple(text for i, text in enumerate(column.categories) if i in seen) or column.categories[:1]
        fill, missing = 0.0, bool(gaps.any())
    else:
        categories, missing = (), bool(gaps.mean() > _INDICATOR_FROM)
        fill = 0.0 if gaps.all() else _rounded(float(np.median(values[~gaps])))
    features = _features(column, values, categories, fill, missing=missing)
    means = tuple(_rounded(float(mean)) for mean in features.mean(axis=0))
    deviations = tuple(_rounded(float(d)) if d > _SMALLEST_DEVIATION else 1.0 for d in features.std(axis=0))
    return ColumnPlan(column.name, categories, missing, fill, means, deviations)


def _features(column: Column, values: Floats, categories: Sequence[str], fill: float, *, missing: bool) -> Floats:
    """Return the unscaled features of one column: the value or one per category, then the indicator."""
    gaps = np.isnan(values)
    if categories:
        codes = [column.categories.index(text) if text in column.categories else -1 for text in categories]
        out = [(values == code).astype(np.float64) for code in codes]
    else:
        out = [np.where(gaps, fill, values)]
    return np.stack([*out, gaps.astype(np.float64)] if missing else out, axis=1)


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}")
