"""What a step turns on: the leaves to ask for, and the bytes they make together.

A dispute asks for one leaf, one neuron, one salt, or one node with some of those below it at a time; whoever has the
asserted trace, or the seats on the chain, answers. Answers are checked before they are used.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from marketplace.domain.abi import sheet_fields
from marketplace.scoring.trace.layout import FINAL, Counts, Frame, Model, Section
from marketplace.scoring.trace.openings import Node, Opening, Reader, children_of, group_of
from marketplace.scoring.trace.places import At, Kind, opens_sheet
from marketplace.scoring.trace.trees import NODE_BYTES

if TYPE_CHECKING:
    from marketplace.domain.terms import SheetHead
    from marketplace.scoring.trace.build import Trace

__all__ = ["Ask", "Claim", "LeafAsk", "NeuronAsk", "NodeAsk", "SaltAsk", "Walk", "answer", "pieces", "proof_of"]

_LEVELS: Final = 5
"""Levels of a sum tree asked for at once: 31 nodes of 128 bytes."""


@dataclass(frozen=True)
class LeafAsk:
    """Asks for an `Opening`: of a leaf, of a figure leaf for sections of sums, of a root for MODELS."""

    section: int
    index: int


@dataclass(frozen=True)
class NeuronAsk:
    """Asks for the `Opening` of a neuron of the next base or of the aggregate."""

    model: int
    neuron: int


@dataclass(frozen=True)
class NodeAsk:
    """Asks for nodes of a sum tree, 128 bytes each: one, and those below it, level by level, `levels` in all.

    The opening of the figure leaf stands before them where the first one is the root.
    """

    section: int
    figure: int
    level: int
    position: int
    levels: int


@dataclass(frozen=True)
class SaltAsk:
    """Asks for the 16 bytes of salt of a leaf of a sum tree."""

    section: int
    figure: int
    position: int


Ask = LeafAsk | NeuronAsk | NodeAsk | SaltAsk
_T = TypeVar("_T")
Walk = Generator[Ask, Any, _T]
"""Yields asks, is sent an `Opening` for leaves and neurons and bytes for the others, and returns something."""


def answer(trace: Trace, ask: Ask) -> Opening | bytes:
    """Return what a trace answers."""
    if isinstance(ask, LeafAsk):
        return trace.leaf(ask.section, ask.index)
    if isinstance(ask, NeuronAsk):
        return trace.neuron(ask.model, ask.neuron)
    if isinstance(ask, SaltAsk):
        return trace.sum_salt(ask.section, ask.figure, ask.position)
    nodes = b"".join(
        trace.node(ask.section, ask.figure, ask.level + below, (ask.position << below) + at)
        for below in range(ask.levels)
        for at in range(1 << below)
    )
    return nodes if ask.level else trace.leaf(ask.section, ask.figure).encode() + nodes


class Claim:
    """The asserted trace, as far as it has been asked for.

    Args:
        frame: of the asserted trace.
        trace: the honest one, for rows and models that the chain commits to.
    """

    def __init__(self, frame: Frame, trace: Trace) -> None:
        self.frame, self.counts, self._trace = frame, frame.counts, trace
        self._leaves: dict[tuple[int, int], Opening] = {}
        self._neurons: dict[tuple[int, int], Opening] = {}
        self._nodes: dict[tuple[int, int, int, int], tuple[bytes, tuple[Node, Node]]] = {}
        self._salts: dict[tuple[int, int, int], bytes] = {}

    def leaf(self, section: int, index: int) -> Walk[Opening]:
        """Return the opening of a leaf; raises InvalidInput if the answer does not lead to the frame."""
        if (section, index) not in self._leaves:
            self._hold(section, index, (yield LeafAsk(section, index)))
        return self._leaves[section, index]

    def content(self, section: int, index: int = 0) -> Walk[bytes]:
        """Return the content of a leaf."""
        opening = yield from self.leaf(section, index)
        return opening.content

    def neuron(self, model: int, neuron: int) -> Walk[Opening]:
        """Return the opening of a neuron of a model whose root is not zero; only derived models are asked about."""
        if model in {Model.NEXT, Model.AGGREGATE}:
            if (model, neuron) not in self._neurons:
                opening = yield NeuronAsk(model, neuron)
                reader = Reader(self.frame, opening.encode())
                reader.neuron(model, neuron)
                reader.end()
                self._neurons[model, neuron] = opening
            return self._neurons[model, neuron]
        upper = yield from self.leaf(Section.MODELS, model)
        mine = self._trace.neuron(model, neuron)
        own = len(mine.path) - len(upper.path)
        return Opening(mine.salt, mine.content, mine.path[:own] + upper.path)

    def node(self, section: int, figure: int, level: int, position: int) -> Walk[tuple[Node, Node]]:
        """Return the two nodes under an inner node of a sum tree."""
        place = (section, figure, level, position)
        if place not in self._nodes:
            levels = min(_LEVELS, self.counts.sum_depth(section) - level)
            if level:
                siblings = yield from self.node(section, figure, level - 1, position >> 1)
                raw, node = (yield NodeAsk(*place, levels)), siblings[position & 1]
            else:
                raw = self._root((yield NodeAsk(*place, levels)), section, figure, levels)
                node = yield from self.figure(section, figure)
            self._keep(raw, node, place, levels)
        return self._nodes[place][1]

    def tree(self, section: int, figure: int) -> Walk[None]:
        """Have the figure leaf and the upper nodes of a sum tree, at one demand for both."""
        if self.counts.sum_depth(section):
            yield from self.node(section, figure, 0, 0)

    def figure(self, section: int, figure: int) -> Walk[Node]:
        """Return the root of a sum tree, as its figure leaf states it."""
        opening = yield from self.leaf(section, figure)
        return Reader(self.frame, opening.encode()).descend(section, figure, 0, 0)

    def blob(self, at: At) -> Walk[bytes]:
        """Return the openings of a step, in the order in which the referee reads them."""
        out = b""
        for piece, *where in pieces(at, self.counts):
            out += yield from getattr(self, f"_{piece}")(*where)
        return out

    def _leaf(self, section: int, index: int = 0) -> Walk[bytes]:
        opening = yield from self.leaf(section, index)
        return opening.encode()

    def _part(self, section: int, index: int, part: int) -> Walk[bytes]:
        opening = yield from self.leaf(section, index)
        return group_of(section, opening, part // self.counts.grouped(section)).encode()

    def _zero(self, model: int) -> Walk[bytes]:
        opening = yield from self.leaf(Section.MODELS, model)
        return b"".join(opening.path)

    def _neuron(self, model: int, neuron: int) -> Walk[bytes]:
        opening = yield from self.neuron(model, neuron)
        return opening.encode()

    def _row(self, index: int, final: bool) -> Walk[bytes]:  # noqa: FBT001 - which shard
        yield from ()
        return self._trace.row(index, final=final).encode()

    def _descent(self, section: int, figure: int, level: int, position: int) -> Walk[bytes]:
        out = yield from self._leaf(section, figure)
        for above in range(level):
            out += yield from self._node(section, figure, above, position >> level - above)
        return out

    def _node(self, section: int, figure: int, level: int, position: int) -> Walk[bytes]:
        yield from self.node(section, figure, level, position)
        return self._nodes[section, figure, level, position][0]

    def _hold(self, section: int, index: int, opening: Opening) -> None:
        """Check the opening of a leaf, and keep it."""
        reader = Reader(self.frame, opening.encode())
        (reader.root if section == Section.MODELS else lambda at: reader.leaf(section, at))(index)
        reader.end()
        self._leaves[section, index] = opening

    def _root(self, raw: bytes, section: int, figure: int, levels: int) -> bytes:
        """Take the figure leaf from the answer to a demand for the root of a sum tree; return the nodes behind it."""
        size = len(raw) - NODE_BYTES * ((1 << levels) - 1)
        self._hold(section, figure, Opening.decode(raw[:size], 0, self.counts.content_bytes(section, figure)))
        return raw[size:]

    def _keep(self, raw: bytes, top: Node, place: tuple[int, int, int, int], levels: int) -> None:
        """Check the nodes of an answer from the top down, and keep them."""
        section, figure, level, position = place
        start, nodes = 0, [top]
        for below in range(levels):
            following: list[Node] = []
            for at, node in enumerate(nodes):
                part = raw[start : start + NODE_BYTES]
                found = children_of(node, part)
                self._nodes[section, figure, level + below, (position << below) + at] = part, found
                following += found
                start += NODE_BYTES
            nodes = following

    def _salt(self, section: int, figure: int, position: int) -> Walk[bytes]:
        place = (section, figure, position)
        if place not in self._salts:
            salt = yield SaltAsk(*place)
            blob = yield from self._descent(section, figure, self.counts.sum_depth(section), position)
            reader = Reader(self.frame, blob + salt)
            reader.sum_leaf(*place)
            reader.end()
            self._salts[place] = salt
        return self._salts[place]


def proof_of(sheet: SheetHead, at: At, blob: bytes) -> bytes:
    """Return what a judge is shown: the openings of a step, behind the sheet's fields where it compares with those."""
    return (sheet_fields(sheet) if opens_sheet(at) else b"") + blob


