"""From a wrong leaf to the step that contradicts: either its own, or that of a leaf it follows from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from marketplace.domain.hashing import ZERO_HASH
from marketplace.scoring.trace.evidence import Claim, Walk
from marketplace.scoring.trace.layout import FINAL, Frame, Model, Section
from marketplace.scoring.trace.openings import Node, integers, node_of
from marketplace.scoring.trace.places import At, Kind
from marketplace.scoring.trace.steps import contradicts

if TYPE_CHECKING:
    from marketplace.domain.terms import SheetHead
    from marketplace.scoring.trace.build import Trace

__all__ = ["Blame", "Causes", "Found"]

_INPUTS: Final = {Model.BASE: Kind.BASE, Model.KNOWN: Kind.KNOWN, Model.ROOT: Kind.ROOT, Model.FIRST: Kind.BASE}


@dataclass(frozen=True)
class Blame:
    """What disproves a sheet.

    Args:
        at: the step. Of an input that the chain knows (0x50 and above), `p` is the model or `g` the submission.
        blob: its openings; of an input, that of the leaf which is wrong: the rest of the proof is on the chain.
    """

    at: At
    blob: bytes


Found = Walk[Blame | None]
"""Walks to a `Blame`, or to None where nothing is wrong."""


class Causes:
    """Walks from wrong leaves of an asserted trace.

    Args:
        trace: the honest one.
        frame: of the asserted one.
        head: the asserted sheet.
    """

    def __init__(self, trace: Trace, frame: Frame, head: SheetHead) -> None:
        self.trace, self.frame, self.head = trace, frame, head
        self.counts, self.claim = trace.frame.counts, Claim(frame, trace)
        self.taken_in: set[int] = set()
        """Models whose roots are right, though the honest trace leaves them out for exceeding the bounds."""

    def step(self, at: At) -> Found:
        """Return a step if it contradicts."""
        blob = yield from self.claim.blob(at)
        return Blame(at, blob) if contradicts(self.frame, self.head, at, blob) else None

    def input(self, kind: Kind, section: int, index: int = 0, *, g: int = 0, p: int = 0) -> Found:
        """Return an input of the round that is not what the chain knows."""
        opening = yield from self.claim.leaf(section, index)
        return Blame(At(kind, g=g, p=p), opening.encode())

    def leaf(self, section: int, index: int) -> Found:
        """Return what is wrong with a leaf of activations, of the table or of the summed updates."""
        stated = yield from self.claim.content(section, index)
        right = self.trace.leaf(section, index).content
        if stated == right:
            return None
        base, rows = section // FINAL * FINAL, self.counts.block_rows(section)
        entries = [k for k in range(len(right) // 8 + 1) if stated[8 * k : 8 * k + 8] != right[8 * k : 8 * k + 8]]
        match section % FINAL:
            case Section.TRANS:
                cause = self._trans(base, index, entries)
            case Section.FIRST:
                cause = self._first(base, *divmod(index, self.counts.first), entries)
            case Section.ROWS:
                cause = self._rows(base, *divmod(index, self.counts.classes), entries)
            case Section.STATES:
                cause = self._state(base, *divmod(index, rows), entries)
            case Section.TABLE:
                cause = self._table(index, stated, right)
            case _:
                cause = self._sum_row(index, entries)
        return (yield from cause)

    # Sum trees.

    def tree(self, section: int, figure: int, right: Callable[[int, int], Node], level: int = 0, at: int = 0) -> Found:
        """Return what is wrong with a sum tree, a node of which states other sums than it should.

        Args:
            right: (level, position) -> the node as it should be.
            level: of that node.
            at: its position.
        """
        while level < self.counts.sum_depth(section):
            children = yield from self.claim.node(section, figure, level, at)
            wrong = [i for i in range(2) if children[i][1:] != right(level + 1, 2 * at + i)[1:]]
            if not wrong:
                return (yield from self.step(At(Kind.SUM_NODE, e=section, r=at, k=figure, level=level)))
            level, at = level + 1, 2 * at + wrong[0]
        return (yield from self.sum_leaf(section, figure, at))

    def right(self, section: int, figure: int) -> Callable[[int, int], Node]:
        """Return (level, position) -> node of an honest sum tree."""

        def node(level: int, at: int) -> Node:
            if not level:
                content = self.trace.leaf(section, figure).content
                return node_of(content[:32], content[32:])
            raw, side = self.trace.node(section, figure, level - 1, at >> 1), at & 1
            return node_of(raw[32 * side : 32 * side + 32], raw[64 + 32 * side : 96 + 32 * side])

        return node

    def sum_leaf(self, section: int, figure: int, at: int) -> Found:
        """Return what is wrong with a leaf of a sum tree."""
        if section == Section.DOTS:
            models = self.counts.vectors(figure) if at < self.counts.neurons else ()
            level = 0
            for number, model in enumerate(models, start=1):
                if found := (yield from self.model(model, at)):
                    return found
                root = yield from self.claim.content(Section.MODELS, model)
                level = level or (number if root == ZERO_HASH else 0)
            return (yield from self.step(At(Kind.DOT_LEAF, g=at, k=figure, level=level)))
        final, found = section >= FINAL, None
        rows = self.counts.block_rows(section)
        inputs = [FINAL + Section.STATES, FINAL + Section.STATES] if final else [Section.TABLE]
        if at < rows:  # what the leaf follows from comes first: a lie that was followed through needs no salt
            for e, source in enumerate(inputs):
                found = found or (yield from self.leaf(source, e * rows + at))
        kind = Kind.FINAL_SUM_LEAF if final else Kind.SUM_LEAF
        return found or (yield from self.step(At(kind, r=at, k=figure)))

    # Models.

    def model(self, model: int, neuron: int) -> Found:
        """Return what is wrong with a model, or, of one that the scoring made, with a neuron."""
        root = yield from self.claim.content(Section.MODELS, model)
        if root == self.trace.leaf(Section.MODELS, model).content or model in self.taken_in:
            return None
        if model in {Model.NEXT, Model.AGGREGATE}:
            return (yield from self.step(At(Kind.KEPT))) or (yield from self.neuron(model, neuron))
        n, place = self.counts.submissions, model - Model.UPDATES
        kind = _INPUTS.get(Model(model)) if place < 0 else Kind.SUBMISSIONS if place < n else Kind.PREVIOUS
        index = 0 if place < 0 else place if place < n else place - n
        return (yield from self.input(kind or Kind.BASE, Section.MODELS, model, g=index, p=model))

    def neuron(self, model: int, neuron: int) -> Found:
        """Return what is wrong with a neuron of the next base or of the aggregate."""
        opening = yield from self.claim.neuron(model, neuron)
        if opening.content == self.trace.neuron(model, neuron).content:
            return None
        if found := (yield from self.model(Model.BASE, neuron)):
            return found
        if model == Model.AGGREGATE:
            kind, inputs = Kind.AGGREGATE, self.model(Model.NEXT, neuron)
        else:
            kind, inputs = Kind.NEXT, self.leaf(Section.SUMROWS, neuron)
        return (yield from self.step(At(kind, g=neuron))) or (yield from inputs)

    # Leaves; `entries` are the numbers, 8 bytes each, that differ.

    def _trans(self, base: int, index: int, entries: list[int]) -> Found:
        counts = self.counts
        split = counts.entry(counts.first, 0)
        layer, width = int(index >= split), counts.hidden if index >= split else counts.inputs
        g, k = divmod(index - layer * split, width + 1)
        g, p = g + layer * counts.first, entries[0]
        return (yield from self._part(base, g, At(Kind.TRANS + _twin(base), g=g, k=k, p=p)))

    def _first(self, base: int, r: int, j: int, entries: list[int]) -> Found:
        return (yield from self._part(base, j, At(Kind.NEURON + _twin(base), r=r, g=j, p=entries[0])))

    def _part(self, base: int, neuron: int, at: At) -> Found:
        """Return a step from the model of a part, or what is wrong with that model."""
        model = Model.of_part(at.p, base)
        if found := (yield from self.model(model, neuron)):
            return found
        root = yield from self.claim.content(Section.MODELS, model)
        zero = int(root == ZERO_HASH)
        return (yield from self.step(At(at.kind, r=at.r, g=at.g, k=at.k, p=at.p, level=zero)))

    def _rows(self, base: int, e: int, c: int, entries: list[int]) -> Found:
        k, index = entries[0], self.counts.entry(self.counts.first + c, entries[0])
        found = yield from self.step(At(Kind.ROWS + _twin(base), e=e, g=c, k=k))
        return found or (yield from self.leaf(base + Section.TRANS, index))

    def _state(self, base: int, e: int, r: int, entries: list[int]) -> Found:
        counts, twin, at = self.counts, _twin(base), entries[0]
        if at < counts.first:
            found = yield from self.step(At(Kind.HIDDEN + twin, e=e, r=r, g=at))
            return found or (yield from self.leaf(base + Section.FIRST, r * counts.first + at))
        if at < counts.hidden + counts.classes:
            c = at - counts.hidden
            found = yield from self.step(At(Kind.LOGIT + twin, e=e, r=r, g=c))
            return found or (yield from self.leaf(base + Section.ROWS, e * counts.classes + c))
        return (yield from self.step(At(Kind.SCORE + twin, e=e, r=r)))

    def _table(self, r: int, stated: bytes, right: bytes) -> Found:
        split = 2 * self.counts.evaluations
        scores = zip(*(integers(content[:split], 2, signed=False) for content in (stated, right)), strict=True)
        if (e := next((e for e, (a, b) in enumerate(scores) if a != b), None)) is not None:
            found = yield from self.step(At(Kind.TABLE, e=e, r=r))
            return found or (yield from self.leaf(Section.STATES, e * self.counts.rows + r))
        numerators = zip(*(integers(content[split:]) for content in (stated, right)), strict=True)
        p = next(p for p, (a, b) in enumerate(numerators) if a != b)
        return (yield from self.step(At(Kind.NUMERATOR, r=r, k=p)))

    def _sum_row(self, g: int, entries: list[int]) -> Found:
        found = yield from self.step(At(Kind.SUMROW, g=g, k=entries[0]))
        return found or (yield from self.leaf(Section.TRANS, self.counts.entry(g, entries[0])))


def _twin(base: int) -> int:
    """Return what is added to kinds in the final block."""
    return 0x80 if base else 0
