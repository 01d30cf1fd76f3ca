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
from marketplace.privacy.sharing.nonlinear import divide_floor
from marketplace.privacy.sharing.shares import Shares, ring

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

__all__ = ["Opened", "open_figures", "open_mean"]


@dataclass(frozen=True)
class Opened:
    """Dot products of n submissions D_i.

    Args:
        gram: int64[n, n], <D_i, D_j>.
        vectors: int64[n, v], with each of the public vectors.
        previous: int64[n, m], with each of the last round's submissions E_j.
        previous_squares: int64[m], <E_j, E_j>.
    """

    gram: NDArray[np.int64]
    vectors: NDArray[np.int64]
    previous: NDArray[np.int64]
    previous_squares: NDArray[np.int64]


def open_figures(party: Party, updates: Shares, vectors: Sequence[NDArray[np.int64]], previous: Shares) -> Opened:
    """Open the dot products of admitted updates, in one message.

    Args:
        party: this party.
        updates: shares of int64[n, parameters].
        vectors: public int64[parameters].
        previous: shares of int64[m, parameters].
    """
    n, m, v = updates.shape[0], previous.shape[0], len(vectors)
    everybody = Shares.concatenate([updates, previous])
    gram = party.matmul(updates, everybody.each(lambda w: w.T))
    public = ring(np.array(vectors)).reshape(v, updates.shape[1])
    known = updates.each(lambda w: w @ public.T)
    own = squares(party, previous)
    parts = [x.each(lambda w: w.reshape(-1)) for x in (gram, known, own)]
    flat = party.open(Shares.concatenate(parts))
    table = flat[: n * (n + m)].reshape(n, n + m)
    return Opened(table[:, :n], flat[n * (n + m) :][: n * v].reshape(n, v), table[:, n:], flat[n * (n + m + v) :])


def open_mean(party: Party, updates: Shares, values: Sequence[int], k: int, entry: int) -> NDArray[np.int64]:
    """Open round(sum of c_i D_i / K), each entry rounded half up.

    The division happens on shares. Opening the sum would say more than the mean: modulo the coefficients of two
    updates it gives away the lowest bits of the third.

    Args:
        party: this party.
        updates: shares of int64[n, parameters], no entry above `entry`.
        values: c_i.
        k: K.
        entry: largest |entry| of an update.

    Raises:
        InvalidInput: 4 * sum of c_i * entry + 2 K reaches 2^30.
    """
    weights = np.array(values, np.uint64)
    total = updates.each(lambda w: np.uint64(2) * (weights @ w))
    reach = 2 * sum(values) * entry
    half_up = total + party.public(np.full(total.shape, k))
    return party.open(divide_floor(party, half_up, 2 * k, k - reach, k + reach))
