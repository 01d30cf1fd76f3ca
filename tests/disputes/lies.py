"""One random figure of a round made another one: every kind of figure that a sheet states or commits to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.terms import SheetHead
from marketplace.scoring.trace.build import Trace, contents_of
from marketplace.scoring.trace.layout import Model
from tests.trace.cases import salt, sheet
from tests.trace.liars import Lie, byte_liar, model_liar, resalted, says_something_else, stage_liar, sum_liar

__all__ = ["KINDS", "changes_nothing", "draw_lie"]

_TRIES: Final = 12


def draw_lie(kind: str, honest: Trace, head: SheetHead, budget: int, rng: np.random.Generator) -> Lie | None:
    """Return a lie of one kind that a market takes for a sheet; None where this round has no such figure.

    Args:
        kind: a key of `KINDS`.
        honest: the right trace.
        head: the right sheet.
        budget: of a round: no sheet pays more.
        rng: what it is drawn from.
    """
    for _ in range(_TRIES):
        try:
            lie, told = KINDS[kind](honest, head, rng)
        except (ArithmeticError, IndexError, InvalidInput, LookupError, ValueError):
            continue  # nothing follows from this one, or there is no such figure
        if _is_taken(told, head, budget, last=bool(honest.frame.counts.final_rows)) and (
            told != head or says_something_else(honest, lie)
        ):
            return lie, told
    return None


def changes_nothing(honest: Trace, right: SheetHead, lie: Trace, head: SheetHead) -> bool:
    """Say whether a lie leaves alone who is paid what, every figure that is public, and what every model holds."""
    fields = ("pool", "adopted", "released", "payout_root", "breached", "included")
    if any(getattr(right, name) != getattr(head, name) for name in fields) or honest.frame.counts != lie.frame.counts:
        return False
    one, other = honest.contents, lie.contents
    models = [[m and m.contents for m in contents.models] for contents in (one, other)]
    public = [s for s in one.leaves if s in {0, 9, 10, 11, 13}]
    same = all(np.array_equal(a, b) for s in public for a, b in zip(one.leaves[s], other.leaves[s], strict=True))
    return same and models[0] == models[1] and honest.frame.rows_root == lie.frame.rows_root


def _is_taken(told: SheetHead, head: SheetHead, budget: int, *, last: bool) -> bool:
    """Say whether the market lets a sheet be revealed."""
    if told.pool > budget or told.breached & ~head.included or (told.released and not last):
        return False
    return told.adopted == (told.next_base_root != ZERO_HASH) and (told.adopted or not told.pool)


# ---------------------------------------------------------------- one figure, followed through or not
def _stage(stage: str, honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    if stage.startswith("final") and not honest.frame.counts.final_rows:
        raise LookupError(stage)
    return stage_liar(honest, stage, rng)


def _state(place: str, part: int, honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    """A hidden activation (0), a logit (1) or a row score (2)."""
    figures = resalted(honest, rng)
    block = getattr(figures, place)
    if block is None:
        raise LookupError(place)
    states = [array.copy() for array in block.states]
    at = tuple(rng.integers(size) for size in states[part].shape)
    states[part][at] += rng.choice([-3, -1, 1, 2])
    vars(block)["states"] = tuple(states)
    lie = Trace(figures, contents_of(figures))
    return lie, sheet(figures, lie)


def _chosen(name: str, honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    """A coefficient, or a part along the last aggregate."""
    figures = resalted(honest, rng)
    values = list(getattr(figures.coefficients, name))
    values[rng.integers(len(values))] += int(rng.integers(1, 3))
    vars(figures)["coefficients"] = replace(figures.coefficients, **{name: tuple(values)})
    lie = Trace(figures, contents_of(figures))
    return lie, sheet(figures, lie)


def _money(name: str, honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    """What the round pays or decides; of one submission, or of all."""
    figures = resalted(honest, rng)
    money = figures.money if name in {"final_ppb", "released"} else figures.earned
    if name in {"lower", "payout", "total", "squares"}:
        shares = list(money.shares)
        i, step = rng.integers(len(shares)), int(rng.integers(1, 1000))
        sign = -1 if name == "payout" and rng.random() < 1 / 2 else 1  # a budget may be spent to the last token
        shares[i] = replace(shares[i], **{name: max(0, getattr(shares[i], name) + sign * step)})
        change: dict[str, Any] = {"shares": tuple(shares)}
        if name == "payout":
            change["pool"] = sum(share.payout for share in shares)
    else:
        value = getattr(money, name)
        change = {name: 1 - value if name in {"adopted", "released"} else value + int(rng.choice([-1, 1]))}
        if change.get("adopted") == 0:  # and so nobody is paid
            change |= {"pool": 0, "shares": tuple(replace(share, payout=0) for share in money.shares)}
    vars(figures)["money" if name in {"final_ppb", "released"} else "earned"] = replace(money, **change)
    lie = Trace(figures, contents_of(figures))
    return lie, sheet(figures, lie)


def _from(name: str, honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    """The earlier round that the base, or the earlier submissions, are said to be of."""
    figures = resalted(honest, rng)
    value = getattr(figures.params, name)
    vars(figures)["params"] = replace(figures.params, **{name: int(rng.choice([v for v in range(4) if v != value]))})
    lie = Trace(figures, contents_of(figures))
    return lie, sheet(figures, lie)


def _count(name: str, honest: Trace, head: SheetHead, _rng: np.random.Generator) -> Lie:
    """A size: how many rows, submissions, players ... there are said to be."""
    counts = honest.frame.counts
    lie = Trace(honest.figures, honest.contents)
    lie.frame = replace(honest.frame, counts=replace(counts, **{name: getattr(counts, name) + 1}))
    return lie, replace(head, trace_root=lie.root)


def _rows_root(honest: Trace, head: SheetHead, rng: np.random.Generator) -> Lie:
    lie = Trace(honest.figures, honest.contents)
    lie.frame = replace(honest.frame, rows_root=rng.bytes(32))
    return lie, replace(head, trace_root=lie.root)


def _head(name: str, honest: Trace, head: SheetHead, rng: np.random.Generator) -> Lie:
    """A field of the sheet that is not what its trace says."""
    if name == "breached":
        bits = [i for i in range(128) if head.included >> i & 1]
        return honest, replace(head, breached=head.breached ^ 1 << int(rng.choice(bits)))
    if name == "pool":
        return honest, replace(head, pool=head.pool - 1)
    if name == "released":
        return honest, replace(head, released=not head.released)
    if name == "adopted":
        gone = {"pool": 0, "next_base_root": ZERO_HASH} if head.adopted else {"next_base_root": salt(51)}
        return honest, replace(head, adopted=not head.adopted, **gone)
    return honest, replace(head, **{name: rng.bytes(32)})


def _byte(honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    counts = honest.frame.counts
    full = [s for s in honest.contents.leaves if counts.size(s) and counts.content_bytes(s, 0)]
    return byte_liar(honest, int(rng.choice(full)), rng)


def _node(honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    return sum_liar(honest, int(rng.choice(sorted(honest.contents.sums))), rng)


def _model(model: int, honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    counts = honest.frame.counts
    if model >= Model.UPDATES:
        model = int(rng.integers(Model.UPDATES, Model.UPDATES + counts.submissions))
    if honest.contents.models[model] is None:
        raise LookupError(model)
    return model_liar(honest, model, rng)


def _earlier(honest: Trace, _head: SheetHead, rng: np.random.Generator) -> Lie:
    counts = honest.frame.counts
    if not counts.previous:
        raise LookupError
    return model_liar(honest, Model.UPDATES + counts.submissions + int(rng.integers(counts.previous)), rng)


KINDS: Final[Mapping[str, Callable[[Trace, SheetHead, np.random.Generator], Lie]]] = {
    "parameter of a part": partial(_stage, "main.trans"),
    "pre-activation": partial(_stage, "main.first"),
    "layer 1 of a coalition": partial(_stage, "main.second"),
    "activation": partial(_state, "main", 0),
    "logit": partial(_state, "main", 1),
    "row score": partial(_state, "main", 2),
    "table figure": partial(_stage, "table"),
    "contribution of a row": partial(_stage, "numerators"),
    "sum over the rows": partial(_stage, "sums"),
    "node of a sum tree": _node,
    "dot product": partial(_stage, "dots"),
    "coefficient": partial(_chosen, "values"),
    "projection": partial(_chosen, "known"),
    "weights": partial(_stage, "weights"),
    "parameter": partial(_stage, "params"),
    "round of the base": partial(_from, "base_from"),
    "round before": partial(_from, "previous_from"),
    "person": partial(_stage, "people"),
    "contribution": partial(_money, "total"),
    "squares": partial(_money, "squares"),
    "lower bound": partial(_money, "lower"),
    "payout": partial(_money, "payout"),
    "gain": partial(_money, "gain"),
    "gain in billionths": partial(_money, "gain_ppb"),
    "target": partial(_money, "target"),
    "adoption": partial(_money, "adopted"),
    "final gain": partial(_money, "final_ppb"),
    "hold-back": partial(_money, "released"),
    "aggregate row": partial(_stage, "sum_rows"),
    "next base and aggregate": partial(_stage, "adoption"),
    "next base": partial(_model, Model.NEXT),
    "aggregate": partial(_model, Model.AGGREGATE),
    "base": partial(_model, Model.BASE),
    "last aggregate": partial(_model, Model.KNOWN),
    "root update": partial(_model, Model.ROOT),
    "first base": partial(_model, Model.FIRST),
    "submission": partial(_model, Model.UPDATES),
    "earlier submission": _earlier,
    "final pre-activation": partial(_stage, "final.first"),
    "final row score": partial(_state, "final", 2),
    "final sum": partial(_stage, "final_sums"),
    "byte of any leaf": _byte,
    "rows commitment": _rows_root,
    **{f"count of {name}": partial(_count, name) for name in ("rows", "submissions", "previous", "players", "inputs")},
    "head: pool": partial(_head, "pool"),
    "head: payout root": partial(_head, "payout_root"),
    "head: next base root": partial(_head, "next_base_root"),
    "head: adopted": partial(_head, "adopted"),
    "head: released": partial(_head, "released"),
    "head: breached": partial(_head, "breached"),
}
"""What may be wrong; what is final only in a last round, what is earlier not in a first."""
