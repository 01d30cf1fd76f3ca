"""Asks as demands on the chain, and the bytes that answer them; the twin of the referee's `IAnswers`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.packing import pack, unpack
from marketplace.scoring.trace.evidence import Ask, LeafAsk, NeuronAsk, NodeAsk, SaltAsk
from marketplace.scoring.trace.layout import Counts, Section
from marketplace.scoring.trace.openings import Node, Opening, node_of
from marketplace.scoring.trace.trees import SALT_BYTES

if TYPE_CHECKING:
    from marketplace.scoring.trace.build import Trace

__all__ = ["answer_bytes", "ask_of", "demand_of", "read_answer"]

_WIDTHS: Final = (8, 64, 8, 8, 8, 32)
_NAMES: Final = ("section", "index", "kind", "level", "levels", "figure")
_LEAF, _SUM, _NEURON = 0, 1, 2
_HASH: Final = 32
_ENTRY: Final = 64


def demand_of(ask: Ask, counts: Counts) -> int:
    """Return the word by which the chain knows what is asked for."""
    if isinstance(ask, LeafAsk):
        fields = (ask.section, ask.index, _LEAF, 0, 0, 0)
    elif isinstance(ask, NeuronAsk):
        fields = (Section.MODELS, ask.neuron, _NEURON, 0, 0, ask.model)
    elif isinstance(ask, NodeAsk):
        fields = (ask.section, ask.position, _SUM, ask.level, ask.levels, ask.figure)
    else:
        fields = (ask.section, ask.position, _SUM, counts.sum_depth(ask.section), 0, ask.figure)
    return pack(zip(_NAMES, fields, _WIDTHS, strict=True))


def ask_of(word: int) -> Ask:
    """Return what a demand asks for; raises InvalidInput when it is none."""
    section, index, kind, level, levels, figure = unpack(word, _WIDTHS)
    if kind == _SUM:
        return NodeAsk(section, figure, level, index, levels) if levels else SaltAsk(section, figure, index)
    if kind not in {_LEAF, _NEURON}:
        msg = f"the demand {word:#x} is of no known kind"
        raise InvalidInput(msg)
    return LeafAsk(section, index) if kind == _LEAF else NeuronAsk(figure, index)


def answer_bytes(trace: Trace, ask: Ask) -> bytes:
    """Return the bytes by which the chain takes a demand for answered.

    Raises:
        InvalidInput: the trace has no such part.
    """
    counts = trace.frame.counts
    if isinstance(ask, LeafAsk):
        return trace.leaf(ask.section, ask.index).encode()
    if isinstance(ask, NeuronAsk):
        if trace.contents.models[ask.model] is None:
            return b"".join(trace.leaf(Section.MODELS, ask.model).path)
        return trace.neuron(ask.model, ask.neuron).encode()
    section, figure, position = ask.section, ask.figure, ask.position
    level = ask.level if isinstance(ask, NodeAsk) else counts.sum_depth(section)
    path = (trace.node(section, figure, above, position >> level - above) for above in range(level))
    descent = trace.leaf(section, figure).encode() + b"".join(path)
    if isinstance(ask, SaltAsk):
        return descent + (trace.sum_salt(section, figure, position) if position < counts.items(section) else b"")
    lowest, width = ask.level + ask.levels - 1, 1 << ask.levels - 1
    nodes = (trace.node(section, figure, lowest, position * width + i) for i in range(width))
    return descent + b"".join(entry for node in nodes for entry in _entries(node))


def read_answer(ask: Ask, counts: Counts, raw: bytes) -> Opening | bytes:
    """Return what an answer that the chain took says, as a walk is sent it; raises InvalidInput if it is too short."""
    if isinstance(ask, LeafAsk):
        return Opening.decode(raw, SALT_BYTES * counts.salts(ask.section), counts.content_bytes(ask.section, ask.index))
    if isinstance(ask, NeuronAsk):
        return Opening.decode(raw, SALT_BYTES, 4 * counts.width(ask.neuron) + 8)
    if isinstance(ask, SaltAsk):
        return raw[-SALT_BYTES:]
    below = raw[-(_ENTRY << ask.levels) :]
    if len(below) != _ENTRY << ask.levels:
        msg = "the answer is shorter than the nodes that were asked for"
        raise InvalidInput(msg)
    entries, levels = [below[at : at + _ENTRY] for at in range(0, len(below), _ENTRY)], list[bytes]()
    while len(entries) > 1:
        pairs = list(zip(entries[::2], entries[1::2], strict=True))
        levels.insert(0, b"".join(a[:_HASH] + b[:_HASH] + a[_HASH:] + b[_HASH:] for a, b in pairs))
        entries = [_above(a, b) for a, b in pairs]
    return (b"" if ask.level else raw[: -(_ENTRY << ask.levels)]) + b"".join(levels)


def _entries(node: bytes) -> tuple[bytes, bytes]:
    """Return the two nodes under one, hash and sums of each."""
    return node[:32] + node[64:96], node[32:64] + node[96:]


def _above(a: bytes, b: bytes) -> bytes:
    """Return the node above two, whose sums the chain saw to add up."""
    left, right = (node_of(entry[:_HASH], entry[_HASH:]) for entry in (a, b))
    digest = keccak(tag("trace-sum"), a[:_HASH], b[:_HASH], a[_HASH:], b[_HASH:])
    return Node(digest, left.total + right.total, left.square + right.square).encode()
