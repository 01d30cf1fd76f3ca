"""No step of an honest trace contradicts, whatever bytes it is shown with."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.scoring.trace.evidence import pieces
from marketplace.scoring.trace.layout import Counts
from marketplace.scoring.trace.places import At, Kind
from marketplace.scoring.trace.steps import STEPS, contradicts
from tests.trace.cases import CASES, case, sheet, trace_of, world
from tests.trace.places import blob_of, places

slow = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
seeds = st.integers(0, 2**32)


def test_every_kind_of_step_occurs() -> None:
    """The cases have a step of every kind that the twin knows."""
    assert set(STEPS) == {at.kind for name in ("hidden sampled", "hidden final") for at in places(world(name)[0])}


@pytest.mark.parametrize("name", CASES)
def test_no_step_of_an_adopted_round_contradicts(name: str) -> None:
    """Of a round in which everything happens, every step is as it follows; a sample of each kind."""
    trace, head = world(name)
    kinds: dict[int, list[At]] = {}
    for at in places(trace):
        kinds.setdefault(at.kind, []).append(at)
    rng = np.random.default_rng(0)
    for found in kinds.values():
        for i in rng.permutation(len(found))[:12]:
            assert not contradicts(trace.frame, head, found[i], blob_of(trace, found[i])), found[i]


@given(seeds, st.sampled_from(CASES))
@slow
def test_no_step_of_a_drawn_round_contradicts(seed: int, name: str) -> None:
    """Linear and hidden, exact and drawn, with and without a last aggregate, previous or breached submissions."""
    trace = trace_of(case(seed, name))
    head, found = sheet(trace.figures, trace), list(places(trace))
    for i in np.random.default_rng(seed).permutation(len(found))[:120]:
        assert not contradicts(trace.frame, head, found[i], blob_of(trace, found[i])), found[i]


@given(seeds, st.sampled_from(["linear sampled", "hidden breached", "hidden final"]))
@slow
def test_no_bytes_disprove_an_honest_sheet(seed: int, name: str) -> None:
    """Openings with a byte changed, left out or added, or at another place, are refused or do not contradict."""
    trace, head = world(name)
    rng, found = np.random.default_rng(seed), list(places(trace))
    for i in rng.permutation(len(found))[:40]:
        at, blob = found[i], bytearray(blob_of(trace, found[i]))
        changed = blob.copy()
        changed[rng.integers(len(blob))] ^= rng.integers(1, 256)
        for wrong in (changed, blob[:-1], blob + b"\0"):
            with pytest.raises(InvalidInput):
                contradicts(trace.frame, head, at, bytes(wrong))
        field = str(rng.choice(["e", "r", "g", "k", "p", "level"]))
        moved = replace(at, **{field: getattr(at, field) + int(rng.integers(1, 4))})
        with contextlib.suppress(InvalidInput):
            assert not contradicts(trace.frame, head, moved, bytes(blob)), moved


def test_only_the_sheets_own_frame_counts() -> None:
    """A frame that does not hash to the sheet's root disproves nothing, and neither does a kind that is none."""
    trace, head = world("linear ")
    at = At(Kind.PARAMS)
    with pytest.raises(InvalidInput, match="commits to"):
        contradicts(replace(trace.frame, rows_root=bytes(32)), head, at, blob_of(trace, at))
    with pytest.raises(InvalidInput, match="0x50"):
        contradicts(trace.frame, head, At(Kind.TERMS), b"")
    assert [] == pieces(At(Kind.TERMS), trace.frame.counts)


@given(st.integers(0, (1 << 232) - 1), st.integers(0, (1 << 120) - 1))
def test_words_are_read_as_they_are_written(counts: int, at: int) -> None:
    """Counts and places survive packing, and bits above them are refused."""
    assert counts == Counts.unpacked(counts).packed()
    assert at == At.unpacked(at).packed()
    with pytest.raises(InvalidInput, match="places"):
        Counts.unpacked(counts | 1 << 232)


@given(st.integers(0, 9), st.integers(0, 6))
def test_figures_number_every_pair_once(submissions: int, previous: int) -> None:
    """Each dot product that coefficients need has one number, in the order of `Dots`."""
    counts = replace(world("linear ")[0].frame.counts, submissions=submissions, previous=previous)
    updates = range(6, 6 + submissions)
    theirs = range(6 + submissions, 6 + submissions + previous)
    expected = [(i, j) for i in updates for j in updates if j <= i]
    for other in (2, 1):
        expected += [(i, other) for i in (*updates, other)]
    expected += [(i, j) for i in updates for j in theirs] + [(j, j) for j in theirs]
    assert expected == [counts.vectors(f) for f in range(counts.figures)]
    with pytest.raises(InvalidInput):
        counts.vectors(counts.figures)
