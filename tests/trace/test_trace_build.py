"""A trace is a function of its round, and every leaf of it can be opened."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace.domain.errors import InvalidInput
from marketplace.scoring.round import score_round
from marketplace.scoring.trace.build import build_trace
from marketplace.scoring.trace.layout import Section
from marketplace.scoring.trace.openings import Reader
from tests.trace.cases import CASES, case, trace_of, traced


@pytest.mark.parametrize("name", CASES)
def test_every_opening_leads_to_the_root(name: str) -> None:
    """Leaves, models, rows and sums are read back from their openings, to the byte."""
    trace = trace_of(case(1, name))
    counts = trace.frame.counts
    for section in range(32):
        for index in range(counts.size(section)):
            opening = trace.leaf(section, index)
            reader = Reader(trace.frame, opening.encode())
            if section == Section.MODELS:
                assert opening.content == reader.root(index)
            else:
                assert opening.content == reader.leaf(section, index)
            reader.end()
    for model, leaves in enumerate(trace.contents.models):
        for neuron in range(counts.neurons) if leaves else ():
            reader = Reader(trace.frame, trace.neuron(model, neuron).encode())
            values = reader.neuron(model, neuron)
            assert counts.width(neuron) + 1 == len(values)
            reader.end()
    for row in range(counts.rows):
        reader = Reader(trace.frame, trace.row(row).encode())
        assert int(trace.figures.given.labels[row]) == reader.row(row).label


@pytest.mark.parametrize("name", CASES)
def test_a_trace_says_what_the_score_says(name: str) -> None:
    """The figures that the trace recomputes are those of `score_round`."""
    given = case(2, name)
    score, trace = score_round(given), build_trace(traced(given), score_round(given))
    figures, money = trace.figures, trace.figures.money
    assert score.coefficients == figures.coefficients
    assert score.scale == figures.params.scale
    assert (score.denominator, score.target) == (figures.params.denominator, money.target)
    assert score.sums == tuple(s.total for s in money.shares)
    assert score.payouts == {
        s.index: m.payout for s, m in zip(given.submissions, money.shares, strict=True) if m.payout
    }
    assert score.next_base == figures.models[4]
    assert (score.final_ppb or 0, score.final_ppb is not None) == (money.final_ppb, bool(money.final_known))
    assert score.released == bool(money.released)
    if score.adopted:
        assert score.aggregate == figures.models[5]


@pytest.mark.parametrize("name", ["linear sampled", "hidden final"])
def test_a_trace_is_a_function_of_its_round(name: str) -> None:
    """Two seats make the same root; another secret, row or, where it draws, seed makes another one."""
    given = case(3, name)
    root = trace_of(given).root
    assert root == trace_of(given).root
    assert root != trace_of(given, gains_before=1).root
    drawn = "sampled" in name  # where nothing is drawn the seed is none of the figures
    assert drawn == (root != trace_of(replace(given, seed=bytes(32))).root)


def test_a_trace_of_another_round_is_refused() -> None:
    """A score that is not the round's is not traced."""
    given = case(4, "hidden")
    score = replace(score_round(given), gain=score_round(given).gain + 1)
    with pytest.raises(InvalidInput, match="round that was scored"):
        build_trace(traced(given), score)
