"""Prepared rows: what is trained on and scored with."""

from __future__ import annotations

from typing import NamedTuple

from marketplace.datasets.columns import Floats, Integers

__all__ = ["Part", "Rows"]


class Rows(NamedTuple):
    """Features float64[n, d], finite, and labels int64[n]."""

    features: Floats
    labels: Integers


class Part(NamedTuple):
    """One data holder's rows and what to call them."""

    name: str
    features: Floats
    labels: Integers
