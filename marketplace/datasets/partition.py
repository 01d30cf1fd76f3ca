"""Who holds which training rows: by group where the data say so, else skewed by label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketplace.datasets.columns import Integers
from marketplace.datasets.dataset import MIN_ROWS
from marketplace.domain.errors import InvalidData

__all__ = ["CONCENTRATION", "by_group", "by_label"]

CONCENTRATION: Final = 0.5
"""Dirichlet parameter of `by_label`: each holder has much of a few classes and little of the others."""

_TRIES: Final = 200


def by_group(groups: Sequence[str], holders: int) -> list[tuple[str, Integers]]:
    """Return one (name, indices) a holder, larger first; ties in order of name.

    With fewer holders than groups the two smallest are merged until the number fits; with more, whichever group has
    the largest pieces is cut into one piece more. The same rows always give the same parts.
    """
    texts = np.asarray(groups, dtype=np.str_)
    parts = [(str(name) or "unknown", np.flatnonzero(texts == name)) for name in np.unique(texts)]
    while len(parts) > holders:
        parts = _by_size(parts)
        (name, rows), (other, more) = parts[-2:]
        parts[-2:] = [(f"{name} + {other}", np.sort(np.concatenate([rows, more])))]
    pieces = [1] * len(parts)
    while sum(pieces) < holders:
        widest = max(range(len(parts)), key=lambda i: (len(parts[i][1]) / pieces[i], parts[i][0]))
        pieces[widest] += 1
    out = [
        (name if count == 1 else f"{name} {i + 1}/{count}", piece)
        for (name, rows), count in zip(parts, pieces, strict=True)
        for i, piece in enumerate(np.array_split(rows, count))
    ]
    if min(len(rows) for _, rows in out) < MIN_ROWS:
        _refuse(len(texts), holders)
    return _by_size(out)


def by_label(labels: Integers, holders: int, rng: np.random.Generator) -> list[tuple[str, Integers]]:
    """Return one (name, indices) a holder: each class is dealt in Dirichlet(.5) proportions.

    Drawn again while somebody would have fewer than `MIN_ROWS` rows or one class only.
    """
    if len(labels) < holders * MIN_ROWS:
        _refuse(len(labels), holders)
    for _ in range(_TRIES):
        parts = _deal(labels, holders, rng)
        if all(len(rows) >= MIN_ROWS and len(np.unique(labels[rows])) > 1 for rows in parts):
            return [(f"holder {i + 1}", rows) for i, rows in enumerate(parts)]
    return _refuse(len(labels), holders)


def _deal(labels: Integers, holders: int, rng: np.random.Generator) -> list[NDArray[np.int64]]:
    parts: list[list[NDArray[np.int64]]] = [[] for _ in range(holders)]
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        cuts = (np.cumsum(rng.dirichlet([CONCENTRATION] * holders))[:-1] * len(rows)).astype(np.int64)
        for part, piece in zip(parts, np.split(rows, cuts), strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def _by_size(parts: list[tuple[str, Integers]]) -> list[tuple[str, Integers]]:
    return sorted(parts, key=lambda part: (-len(part[1]), part[0]))


def _refuse(rows: int, holders: int) -> list[tuple[str, Integers]]:
    msg = f"{rows} training rows cannot be dealt to {holders} holders: choose fewer holders or a larger data set"
    raise InvalidData(msg)
