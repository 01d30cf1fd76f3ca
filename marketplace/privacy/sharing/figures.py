"""Norms and dot products of shared updates: the figures that coefficients follow from, and all that is opened of them.

Law: the same integers as dot products of the updates themselves, as long as these stay below 2^63 (the terms' proof).
Trust model: as `party`. Opened: the figures of `Opened`, which a score sheet publishes anyway, but for those with the
last round's submissions, of which it has a hash.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from marketplace.privacy.sharing.admission import squares
from marketplace.privacy.sharing.shares import Shares

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

__all__ = ["Opened", "open_figures"]


@dataclass(frozen=True)
class Opened:
    """Dot products of n submissions D_i.

    Args:
        gram: int64[n, n], <D_i, D_j>.
        others: int64[n, m], with each of the other vectors E_j.
        other_squares: int64[m], <E_j, E_j>.
    """

    gram: NDArray[np.int64]
    others: NDArray[np.int64]
    other_squares: NDArray[np.int64]


def open_figures(party: Party, updates: Shares, others: Shares) -> Opened:
    """Open the dot products of admitted updates, in one message.

    Args:
        party: this party.
        updates: shares of int64[n, parameters].
        others: shares of int64[m, parameters]: the last round's submissions, the root update, the last aggregate.
    """
    n, m = updates.shape[0], others.shape[0]
    everybody = Shares.concatenate([updates, others])
    gram = party.matmul(updates, everybody.each(lambda w: w.T))
    own = squares(party, others)
    flat = party.open(Shares.concatenate([x.each(lambda w: w.reshape(-1)) for x in (gram, own)]))
    table = flat[: n * (n + m)].reshape(n, n + m)
    return Opened(table[:, :n], table[:, n:], flat[n * (n + m) :])
