"""Openings of a trace as bytes, and their reading: every opening is checked against the frame as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from marketplace.domain.commitment import rows_root_of
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak, tag
from marketplace.domain.merkle import merkle_proof, merkle_root
from marketplace.scoring.trace.layout import FINAL, PUBLIC, Frame, Model, Section, depth_of
from marketplace.scoring.trace.trees import NODE_BYTES, SALT_BYTES, leaf_prefix

__all__ = ["Node", "Opening", "Reader", "Row", "children_of", "climb", "group_of", "integers", "leaf_hash", "node_of"]

_HASH: Final = 32


@dataclass(frozen=True)
class Opening:
    """What shows a leaf: its salt (nothing if public; of groups one each), its content, and the siblings from it up."""

    salt: bytes
    content: bytes
    path: tuple[bytes, ...]

    def encode(self) -> bytes:
        """Return the bytes of the opening."""
        return b"".join((self.salt, self.content, *self.path))

    @classmethod
    def decode(cls, raw: bytes, salt: int, content: int) -> Self:
        """Return the opening with so many bytes of salt and content; all that follows them is its path."""
        path = raw[salt + content :]
        siblings = (path[at : at + _HASH] for at in range(0, len(path), _HASH))
        return cls(raw[:salt], raw[salt : salt + content], tuple(siblings))


class Node(NamedTuple):
    """A node of a sum tree, as its parent states it."""

    hash: bytes
    total: int
    square: int

    def encode(self) -> bytes:
        """Return the 64 bytes of the node; raises OverflowError when a sum exceeds 128 bits."""
        return self.hash + self.total.to_bytes(16, "big", signed=True) + self.square.to_bytes(16, "big")


class Row(NamedTuple):
    """A validation row."""

    label: int
    features: tuple[int, ...]


def leaf_hash(section: int, salt: bytes, content: bytes) -> bytes:
    """Return a leaf of the trace; public ones have no salt, and those of MODELS are hashes already."""
    if section == Section.MODELS:
        return content
    if section in PUBLIC:
        return keccak(leaf_prefix(section), bytes(SALT_BYTES), content)
    return merkle_root(_group_hashes(section, salt, content))


def group_of(section: int, opening: Opening, group: int) -> Opening:
    """Return the opening of one group of parts, from that of its whole leaf."""
    count = len(opening.salt) // SALT_BYTES
    size = len(opening.content) // count
    inside = merkle_proof(_group_hashes(section, opening.salt, opening.content), group)
    salt = opening.salt[SALT_BYTES * group : SALT_BYTES * (group + 1)]
    return Opening(salt, opening.content[size * group : size * (group + 1)], (*inside, *opening.path))


def _group_hashes(section: int, salt: bytes, content: bytes) -> list[bytes]:
    """Return the hash of each group; a leaf without groups is one."""
    count = len(salt) // SALT_BYTES
    size = len(content) // count
    return [
        keccak(leaf_prefix(section), salt[SALT_BYTES * i : SALT_BYTES * (i + 1)], content[size * i : size * (i + 1)])
        for i in range(count)
    ]


def climb(leaf: bytes, index: int, path: Sequence[bytes]) -> bytes:
    """Return the root a path leads to."""
    node = leaf
    for height, sibling in enumerate(path):
        node = keccak(sibling, node) if index >> height & 1 else keccak(node, sibling)
    return node


def integers(raw: bytes, size: int = 8, *, signed: bool = True) -> list[int]:
    """Return big-endian integers of `size` bytes each."""
    return [int.from_bytes(raw[at : at + size], "big", signed=signed) for at in range(0, len(raw), size)]


def children_of(node: Node, raw: bytes) -> tuple[Node, Node]:
    """Return the two nodes that a node's 128 bytes state; raises InvalidInput if they are not under its hash."""
    if len(raw) != NODE_BYTES or keccak(tag("trace-sum"), raw) != node.hash:
        raise _malformed()
    return node_of(raw[:32], raw[64:96]), node_of(raw[32:64], raw[96:])