def pieces(at: At, counts: Counts) -> list[tuple[Any, ...]]:  # noqa: C901, PLR0911, PLR0912 - one case a kind
    """Return the openings of a step, in order: what is opened, as a method of `Claim` names it, and where.

    What compares with the sheet itself opens that before: see `proof_of`.
    """
    kind, final = at.kind & 0x7F, bool(at.kind & 0x80)
    base = FINAL if final else 0
    rows = counts.final_rows if final else counts.rows
    params, weights, money = (("leaf", s) for s in (Section.PARAMS, Section.WEIGHTS, Section.MONEY))
    head, factors = [params] if final else [], [params] if final else [params, weights]
    first = base + Section.FIRST, at.r * counts.first + at.g
    layer = ("leaf", base + Section.ROWS, at.e * counts.classes + at.g)
    state = ("leaf", base + Section.STATES, at.e * rows + at.r)
    table, row, sum_row = ("leaf", Section.TABLE, at.r), ("row", at.r, final), ("leaf", Section.SUMROWS, at.g)
    trans = ("leaf", base + Section.TRANS, counts.entry(at.g, at.k))

    def part() -> tuple[Any, ...]:
        model = Model.of_part(at.p, base)
        return ("zero", model) if at.level else ("neuron", model, at.g)

    match kind:
        case Kind.NEURON:
            return [*head, ("part", *first, at.p), part()] + ([] if at.level else [row])
        case Kind.ROWS:
            neuron = counts.first + at.g
            return [*factors, layer, ("leaf", base + Section.TRANS, counts.entry(neuron, at.k))]
        case Kind.HIDDEN:
            return [*factors, state, ("leaf", *first)]
        case Kind.LOGIT:
            return [*head, state, layer]
        case Kind.SCORE:
            return [params, state, row]
        case Kind.TABLE:
            return [table, state]
        case Kind.NUMERATOR:
            return [table] if counts.is_exact else [params, table]
        case Kind.SUM_LEAF:
            place = base + Section.SUMS, at.k
            found = ("descent", *place, counts.sum_depth(place[0]), at.r)
            ends = [("leaf", base + Section.STATES, e * rows + at.r) for e in (1, 0)]
            return [found] if at.r >= rows else [found, ("salt", *place, at.r), *(ends if final else [table])]
        case Kind.SUM_NODE:
            node = at.e, at.k, at.level, at.r
            return [("descent", *node), ("node", *node)]
        case Kind.FIGURE:
            return [params if final else weights, money, ("leaf", base + Section.SUMS, at.k)]
        case Kind.DOT_LEAF:
            dots = Section.DOTS, at.k
            found = ("descent", *dots, counts.sum_depth(Section.DOTS), at.g)
            if at.g >= counts.neurons:
                return [found]
            if at.level:
                opened: list[tuple[Any, ...]] = [("zero", counts.vectors(at.k)[at.level - 1])]
            else:
                opened = [("neuron", model, at.g) for model in dict.fromkeys(counts.vectors(at.k))]
            return [found, ("salt", *dots, at.g), *opened]
        case Kind.GRAM:
            return [("leaf", Section.GRAM), ("leaf", Section.DOTS, at.k)]
        case Kind.TRANS:
            return [trans, part()]
        case Kind.SUMROW:
            return [weights, sum_row, trans]
        case Kind.NEXT:
            return [params, money, sum_row, ("neuron", Model.BASE, at.g), ("neuron", Model.NEXT, at.g)]
        case Kind.KEPT:
            return [params, money, *(("leaf", Section.MODELS, m) for m in (Model.BASE, Model.NEXT, Model.AGGREGATE))]
        case Kind.AGGREGATE:
            return [money, *(("neuron", model, at.g) for model in (Model.BASE, Model.NEXT, Model.AGGREGATE))]
        case Kind.BOUNDS:
            return [params, ("neuron", at.p, at.g)]
        case Kind.NORM:
            return [params, ("leaf", Section.GRAM)]
        case Kind.WEIGHTS:
            return [params, ("leaf", Section.GRAM), weights, ("leaf", Section.PEOPLE)]
        case Kind.PARAMS:
            return [params, weights]
        case Kind.MONEY:
            return [params, weights, money]
        case Kind.PAYOUTS:
            return [money, ("leaf", Section.PEOPLE)]
    return []
