"""Which step of an asserted trace is wrong: the walk from a wrong figure back to what contradicts what it follows from.

Public leaves first, in the order in which they follow from each other; then what nothing public shows, where hashes
say that the asserted trace differs. From a wrong leaf the walk goes to the leaves it follows from: if the step between
them contradicts, that disproves the sheet; if not, one of them is wrong itself. Nothing is assumed of the asserted
trace: not its salts, nor that its sums add up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.errors import InvalidInput
from marketplace.scoring.trace.causes import Causes, Found
from marketplace.scoring.trace.evidence import Walk
from marketplace.scoring.trace.hunt import Hunt
from marketplace.scoring.trace.layout import FINAL, Frame, Model, Section
from marketplace.scoring.trace.openings import Node, integers
from marketplace.scoring.trace.places import WHOLE, At, Kind
from marketplace.scoring.trace.public import Money, Params, People, decode_weights
from marketplace.scoring.trace.trees import sum_levels

if TYPE_CHECKING:
    from marketplace.domain.terms import SheetHead
    from marketplace.scoring.trace.build import Trace

__all__ = ["blame"]


def blame(trace: Trace, honest: SheetHead, frame: Frame, head: SheetHead, *, thorough: bool = True) -> Found:
    """Find what disproves a sheet, asking for leaves of its trace.

    Args:
        trace: the honest trace.
        honest: the sheet that goes with it.
        frame: of the asserted trace.
        head: the asserted sheet.
        thorough: whether to look at every leaf where other salts hide which of them differ.

    Returns:
        By the walk: the proof; None when the asserted trace says nothing else than the honest one.

    Raises:
        InvalidInput: the frame is not the asserted sheet's, or an answer does not lead to it.
    """
    if frame.trace_root != head.trace_root:
        msg = "the frame is not the one the sheet commits to"
        raise InvalidInput(msg)
    return (yield from _Public(trace, honest, frame, head, thorough=thorough).walk())


class _Public:
    """The walk from public leaves, each of which follows from those before."""

    def __init__(self, trace: Trace, honest: SheetHead, frame: Frame, head: SheetHead, *, thorough: bool) -> None:
        self._trace, self._honest, self._frame, self._head = trace, honest, frame, head
        self._causes = Causes(trace, frame, head)
        self._claim, self._counts = self._causes.claim, trace.frame.counts
        self._hunt = Hunt(self._causes, thorough=thorough)

    def walk(self) -> Found:
        """Return the first that is wrong, or what only hashes show to be."""
        looks = (self._sizes, self._params, self._people, self._gram, self._weights, self._money, self._sheet)
        for look in (*looks, self._hunt.walk):
            if found := (yield from look()):
                return found
        return None

    def _sizes(self) -> Found:
        """Return a size that the chain knows: not players and evaluations, which follow from coefficients."""
        stated, right = self._frame.counts, self._counts
        kinds = {
            Kind.TERMS: ("inputs", "hidden", "classes", "input_scale", "weight_scale"),
            Kind.SHARD: ("rows", "final_rows"),
            Kind.SUBMISSIONS: ("submissions",),
            Kind.PREVIOUS: ("previous",),
        }
        for kind, names in kinds.items():
            if any(getattr(stated, name) != getattr(right, name) for name in names):
                return (yield from self._causes.input(kind, Section.PARAMS))
        if self._frame.rows_root != self._trace.frame.rows_root:
            return (yield from self._causes.input(Kind.SHARD, Section.PARAMS))
        return None

    def _params(self) -> Found:
        """Return a parameter that the chain knows."""
        stated, right = yield from self._pair(Section.PARAMS)
        one, other = Params.decode(stated), Params.decode(right)
        moved = replace(other, base_from=one.base_from, previous_from=one.previous_from).encode()
        kinds = [
            (Kind.TERMS, (stated[:64], stated[96:128]) != (moved[:64], moved[96:128])),
            (Kind.BASE, one.base_from != other.base_from),
            (Kind.PREVIOUS, one.previous_from != other.previous_from),
            (Kind.SEED, one.seed != other.seed),
            (Kind.KNOWN, one.gains_before != other.gains_before),
            (Kind.SHARD, one.final_rows_root != other.final_rows_root),
        ]
        if one.seed != other.seed and self._trace.frame.counts.is_exact:  # a step, where nothing is drawn
            return (yield from self._causes.step(At(Kind.PARAMS)))
        for kind, wrong in kinds:
            if wrong:
                return (yield from self._causes.input(kind, Section.PARAMS))
        return None

    def _people(self) -> Found:
        """Return a submission that the chain knows otherwise, or one that is taken in though it exceeds the bounds."""
        stated, right = yield from self._pair(Section.PEOPLE)
        if stated == right:
            return None
        one, other = (People.decode(content, self._counts) for content in (stated, right))
        for i, (a, b) in enumerate(zip(one.submissions, other.submissions, strict=True)):
            if a != b:
                found = None
                if b.breached and not a.breached and Model.UPDATES + i in self._trace.beyond:
                    found = yield from self._beyond(i)
                return found or (yield from self._causes.input(Kind.SUBMISSIONS, Section.PEOPLE, g=i))
        return (yield from self._causes.input(Kind.PREVIOUS, Section.PEOPLE))

    def _beyond(self, i: int) -> Found:
        """Return how an update that was taken in exceeds the bounds: by an entry, or by its norm."""
        model, figure = Model.UPDATES + i, self._counts.gram(i, i)
        root = yield from self._claim.content(Section.MODELS, model)
        if root != self._trace.beyond[model].root:
            return None
        tables = [np.column_stack([x.weight, x.bias]) for x in self._trace.figures.traced.beyond[i][0].layers]
        neurons = [row for table in tables for row in table]
        for g, row in enumerate(neurons):
            for k in np.flatnonzero(np.abs(row) > self._trace.figures.params.entry).tolist():
                return (yield from self._causes.step(At(Kind.BOUNDS, g=g, k=k, p=model)))
        if found := (yield from self._causes.step(At(Kind.NORM, k=figure))):
            return found
        squares = np.array([[int(row @ row) for row in neurons]], np.int64)
        levels = sum_levels(squares, np.zeros_like(squares))[::-1]
        self._causes.taken_in.add(model)
        return (yield from self._dots(figure, lambda level, at: Node(b"", int(levels[level][0][0, at]), 0)))

    def _gram(self) -> Found:
        """Return what is wrong with a dot product."""
        stated, right = yield from self._pair(Section.GRAM)
        for figure, (a, b) in enumerate(zip(integers(stated), integers(right), strict=True)):
            if a != b:
                return (yield from self._dots(figure, self._causes.right(Section.DOTS, figure)))
        return None

    def _dots(self, figure: int, right: Callable[[int, int], Node]) -> Found:
        yield from self._claim.tree(Section.DOTS, figure)
        found = yield from self._causes.step(At(Kind.GRAM, k=figure))
        return found or (yield from self._causes.tree(Section.DOTS, figure, right))

    def _weights(self) -> Found:
        """Return a coefficient, K, or a size or scale that follows from them."""
        stated, right = yield from self._pair(Section.WEIGHTS)
        one, other = (Params.decode(content) for content in (yield from self._pair(Section.PARAMS)))
        pairs = zip(decode_weights(stated), decode_weights(right), strict=True)
        wrong = [i for i, (a, b) in enumerate(pairs) if a != b]
        if wrong or one.k != other.k:
            return (yield from self._causes.step(At(Kind.WEIGHTS, g=wrong[0] if wrong else WHOLE)))
        return (yield from self._causes.step(At(Kind.PARAMS)))

    def _money(self) -> Found:
        """Return an amount, or what was decided."""
        stated, right = yield from self._pair(Section.MONEY)
        if stated == right:
            return None
        one, other = Money.decode(stated), Money.decode(right)
        weights = decode_weights((yield from self._claim.content(Section.WEIGHTS)))
        for i, (a, b) in enumerate(zip(one.shares, other.shares, strict=True)):
            if (a.total, a.squares) != (b.total, b.squares):
                player = weights[i].player
                return (yield from self._share(i) if player is None else self._figure(Section.SUMS, player))
        if one.gain != other.gain:
            return (yield from self._figure(Section.SUMS, self._counts.players))
        wrong = [i for i, (a, b) in enumerate(zip(one.shares, other.shares, strict=True)) if a != b]
        looks = [self._share(i) for i in (WHOLE, *wrong)]
        if one.final_ppb != other.final_ppb and self._counts.final_rows:
            looks.append(self._figure(FINAL + Section.SUMS, 0))
        for look in looks:
            if found := (yield from look):
                return found
        return None

    def _share(self, i: int) -> Found:
        return (yield from self._causes.step(At(Kind.MONEY, g=i)))

    def _figure(self, section: int, figure: int) -> Found:
        kind = Kind.FINAL_FIGURE if section >= FINAL else Kind.FIGURE
        yield from self._claim.tree(section, figure)
        found = yield from self._causes.step(At(kind, k=figure))
        return found or (yield from self._causes.tree(section, figure, self._causes.right(section, figure)))

    def _sheet(self) -> Found:
        """Return what the sheet states and its trace does not."""
        stated, right = self._head, self._honest
        if (stated.pool, stated.adopted, stated.released) != (right.pool, right.adopted, right.released):
            return (yield from self._causes.step(At(Kind.MONEY, g=WHOLE)))
        if stated.payout_root != right.payout_root:
            return (yield from self._causes.step(At(Kind.PAYOUTS)))
        if (stated.included, stated.breached) != (right.included, right.breached):
            return (yield from self._causes.input(Kind.HEAD, Section.PEOPLE))
        if stated.next_base_root != right.next_base_root:
            return (yield from self._causes.step(At(Kind.KEPT))) or (yield from self._hunt.neurons(Model.NEXT))
        return None

    def _pair(self, section: int) -> Walk[tuple[bytes, bytes]]:
        """Return a public leaf as it is asserted, and as it should be."""
        stated = yield from self._claim.content(section)
        return stated, self._trace.leaf(section, 0).content
