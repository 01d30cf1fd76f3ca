"""Small rounds to state laws about: drawn networks, shards and updates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from marketplace.domain.bounds import Bounds
from marketplace.domain.network import Layer, Network, Scales, Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.update import Update
from marketplace.scoring.round import RoundInput, Submission

SCALES = Scales(24, 16)
BOUNDS = Bounds(entry=400, norm=2000, weight=500, row_norm=1000, bias=400)
BUDGET = 10**6


def terms_of(shape: Shape, **change: Any) -> ScoringTerms:
    """Return scoring terms for small networks."""
    return ScoringTerms(shape, SCALES, BOUNDS, **({"target_gain_ppm": 1000} | change))


def network_of(shape: Shape, rng: np.random.Generator, reach: int = 60) -> Network:
    """Return a random base."""
    layers = []
    for i, (out, inputs) in enumerate(shape.layers):
        bias = rng.integers(-reach, reach + 1, out) * SCALES.bias_unit(i)
        layers.append(Layer(rng.integers(-reach, reach + 1, (out, inputs)), bias))
    return Network(tuple(layers), SCALES)


def update_of(shape: Shape, rng: np.random.Generator, reach: int = 40) -> Update:
    """Return a random update."""
    return Update.from_flat(rng.integers(-reach, reach + 1, shape.parameters), shape)


def plus(*updates: Update, factor: int = 1) -> Update:
    """Return the sum of updates, the last one `factor` times."""
    flats = [u.flat() for u in updates]
    flats[-1] = factor * flats[-1]
    first = updates[0]
    out, at = [], 0
    total = np.sum(flats, axis=0)
    for layer in first.layers:
        end = at + layer.weight.size
        out.append(type(layer)(total[at:end].reshape(layer.weight.shape), total[end : end + layer.bias.size]))
        at = end + layer.bias.size
    return Update(tuple(out))


def address(index: int) -> str:
    """Return the address of a holder."""
    return f"0x{index + 1:040x}"


def round_of(  # a round whose updates agree with the root update on the whole, so that they are trusted
    seed: int,
    *,
    shape: Shape | None = None,
    submissions: int = 4,
    rows: int = 6,
    known: bool = False,
    spread: int = 25,
    **change: Any,
) -> RoundInput:
    """Return a round drawn from `seed`."""
    rng = np.random.default_rng(seed)
    shape = shape or Shape(int(rng.integers(1, 5)), int(rng.integers(0, 4)), int(rng.integers(2, 4)))
    root = update_of(shape, rng)
    updates = [plus(root, update_of(shape, rng, spread)) for _ in range(submissions)]
    return replace(
        RoundInput(
            scoring=terms_of(shape),
            base=network_of(shape, rng),
            rows=rng.integers(-127, 128, (rows, shape.inputs)),
            labels=rng.integers(0, shape.classes, rows),
            submissions=tuple(Submission(i, address(i), u) for i, u in enumerate(updates)),
            root_update=root,
            last_aggregate=plus(root, update_of(shape, rng, 30)) if known else None,
            last_submissions=(),
            seed=bytes([7]) * 32,
            round_budget=BUDGET,
            min_holders=2,
        ),
        **change,
    )


seeds = st.integers(0, 2**32)
rounds = st.builds(
    round_of,
    seeds,
    submissions=st.integers(0, 4),
    rows=st.integers(1, 6),
    known=st.booleans(),
    spread=st.integers(5, 60),
)
"""Rounds of at most four submissions, with and without a last aggregate."""


def with_submissions(given: RoundInput, *extra: Update | None) -> RoundInput:
    """Return the round with further submissions at its end."""
    start = 1 + max((s.index for s in given.submissions), default=-1)
    added = tuple(Submission(start + i, address(start + i), u) for i, u in enumerate(extra))
    return replace(given, submissions=given.submissions + added)
