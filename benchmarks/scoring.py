"""How long scoring a round takes, against evaluating every coalition's network from scratch.

    python benchmarks/scoring.py [--submissions 8] [--rows 500] [--inputs 64] [--hidden 32] [--classes 10]

One core: BLAS is held to one thread.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from marketplace.domain.bounds import EXACT_PLAYERS
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.terms import ScoringTerms
from marketplace.domain.update import Update
from marketplace.scoring.round import RoundInput, RoundScore, Submission, score_round
from marketplace.scoring.rowscore import row_scores

T = TypeVar("T")


def make_round(shape: Shape, submissions: int, rows: int) -> RoundInput:
    """Return a random round in which every submission is trusted."""
    rng = np.random.default_rng(0)
    layers = tuple(
        Layer(rng.normal(0, 300, s).astype(int), rng.normal(0, 3000, s[0]).astype(int)) for s in shape.layers
    )
    root = rng.normal(0, 20, shape.parameters)
    updates = [root + rng.normal(0, 20, shape.parameters) for _ in range(submissions)]
    return RoundInput(
        scoring=ScoringTerms(shape, max_submissions=max(2, submissions)),
        base=Network(layers, Scales()),
        rows=rng.integers(-127, 128, (rows, shape.inputs)).astype(np.int8),
        labels=rng.integers(0, shape.classes, rows),
        submissions=tuple(
            Submission(i, f"0x{i:040x}", Update.from_flat(u.astype(int), shape)) for i, u in enumerate(updates)
        ),
        root_update=Update.from_flat(root.astype(int), shape),
        last_aggregate=Update.from_flat((root + rng.normal(0, 20, shape.parameters)).astype(int), shape),
        last_submissions=(),
        seed=bytes(32),
        round_budget=10**21,
        min_holders=3,
    )


def naive_table(given: RoundInput, score: RoundScore) -> list[list[int]]:
    """Return the row scores of every coalition, each network built and run from scratch in int64."""
    chosen, base, known = score.coefficients, given.base, given.last_aggregate
    columns, out = np.asarray(given.rows, np.int64), []
    for coalition in range(1 << len(chosen.live)):
        members = [i for at, i in enumerate(chosen.live) if coalition >> at & 1]
        rest = sum(chosen.known[i] for i in chosen.live if i not in members)
        layers = []
        for at, layer in enumerate(base.layers):
            unit = base.scales.bias_unit(at)
            weight, bias = chosen.k * layer.weight, chosen.k * layer.bias
            for factor, update in [(chosen.values[i], given.submissions[i].update) for i in members] + [(rest, known)]:
                if update is not None:
                    weight = weight + factor * update.layers[at].weight
                    bias = bias + factor * unit * update.layers[at].bias
            layers.append(Layer(weight, bias))
        logits = Network(tuple(layers), base.scales).forward(columns, chosen.k)
        out.append(row_scores(np.ascontiguousarray(logits.T), given.labels, score.scale).tolist())
    return out


def best_of(times: int, act: Callable[[], T]) -> tuple[float, T]:
    """Return the shortest time of several runs, in seconds, and the last result."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        result = act()
        spent.append(time.perf_counter() - start)
    return min(spent), result


def main() -> None:
    """Time both and print the figures."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("submissions", 8), ("rows", 500), ("inputs", 64), ("hidden", 32), ("classes", 10)):
        ask.add_argument(f"--{name}", type=int, default=default)
    asked = ask.parse_args()
    given = make_round(Shape(asked.inputs, asked.hidden, asked.classes), asked.submissions, asked.rows)
    with threadpool_limits(1):
        seconds, score = best_of(5, lambda: score_round(given))
        live = len(score.coefficients.live)
        print(f"score_round: {seconds:.3f} s for {live} live submissions, {asked.rows} rows, one core")
        if live <= EXACT_PLAYERS:
            slow, _ = best_of(2, lambda: naive_table(given, score))
            print(f"all {1 << live} coalitions from scratch: {slow:.3f} s, {slow / seconds:.0f} times as long")


if __name__ == "__main__":
    main()
