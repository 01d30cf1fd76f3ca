"""Where each figure of a trace stands: sections, counts, depths, figure numbers, and how a place is packed.

The twin of the referee's own arithmetic: everything here follows from the twelve counts of a frame.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import IntEnum
from functools import cached_property
from typing import Final, Self

from marketplace.domain import dispute
from marketplace.domain.bounds import EXACT_PLAYERS
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.packing import pack, unpack
from marketplace.domain.words import bytes32_word, uint_word

__all__ = [
    "FINAL",
    "PUBLIC",
    "SECTION_LEVELS",
    "Counts",
    "Frame",
    "Model",
    "Section",
    "depth_of",
]

SECTION_LEVELS: Final = 4
FINAL: Final = 16
"""What is added to the number of a section to name its twin in the final block."""


class Section(IntEnum):
    """Sections of the main block; those of the final block have `FINAL` added."""

    PARAMS = 0
    MODELS = 1
    TRANS = 2
    FIRST = 3
    ROWS = 4
    STATES = 5
    TABLE = 6
    SUMS = 7
    DOTS = 8
    GRAM = 9
    WEIGHTS = 10
    MONEY = 11
    SUMROWS = 12
    PEOPLE = 13
    BLOCK = 15


PUBLIC: Final = frozenset(
    {
        Section.PARAMS,
        Section.GRAM,
        Section.WEIGHTS,
        Section.MONEY,
        Section.PEOPLE,
        Section.SUMS,
        Section.SUMS + FINAL,
        Section.DOTS,
    }
)
"""Sections whose leaves have no salt; of the sums, the figure leaves."""


class Model(IntEnum):
    """Leaves of MODELS; the submissions D_i follow, then those of the last settled round, E_j."""

    BASE = 0
    KNOWN = 1
    ROOT = 2
    FIRST = 3
    NEXT = 4
    AGGREGATE = 5
    UPDATES = 6

    @staticmethod
    def of_part(part: int, block: int) -> int:
        """Return the model that a part of combined values is, in the main block (0) or the final one (`FINAL`)."""
        if block:
            return (Model.FIRST, Model.NEXT)[part]
        return part if part <= Model.KNOWN else Model.UPDATES + part - 2

    @staticmethod
    def is_network(model: int) -> bool:
        """Say whether a model is a whole network and not an update."""
        return model in {Model.BASE, Model.FIRST, Model.NEXT}


_MOST_GROUPED: Final = 12
"""Parts in a group of pre-activations: a step shows one group, whatever the number of submissions."""
_COUNT_BITS: Final = (16, 16, 16, 32, 8, 8, 8, 16, 32, 32, 16, 32)


@dataclass(frozen=True)
class Counts:
    """The size of everything in a trace, and where it therefore lies."""

    inputs: int
    hidden: int
    classes: int
    rows: int
    submissions: int
    previous: int
    players: int
    evaluations: int
    input_scale: int
    weight_scale: int
    permutations: int
    final_rows: int

    def packed(self) -> int:
        """Return the counts as one word; raises InvalidInput when one exceeds its place."""
        return pack((f.name, getattr(self, f.name), bits) for f, bits in zip(fields(self), _COUNT_BITS, strict=True))

    @classmethod
    def unpacked(cls, word: int) -> Self:
        """Return the counts that a word stands for; raises InvalidInput if it has bits too many."""
        return cls(*unpack(word, _COUNT_BITS))

    # Shape.

    @cached_property
    def layers(self) -> tuple[tuple[int, int], ...]:
        """(outputs, inputs) of each layer."""
        if not self.hidden:
            return ((self.classes, self.inputs),)
        return ((self.hidden, self.inputs), (self.classes, self.hidden))

    @property
    def first(self) -> int:
        """Outputs of layer 0."""
        return self.hidden or self.classes

    @cached_property
    def neurons(self) -> int:
        """Neurons of the network."""
        return sum(out for out, _ in self.layers)

    @property
    def parts(self) -> int:
        """Parts of a combined value: base, last aggregate, submissions."""
        return 2 + self.submissions

    def layer(self, neuron: int) -> int:
        """Return the layer of a neuron."""
        return int(neuron >= self.first)

    def width(self, neuron: int) -> int:
        """Return the weights of a neuron, its bias aside."""
        return self.hidden if self.layer(neuron) else self.inputs

    def entry(self, neuron: int, k: int) -> int:
        """Return the index of entry k of a neuron in TRANS."""
        below = min(neuron, self.first) * (self.inputs + 1)
        return below + max(0, neuron - self.first) * (self.hidden + 1) + k

    def unit(self, layer: int) -> int:
        """Return what a weight-scale unit of a bias is worth in a layer."""
        return self.input_scale * int(self.weight_scale**layer)

    # Sections.

    def block_rows(self, section: int) -> int:
        """Return the rows of the block a section belongs to."""
        return self.final_rows if section >= FINAL else self.rows

    def block_parts(self, section: int) -> int:
        """Return the parts of a combined value in the block a section belongs to."""
        return 2 if section >= FINAL else self.parts

    def block_evaluations(self, section: int) -> int:
        """Return the evaluations of the block a section belongs to."""
        return 2 if section >= FINAL else self.evaluations

    def group_levels(self, section: int) -> int:
        """Return the levels of the tree over the groups of a leaf; only those of FIRST have several."""
        if section % FINAL != Section.FIRST:
            return 0
        return depth_of(-(-self.block_parts(section) // _MOST_GROUPED))

    def grouped(self, section: int) -> int:
        """Return the parts in each group of a leaf of FIRST; the last groups are filled up with zeros."""
        return -(-self.block_parts(section) >> self.group_levels(section))

    def salts(self, section: int) -> int:
        """Return how many salts a leaf has: none where it is public, or a hash already; else one a group."""
        return 0 if section in PUBLIC or section == Section.MODELS else 1 << self.group_levels(section)

    def size(self, section: int) -> int:
        """Return how many leaves a section has."""
        if section >= FINAL and not self.final_rows:
            return 0
        evaluations, rows = self.block_evaluations(section), self.block_rows(section)
        sizes: dict[int, int] = {
            Section.MODELS: Model.UPDATES + self.submissions + self.previous,
            Section.TRANS: sum(out * (inputs + 1) for out, inputs in self.layers),
            Section.FIRST: rows * self.first,
            Section.ROWS: evaluations * self.classes if self.hidden else 0,
            Section.STATES: evaluations * rows,
            Section.TABLE: rows,
            Section.SUMS: 1 if section >= FINAL else self.players + 1,
            Section.DOTS: self.figures,
            Section.SUMROWS: self.neurons,
        }
        if section >= FINAL and section - FINAL not in _FINAL_SECTIONS:
            return 0
        return sizes.get(section % FINAL, int(section in PUBLIC))

    def depth(self, section: int) -> int:
        """Return the levels of a section's own tree."""
        return depth_of(self.size(section))

    def path(self, section: int, index: int) -> tuple[int, int]:
        """Return the length of a leaf's path to the top and its combined index, or raise InvalidInput."""
        if not 0 <= index < self.size(section):
            msg = f"section {section} has no leaf {index}"
            raise InvalidInput(msg)
        number = section if section < FINAL else Section.BLOCK << SECTION_LEVELS | section - FINAL
        depth = self.depth(section)
        return depth + SECTION_LEVELS * (1 + (section >= FINAL)), number << depth | index

    def content_bytes(self, section: int, index: int) -> int:
        """Return the length of a leaf's content."""
        n = self.submissions
        word, score = 8, 2
        lengths: dict[int, int] = {
            Section.PARAMS: 7 * 32,
            Section.MODELS: 32,
            Section.TRANS: word * self.block_parts(section),
            Section.FIRST: word * (self.grouped(section) << self.group_levels(section)),
            Section.ROWS: word * (self.hidden + 1),
            Section.STATES: word * (self.hidden + self.classes) + score,
            Section.TABLE: score * self.evaluations + word * self.players,
            Section.SUMS: 64,
            Section.DOTS: 64,
            Section.GRAM: word * self.figures,
            Section.WEIGHTS: 11 * n,
            Section.MONEY: 64 * n + 83,
            Section.SUMROWS: word * (self.width(index) + 1),
            Section.PEOPLE: 22 * n + 20 * self.previous,
        }
        return lengths[section % FINAL]

    # Sum trees.

    def items(self, section: int) -> int:
        """Return how many leaves each sum tree of a section has."""
        return self.neurons if section == Section.DOTS else self.block_rows(section)

    def sum_depth(self, section: int) -> int:
        """Return the levels of each sum tree of a section."""
        return depth_of(self.items(section))

    # Figures of DOTS.

    @property
    def grams(self) -> int:
        """Figures <D_i, D_j>."""
        return self.submissions * (self.submissions + 1) // 2

    @property
    def figures(self) -> int:
        """Figures of DOTS in all."""
        n, q = self.submissions, self.previous
        return self.grams + 2 * (n + 1) + n * q + q

    def gram(self, i: int, j: int) -> int:
        """Return the number of the figure <D_i, D_j>."""
        i, j = max(i, j), min(i, j)
        return i * (i + 1) // 2 + j

    def vectors(self, figure: int) -> tuple[int, int]:
        """Return the two models whose dot product a figure is; twice the same for a square."""
        n, q = self.submissions, self.previous
        at, updates, theirs = figure - self.grams, int(Model.UPDATES), int(Model.UPDATES) + n
        if not 0 <= figure < self.figures:
            msg = f"there is no dot product {figure}"
            raise InvalidInput(msg)
        if at < 0:
            i = next(i for i in range(n) if figure < (i + 1) * (i + 2) // 2)
            return updates + i, updates + figure - i * (i + 1) // 2
        for other in (Model.ROOT, Model.KNOWN):
            if at <= n:
                return (updates + at if at < n else int(other)), int(other)
            at -= n + 1
        if at < n * q:
            return updates + at // q, theirs + at % q
        return theirs + at - n * q, theirs + at - n * q

    # Evaluations.

    @property
    def is_exact(self) -> bool:
        """Whether every coalition is evaluated."""
        return self.players <= EXACT_PLAYERS

    @property
    def expected_evaluations(self) -> int:
        """How many evaluations this many players and permutations make."""
        n = self.players
        return 1 + (1 << n) if self.is_exact else 2 + n + 2 * self.permutations * n

    @property
    def full(self) -> int:
        """The evaluation of the grand coalition."""
        return 1 << self.players if self.is_exact else 1 + 2 * self.players


_FINAL_SECTIONS: Final = frozenset({Section.TRANS, Section.FIRST, Section.ROWS, Section.STATES, Section.SUMS})


@dataclass(frozen=True)
class Frame:
    """What a call shows of a trace beside its openings; hashes to the sheet's `trace_root`."""

    counts: Counts
    rows_root: bytes
    top: bytes

    @property
    def trace_root(self) -> bytes:
        """What the sheet commits to."""
        return keccak(tag("trace"), uint_word(self.counts.packed()), bytes32_word(self.rows_root), self.top)

    def packed(self) -> dispute.Frame:
        """Return the frame as calls to the referee carry it."""
        return dispute.Frame(self.counts.packed(), self.rows_root, self.top)


def depth_of(count: int) -> int:
    """Return the levels of a tree over `count` leaves."""
    return max(0, count - 1).bit_length()
