"""Demands as the referee's judge of answers reads them: what an ask of a walk becomes, and what an answer tells it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from marketplace.domain.dispute import Demand, DemandKind
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak, tag
from marketplace.scoring.trace.evidence import Ask, LeafAsk, NeuronAsk, SaltAsk
from marketplace.scoring.trace.layout import PUBLIC, SECTION_LEVELS, Counts, Section, depth_of
from marketplace.scoring.trace.openings import Opening
from marketplace.scoring.trace.trees import NODE_BYTES, SALT_BYTES

if TYPE_CHECKING:
    from marketplace.scoring.trace.build import Trace

__all__ = ["answer_to", "demand_for", "told_by"]

_HASH: Final = 32
_ENTRY: Final = 64


def demand_for(ask: Ask, counts: Counts) -> Demand:
    """Return the demand that stands for an ask."""
    if isinstance(ask, LeafAsk):
        return Demand(DemandKind.LEAF, ask.section, ask.index)
    if isinstance(ask, NeuronAsk):
        return Demand(DemandKind.MODEL_LEAF, Section.MODELS, ask.neuron, ask.model)
    if isinstance(ask, SaltAsk):
        return Demand(DemandKind.SUM_NODE, ask.section, ask.position, ask.figure, counts.sum_depth(ask.section))
    return Demand(DemandKind.SUM_NODE, ask.section, ask.position, ask.figure, ask.level, ask.levels)


def answer_to(trace: Trace, demand: Demand) -> bytes:
    """Return what a trace answers to a demand; raises InvalidInput if it has no such part."""
    section, index, figure, counts = demand.section, demand.index, demand.figure, trace.frame.counts
    if demand.kind is DemandKind.LEAF:
        return trace.leaf(section, index).encode()
    if demand.kind is DemandKind.MODEL_LEAF:
        if trace.contents.models[figure] is None:
            return b"".join(trace.leaf(Section.MODELS, figure).path)
        return trace.neuron(figure, index).encode()
    above = [trace.node(section, figure, level, index >> demand.level - level) for level in range(demand.level)]
    descent = trace.leaf(section, figure).encode() + b"".join(above)
    if demand.levels:
        last, width = demand.level + demand.levels - 1, 1 << demand.levels - 1
        nodes = [trace.node(section, figure, last, (index << demand.levels - 1) + i) for i in range(width)]
        return descent + b"".join(map(_entries, nodes))
    return descent + (trace.sum_salt(section, figure, index) if index < counts.items(section) else b"")


def told_by(answer: bytes, demand: Demand, counts: Counts) -> Opening | bytes:
    """Return what an answer, which the referee has checked, tells a walk that asked.

    An opening of a leaf or neuron; nodes of a sum tree, level by level from the top; the salt of a leaf of one.
    """
    section = demand.section
    if demand.kind is DemandKind.LEAF:
        salt = 0 if section in PUBLIC or section == Section.MODELS else SALT_BYTES
        return _opening(answer, salt, counts.content_bytes(section, demand.index))
    if demand.kind is DemandKind.MODEL_LEAF:
        path = _HASH * (depth_of(counts.size(Section.MODELS)) + SECTION_LEVELS)
        if len(answer) == path:
            msg = "a model that was to be opened has the root zero"
            raise InvalidInput(msg)
        return _opening(answer, SALT_BYTES, 4 * counts.width(demand.index) + 8)
    if not demand.levels:
        return answer[-SALT_BYTES:]
    entries = [answer[at : at + _ENTRY] for at in range(len(answer) - (_ENTRY << demand.levels), len(answer), _ENTRY)]
    levels = []
    while len(entries) > 1:
        nodes = [_node(*entries[i : i + 2]) for i in range(0, len(entries), 2)]
        levels.append(b"".join(nodes))
        entries = [_entry_of(node) for node in nodes]
    return b"".join(reversed(levels))


def _opening(answer: bytes, salt: int, size: int) -> Opening:
    path = answer[salt + size :]
    hashes = tuple(path[at : at + _HASH] for at in range(0, len(path), _HASH))
    return Opening(answer[:salt], answer[salt : salt + size], hashes)


def _entries(node: bytes) -> bytes:
    """Return both children of a node, hash and sums together."""
    return node[:32] + node[64:96] + node[32:64] + node[96:]


def _node(left: bytes, right: bytes) -> bytes:
    """Return the 128 bytes of the node over two entries."""
    return left[:32] + right[:32] + left[32:] + right[32:]


def _entry_of(node: bytes) -> bytes:
    """Return the entry of a node whose children's sums add up, as the referee saw to."""
    assert len(node) == NODE_BYTES  # noqa: S101 - as `_node` makes it
    totals = (int.from_bytes(node[at : at + 16], "big", signed=True) for at in (64, 96))
    squares = (int.from_bytes(node[at : at + 16], "big") for at in (80, 112))
    sums = sum(totals).to_bytes(16, "big", signed=True) + sum(squares).to_bytes(16, "big")
    return keccak(tag("trace-sum"), node) + sums
