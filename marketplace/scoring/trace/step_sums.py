"""Steps from row scores to figures, and from models to dot products."""

from __future__ import annotations

from marketplace.domain.hashing import ZERO_HASH
from marketplace.scoring.trace.columns import numerator_weights
from marketplace.scoring.trace.layout import FINAL, Section
from marketplace.scoring.trace.openings import Node, integers
from marketplace.scoring.trace.step import MAX_SHIFT, Step, need

__all__ = ["dot_leaf", "figure", "final_figure", "final_sum_leaf", "gram", "numerator", "sum_leaf", "sum_node"]

_NOTHING = Node(ZERO_HASH, 0, 0)


def numerator(step: Step) -> bool:
    """The numerator of player k in row r is not what the row's scores make."""
    at, counts = step.at, step.counts
    seed = bytes(32) if counts.is_exact else step.params().seed
    need(at.k < counts.players and at.r < counts.rows)
    scores, numerators = _table(step)
    if counts.evaluations != counts.expected_evaluations:
        return True
    weights: list[int] = numerator_weights(counts, seed)[at.k].tolist()
    return numerators[at.k] != sum(w * s for w, s in zip(weights, scores, strict=True))


def sum_leaf(step: Step) -> bool:
    """The leaf of SUMS of figure k in row r is not the numerator and its square, or the gain."""
    at, counts = step.at, step.counts
    leaf = step.reader.sum_leaf(Section.SUMS, at.k, at.r)
    if at.r >= counts.rows:
        return leaf != _NOTHING
    scores, numerators = _table(step)
    if counts.evaluations != counts.expected_evaluations:
        return True
    if at.k == counts.players:
        return leaf[1:] != (scores[counts.full] - scores[0], 0)
    return leaf[1:] != (numerators[at.k], numerators[at.k] ** 2)


def final_sum_leaf(step: Step) -> bool:
    """The leaf of the final block's SUMS in row r is not the gain of the last base over the first."""
    at, reader = step.at, step.reader
    leaf = reader.sum_leaf(FINAL + Section.SUMS, at.k, at.r)
    if at.r >= step.rows:
        return leaf != _NOTHING
    last, first = (reader.leaf(FINAL + Section.STATES, e * step.rows + at.r)[-2:] for e in (1, 0))
    return leaf[1:] != (int.from_bytes(last, "big") - int.from_bytes(first, "big"), 0)


def sum_node(step: Step) -> bool:
    """What a node of a sum tree states is not the sum of what is under it."""
    at, reader = step.at, step.reader
    node = reader.descend(at.e, at.k, at.level, at.r)
    left, right = reader.children(node)
    return node[1:] != (left.total + right.total, left.square + right.square)


def figure(step: Step) -> bool:
    """MONEY does not hold the figure k of SUMS: of player k, or the gain."""
    at, counts = step.at, step.counts
    weights, money = step.weights(), step.money()
    root = step.reader.descend(Section.SUMS, at.k, 0, 0)
    if at.k == counts.players:
        return root.total != money.gain
    held = [share for share, weight in zip(money.shares, weights, strict=True) if weight.player == at.k]
    need(len(held) > 0)
    return root[1:] != (held[0].total, held[0].squares)


def final_figure(step: Step) -> bool:
    """MONEY's gain on the final shard is not what the figure of the final block makes."""
    need(step.at.k == 0)
    params, money = step.params(), step.money()
    root = step.reader.descend(FINAL + Section.SUMS, 0, 0, 0)
    if not params.final_clip or params.final_shift > MAX_SHIFT:
        return True
    return money.final_ppb != params.final_scale.gain_ppb_floor(root.total, step.counts.final_rows)


def dot_leaf(step: Step) -> bool:
    """The leaf of DOTS of figure k in neuron g is not the dot product of two vectors there."""
    at, reader = step.at, step.reader
    leaf = reader.sum_leaf(Section.DOTS, at.k, at.g)
    if at.g >= step.counts.neurons:
        return leaf != _NOTHING
    vectors = step.counts.vectors(at.k)
    need(at.level <= len(vectors))
    if at.level:
        reader.zero(vectors[at.level - 1])
        return leaf[1:] != (0, 0)
    one = reader.neuron(vectors[0], at.g)
    other = one if vectors[0] == vectors[1] else reader.neuron(vectors[1], at.g)
    return leaf[1:] != (sum(a * b for a, b in zip(one, other, strict=True)), 0)


def gram(step: Step) -> bool:
    """GRAM does not hold the figure k of DOTS."""
    at, counts = step.at, step.counts
    need(at.k < counts.figures)
    stated = step.reader.ints(Section.GRAM, 0)[at.k]
    return stated != step.reader.descend(Section.DOTS, at.k, 0, 0).total


def _table(step: Step) -> tuple[list[int], list[int]]:
    """Read TABLE(r): scores and numerators."""
    content, split = step.reader.leaf(Section.TABLE, step.at.r), 2 * step.counts.evaluations
    return integers(content[:split], 2, signed=False), integers(content[split:])
