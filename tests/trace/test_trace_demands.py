"""What a walk asks for can be demanded on the chain, and answered there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from marketplace.domain.errors import InvalidInput
from marketplace.scoring.trace.blame import blame
from marketplace.scoring.trace.build import Trace, contents_of
from marketplace.scoring.trace.demands import answer_bytes, ask_of, demand_of, read_answer
from marketplace.scoring.trace.evidence import LeafAsk, NeuronAsk, NodeAsk, SaltAsk, Walk, answer
from marketplace.scoring.trace.figures import Figures
from marketplace.scoring.trace.layout import FINAL, Model, Section
from marketplace.scoring.trace.steps import contradicts
from tests.trace.cases import CASES, salt, sheet, world
from tests.trace.liars import STAGES, says_something_else, stage_liar


def dispute(walk: Walk[Any], trace: Trace) -> Any:
    """Run a walk whose every ask goes over the chain, and return what it finds."""
    counts = trace.frame.counts
    try:
        ask = next(walk)
        while True:
            demanded = ask_of(demand_of(ask, counts))
            ask = walk.send(read_answer(demanded, counts, answer_bytes(trace, demanded)))
    except StopIteration as end:
        return end.value


@pytest.mark.parametrize("name", ["linear sampled", "hidden final"])
def test_a_lie_is_blamed_over_the_chain(name: str) -> None:
    """Demands and their answers carry a whole walk, from the frame alone to the step that contradicts."""
    trace, honest = world(name)
    for number, stage in enumerate(STAGES):
        skipped = (
            trace.frame.counts.final_rows == 0 and stage.startswith("final"),
            "linear" in name and "second" in stage,
        )
        if any(skipped):
            continue
        liar, head = stage_liar(trace, stage, np.random.default_rng(number))
        if says_something_else(trace, liar):
            found = dispute(blame(trace, honest, liar.frame, head), liar)
            assert found.at.kind >= 0x50 or contradicts(liar.frame, head, found.at, found.blob), (stage, found.at)


@pytest.mark.parametrize("name", CASES)
def test_an_answer_says_what_the_trace_says(name: str) -> None:
    """Every kind of part is demanded by one word, and read back from the bytes that answer it."""
    trace, _ = world(name)
    counts = trace.frame.counts
    asks: list[Any] = [LeafAsk(s, counts.size(s) - 1) for s in range(2 * FINAL) if counts.size(s)]
    asks += [NeuronAsk(Model.NEXT, counts.neurons - 1)]
    for section in trace.contents.sums:
        depth, last = counts.sum_depth(section), counts.size(section) - 1
        asks += [NodeAsk(section, last, 0, 0, levels) for levels in range(1, depth + 1)]
        asks += [NodeAsk(section, 0, level, (1 << level) - 1, 1) for level in range(depth)]
        asks += [SaltAsk(section, last, counts.items(section) - 1)]
    for ask in asks:
        assert ask == ask_of(demand_of(ask, counts))
        assert answer(trace, ask) == read_answer(ask, counts, answer_bytes(trace, ask))


def test_what_is_not_there_is_answered_by_showing_that() -> None:
    """A model of root zero is answered by the path of its root, what pads a sum tree by the way down to nothing."""
    trace, _ = world("hidden kept")
    counts = trace.frame.counts
    path = trace.leaf(Section.MODELS, Model.AGGREGATE).path
    assert b"".join(path) == answer_bytes(trace, NeuronAsk(Model.AGGREGATE, 0))
    padding = answer_bytes(trace, SaltAsk(Section.SUMS, 0, counts.rows))
    assert 16 == len(answer_bytes(trace, SaltAsk(Section.SUMS, 0, counts.rows - 1))) - len(padding)
    for wrong in (3 << 72, 1 << 128):
        with pytest.raises(InvalidInput):
            ask_of(wrong)
    with pytest.raises(InvalidInput, match="shorter"):
        read_answer(NodeAsk(Section.SUMS, 0, 0, 0, 2), counts, bytes(64))


def test_salts_make_no_difference_over_the_chain() -> None:
    """The honest sheet under other salts is not blamed, whichever way its leaves are read."""
    trace, honest = world("linear ")
    figures = Figures(replace(trace.figures.traced, secret=salt(77)))
    other = Trace(figures, contents_of(figures))
    assert dispute(blame(trace, honest, other.frame, sheet(figures, other)), other) is None
