"""Steps from models to the next one, and their bounds."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.domain.bounds import ceil_sqrt
from marketplace.domain.hashing import ZERO_HASH
from marketplace.scoring.trace.layout import Model, Section
from marketplace.scoring.trace.public import Params
from marketplace.scoring.trace.step import Step, need

__all__ = ["aggregate", "beyond_bounds", "beyond_norm", "kept", "next_base", "sum_row", "trans"]


def trans(step: Step) -> bool:
    """TRANS(g, k)[p] is not the entry of the part's model."""
    at, counts, reader = step.at, step.counts, step.reader
    need(at.g < counts.neurons and at.k <= counts.width(at.g) and at.p < counts.block_parts(step.base))
    stated = reader.ints(step.base + Section.TRANS, counts.entry(at.g, at.k))[at.p]
    return stated != step.part()[at.k]


def sum_row(step: Step) -> bool:
    """SUMROWS(g)[k] is not the sum of the updates' entries, each as often as it counts."""
    at, counts, reader = step.at, step.counts, step.reader
    need(at.g < counts.neurons and at.k <= counts.width(at.g))
    weights = step.weights()
    stated = reader.ints(Section.SUMROWS, at.g)[at.k]
    parts = reader.ints(Section.TRANS, counts.entry(at.g, at.k))[2:]
    return stated != sum(w.coefficient * part for w, part in zip(weights, parts, strict=True))


def next_base(step: Step) -> bool:
    """Neuron g of the next base is not the base's, moved and kept within the bounds."""
    at, counts, reader = step.at, step.counts, step.reader
    params, money = step.params(), step.money()
    need(at.g < counts.neurons and money.adopted > 0)
    total = reader.ints(Section.SUMROWS, at.g)
    base, after = (reader.neuron(model, at.g) for model in (Model.BASE, Model.NEXT))
    unit = counts.unit(counts.layer(at.g))
    return not (params.k and unit) or after != _adopt(base, total, params, unit)


def kept(step: Step) -> bool:
    """The next base and the aggregate do not fit whether one is adopted."""
    step.params()
    adopted = step.money().adopted > 0
    base, after, moved = (step.reader.root(model) for model in (Model.BASE, Model.NEXT, Model.AGGREGATE))
    promised = step.head.next_base_root
    if adopted:
        return promised != after or ZERO_HASH in {after, moved}
    return promised != ZERO_HASH or after != base or moved != ZERO_HASH


def aggregate(step: Step) -> bool:
    """Neuron g of the aggregate is not the difference of the next base to the base."""
    at, counts, reader = step.at, step.counts, step.reader
    need(step.money().adopted > 0 and at.g < counts.neurons)
    base, after, stated = (reader.neuron(model, at.g) for model in (Model.BASE, Model.NEXT, Model.AGGREGATE))
    unit = counts.unit(counts.layer(at.g))
    if not unit:
        return True
    *weights, bias = (a - b for a, b in zip(after, base, strict=True))
    return stated != [*weights, (2 * bias + unit) // (2 * unit)]


def beyond_bounds(step: Step) -> bool:
    """Entry k of neuron g of an update, or of the root update, exceeds the bound."""
    at, counts = step.at, step.counts
    need(at.p == Model.ROOT or Model.UPDATES <= at.p < Model.UPDATES + counts.submissions)
    need(at.g < counts.neurons and at.k <= counts.width(at.g))
    params = step.params()
    return abs(step.reader.neuron(at.p, at.g)[at.k]) > params.entry


def beyond_norm(step: Step) -> bool:
    """The square k of GRAM, of an update or of the root update, exceeds the bound on norms."""
    at, counts = step.at, step.counts
    need(at.k < counts.figures)
    one, other = counts.vectors(at.k)
    need(one == other and (one == Model.ROOT or Model.UPDATES <= one < Model.UPDATES + counts.submissions))
    params = step.params()
    return step.reader.ints(Section.GRAM, 0)[at.k] > params.norm**2


def _adopt(base: Sequence[int], total: Sequence[int], params: Params, unit: int) -> list[int]:
    """Return one neuron of the next base, as `adoption.adopt` makes it."""
    *change, up = ((2 * t + params.k) // (2 * params.k) for t in total)
    *weights, bias = base
    moved = [max(-params.weight, min(params.weight, w + c)) for w, c in zip(weights, change, strict=True)]
    square, limit = sum(w * w for w in moved), params.bias * unit
    if square > params.row_norm**2:
        length = ceil_sqrt(square)
        moved = [(1 if w > 0 else -1) * (abs(w) * params.row_norm // length) for w in moved]
    most, least = max((limit - bias) // unit, 0), -max((limit + bias) // unit, 0)
    return [*moved, bias + max(least, min(most, up)) * unit]
