"""Traced rounds, and the sheets that go with them."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.network import Shape
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.terms import SheetHead
from marketplace.scoring.round import FinalInput, RoundInput, Submission
from marketplace.scoring.trace.build import Trace, contents_of
from marketplace.scoring.trace.figures import Figures, TraceInput
from tests.scoring.worlds import address, network_of, round_of, terms_of, update_of

LINEAR, HIDDEN = Shape(3, 0, 3), Shape(3, 2, 3)


def salt(number: int) -> bytes:
    """Return the salt of a commitment."""
    return bytes([number]) * 32


def traced(given: RoundInput, **change: Any) -> TraceInput:
    """Return what a trace of this round needs."""
    final = given.final is not None
    updates = tuple(None if s.update is None else salt(20 + i) for i, s in enumerate(given.submissions))
    before = tuple(None if s.update is None else salt(120 + i) for i, s in enumerate(given.last_submissions))
    return TraceInput(
        given=given,
        round=3,
        secret=salt(1),
        base_salt=salt(2),
        known_salt=None if given.last_aggregate is None else salt(3),
        root_salt=salt(4),
        first_salt=salt(5) if final else None,
        next_salt=salt(6),
        aggregate_salt=salt(7),
        update_salts=updates,
        previous_salts=before,
        rows_salt=salt(8),
        final_rows_salt=salt(9) if final else None,
        base_from=2,
        previous_from=3 if before else 0,
        **({"gains_before": sum(given.final.adopted_gains) if given.final else 12_345} | change),
    )


def case(seed: int, name: str) -> RoundInput:
    """Return a round of one of the kinds in `CASES`."""
    rng = np.random.default_rng(seed)
    shape = LINEAR if name.startswith("linear") else HIDDEN
    before = tuple(Submission(i, address(i), update_of(shape, rng)) for i in (5, 0))
    final = FinalInput(rng.integers(-127, 128, (3, shape.inputs)), np.arange(3), network_of(shape, rng), (5, 7))
    change: dict[str, dict[str, Any]] = {
        "": {},
        "plain": {"known": False},
        "sampled": {"submissions": 11, "rows": 3, "last_submissions": before},
        "breached": {"submissions": 4, "last_submissions": (*before, Submission(9, address(9), None))},
        "final": {"final": final, "last_round": True},
        "kept": {"min_holders": 9},
        "empty": {"submissions": 0},
        "single": {"rows": 1, "last_round": True},
    }
    scoring = terms_of(shape, permutations=2, copy_ppm=999_000, clip_logits=40, z_squared_percent=5)
    plain = {"shape": shape, "submissions": 3, "rows": 5, "known": True, "spread": 12, "scoring": scoring}
    given = round_of(seed, **plain | change[name.partition(" ")[2]])
    if name.endswith("breached"):
        people = [replace(s, index=i) for s, i in zip(given.submissions, (7, 2, 4, 1), strict=True)]
        people[1] = replace(people[1], update=None)
        return replace(given, submissions=tuple(people))
    return given


CASES = [f"{kind} {name}" for kind in ("linear", "hidden") for name in ("", "plain", "sampled", "breached", "final")]
CASES += ["hidden kept", "hidden empty", "hidden single"]


def sheet(figures: Figures, trace: Trace) -> SheetHead:
    """Return the sheet that goes with a trace."""
    people, money = figures.people.submissions, figures.money
    paid = {p.index: (p.holder, s.payout) for p, s in zip(people, money.shares, strict=True)}
    tree = PayoutTree(paid)
    models = trace.contents.models
    return SheetHead(
        included=sum(1 << p.index for p in people),
        breached=sum(1 << p.index for p in people if p.breached),
        trace_root=trace.root,
        payout_root=tree.root,
        pool=money.pool,
        next_base_root=models[4].root if money.adopted and models[4] else ZERO_HASH,
        adopted=bool(money.adopted),
        released=bool(money.released),
        aggregate=salt(10) if money.adopted else ZERO_HASH,
        document=salt(11),
    )


@cache
def world(name: str, draw: int = 0) -> tuple[Trace, SheetHead]:
    """Return an honest trace and its sheet; of a round that adopts and pays, where its kind can."""
    for seed in range(1000 * draw, 1000 * draw + 999):
        figures = Figures(traced(case(seed, name)))
        if name.endswith(("empty", "kept")) or (figures.money.pool and figures.coefficients.values.count(0) <= 1):
            trace = Trace(figures, contents_of(figures))
            return trace, sheet(figures, trace)
    raise AssertionError(name)


def trace_of(given: RoundInput, **change: Any) -> Trace:
    """Return the trace of a round."""
    figures = Figures(traced(given, **change))
    return Trace(figures, contents_of(figures))
