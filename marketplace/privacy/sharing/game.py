"""The value game on shares: every coalition is evaluated, and only sums over all rows are opened.

Law: `play` opens what the plaintext game gives: sums and sums of squares, over the rows, of public integer
combinations of the coalitions' row scores, exact as long as the terms' proof holds (every integer below 2^62).

Trust model: as `party`. Opened: a sum and a sum of squares for every combination, and a sum for every one in `totals`.
No row, no coalition and no activation is.

All coalitions of a batch and all their rows go through one layer together, so round trips follow from the depth of the
network, and their number from the size of a batch, which is what the cache holds.

Source: the network is that of `marketplace.domain.network`; coalitions are as in docs/SCORING.md, section 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.privacy.sharing.admission import squares
from marketplace.privacy.sharing.nonlinear import clip_up, maximum, relu, shift_floor
from marketplace.privacy.sharing.products import public_product
from marketplace.privacy.sharing.shares import Shares, ring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.update import Update
    from marketplace.privacy.sharing.party import Party

    Words = NDArray[np.uint64]

__all__ = ["Plan", "Played", "play"]

_LANES: Final = {False: 1 << 19, True: 1 << 18}
"""Hidden activations evaluated at once, without and with verification, which keeps every one of them until the end."""

_GROUP: Final = 4
"""Players whose 2^4 sums are made once and used by every coalition."""

_NARROW: Final = 1 << 31

_LARGEST_KEPT: Final = (1 << 25) - (1 << 16)
"""Bytes: a little less than the most that the C library takes for an example."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Everything public about a game.

    Args:
        base: W.
        known: P, the last adopted aggregate; None counts as zero.
        k: K.
        factors: (c_i, a_i) of each player.
        norms_squared: <D_i, D_i> of each player.
        rows: int8[n, inputs].
        labels: int64[n].
        clip: M.
        shift: bits a row score drops.
        coalitions: bitmaps over the players.
        combinations: int64[p, coalitions]; a sum and a sum of squares are opened for each.
        totals: int64[t, coalitions]; a sum is opened for each.
    """

    base: Network
    known: Update | None
    k: int
    factors: tuple[tuple[int, int], ...]
    norms_squared: tuple[int, ...]
    rows: NDArray[np.integer]
    labels: NDArray[np.int64]
    clip: int
    shift: int
    coalitions: tuple[int, ...]
    combinations: NDArray[np.int64]
    totals: NDArray[np.int64]


@dataclass(frozen=True)
class Played:
    """What was opened: sums and sums of squares over the rows of every combination, and the totals' sums."""

    sums: tuple[int, ...]
    squares: tuple[int, ...]
    totals: tuple[int, ...]


