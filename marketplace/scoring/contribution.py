"""Who contributed what: (Shapley value + solo value) / 2 of every live submission, row by row.

Numerators are integers over one public denominator, `bounds.contribution_denominator`. Up to eight players the
Shapley value is exact; beyond that it is averaged over permutations drawn from a seed, each used forwards and
backwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Protocol

import numpy as np

from marketplace.domain.bounds import EXACT_PLAYERS, contribution_denominator
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.words import bytes32_word, uint_word

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Contributions", "Values", "contributions", "draw_permutation", "shapley_weights"]


class Values(Protocol):
    """A value game: what every coalition of some players is worth, row by row. `Game` is one.

    Contributions are linear in these values, so the values of a game nobody can see may be stood for by unit vectors.
    """

    @property
    def players(self) -> int:
        """Number of players."""

    @property
    def rows(self) -> int:
        """Number of values a coalition has."""

    @property
    def everybody(self) -> int:
        """The grand coalition."""

    def walk(self, coalitions: Iterable[int]) -> Iterator[NDArray[np.int64]]:
        """Yield int64[rows] values of each coalition in turn."""

    def table(self) -> NDArray[np.int64]:
        """Return int64[2**players, rows]: every coalition's, in the order of their bitmaps."""


@dataclass(frozen=True)
class Contributions:
    """Numerators of every player's contribution.

    Args:
        numerators: int64[players, rows].
        denominator: what they are over.
        full: int64[rows] row scores of the grand coalition.
    """

    numerators: NDArray[np.int64]
    denominator: int
    full: NDArray[np.int64]

    @property
    def sums(self) -> tuple[int, ...]:
        """Each player's numerators, summed over the rows."""
        return tuple(int(v) for v in self.numerators.sum(axis=1))

    @property
    def squares(self) -> tuple[int, ...]:
        """Each player's squared numerators, summed over the rows; below 2**62 by `worst_case`."""
        return tuple(int(v) for v in (self.numerators * self.numerators).sum(axis=1))


def contributions(game: Values, seed: bytes, permutations: int) -> Contributions:
    """Return every player's contribution.

    Args:
        game: the value game; its players must come in an order that does not depend on who submitted first.
        seed: 32 bytes that nobody could know when submitting.
        permutations: pairs to draw when there are too many players for all coalitions.
    """
    denominator = contribution_denominator(game.players, permutations)
    if game.players <= EXACT_PLAYERS:
        table = game.table()
        shapley, empty, solos, full = _exact(table), table[0], table[[1 << i for i in range(game.players)]], table[-1]
    else:
        orders = [draw_permutation(seed, draw, game.players) for draw in range(permutations)]
        values = _evaluate(game, [order for drawn in orders for order in (drawn, drawn[::-1])])
        shapley, empty, full = _sampled(game, orders, values), values[0], values[game.everybody]
        solos = np.array([values[1 << i] for i in range(game.players)])
    return Contributions(shapley + (solos - empty) * (denominator // 2), denominator, full)


def shapley_weights(players: int) -> list[int]:
    """Return the weight of a marginal contribution to 0, 1, ... players - 1 others, over lcm(1..players)."""
    whole = contribution_denominator(players, 0) // 2
    return [whole // (players * comb(players - 1, size)) for size in range(players)]


def draw_permutation(seed: bytes, draw: int, players: int) -> tuple[int, ...]:
    """Return a permutation of 0..players-1: Fisher-Yates, each choice from one Keccak word.

    The modulo favours no choice by more than 2**-249.
    """
    order = list(range(players))
    for last in range(players - 1, 0, -1):
        word = keccak(tag("permutation"), bytes32_word(seed), uint_word(draw), uint_word(last))
        chosen = int.from_bytes(word, "big") % (last + 1)
        order[last], order[chosen] = order[chosen], order[last]
    return tuple(order)


def _exact(table: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return Shapley numerators over lcm(1..n): one matrix product over all coalitions."""
    players = len(table).bit_length() - 1
    weights = shapley_weights(players)
    matrix = np.zeros((players, len(table)), np.int64)
    for coalition in range(len(table)):
        size = coalition.bit_count()
        for i in range(players):
            matrix[i, coalition] = weights[size - 1] if coalition >> i & 1 else -weights[size]
    return matrix @ table


def _evaluate(game: Values, orders: Iterable[Sequence[int]]) -> dict[int, NDArray[np.int64]]:
    """Return the row scores of every coalition these orders pass through, and of every single player."""
    path = dict.fromkeys([0, *(1 << i for i in range(game.players))])
    for order in orders:
        path.update(dict.fromkeys(_prefixes(order)))
    return dict(zip(path, game.walk(path), strict=True))


def _sampled(game: Values, orders: Sequence[Sequence[int]], values: dict[int, NDArray[np.int64]]) -> NDArray[np.int64]:
    """Return the sum of marginal contributions over every order and its reverse."""
    out = np.zeros((game.players, game.rows), np.int64)
    for drawn in orders:
        for order in (drawn, drawn[::-1]):
            before = 0
            for player, after in zip(order, _prefixes(order), strict=True):
                out[player] += values[after] - values[before]
                before = after
    return out


def _prefixes(order: Sequence[int]) -> list[int]:
    coalition, out = 0, []
    for player in order:
        coalition |= 1 << player
        out.append(coalition)
    return out
