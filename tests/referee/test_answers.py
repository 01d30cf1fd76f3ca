"""Whatever may be demanded of a trace is answered by its openings, and by nothing else."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from marketplace.scoring.trace.evidence import Claim
from marketplace.scoring.trace.layout import FINAL, Counts, Section
from tests.referee.asking import MALFORMED, Judges
from tests.trace.cases import case, trace_of
from tests.trace.places import finish

if TYPE_CHECKING:
    from marketplace.scoring.trace.build import Trace

LEAF, SUM_NODE, NEURON = range(3)
TREES = (Section.SUMS, Section.DOTS, Section.SUMS + FINAL)


def what(section: int, index: int, kind: int = LEAF, level: int = 0, levels: int = 0, figure: int = 0) -> int:
    """Pack what is demanded, as `IAnswers` says."""
    return section | index << 8 | kind << 72 | level << 80 | levels << 88 | figure << 96


def leaves(trace: Trace) -> list[tuple[int, bytes]]:
    """Return every leaf and neuron that may be demanded, with its answer."""
    counts = trace.frame.counts
    out = [
        (what(section, index), trace.leaf(section, index).encode())
        for section in range(2 * FINAL)
        for index in range(counts.size(section))
    ]
    for number, model in enumerate(trace.contents.models):
        zero = b"".join(trace.leaf(Section.MODELS, number).path)
        for g in range(counts.neurons):
            opened = trace.neuron(number, g).encode() if model else zero
            out.append((what(Section.MODELS, g, NEURON, figure=number), opened))
    return out


def nodes(trace: Trace) -> list[tuple[int, bytes]]:
    """Return every part of a sum tree that may be demanded, with its answer."""
    counts, claim, out = trace.frame.counts, Claim(trace.frame, trace), []
    for section in TREES:
        depth = counts.sum_depth(section)
        for figure in range(counts.size(section)):
            for level in range(depth + 1):
                for at in range(1 << level):
                    way = finish(claim._descent(section, figure, level, at), trace)
                    for levels in range(depth - level + 1):
                        if levels or level == depth:
                            part = _below(trace, counts, (section, figure, level, at), levels)
                            out.append((what(section, at, SUM_NODE, level, levels, figure), way + part))
    return out


def _below(trace: Trace, counts: Counts, place: tuple[int, int, int, int], levels: int) -> bytes:
    """Return a leaf's salt, or hash and sums of each descendant that many levels down."""
    section, figure, level, at = place
    if not levels:
        return trace.sum_salt(section, figure, at) if at < counts.items(section) else b""
    out, low = b"", level + levels
    for parent in range(at << levels - 1, (at + 1) << levels - 1):
        raw = trace.node(section, figure, low - 1, parent)
        out += raw[:32] + raw[64:96] + raw[32:64] + raw[96:]
    return out


@pytest.mark.parametrize("most", [60, pytest.param(10**6, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])])
@pytest.mark.parametrize("name", ["linear", "hidden breached", "hidden sampled", "hidden final", "hidden empty"])
def test_a_trace_answers_for_itself(judges: Judges, name: str, most: int) -> None:
    """Every leaf, neuron, node and salt answers its demand; changed, cut or for another demand it does not."""
    rng = np.random.default_rng(21)
    trace = trace_of(case(22, name))
    demands = leaves(trace) + nodes(trace)
    demands = [demands[i] for i in rng.permutation(len(demands))[:most]]
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
