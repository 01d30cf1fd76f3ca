"""Steps from models and rows to row scores."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.scoring.rowscore import ScoreScale
from marketplace.scoring.trace.columns import factors
from marketplace.scoring.trace.layout import Section
from marketplace.scoring.trace.openings import integers
from marketplace.scoring.trace.step import Step, need

__all__ = ["hidden", "logit", "neuron", "row_score", "rows", "score", "table"]

_WORD = 8


def neuron(step: Step) -> bool:
    """FIRST(r, g)[p] is not the pre-activation of neuron g of part p on row r."""
    at, counts, reader = step.at, step.counts, step.reader
    final_root = step.params().final_rows_root if step.base else None
    need(at.g < counts.first and at.r < step.rows)
    need(at.p < counts.block_parts(step.base))
    stated = reader.part(step.base + Section.FIRST, at.r * counts.first + at.g, at.p)
    *weights, bias = step.part()
    if at.level:
        return stated != 0
    features = reader.row(at.r, final_root).features
    return stated != _dot(weights, features) + step.unit(at.p, 0) * bias


def rows(step: Step) -> bool:
    """ROWS(e, g)[k] is not the combination of the parts' entries."""
    at, counts, reader = step.at, step.counts, step.reader
    table, k = _factors(step)
    need(counts.hidden > 0 and at.g < counts.classes and at.k <= counts.hidden)
    stated = reader.ints(step.base + Section.ROWS, at.e * counts.classes + at.g)[at.k]
    parts = reader.ints(step.base + Section.TRANS, counts.entry(counts.first + at.g, at.k))
    if at.k == counts.hidden:
        table = [k * step.unit(p, 1) * factor for p, factor in enumerate(table)]
    return stated != _dot(table, parts)


def hidden(step: Step) -> bool:
    """An activation of STATES(e, r), or a logit of a linear model, is not what the parts' FIRST(r, g) make."""
    at, counts, reader = step.at, step.counts, step.reader
    table, _ = _factors(step)
    need(at.g < counts.first and at.r < step.rows)
    stated = integers(reader.leaf(step.base + Section.STATES, at.e * step.rows + at.r)[:-2])[at.g]
    parts = reader.ints(step.base + Section.FIRST, at.r * counts.first + at.g)[: len(table)]
    value = _dot(table, parts)
    return stated != (max(0, value) if counts.hidden else value)


def logit(step: Step) -> bool:
    """A logit of STATES(e, r) is not its activations times ROWS(e, g)."""
    at, counts, reader = step.at, step.counts, step.reader
    if step.base:
        step.params()
    _in_state(step)
    need(counts.hidden > 0 and at.g < counts.classes)
    state = integers(reader.leaf(step.base + Section.STATES, at.e * step.rows + at.r)[:-2])
    *weights, bias = reader.ints(step.base + Section.ROWS, at.e * counts.classes + at.g)
    return state[counts.hidden + at.g] != _dot(weights, state[: counts.hidden]) + bias


def score(step: Step) -> bool:
    """The row score of STATES(e, r) is not that of its logits."""
    at, counts, reader = step.at, step.counts, step.reader
    params = step.params()
    _in_state(step)
    content = reader.leaf(step.base + Section.STATES, at.e * step.rows + at.r)
    row = reader.row(at.r, params.final_rows_root if step.base else None)
    if row.label >= counts.classes:
        return True
    logits = integers(content[counts.hidden * _WORD : -2])
    scale = params.final_scale if step.base else params.scale
    return int.from_bytes(content[-2:], "big") != row_score(logits, row.label, scale)


def table(step: Step) -> bool:
    """TABLE(r)[e] is not the row score of STATES(e, r)."""
    at, counts, reader = step.at, step.counts, step.reader
    _in_state(step)
    stated = reader.leaf(Section.TABLE, at.r)[2 * at.e : 2 * at.e + 2]
    return stated != reader.leaf(Section.STATES, at.e * counts.rows + at.r)[-2:]


def row_score(logits: Sequence[int], label: int, scale: ScoreScale) -> int:
    """Return the score of one row, as `rowscore.row_scores`."""
    margin = logits[label] - max(z for c, z in enumerate(logits) if c != label)
    return max(-scale.clip, min(scale.clip, margin)) + scale.clip >> scale.shift


def _factors(step: Step) -> tuple[list[int], int]:
    """Read PARAMS, and WEIGHTS of the main block; return the factors of evaluation e, and K."""
    params, e = step.params(), step.at.e
    need(e < step.counts.block_evaluations(step.base))
    if step.base:
        return [int(e == part) for part in range(2)], 1
    return factors(e, step.counts, params.seed, params.k, step.weights()), params.k


def _in_state(step: Step) -> None:
    need(step.at.e < step.counts.block_evaluations(step.base) and step.at.r < step.rows)


def _dot(a: Sequence[int], b: Sequence[int]) -> int:
    return sum(x * y for x, y in zip(a, b, strict=True))
