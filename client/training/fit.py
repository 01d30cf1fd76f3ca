"""Whether a holder's rows are what a bounty's network takes, where nothing else about them may be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.domain.errors import InvalidData

if TYPE_CHECKING:
    from marketplace.datasets import Rows
    from marketplace.domain.network import Shape

__all__ = ["check_fit"]


def check_fit(rows: Rows, shape: Shape) -> None:
    """Raise InvalidData unless there are rows of the network's inputs, with labels that are classes of it.

    How many there are of which class stays unsaid: a refusal must not tell one row from another.
    """
    if rows.features.ndim != 2 or rows.features.shape[1] != shape.inputs:  # noqa: PLR2004 - a matrix
        msg = f"rows of {rows.features.shape} do not have the {shape.inputs} features of the terms: prepare them so"
        raise InvalidData(msg)
    if not len(rows.labels) or not 0 <= int(rows.labels.min()) <= int(rows.labels.max()) < shape.classes:
        msg = f"labels have to be 0 to {shape.classes - 1}, one a row: prepare the rows as the terms say"
        raise InvalidData(msg)
