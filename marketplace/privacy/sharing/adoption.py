"""The next model, on shares: the weighted mean of the updates is added, and kept within the bounds, unseen.

A model is W, which everybody who computes knows, plus a shared distance T in the layout and units of `Update.flat`; so
is the next one, with a new T.

Law: W + adopt(T, ...) is `apply(W + T, mean, bounds)` of `domain.update`, with the mean round(sum c_i D_i / K).
Trust model: as `party`. Opened: for each neuron whether the weights into it grew longer than the bounds allow, and the
squared length of those that did, which they are shrunk by; nothing of a model that keeps its bounds. The components
that are returned are fresh: whoever adds all three up learns T, and nothing of what it was computed from.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.bounds import ceil_sqrt
from marketplace.privacy.sharing.admission import squares
from marketplace.privacy.sharing.bits import sign
from marketplace.privacy.sharing.claims import XOR
from marketplace.privacy.sharing.nonlinear import divide_floor, relu, scale_floor
from marketplace.privacy.sharing.shares import Shares

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.update import Bounds
    from marketplace.privacy.sharing.party import Party

__all__ = ["adopt", "share_mean"]

_LANES: Final = 1 << 16
"""Parameters worked on at once."""


def adopt(  # noqa: PLR0913, PLR0917 - the model, and what moves it
    party: Party,
    base: Network,
    moved: Shares,
    updates: Shares,
    values: Sequence[int],
    k: int,
    bounds: Bounds,
) -> Shares:
    """Return fresh shares of the next T.

    Args:
        party: this party.
        base: W.
        moved: shares of T, int64[parameters]; W + T keeps the bounds.
        updates: shares of int64[n, parameters], no entry above `bounds.entry`.
        values: c_i.
        k: K.
        bounds: what the next model keeps.

    Raises:
        InvalidInput: 4 * sum of c_i * entry + 2 K reaches 2^30.
    """
    low, high = _room(base, bounds)
    one = party.public(np.array(1))
    parts = []
    for at in range(0, moved.shape[0], _LANES):
        part = slice(at, at + _LANES)
        mean = share_mean(party, updates[:, part], values, k, bounds.entry)
        parts.append(_clip(party, moved[part] + mean, low[part], high[part]))
        party.settle()
    clipped = _shrink_rows(party, base, Shares.concatenate(parts), bounds)
    # What a clip leaves may still say something of the components that went into it; a product's masks do not.
    fresh = party.multiply(clipped, one)
    party.settle()
    return fresh


def share_mean(party: Party, updates: Shares, values: Sequence[int], k: int, entry: int) -> Shares:
    """Return shares of round(sum of c_i D_i / K), each entry rounded half up.

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
    return divide_floor(party, half_up, 2 * k, k - reach, k + reach)


def _room(base: Network, bounds: Bounds) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return int64[parameters]: how far down and up T may reach, entry by entry.

    A bias moves by whole units; that of W is known, so how many of them fit is too.
    """
    low, high = [], []
    for i, layer in enumerate(base.layers):
        unit = base.scales.bias_unit(i)
        limit = bounds.bias * unit
        low += [(-bounds.weight - layer.weight).ravel(), -((limit + layer.bias) // unit)]
        high += [(bounds.weight - layer.weight).ravel(), (limit - layer.bias) // unit]
    return np.concatenate(low), np.concatenate(high)


def _clip(party: Party, x: Shares, low: NDArray[np.int64], high: NDArray[np.int64]) -> Shares:
    both = relu(party, Shares.stack([x - party.public(low), x - party.public(high)]))
    return both[0] - both[1] + party.public(low)


def _shrink_rows(party: Party, base: Network, moved: Shares, bounds: Bounds) -> Shares:
    """Return T where the rows of W + T that are too long are shrunk, truncating towards 0."""
    places, weights, at = [], [], 0
    for layer in base.layers:
        out, inputs = layer.weight.shape
        size = out * inputs
        places += [slice(at + r * inputs, at + (r + 1) * inputs) for r in range(out)]
        weights.append((moved[at : at + size] + party.public(layer.weight.ravel())).each(lambda w: w.reshape(out, -1)))  # noqa: B023
        at += size + out
    lengths = Shares.concatenate([squares(party, w) for w in weights])
    limit = party.public(np.full(lengths.shape, bounds.row_norm**2))
    too_long = np.flatnonzero(party.open_words(sign(party, limit - lengths), XOR))
    if not too_long.size:
        return moved
    norms = [ceil_sqrt(int(square)) for square in party.open(lengths[too_long])]
    rows = [row for w in weights for row in (w[r] for r in range(w.shape[0]))]
    out = moved.each(np.copy)
    for row, norm in zip(too_long, norms, strict=True):
        w = rows[row]
        signed = relu(party, Shares.stack([w, -w]))
        shrunk = scale_floor(party, signed, bounds.row_norm, norm, bounds.weight)
        change = shrunk[0] - shrunk[1] - w
        out.first[places[row]] += change.first
        out.second[places[row]] += change.second
    return out
