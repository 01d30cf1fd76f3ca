"""The value game: the row scores of every coalition of updates, exact and without a division.

Coalition S is the network with weights K W + sum_S (c_i D_i - a_i P) + (sum of all a_i) P, whose logits are K**layers
times those of base + (sum_S c_i D_i + sum_{not S} a_i P) / K. K, the c_i and the a_i are the same for every S, so an
update that changes nothing changes no coalition. What an update says along the last aggregate P, which everybody
knows, belongs to the empty coalition.

Layer 0 is linear in the updates: it is computed once an update, and a coalition is a sum of committed vectors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.scoring.rowscore import ScoreScale, row_scores

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

    Exact = NDArray[np.int64] | NDArray[np.float64]

__all__ = ["FLOAT_LIMIT", "Game", "Part", "build_game"]

FLOAT_LIMIT: Final = 1 << 52
"""Integers below this, and the sum or difference of any two, are exact in float64 whatever the order of adding."""


@dataclass(frozen=True)
class Part:
    """What the base or one player adds to every coalition it is in.

    Args:
        first: [hidden, rows] pre-activations of layer 0 ([classes, rows] logits of a linear model).
        weight: [classes, hidden] weights of layer 1; [classes, 0] for a linear model.
        bias: [classes, 1] biases of layer 1, times K; zeros for a linear model.
    """

    first: Exact
    weight: Exact
    bias: Exact

    def astype(self, dtype: type[np.float64]) -> Part:
        """Return the same integers in another type."""
        return Part(self.first.astype(dtype), self.weight.astype(dtype), self.bias.astype(dtype))


class Game:
    """Coalitions of n players on a shard; a coalition is a bitmap over the players."""

    def __init__(self, empty: Part, players: Sequence[Part], labels: NDArray[np.int64], scale: ScoreScale) -> None:
        parts = [empty, *players]
        # Exact either way: below the limit BLAS may add in any order it likes, and above it int64 is proven to hold.
        self.exact_in_float = _reach(parts) < FLOAT_LIMIT
        if self.exact_in_float:
            parts = [part.astype(np.float64) for part in parts]
        self._empty, self._players = parts[0], parts[1:]
        self._labels, self._scale = labels, scale

    @property
    def players(self) -> int:
        """Number of players."""
        return len(self._players)

    @property
    def rows(self) -> int:
        """Number of validation rows."""
        return len(self._labels)

    @property
    def everybody(self) -> int:
        """The grand coalition."""
        return (1 << self.players) - 1

    def walk(self, coalitions: Iterable[int]) -> Iterator[NDArray[np.int64]]:
        """Yield int64[rows] row scores of each coalition in turn; cheap when neighbours differ in few players."""
        first, weight, bias = (a.copy() for a in (self._empty.first, self._empty.weight, self._empty.bias))
        at = 0
        for coalition in coalitions:
            for i, part in enumerate(self._players):
                if (at ^ coalition) >> i & 1:
                    change = np.add if coalition >> i & 1 else np.subtract
                    change(first, part.first, out=first)
                    change(weight, part.weight, out=weight)
                    change(bias, part.bias, out=bias)
            at = coalition
            logits = weight @ np.maximum(first, 0) + bias if weight.shape[1] else first.copy()
            yield row_scores(logits, self._labels, self._scale)

    def table(self) -> NDArray[np.int64]:
        """Return int64[2**players, rows]: the row scores of every coalition, in the order of their bitmaps."""
        out = np.empty((1 << self.players, self.rows), np.int64)
        path = [i ^ i >> 1 for i in range(1 << self.players)]  # Gray code: one player comes or goes a step
        for coalition, scores in zip(path, self.walk(path), strict=True):
            out[coalition] = scores
        return out


def build_game(  # noqa: PLR0913, PLR0917 - a round's model, players and shard
    base: Network,
    players: Sequence[tuple[Update, int, int]],
    known: Update | None,
    k: int,
    rows: NDArray[np.integer],
    labels: NDArray[np.int64],
    scale: ScoreScale,
) -> Game:
    """Return the game of `players` on a shard.

    Args:
        base: W.
        players: (D_i, c_i, a_i) of each live submission.
        known: P, the last adopted aggregate; None counts as zero.
        k: K.
        rows: int8[n, inputs].
        labels: int64[n].
        scale: of the row scores over K.
    """
    columns = np.ascontiguousarray(np.asarray(rows, np.int64).T)
    total = sum(a for _, _, a in players)

    def part(terms: Sequence[tuple[int, Network | Update | None]]) -> Part:
        return _part(_combine(base, terms, k), columns)

    empty = part([(k, base), (total, known)])
    return Game(empty, [part([(c, d), (-a, known)]) for d, c, a in players], labels, scale)


_Tensors = list[tuple["NDArray[np.int64]", "NDArray[np.int64]"]]


def _combine(base: Network, terms: Sequence[tuple[int, Network | Update | None]], k: int) -> _Tensors:
    """Return per layer the weights and biases of a weighted sum, biases at the scale they have over K."""
    out: _Tensors = []
    for i, layer in enumerate(base.layers):
        weight, bias = np.zeros_like(layer.weight), np.zeros_like(layer.bias)
        for factor, term in terms:
            if term is not None and factor:
                unit = 1 if term is base else base.scales.bias_unit(i)
                weight += factor * term.layers[i].weight
                bias += factor * unit * k**i * term.layers[i].bias
        out.append((weight, bias))
    return out


def _part(tensors: _Tensors, columns: NDArray[np.int64]) -> Part:
    (weight, bias), *rest = tensors
    first = _product(weight, columns) + bias[:, None]
    if rest:
        return Part(first, rest[0][0], rest[0][1][:, None])
    return Part(first, np.zeros((len(bias), 0), np.int64), np.zeros((len(bias), 1), np.int64))


def _product(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return a @ b, by BLAS when every partial sum is exact in float64."""
    if _largest(np.abs(a).sum(axis=1)) * _largest(np.abs(b)) < FLOAT_LIMIT:
        return (a.astype(np.float64) @ b.astype(np.float64)).astype(np.int64)
    return a @ b


def _reach(parts: Sequence[Part]) -> int:
    """Return a bound on every integer that any coalition of `parts` can lead to before its row score.

    By the triangle inequality over parts, rows and hidden units, in integers of any size.
    """

    def total(values: Callable[[Part], Exact]) -> NDArray[np.object_]:
        out: NDArray[np.object_] = np.sum([abs(values(p)).astype(object) for p in parts], axis=0)
        return out

    hidden = total(lambda p: abs(p.first).max(axis=1))
    if not parts[0].weight.shape[1]:
        return int(hidden.max())
    logits = total(lambda p: p.weight) @ hidden + total(lambda p: p.bias)[:, 0]
    return max(int(hidden.max()), int(logits.max()))


def _largest(values: NDArray[np.int64]) -> int:
    return int(np.max(values, initial=0))