def play(party: Party, plan: Plan, updates: Shares) -> Played:
    """Evaluate a game.

    Args:
        party: this party.
        plan: what is public.
        updates: shares of int64[players, parameters] in the layout of `Update.flat`.
    """
    _keep_memory()
    model = _Model(party, plan, updates)
    matrix = ring(np.concatenate([plan.combinations, plan.totals]))
    total: Shares | None = None
    step = max(1, _LANES[party.repetitions > 0] // max(1, len(plan.labels) * max(1, plan.base.shape.hidden)))
    for at in range(0, len(plan.coalitions), step):
        scores = model.scores(plan.coalitions[at : at + step])
        part = scores.each(lambda w: matrix[:, at : at + step] @ w)  # noqa: B023 - used at once
        total = part if total is None else total + part
        party.settle()
    p = len(plan.combinations)
    total = total or party.public(np.zeros((len(matrix), len(plan.labels)), np.int64))
    sums = total.each(lambda w: w.sum(axis=1, dtype=np.uint64))
    opened = [int(v) for v in party.open(Shares.concatenate([sums, squares(party, total[:p])]))]
    return Played(tuple(opened[:p]), tuple(opened[len(matrix) :]), tuple(opened[p : len(matrix)]))


def _keep_memory() -> None:
    """Have memory that is let go of stay with the process: the next array of the same size needs it again.

    The C library of Linux gives large blocks back to the system, which clears them page by page before they can be used
    again: a fifth of the whole time. How large is large it learns from the largest block let go of, up to 32 MiB.
    Elsewhere this does nothing.
    """
    np.empty(_LARGEST_KEPT, np.uint8)


class _Model:
    """The parts that coalitions are sums of."""

    def __init__(self, party: Party, plan: Plan, updates: Shares) -> None:
        self._party, self._plan = party, plan
        (out, inputs), *rest = shape = plan.base.shape.layers
        self._known = [a for _, a in plan.factors]
        weight, bias = updates[:, : out * inputs], updates[:, out * inputs : out * (inputs + 1)]
        c = np.array([c for c, _ in plan.factors], np.uint64)
        unit = np.uint64(plan.base.scales.bias_unit(0))

        def first(w: Shares, b: Shares) -> Shares:
            products = w.each(lambda v: np.stack([_project(plan.rows, u.reshape(out, inputs)) for u in v]))
            return (products + b.each(lambda v: unit * v[:, None, :])).each(lambda v: c[:, None, None] * v)

        self._first = _Sums(first(weight, bias)) if len(c) else None
        self._last: _Sums | None = None
        if rest and len(c):
            start, (out, inputs) = out * (inputs + 1), shape[1]
            weight, bias = updates[:, start : start + out * inputs], updates[:, start + out * inputs :]
            unit2 = np.uint64(plan.base.scales.bias_unit(1) * plan.k)
            # Weights and, as one more input, biases: [players, hidden + 1, classes].
            parts = weight.each(lambda w: w.reshape(-1, out, inputs).transpose(0, 2, 1))
            both = Shares.concatenate([parts, bias.each(lambda w: unit2 * w[:, None, :])], axis=1)
            self._last = _Sums(both.each(lambda w: c[:, None, None] * w))
        self._public = _public_parts(plan)
        self._bits = 32 if _reach(plan, self._public) < _NARROW else 64

    def scores(self, coalitions: Sequence[int]) -> Shares:
        """Return shares of int64[coalitions, rows]."""
        party, plan = self._party, self._plan
        logits = self._sum(self._first, 0, coalitions)
        if self._last is not None or len(self._public) > 1:
            last = self._sum(self._last, 1, coalitions)
            hidden = relu(party, logits, self._bits)
            logits = party.matmul(hidden, last[:, :-1]) + last[:, -1:]
        n = len(plan.labels)
        at = np.arange(n)
        others = np.array([[k for k in range(plan.base.shape.classes) if k != y] for y in plan.labels])
        own = logits[:, at, plan.labels]
        rest = logits.each(lambda w: np.ascontiguousarray(w[:, at[:, None], others].transpose(2, 0, 1)))
        clipped = clip_up(party, own - maximum(party, rest), plan.clip)
        return shift_floor(party, clipped, plan.shift)

    def _sum(self, parts: _Sums | None, layer: int, coalitions: Sequence[int]) -> Shares:
        """Return what coalitions are in a layer: [coalitions, ...] of what everybody knows and what members add."""
        base, known = (ring(v) for v in self._public[layer])
        moved = [sum(a for i, a in enumerate(self._known) if not s >> i & 1) for s in coalitions]
        out = parts.of(coalitions) if parts else Shares(*np.zeros((2, len(coalitions), *base.shape), np.uint64))
        # What everybody knows is all in component 0.
        for mine in [out.first] * (self._party.me == 0) + [out.second] * (self._party.next == 0):
            for i, factor in enumerate(moved):
                mine[i] += base
                mine[i] += np.uint64(factor) * known
        return out


class _Sums:
    """Sums of shared arrays over subsets, from tables of the subsets of four."""

    def __init__(self, parts: Shares) -> None:
        groups = [_subsets(parts[at : at + _GROUP]) for at in range(0, parts.shape[0], _GROUP)]
        self._tables = [(table.first, table.second) for table in groups]

    def of(self, coalitions: Sequence[int]) -> Shares:
        """Return the sum of the members of every coalition."""
        return Shares(*(self._sums(coalitions, [t[at] for t in self._tables]) for at in (0, 1)))

    @staticmethod
    def _sums(coalitions: Sequence[int], tables: Sequence[Words]) -> Words:
        out = np.empty((len(coalitions), *tables[0].shape[1:]), np.uint64)
        for row, coalition in zip(out, coalitions, strict=True):
            first, *rest = (table[coalition >> _GROUP * g & ((1 << _GROUP) - 1)] for g, table in enumerate(tables))
            np.add(first, rest[0], out=row) if rest else np.copyto(row, first)
            for other in rest[1:]:
                np.add(row, other, out=row)
        return out


def _subsets(parts: Shares) -> Shares:
    out = parts[:1].each(np.zeros_like)
    for i in range(parts.shape[0]):
        out = Shares.concatenate([out, out + parts[i : i + 1]])
    return out


def _project(rows: NDArray[np.integer], weight: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return public_product(rows, np.ascontiguousarray(weight.T))


def _public_parts(plan: Plan) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Return what K base and P add: [rows, hidden] pre-activations, then [hidden + 1, classes] weights and biases."""
    rows, k, scales = np.asarray(plan.rows, np.int64), plan.k, plan.base.scales
    out = []
    for i, layer in enumerate(plan.base.layers):
        known = plan.known.layers[i] if plan.known is not None else None
        pairs = [(k * layer.weight, k ** (i + 1) * layer.bias)]
        if known is None:
            pairs.append((np.zeros_like(layer.weight), np.zeros_like(layer.bias)))
        else:
            pairs.append((known.weight, scales.bias_unit(i) * k**i * known.bias))
        base, moved = (rows @ w.T + b if i == 0 else np.concatenate([w.T, b[None]]) for w, b in pairs)
        out.append((base, moved))
    return out


def _reach(plan: Plan, public: Sequence[tuple[NDArray[np.int64], NDArray[np.int64]]]) -> int:
    """Return a bound on every pre-activation of layer 0, from public figures, by Cauchy-Schwarz."""
    base, known = public[0]
    fixed = int(np.abs(base).max()) + sum(a for _, a in plan.factors) * int(np.abs(known).max())
    rows = np.asarray(plan.rows, np.int64)
    longest = int((rows * rows).sum(axis=1).max()) + plan.base.scales.bias_unit(0) ** 2
    moved = sum(
        c * (isqrt(longest * square) + 1) for (c, _), square in zip(plan.factors, plan.norms_squared, strict=True)
    )
    return fixed + moved
