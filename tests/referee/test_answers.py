"""Whatever may be demanded of a trace is answered by its openings, and by nothing else."""

from __future__ import annotations

from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
import pytest

from marketplace.scoring.trace.demands import answer_bytes, demand_of
from marketplace.scoring.trace.evidence import Ask, LeafAsk, NeuronAsk, NodeAsk, SaltAsk
from marketplace.scoring.trace.layout import FINAL, Model, Section
from tests.referee.asking import MALFORMED, Judges
from tests.trace.cases import case, trace_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from marketplace.scoring.trace.build import Trace

TREES = (Section.SUMS, Section.DOTS, Section.SUMS + FINAL)


def leaves(trace: Trace) -> Iterator[Ask]:
    """Yield every leaf and neuron that may be demanded."""
    counts = trace.frame.counts
    for section in range(2 * FINAL):
        yield from (LeafAsk(section, index) for index in range(counts.size(section)))
    made = (Model.NEXT, Model.AGGREGATE)  # seats have the others
    yield from (NeuronAsk(model, g) for model in made for g in range(counts.neurons))


def nodes(trace: Trace) -> Iterator[Ask]:
    """Yield every part of a sum tree that may be demanded, salts of leaves and empty places among them."""
    counts = trace.frame.counts
    for section in TREES:
        depth = counts.sum_depth(section)
        for figure in range(counts.size(section)):
            yield from (SaltAsk(section, figure, at) for at in range(1 << depth))
            for level in range(depth):
                parts = product(range(1 << level), range(1, depth - level + 1))
                yield from (NodeAsk(section, figure, level, at, levels) for at, levels in parts)


@pytest.mark.parametrize("most", [60, pytest.param(10**6, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
@pytest.mark.parametrize("name", ["linear", "hidden breached", "hidden sampled", "hidden final", "hidden empty"])
def test_a_trace_answers_for_itself(judges: Judges, name: str, most: int) -> None:
    """Every leaf, neuron, node and salt answers its demand; changed, cut or for another demand it does not."""
    rng = np.random.default_rng(21)
    trace = trace_of(case(22, name))
    asks = [*leaves(trace), *nodes(trace)]
    drawn = [asks[i] for i in rng.permutation(len(asks))[:most]]
    demands = [(demand_of(ask, trace.frame.counts), answer_bytes(trace, ask)) for ask in drawn]
    assert {1} == set(judges.answers(trace.frame, demands))
    assert all(judges.exists(trace.frame, asked) for asked, _ in demands[:20])
    wrong = []
    for (asked, answer), (_, other) in pairwise(demands):
        changed = bytearray(answer)
        changed[rng.integers(len(answer))] ^= 1 << rng.integers(8)
        wrong += [(asked, bytes(changed)), (asked, answer[:-1]), (asked, answer + b"\0")]
        if other != answer:
            wrong.append((asked, other))
    assert {0, MALFORMED} >= set(judges.answers(trace.frame, wrong))
