"""The value game on shares: every coalition is evaluated, and only sums over all rows are opened.

Law: `play` opens what the plaintext game gives: sums and sums of squares, over the rows, of public integer
combinations of the coalitions' row scores, exact as long as the terms' proof holds (every integer below 2^62).

The model is `Plan.base`, which is public, plus a shared distance T: nobody has to know what a round starts from.

Trust model: as `party`. Opened: a sum and a sum of squares for every combination, and a sum for every one in `totals`;
with a T also whether every pre-activation of the model is so small that 32 bits hold those of all coalitions. No row,
no coalition and no activation is.

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

from marketplace.privacy.sharing.admission import all_within, squares
from marketplace.privacy.sharing.nonlinear import clip_up, maximum, relu, shift_floor
from marketplace.privacy.sharing.products import public_product
from marketplace.privacy.sharing.shares import Shares, ring

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.privacy.sharing.party import Party

    Words = NDArray[np.uint64]

__all__ = ["ALONE", "Plan", "Played", "play"]

ALONE: Final = -1
"""In the place of a coalition: the model as it is, where everybody's part, what is known included, is left out."""

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
        k: K.
        factors: (c_i, a_i) of each player.
        norms_squared: <D_i, D_i> of each player.
        known_square: <P, P> of the last adopted aggregate; 0 before there is one.
        rows: int8[n, inputs].
        labels: int64[n].
        clip: M.
        shift: bits a row score drops.
        coalitions: bitmaps over the players, or `ALONE`.
        combinations: int64[p, coalitions]; a sum and a sum of squares are opened for each.
        totals: int64[t, coalitions]; a sum is opened for each.
    """

    base: Network
    k: int
    factors: tuple[tuple[int, int], ...]
    norms_squared: tuple[int, ...]
    known_square: int
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


def play(party: Party, plan: Plan, updates: Shares, model: Shares | None = None) -> Played:
    """Evaluate a game.

    Args:
        party: this party.
        plan: what is public.
        updates: shares of int64[players, parameters] in the layout of `Update.flat`.
        model: shares of int64[2, parameters] in the same layout, T and P; None before there is an aggregate.
    """
    _keep_memory()
    parts = _Parts(party, plan, updates, model)
    matrix = ring(np.concatenate([plan.combinations, plan.totals]))
    total: Shares | None = None
    step = max(1, _LANES[party.repetitions > 0] // max(1, len(plan.labels) * max(1, plan.base.shape.hidden)))
    for at in range(0, len(plan.coalitions), step):
        scores = parts.scores(plan.coalitions[at : at + step])
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


class _Parts:
    """The parts that coalitions are sums of, layer by layer.

    A coalition S is K (W + T) + sum over S of c_i D_i + sum over the others of a_i P. The last two sums are those of
    c_i D_i - a_i P over S, beside all a_i P: what everybody knows is in what each coalition starts from.
    """

    def __init__(self, party: Party, plan: Plan, updates: Shares, model: Shares | None) -> None:
        self._party, self._plan = party, plan
        both = updates if model is None else Shares.concatenate([updates, model])
        (out, inputs), *rest = plan.base.shape.layers
        unit, first = np.uint64(plan.base.scales.bias_unit(0)), plan.base.layers[0]

        def project(w: Words) -> Words:
            weight, bias = w[:, : out * inputs], w[:, out * inputs : out * (inputs + 1)]
            products = [_project(plan.rows, v.reshape(out, inputs)) for v in weight]
            return np.array(products).reshape(-1, len(plan.labels), out) + unit * bias[:, None, :]

        rows = np.asarray(plan.rows, np.int64)
        self._first = self._sums(both.each(project), plan.k * (rows @ first.weight.T + first.bias))
        self._last: _Sums | None = None
        if rest:
            start, (width, hidden), last = out * (inputs + 1), rest[0], plan.base.layers[1]
            unit2 = np.uint64(plan.base.scales.bias_unit(1) * plan.k)

            def lay(w: Words) -> Words:
                """Weights and, as one more input, biases: [., hidden + 1, classes]."""
                weight, bias = w[:, start : start + width * hidden], w[:, start + width * hidden :]
                turned = weight.reshape(-1, width, hidden).transpose(0, 2, 1)
                return np.concatenate([turned, unit2 * bias[:, None, :]], axis=1)

            known = np.concatenate([plan.k * last.weight.T, plan.k**2 * last.bias[None]])
            self._last = self._sums(both.each(lay), known)
        self._bits = self._width(model is not None) if rest else 64

    def scores(self, coalitions: Sequence[int]) -> Shares:
        """Return shares of int64[coalitions, rows]."""
        party, plan = self._party, self._plan
        logits = self._first.of(coalitions)
        if self._last is not None:
            last = self._last.of(coalitions)
            hidden = relu(party, logits, self._bits)
            logits = party.matmul(hidden, last[:, :-1]) + last[:, -1:]
        n = len(plan.labels)
        at = np.arange(n)
        others = np.array([[k for k in range(plan.base.shape.classes) if k != y] for y in plan.labels])
        own = logits[:, at, plan.labels]
        rest = logits.each(lambda w: np.ascontiguousarray(w[:, at[:, None], others].transpose(2, 0, 1)))
        clipped = clip_up(party, own - maximum(party, rest), plan.clip)
        return shift_floor(party, clipped, plan.shift)

    def _sums(self, parts: Shares, public: NDArray[np.int64]) -> _Sums:
        """Return what coalitions start from, and what each player adds.

        Args:
            parts: of each player, then of T and P if there are any.
            public: K times the part of W.
        """
        alone, factors = self._party.public(public), self._plan.factors
        c, a = (np.array(f, np.uint64) for f in (zip(*factors, strict=True) if factors else ((), ())))
        wide = (len(c), *[1] * public.ndim)
        members = parts[: len(c)].each(lambda w: c.reshape(wide) * w)
        if parts.shape[0] == len(c):
            return _Sums(members, alone, alone)
        moved, known = parts[-2], parts[-1]
        alone += moved.each(lambda w: np.uint64(self._plan.k) * w)
        members -= known.each(lambda w: a.reshape(wide) * w)
        return _Sums(members, alone + known.each(lambda w: a.sum(dtype=np.uint64) * w), alone)

    def _width(self, moved: bool) -> int:  # noqa: FBT001 - whether there is a T
        """Return how many bits hold every pre-activation of layer 0, by Cauchy-Schwarz: 32 or 64."""
        plan, alone = self._plan, self._first.alone
        rows = np.asarray(plan.rows, np.int64)
        longest = int((rows * rows).sum(axis=1).max()) + plan.base.scales.bias_unit(0) ** 2
        squares_ = [*plan.norms_squared, plan.known_square]
        factors = [*(c for c, _ in plan.factors), sum(a for _, a in plan.factors)]
        room = _NARROW - 1 - sum(f * (isqrt(longest * s) + 1) for f, s in zip(factors, squares_, strict=True))
        if room < 0:
            return 64
        if not moved:
            first = plan.base.layers[0]
            return 32 if int(np.abs(plan.k * (rows @ first.weight.T + first.bias)).max()) <= room else 64
        return 32 if all_within(self._party, alone.each(lambda w: w.reshape(1, -1)), room)[0] else 64


class _Sums:
    """Sums of shared arrays over subsets, from tables of the subsets of four.

    Args:
        members: what each player adds.
        start: what the empty coalition is.
        alone: what `ALONE` is.
    """

    def __init__(self, members: Shares, start: Shares, alone: Shares) -> None:
        groups = [members[at : at + _GROUP] for at in range(0, members.shape[0], _GROUP)] or [members]
        tables = [_subsets(group, None if i else start) for i, group in enumerate(groups)]
        self.alone, self._tables = alone, [(table.first, table.second) for table in tables]

    def of(self, coalitions: Sequence[int]) -> Shares:
        """Return the sum of the members of every coalition."""
        alone = self.alone.first, self.alone.second
        return Shares(*(self._added(coalitions, [t[at] for t in self._tables], alone[at]) for at in (0, 1)))

    @staticmethod
    def _added(coalitions: Sequence[int], tables: Sequence[Words], alone: Words) -> Words:
        out = np.empty((len(coalitions), *alone.shape), np.uint64)
        for row, coalition in zip(out, coalitions, strict=True):
            if coalition == ALONE:
                np.copyto(row, alone)
                continue
            first, *rest = (table[coalition >> _GROUP * g & ((1 << _GROUP) - 1)] for g, table in enumerate(tables))
            np.add(first, rest[0], out=row) if rest else np.copyto(row, first)
            for other in rest[1:]:
                np.add(row, other, out=row)
        return out


def _subsets(parts: Shares, start: Shares | None) -> Shares:
    """Return the sums of all subsets of up to four parts, beside `start` or nothing."""
    out = Shares.stack([parts[0].each(np.zeros_like) if start is None else start])
    for i in range(parts.shape[0]):
        out = Shares.concatenate([out, out + parts[i : i + 1]])
    return out


def _project(rows: NDArray[np.integer], weight: NDArray[np.uint64]) -> NDArray[np.uint64]:
    return public_product(rows, np.ascontiguousarray(weight.T))
