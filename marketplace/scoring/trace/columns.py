"""Which networks a scoring evaluates, what each is made of, and what contributions make of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.bounds import contribution_denominator
from marketplace.scoring.contribution import draw_permutation, shapley_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.scoring.trace.layout import Counts
    from marketplace.scoring.trace.public import Weight

__all__ = ["coalitions", "factors", "numerator_weights"]


@lru_cache(maxsize=8)
def coalitions(counts: Counts, seed: bytes) -> tuple[int, ...]:
    """Return the coalition, a bitmap over players, of each evaluation from 1 on."""
    n = counts.players
    if counts.is_exact:
        return tuple(range(1 << n))
    out = [0, *(1 << p for p in range(n))]
    for draw in range(counts.permutations):
        order = draw_permutation(seed, draw, n)
        for way in (order, order[::-1]):
            out += accumulate(1 << p for p in way)
    return tuple(out)


def factors(e: int, counts: Counts, seed: bytes, k: int, weights: Sequence[Weight]) -> list[int]:
    """Return how often each part goes into the network of an evaluation."""
    out = [k] + [0] * (counts.parts - 1)
    if e:
        coalition = coalitions(counts, seed)[e - 1]
        out[1] = sum(w.known for w in weights if w.player is not None)
        for i, weight in enumerate(weights):
            if weight.player is not None and coalition >> weight.player & 1:
                out[1] -= weight.known
                out[2 + i] = weight.coefficient
    return out


@lru_cache(maxsize=8)
def numerator_weights(counts: Counts, seed: bytes) -> NDArray[np.int64]:
    """Return int64[players, evaluations]: each player's numerator is this times the scores of a row."""
    n = counts.players
    out = np.zeros((n, counts.evaluations), np.int64)
    players = np.arange(n)
    if counts.is_exact:
        weights = shapley_weights(n)
        for coalition in range(1 << n):
            size = coalition.bit_count()
            for p in range(n):
                out[p, 1 + coalition] = weights[size - 1] if coalition >> p & 1 else -weights[size]
        solo = 1 + (1 << players)
    else:
        at = 2 + n
        for draw in range(counts.permutations):
            order = draw_permutation(seed, draw, n)
            for way in (order, order[::-1]):
                for step, player in enumerate(way):
                    out[player, at + step] += 1
                    out[player, at + step - 1 if step else 1] -= 1
                at += n
        solo = 2 + players
    half = contribution_denominator(n, counts.permutations) // 2
    out[players, solo] += half
    out[:, 1] -= half
    return out
