"""A holder's share of the gain: half Shapley value, half what the update does alone, row by row.

Both are linear in the values, so they are formed for each row as an integer numerator over one public denominator.
Up to `EXACT` players every coalition counts; beyond that, seeded antithetic orders (each with its reverse).

Source: L. S. Shapley, "A value for n-person games", 1953; antithetic sampling: Mitchell et al., JMLR 23 (2022).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import comb, lcm
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.scoring.game import ValueGame

__all__ = ["EXACT", "Contributions", "contributions", "seeded_order"]

EXACT = 8
"""Up to this many players every coalition is evaluated."""


@dataclass(frozen=True, eq=False)
class Contributions:
    """Contributions of every player on every row.

    Attributes:
        numerators: int64[players, rows]; a player's contribution is its sum over `denominator`, in row-score units.
        denominator: the public denominator.
        empty: int64[rows], values of the empty coalition; `grand`: of all players together.
    """

    numerators: NDArray[np.int64]
    denominator: int
    empty: NDArray[np.int64]
    grand: NDArray[np.int64]


def contributions(game: ValueGame, permutations: int, seed: bytes) -> Contributions:
    """Return (Shapley + solo) / 2 of every player, exactly or over seeded antithetic orders.

    Numerators stay below 2**26 for up to 8 players and 2**25 for up to 256 orders, so that their squares, summed over a
    shard, stay below 2**62.
    """
    if game.players <= EXACT:
        return _exact(game)
    return _sampled(game, permutations, seed)


def _exact(game: ValueGame) -> Contributions:
    n, values = game.players, game.all_values()
    unit = lcm(*range(1, n + 1)) if n else 1
    sizes = np.array([mask.bit_count() for mask in range(1 << n)])
    # |S|! (n - |S| - 1)! / n! = 1 / (n C(n-1, |S|)), a whole number of 1/lcm(1..n).
    weight = np.array([unit // (n * comb(n - 1, size)) for size in range(n)] + [0], np.int64)
    masks = np.arange(1 << n)
    numerators = np.empty((n, values.shape[1]), np.int64)
    for i in range(n):
        without = masks[(masks >> i) & 1 == 0]
        gains = values[without | (1 << i)] - values[without]
        numerators[i] = weight[sizes[without]] @ gains + unit * (values[1 << i] - values[0])
    return Contributions(numerators, 2 * unit, values[0], values[-1])


def _sampled(game: ValueGame, permutations: int, seed: bytes) -> Contributions:
    n, orders = game.players, 2 * permutations
    empty = game.value(())
    numerators = np.stack([orders * (game.value((i,)) - empty) for i in range(n)])
    grand = empty
    for number in range(permutations):
        order = seeded_order(n, seed, number)
        for way in (order, order[::-1]):
            before = empty
            for player, now in zip(way, game.walk(way), strict=True):
                numerators[player] += now - before
                before = now
            grand = before
    return Contributions(numerators, 2 * orders, empty, grand)


def seeded_order(players: int, seed: bytes, number: int) -> tuple[int, ...]:
    """Return the `number`-th order of `players`: Fisher-Yates with SHAKE-256(seed, number) as its only randomness.

    Each step draws 64 bits and takes them modulo the places left; the bias is below 2**-56.
    """
    stream = hashlib.shake_256(seed + number.to_bytes(4, "big")).digest(8 * players)
    order = list(range(players))
    for i in range(players - 1, 0, -1):
        j = int.from_bytes(stream[8 * i : 8 * i + 8], "big") % (i + 1)
        order[i], order[j] = order[j], order[i]
    return tuple(order)
