"""The only figures of an update that decide its coefficient: norms and dot products, all exact integers.

Keeping them apart from the updates is what lets `shared` bounties open these figures and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.update import Update

__all__ = ["Dots", "dot_products"]


@dataclass(frozen=True)
class Dots:
    """Dot products of a round's submissions D_i, in submission order; a breached one counts as zero.

    Args:
        gram: <D_i, D_j>.
        root: <D_i, R> with the owner's root update.
        root_square: <R, R>.
        known: <D_i, P> with the last adopted aggregate; zeros when there is none.
        known_square: <P, P>.
        previous: <D_i, E_j> with the submissions of the last scored round.
        previous_squares: <E_j, E_j>.
    """

    gram: tuple[tuple[int, ...], ...]
    root: tuple[int, ...]
    root_square: int
    known: tuple[int, ...]
    known_square: int
    previous: tuple[tuple[int, ...], ...]
    previous_squares: tuple[int, ...]

    @property
    def squares(self) -> tuple[int, ...]:
        """<D_i, D_i>."""
        return tuple(row[i] for i, row in enumerate(self.gram))


def dot_products(
    updates: Sequence[Update | None],
    root: Update,
    known: Update | None,
    previous: Sequence[Update | None],
) -> Dots:
    """Return every dot product a round's coefficients need.

    Assumptions: every update keeps the terms' bounds, so that `worst_case` holds u * max(u, P*) and int64 is exact.
    """
    root_flat = root.flat()
    width = len(root_flat)
    mine, theirs = _stack(updates, width), _stack(previous, width)
    known_flat = known.flat() if known is not None else np.zeros(width, np.int64)
    return Dots(
        gram=_rows(mine @ mine.T),
        root=_row(mine @ root_flat),
        root_square=int(root_flat @ root_flat),
        known=_row(mine @ known_flat),
        known_square=int(known_flat @ known_flat),
        previous=_rows(mine @ theirs.T),
        previous_squares=_row((theirs * theirs).sum(axis=1)),
    )


def _stack(updates: Sequence[Update | None], width: int) -> NDArray[np.int64]:
    out = np.zeros((len(updates), width), np.int64)
    for i, update in enumerate(updates):
        if update is not None:
            out[i] = update.flat()
    return out


def _row(values: NDArray[np.int64]) -> tuple[int, ...]:
    return tuple(int(v) for v in values)


def _rows(values: NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    return tuple(_row(row) for row in values)