class Reader:
    """Reads the openings of a blob, one after another.

    Raises:
        InvalidInput: by every method, when the bytes are too few, or do not lead to the frame.
    """

    def __init__(self, frame: Frame, blob: bytes) -> None:
        self.frame, self.counts = frame, frame.counts
        self._blob, self._at = blob, 0

    def end(self) -> None:
        """Check that nothing is left."""
        if self._at != len(self._blob):
            raise _malformed()

    def take(self, size: int) -> bytes:
        """Return the next bytes."""
        out = self._blob[self._at : self._at + size]
        self._at += size
        if len(out) != size:
            raise _malformed()
        return out

    def leaf(self, section: int, index: int) -> bytes:
        """Return the content of a leaf."""
        length, combined = self.counts.path(section, index)
        salt = self.take(SALT_BYTES * self.counts.salts(section))
        content = self.take(self.counts.content_bytes(section, index))
        self._lead(leaf_hash(section, salt, content), combined, self._path(length))
        return content

    def part(self, section: int, index: int, part: int) -> int:
        """Return the figure of one part of a leaf of FIRST, of which the part's group alone is opened."""
        length, combined = self.counts.path(section, index)
        levels, width = self.counts.group_levels(section), self.counts.grouped(section)
        if not 0 <= part < width << levels:
            raise _malformed()
        salt, content = self.take(SALT_BYTES), self.take(8 * width)
        combined = combined << levels | part // width
        self._lead(leaf_hash(section, salt, content), combined, self._path(length + levels))
        return integers(content)[part % width]

    def ints(self, section: int, index: int) -> list[int]:
        """Return the integers of a leaf that holds nothing but int64."""
        return integers(self.leaf(section, index))

    def root(self, model: int) -> bytes:
        """Return a leaf of MODELS, opened as root and path."""
        root = self.take(_HASH)
        self._root(model, root)
        return root

    def zero(self, model: int) -> None:
        """Check that a leaf of MODELS is the zero root, opened as its path alone."""
        self._root(model, ZERO_HASH)

    def neuron(self, model: int, neuron: int) -> list[int]:
        """Return the weights and the bias of a model's neuron."""
        counts = self.counts
        length, combined = counts.path(Section.MODELS, model)
        if not 0 <= neuron < counts.neurons:
            raise _malformed()
        depth, width = depth_of(counts.neurons), counts.width(neuron)
        salt, content = self.take(SALT_BYTES), self.take(4 * width + 8)
        layer = counts.layer(neuron)
        place = layer.to_bytes(4, "big") + (neuron - layer * counts.first).to_bytes(4, "big")
        leaf = keccak(tag("neuron" if Model.is_network(model) else "update-row"), salt, place, content)
        self._lead(leaf, combined << depth | neuron, self._path(depth + length))
        return integers(content[: 4 * width], 4) + integers(content[4 * width :])

    def row(self, index: int, final_rows_root: bytes | None = None) -> Row:
        """Return a row of the shard, or of the final one, whose commitment PARAMS holds."""
        count = self.counts.rows if final_rows_root is None else self.counts.final_rows
        if not 0 <= index < count:
            raise _malformed()
        salt, content = self.take(SALT_BYTES), self.take(4 + self.counts.inputs)
        root = climb(keccak(tag("row"), salt, content), index, self._path(depth_of(count)))
        if rows_root_of(count, root) != (self.frame.rows_root if final_rows_root is None else final_rows_root):
            raise _malformed()
        return Row(int.from_bytes(content[:4], "big"), tuple(integers(content[4:], 1)))

    def descend(self, section: int, figure: int, level: int, position: int) -> Node:
        """Return a node of a sum tree, `level` levels below its root, opened from the figure leaf downwards."""
        if section not in {Section.SUMS, Section.DOTS, Section.SUMS + FINAL}:
            raise _malformed()
        if not 0 <= level <= self.counts.sum_depth(section) or not 0 <= position < 1 << level:
            raise _malformed()
        content = self.leaf(section, figure)
        node = node_of(content[:_HASH], content[_HASH:])
        for height in reversed(range(level)):
            node = self.children(node)[position >> height & 1]
        return node

    def children(self, node: Node) -> tuple[Node, Node]:
        """Return the two nodes under one, opened as its 128 bytes."""
        return children_of(node, self.take(NODE_BYTES))

    def sum_leaf(self, section: int, figure: int, position: int) -> Node:
        """Return a leaf of a sum tree, whose salt follows the descent; what pads the tree has none."""
        node = self.descend(section, figure, self.counts.sum_depth(section), position)
        if position >= self.counts.items(section):
            return node
        if keccak(leaf_prefix(section), self.take(SALT_BYTES), node.encode()[_HASH:]) != node.hash:
            raise _malformed()
        return node

    def _root(self, model: int, root: bytes) -> None:
        length, combined = self.counts.path(Section.MODELS, model)
        self._lead(root, combined, self._path(length))

    def _path(self, length: int) -> list[bytes]:
        raw = self.take(_HASH * length)
        return [raw[at : at + _HASH] for at in range(0, len(raw), _HASH)]

    def _lead(self, leaf: bytes, combined: int, path: Sequence[bytes]) -> None:
        if climb(leaf, combined, path) != self.frame.top:
            raise _malformed()


def node_of(digest: bytes, sums: bytes) -> Node:
    """Return a node from its hash and the 32 bytes that state its sums."""
    return Node(digest, int.from_bytes(sums[:16], "big", signed=True), int.from_bytes(sums[16:], "big"))


def _malformed() -> InvalidInput:
    return InvalidInput("these bytes are no openings of the trace, in the order and at the place they are given for")
