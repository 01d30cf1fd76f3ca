"""Whoever lies about one thing is disproved by one step."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.terms import SheetHead
from marketplace.domain.update import Update
from marketplace.scoring.round import Submission
from marketplace.scoring.trace.blame import blame
from marketplace.scoring.trace.build import Trace, contents_of
from marketplace.scoring.trace.causes import Blame
from marketplace.scoring.trace.evidence import Ask, LeafAsk
from marketplace.scoring.trace.figures import Figures
from marketplace.scoring.trace.layout import Section
from marketplace.scoring.trace.places import At, Kind
from marketplace.scoring.trace.steps import STEPS, contradicts
from tests.scoring.worlds import BOUNDS
from tests.trace import liars
from tests.trace.cases import CASES, salt, sheet, traced, world
from tests.trace.places import blob_of, finish

slow = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
seeds, names = st.integers(0, 2**32), st.sampled_from(CASES)


def blamed(name: str, lie: liars.Lie, asked: list[Ask] | None = None) -> Blame:
    """Return what disproves a lie, checked by the twin on the asserted sheet alone."""
    trace, honest = world(name)
    liar, head = lie
    found = finish(blame(trace, honest, liar.frame, head), liar, asked)
    assert isinstance(found, Blame)
    assert At.unpacked(found.at.packed()) == found.at
    if found.at.kind in STEPS:
        assert contradicts(liar.frame, head, found.at, found.blob)
    else:
        assert found.at.kind >= Kind.TERMS
    return found


@pytest.mark.parametrize("name", CASES)
def test_the_truth_is_not_blamed(name: str) -> None:
    """The honest sheet is not disproved, at the price of its five public leaves; nor is it under other salts."""
    trace, honest = world(name)
    asked: list[Ask] = []
    assert finish(blame(trace, honest, trace.frame, honest), trace, asked) is None
    assert {LeafAsk(section, 0) for section in (Section.PARAMS, *_PUBLIC)} == set(asked)
    figures = Figures(replace(trace.figures.traced, secret=salt(99), next_salt=salt(98), aggregate_salt=salt(97)))
    other = Trace(figures, contents_of(figures))
    assert finish(blame(trace, honest, other.frame, sheet(figures, other)), other) is None


_PUBLIC = (Section.GRAM, Section.WEIGHTS, Section.MONEY, Section.PEOPLE)


@given(seeds, names, st.data())
@slow
def test_a_changed_leaf_is_blamed(seed: int, name: str, data: Any) -> None:
    """One byte of any leaf, with nothing else changed, under the honest salts or others."""
    trace, _ = world(name)
    counts = trace.frame.counts
    full = [s for s in trace.contents.leaves if counts.size(s) and counts.content_bytes(s, 0)]
    blamed(name, liars.byte_liar(trace, data.draw(st.sampled_from(full)), np.random.default_rng(seed)))


@given(seeds, names, st.data())
@slow
def test_a_changed_sum_is_blamed(seed: int, name: str, data: Any) -> None:
    """One sum or square of any node of any sum tree, what pads it too."""
    trace, _ = world(name)
    section = data.draw(st.sampled_from(sorted(trace.contents.sums)))
    blamed(name, liars.sum_liar(trace, section, np.random.default_rng(seed)))


@given(seeds, names, st.data())
@slow
def test_a_changed_model_is_blamed(seed: int, name: str, data: Any) -> None:
    """Another root of any model: one the chain knows by name, one that the scoring made by a neuron."""
    trace, _ = world(name)
    model = data.draw(st.integers(0, len(trace.contents.models) - 1))
    found = blamed(name, liars.model_liar(trace, model, np.random.default_rng(seed)))
    if model not in {4, 5}:
        assert (True, model) == (found.at.kind >= Kind.TERMS, found.at.p)
    else:
        assert found.at.kind in {Kind.KEPT, Kind.NEXT, Kind.AGGREGATE}


@given(seeds, names, st.sampled_from(liars.STAGES))
@settings(slow, max_examples=60)
def test_a_lie_that_is_followed_through_is_blamed(seed: int, name: str, stage: str) -> None:
    """One wrong figure, from which everything after it is computed as it should be, down to the sheet."""
    trace, _ = world(name)
    counts = trace.frame.counts
    assume(counts.final_rows or not stage.startswith("final"))
    assume(counts.hidden or not stage.endswith("second"))
    assume(counts.submissions or stage not in {"numerators", "coefficients", "weights", "people"})
    try:
        lie = liars.stage_liar(trace, stage, np.random.default_rng(seed))
    except ValueError:  # a negative square has no root: nothing follows from it
        assume(False)
    assume(liars.says_something_else(trace, lie[0]))
    blamed(name, lie)


@pytest.mark.parametrize("name", ["linear ", "hidden sampled"])
@pytest.mark.parametrize("hidden", [False, True])
def test_a_walk_asks_for_few_leaves(name: str, hidden: bool) -> None:
    """A lie takes the public leaves, one way down, and the inputs of its step: by sums if it pays, else by hashes."""
    trace, _ = world(name)
    figures = Figures(trace.figures.traced if hidden else replace(trace.figures.traced, secret=salt(99)))
    counts = figures.counts
    states = tuple(part.copy() for part in figures.main.states)
    states[2][0 if hidden else counts.full, 2] ^= 1
    vars(figures.main)["states"] = states
    if hidden:
        vars(figures)["table"] = trace.figures.table
    lie, asked = Trace(figures, contents_of(figures)), list[Ask]()
    found = blamed(name, (lie, sheet(figures, lie)), asked)
    assert (Kind.SCORE, 0 if hidden else counts.full, 2) == (found.at.kind, found.at.e, found.at.r)
    tree = counts.depth(Section.STATES)
    assert len(asked) <= (9 + tree if hidden else 10), asked
    assert len(set(asked)) == len(asked)


@given(seeds, st.sampled_from(["hidden ", "hidden kept", "linear sampled"]))
@slow
def test_a_sheet_that_is_not_its_traces_is_blamed(seed: int, name: str) -> None:
    """Any field of the sheet that follows from the trace."""
    trace, head = world(name)
    changes: list[dict[str, Any]] = [
        {"pool": head.pool + 1},
        {"adopted": not head.adopted},
        {"released": not head.released},
        {"payout_root": salt(50)},
        {"next_base_root": salt(51)},
        {"next_base_root": ZERO_HASH if head.adopted else salt(51)},
        {"included": head.included ^ 1},
        {"breached": head.breached ^ 1},
    ]
    for change in changes:
        found = blamed(name, (trace, replace(head, **change)))
        assert {"included": Kind.HEAD, "breached": Kind.HEAD}.get(next(iter(change)), found.at.kind) == found.at.kind


@pytest.mark.parametrize("beyond", ["entry", "norm", "hidden norm"])
def test_an_update_beyond_the_bounds_is_blamed_by_its_own_numbers(beyond: str) -> None:
    """A sheet that takes in an update which opened, but exceeds the bounds, falls by an entry or by the norm."""
    plain = world("hidden ")[0].figures.given
    flat = np.full(plain.scoring.shape.parameters, BOUNDS.entry + (beyond == "entry"))
    scoring = replace(plain.scoring, bounds=replace(BOUNDS, norm=1_000))
    update = Update.from_flat(flat, plain.scoring.shape)
    everybody = [*plain.submissions, Submission(9, "0x" + "09" * 20, None)]
    right = replace(plain, scoring=scoring, submissions=tuple(everybody))
    figures = Figures(traced(right, beyond={3: (update, salt(60))}))
    trace = Trace(figures, contents_of(figures))
    everybody[3] = replace(everybody[3], update=update)
    salts = (*figures.traced.update_salts[:3], salt(60))
    taken = Figures(replace(figures.traced, given=replace(right, submissions=tuple(everybody)), update_salts=salts))
    if beyond == "hidden norm":
        dots = taken.dots.copy()
        dots[taken._sizes.gram(3, 3)] //= 100
        vars(taken)["dots"] = dots
    liar = Trace(taken, contents_of(taken))
    head = sheet(taken, liar)
    found = finish(blame(trace, sheet(figures, trace), liar.frame, head), liar)
    expected = {"entry": Kind.BOUNDS, "norm": Kind.NORM, "hidden norm": Kind.DOT_LEAF}[beyond]
    assert (expected, True) == (found.at.kind, contradicts(liar.frame, head, found.at, found.blob))


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        (Kind.TERMS, {"input_scale": 25}),
        (Kind.SHARD, {"rows": 6}),
        (Kind.SUBMISSIONS, {"submissions": 4}),
        (Kind.PREVIOUS, {"previous": 1}),
        (Kind.PARAMS, {"players": 2}),
        (Kind.PARAMS, {"evaluations": 2}),
        (Kind.PARAMS, {"permutations": 3}),
    ],
)
def test_a_wrong_size_is_blamed(kind: Kind, change: dict[str, int]) -> None:
    """Each count of the frame is the chain's, or follows from public leaves."""
    trace, head = world("hidden ")
    frame = replace(trace.frame, counts=replace(trace.frame.counts, **change))
    assert kind == blamed_frame(trace, frame, replace(head, trace_root=frame.trace_root))
    frame = replace(trace.frame, rows_root=salt(70))
    assert Kind.SHARD == blamed_frame(trace, frame, replace(head, trace_root=frame.trace_root))


def blamed_frame(trace: Trace, frame: Any, head: SheetHead) -> int:
    """Return the kind of step that a frame is blamed by."""
    return finish(blame(trace, world("hidden ")[1], frame, head), trace).at.kind


def test_answers_that_lead_elsewhere_are_refused() -> None:
    """An answer is checked before the walk goes on, and the frame before it begins."""
    trace, honest = world("linear ")
    other, head = world("linear plain")
    with pytest.raises(InvalidInput, match="no openings"):
        finish(blame(trace, honest, other.frame, head), trace)
    with pytest.raises(InvalidInput, match="commits to"):
        finish(blame(trace, honest, other.frame, honest), other)
    assert blob_of(trace, At(Kind.KEPT))
