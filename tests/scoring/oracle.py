"""The value game written a second time, from its definition: true logits in fractions, coalitions one by one.

Nothing of `marketplace.scoring` is used. Slow, and meant to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import permutations
from math import factorial

from marketplace.domain.network import Network
from marketplace.domain.update import Update

Coalition = frozenset[int]


def logits(network: Network, moves: Sequence[tuple[Fraction, Update]], row: Sequence[int]) -> list[Fraction]:
    """Return the logits of base + sum of weighted updates, at the scale of the base's logits."""
    values = [Fraction(v) for v in row]
    for i, layer in enumerate(network.layers):
        if i:
            values = [max(Fraction(0), v) for v in values]
        unit = network.scales.input_scale * network.scales.weight_scale**i
        out = []
        for j, weights in enumerate(layer.weight.tolist()):
            moved = [w + sum(f * int(u.layers[i].weight[j, at]) for f, u in moves) for at, w in enumerate(weights)]
            bias = int(layer.bias[j]) + sum(f * unit * int(u.layers[i].bias[j]) for f, u in moves)
            out.append(sum((w * v for w, v in zip(moved, values, strict=True)), Fraction(0)) + bias)
        values = out
    return values


def row_score(found: Sequence[Fraction], label: int, network: Network, clip_logits: int, k: int) -> int:
    """Return the row score of true logits over a denominator: M grows with k**layers, and keeps 15 bits twice over."""
    layers = len(network.layers)
    clip = clip_logits * network.scales.input_scale * network.scales.weight_scale**layers
    margin = found[label] - max(v for c, v in enumerate(found) if c != label)
    scaled = (min(max(margin, Fraction(-clip)), Fraction(clip)) + clip) * k**layers
    top, shift = 2 * clip * k**layers, 0
    while top >> shift >= 1 << 15:
        shift += 1
    return int(scaled / 2**shift)  # never negative, so truncation is the floor


class Oracle:
    """Every coalition's row scores.

    Args:
        players: (D_i, c_i, a_i).
    """

    def __init__(
        self,
        network: Network,
        players: Sequence[tuple[Update, int, int]],
        known: Update | None,
        k: int,
        rows: Sequence[Sequence[int]],
        labels: Sequence[int],
        clip_logits: int,
    ) -> None:
        self.network, self.players, self.known, self.k = network, players, known, k
        self.rows, self.labels, self.clip_logits = rows, labels, clip_logits
        self._memory: dict[Coalition, list[int]] = {}

    def value(self, coalition: Coalition) -> list[int]:
        """Return the row scores of (K base + sum_S c_i D_i + sum_{not S} a_i P) / K."""
        if coalition not in self._memory:
            moves = [(Fraction(c, self.k), d) for i, (d, c, _) in enumerate(self.players) if i in coalition]
            if self.known is not None:
                rest = sum(a for i, (_, _, a) in enumerate(self.players) if i not in coalition)
                moves.append((Fraction(rest, self.k), self.known))
            self._memory[coalition] = self.scores(moves)
        return self._memory[coalition]

    def scores(self, moves: Sequence[tuple[Fraction, Update]]) -> list[int]:
        """Return the row scores of base + moves."""
        return [
            row_score(logits(self.network, moves, row), label, self.network, self.clip_logits, self.k)
            for row, label in zip(self.rows, self.labels, strict=True)
        ]

    def contributions(self) -> list[list[Fraction]]:
        """Return (Shapley + solo) / 2 of every player and row: the mean over all n! orders of joining."""
        n, m = len(self.players), len(self.rows)
        out = [[Fraction(0)] * m for _ in range(n)]
        for order in permutations(range(n)):
            here: Coalition = frozenset()
            for i in order:
                after = here | {i}
                for r in range(m):
                    gain = self.value(after)[r] - self.value(here)[r]
                    out[i][r] += Fraction(gain, 2 * factorial(n))
                here = after
        for i in range(n):
            for r in range(m):
                solo = self.value(frozenset({i}))[r] - self.value(frozenset())[r]
                out[i][r] += Fraction(solo, 2)
        return out
