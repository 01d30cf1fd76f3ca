"""Which networks a scoring evaluates, what each is made of, and what contributions make of their scores."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.bounds import contribution_denominator
from marketplace.scoring.contribution import draw_permutation, shapley_weights

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.scoring.trace.layout import Counts
    from marketplace.scoring.trace.public import Weight

__all__ = ["coalitions", "factors", "final_factors", "numerator_weights"]


def coalitions(counts: Counts, seed: bytes) -> list[int]:
    """Return the coalition, a bitmap over players, of each evaluation from 1 on."""
    n = counts.players
    if counts.is_exact:
        return list(range(1 << n))
    out = [0, *(1 << p for p in range(n))]
    for draw in range(counts.permutations):
        order = draw_permutation(seed, draw, n)
        for way in (order, order[::-1]):
            out += np.cumsum([1 << p for p in way], dtype=object).tolist()
    return out


def factors(counts: Counts, seed: bytes, k: int, weights: Sequence[Weight]) -> NDArray[np.int64]:
    """Return int64[evaluations, parts]: how often each part goes into each network."""
    out = np.zeros((counts.evaluations, counts.parts), np.int64)
    out[:, 0] = k
    total = sum(w.known for w in weights if w.player is not None)
    for e, coalition in enumerate(coalitions(counts, seed), start=1):
        out[e, 1] = total
        for i, weight in enumerate(weights):
            if weight.player is not None and coalition >> weight.player & 1:
                out[e, 1] -= weight.known
                out[e, 2 + i] = weight.coefficient
    return out


def final_factors() -> NDArray[np.int64]:
    """Return the factors of the final block: the first base, and the last."""
    return np.eye(2, dtype=np.int64)


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
