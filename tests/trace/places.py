"""Every step of a trace."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

from marketplace.scoring.trace.build import Trace
from marketplace.scoring.trace.evidence import Ask, Claim, Walk, answer
from marketplace.scoring.trace.layout import FINAL, Model, Section
from marketplace.scoring.trace.places import WHOLE, At, Kind


def finish(walk: Walk[Any], trace: Trace, asked: list[Ask] | None = None) -> Any:
    """Answer what a walk asks from a trace, and return what it finds."""
    try:
        ask = next(walk)
        while True:
            if asked is not None:
                asked.append(ask)
            ask = walk.send(answer(trace, ask))
    except StopIteration as end:
        return end.value


def blob_of(trace: Trace, at: At) -> bytes:
    """Return a trace's own openings of a step."""
    return finish(Claim(trace.frame, trace).blob(at), trace)


def places(trace: Trace) -> Iterator[At]:
    """Yield every step that a trace has."""
    counts, models = trace.frame.counts, trace.contents.models
    yield from _blocks(trace, 0)
    if counts.final_rows:
        yield from _blocks(trace, FINAL)
        yield At(Kind.FINAL_FIGURE)
    for e, r in product(range(counts.evaluations), range(counts.rows)):
        yield At(Kind.TABLE, e=e, r=r)
    for r, p in product(range(counts.rows), range(counts.players)):
        yield At(Kind.NUMERATOR, r=r, k=p)
    yield from (At(Kind.FIGURE, k=p) for p in range(counts.players + 1))
    for f in range(counts.figures):
        level = next((i + 1 for i, model in enumerate(counts.vectors(f)) if models[model] is None), 0)
        yield from (At(Kind.DOT_LEAF, k=f, g=g, level=level) for g in range(counts.neurons))
        yield from _nodes(trace, Section.DOTS, f)
        yield At(Kind.GRAM, k=f)
        one, other = counts.vectors(f)
        if one == other and (one == Model.ROOT or Model.UPDATES <= one < Model.UPDATES + counts.submissions):
            yield At(Kind.NORM, k=f)
    entries = [(g, k) for g in range(counts.neurons) for k in range(counts.width(g) + 1)]
    for g, k in entries:
        yield At(Kind.SUMROW, g=g, k=k)
        updates = range(Model.UPDATES, Model.UPDATES + counts.submissions)
        yield from (At(Kind.BOUNDS, g=g, k=k, p=m) for m in (Model.ROOT, *updates) if models[m])
    if trace.figures.money.adopted:
        yield from (At(kind, g=g) for kind in (Kind.NEXT, Kind.AGGREGATE) for g in range(counts.neurons))
    yield from map(At, (Kind.KEPT, Kind.PARAMS, Kind.PAYOUTS))
    yield from (At(kind, g=g) for kind in (Kind.WEIGHTS, Kind.MONEY) for g in (*range(counts.submissions), WHOLE))


def _blocks(trace: Trace, base: int) -> Iterator[At]:
    counts, models, twin = trace.frame.counts, trace.contents.models, 0x80 if base else 0
    evaluations, rows, parts = (f(base) for f in (counts.block_evaluations, counts.block_rows, counts.block_parts))
    zero = [int(models[Model.of_part(p, base)] is None) for p in range(parts)]
    for r, g, p in product(range(rows), range(counts.first), range(parts)):
        yield At(Kind.NEURON + twin, r=r, g=g, p=p, level=zero[p])
    for g in range(counts.neurons):
        for k, p in product(range(counts.width(g) + 1), range(parts)):
            yield At(Kind.TRANS + twin, g=g, k=k, p=p, level=zero[p])
    for e in range(evaluations):
        if counts.hidden:
            for g, k in product(range(counts.classes), range(counts.hidden + 1)):
                yield At(Kind.ROWS + twin, e=e, g=g, k=k)
            yield from (At(Kind.LOGIT + twin, e=e, r=r, g=g) for r in range(rows) for g in range(counts.classes))
        for r in range(rows):
            yield from (At(Kind.HIDDEN + twin, e=e, r=r, g=g) for g in range(counts.first))
            yield At(Kind.SCORE + twin, e=e, r=r)
    for f in range(counts.size(base + Section.SUMS)):
        yield from (At(Kind.SUM_LEAF + twin, r=r, k=f) for r in range(rows))
        yield from _nodes(trace, base + Section.SUMS, f)


def _nodes(trace: Trace, section: int, figure: int) -> Iterator[At]:
    counts = trace.frame.counts
    for at in range(counts.items(section), 1 << counts.sum_depth(section)):
        if section == Section.DOTS:
            yield At(Kind.DOT_LEAF, g=at, k=figure)
        else:
            yield At(Kind.SUM_LEAF + (0x80 if section >= FINAL else 0), r=at, k=figure)
    for level in range(counts.sum_depth(section)):
        yield from (At(Kind.SUM_NODE, e=section, r=at, k=figure, level=level) for at in range(1 << level))
