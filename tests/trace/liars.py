"""Seats that lie about one thing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from marketplace.domain.network import Layer, Network
from marketplace.domain.terms import SheetHead
from marketplace.domain.update import LayerUpdate, Update
from marketplace.scoring.trace.build import ModelLeaves, Trace, contents_of
from marketplace.scoring.trace.figures import Figures
from tests.trace.cases import salt, sheet

Lie = tuple[Trace, SheetHead]


def resalted(trace: Trace, rng: np.random.Generator) -> Figures:
    """Return the figures of a round, half of the time with other salts of the trace and of what was adopted."""
    traced = trace.figures.traced
    if rng.integers(2):
        traced = replace(traced, secret=salt(99), next_salt=salt(98), aggregate_salt=salt(97))
    return Figures(traced)


def byte_liar(trace: Trace, section: int, rng: np.random.Generator) -> Lie:
    """Change one byte of one leaf, and hash."""
    figures = resalted(trace, rng)
    contents = contents_of(figures)
    blocks = [block.copy() for block in contents.leaves[section]]
    block = blocks[rng.integers(len(blocks))]
    row, column = rng.integers(len(block)), rng.integers(block.shape[1])
    block[row, column] ^= rng.integers(1, 256)
    lie = Trace(figures, replace(contents, leaves={**contents.leaves, section: tuple(blocks)}))
    return lie, sheet(figures, lie)


def sum_liar(trace: Trace, section: int, rng: np.random.Generator) -> Lie:
    """Change one sum or square that a node of a sum tree states, padding too, and hash."""
    figures = resalted(trace, rng)
    contents = contents_of(figures)
    levels = [(sums.copy(), squares.copy()) for sums, squares in contents.sums[section]]
    values = levels[rng.integers(len(levels))][rng.integers(2)]
    values[rng.integers(values.shape[0]), rng.integers(values.shape[1])] += rng.integers(1, 5)
    lie = Trace(figures, replace(contents, sums={**contents.sums, section: tuple(levels)}))
    return lie, sheet(figures, lie)


def model_liar(trace: Trace, model: int, rng: np.random.Generator) -> Lie:
    """Commit to a model in which one weight is another, and hash; to one at all where there is none."""
    figures = resalted(trace, rng)
    contents = contents_of(figures)
    honest = figures.models[model] or Update.zero(figures.given.scoring.shape)
    models: list[ModelLeaves | None] = list(contents.models)
    models[model] = ModelLeaves.of(_nudged(honest, rng), salt(96))
    lie = Trace(figures, replace(contents, models=tuple(models)))
    return lie, sheet(figures, lie)


STAGES = (
    "dots",
    "coefficients",
    "weights",
    "params",
    "main.trans",
    "main.first",
    "main.second",
    "main.states",
    "table",
    "numerators",
    "sums",
    "sum_rows",
    "adoption",
    "earned",
    "final.trans",
    "final.first",
    "final.second",
    "final.states",
    "final_sums",
    "money",
    "people",
)


def stage_liar(trace: Trace, stage: str, rng: np.random.Generator) -> Lie:
    """Change one figure, and compute everything that follows from it honestly."""
    figures = resalted(trace, rng)
    place, _, name = stage.rpartition(".")
    holder: Any = getattr(figures, place) if place else figures
    vars(holder)[name] = _changed(getattr(holder, name), rng)
    lie = Trace(figures, contents_of(figures))
    return lie, sheet(figures, lie)


def _changed(value: Any, rng: np.random.Generator) -> Any:
    """Return a value in which one number is another."""
    if isinstance(value, np.ndarray):
        out = value.copy()
        out[tuple(rng.integers(size) for size in out.shape)] += rng.choice([-3, -1, 1, 2])
        return out
    if isinstance(value, Network | Update):
        return _nudged(value, rng)
    if isinstance(value, tuple):
        full = [i for i, part in enumerate(value) if part is not None and not (hasattr(part, "size") and not part.size)]
        at = rng.choice(full)
        return tuple(_changed(part, rng) if i == at else part for i, part in enumerate(value))
    if isinstance(value, bool | int | np.integer):
        return type(value)(value + 1) if value != 1 or not isinstance(value, bool) else False
    if isinstance(value, str):
        return "0x" + "77" * 20
    fields = {name: v for name, v in vars(value).items() if v not in ((), None) and not isinstance(v, bytes)}
    fields = {name: v for name, v in fields.items() if name not in _INERT}
    name = str(rng.choice(sorted(fields)))
    return replace(value, **{name: _changed(fields[name], rng)})


_INERT = {"norms", "root_cosines", "trusts", "copies"}
"""Fields of coefficients that a trace does not hold."""


def _nudged(model: Network | Update, rng: np.random.Generator) -> Network | Update:
    at = rng.integers(len(model.layers))
    old = model.layers[at]
    weight, bias = old.weight.copy(), old.bias.copy()
    g, k = rng.integers(weight.shape[0]), rng.integers(weight.shape[1] + 1)
    if k < weight.shape[1]:
        weight[g, k] += 1
    else:
        bias[g] += 1
    new = (Layer if isinstance(model, Network) else LayerUpdate)(weight, bias)
    return replace(model, layers=tuple(new if i == at else layer for i, layer in enumerate(model.layers)))


def says_something_else(trace: Trace, lie: Trace) -> bool:
    """Tell a lie from other salts: whether any figure of a trace is another."""
    if trace.frame.counts != lie.frame.counts:
        return True
    one, other = trace.contents, lie.contents
    pairs = [(a, b) for s in one.leaves for a, b in zip(one.leaves[s], other.leaves[s], strict=True)]
    pairs += [
        (a, b)
        for s in one.sums
        for x, y in zip(one.sums[s], other.sums[s], strict=True)
        for a, b in zip(x, y, strict=True)
    ]
    models = [[m and m.contents for m in contents.models] for contents in (one, other)]
    return models[0] != models[1] or not all(np.array_equal(a, b) for a, b in pairs)
