"""The trace of a round: its figures as leaves, the root a sheet commits to, and every opening a dispute may ask for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.commitment import (
    leaf_salt,
    model_contents,
    network_leaves,
    row_contents,
    row_leaves,
    update_leaves,
)
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.keccak_batch import hashes_of
from marketplace.domain.merkle import merkle_proof
from marketplace.domain.network import Network
from marketplace.scoring.trace.figures import Figures, TraceInput
from marketplace.scoring.trace.layout import FINAL, PUBLIC, Frame, Model, Section
from marketplace.scoring.trace.openings import Opening
from marketplace.scoring.trace.public import encode_weights
from marketplace.scoring.trace.trees import LeafTree, SumForest, big_endian, salts, sum_levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.update import Update
    from marketplace.scoring.round import RoundScore
    from marketplace.scoring.trace.block import Block
    from marketplace.scoring.trace.layout import Counts

    Bytes = NDArray[np.uint8]
    Ints = NDArray[np.int64]

__all__ = ["Contents", "ModelLeaves", "Trace", "build_trace", "contents_of", "models_of"]


@dataclass(frozen=True, eq=False)
class ModelLeaves:
    """A committed model: its contents a neuron, the salts they are opened with, and its leaves."""

    contents: tuple[bytes, ...]
    salts: tuple[bytes, ...]
    leaves: tuple[bytes, ...]

    @classmethod
    def of(cls, model: Network | Update, salt: bytes) -> ModelLeaves:
        """Return the leaves of a model under the salt of its commitment."""
        leaves = network_leaves(model, salt) if isinstance(model, Network) else update_leaves(model, salt)
        contents = [row.tobytes() for layer in model.layers for row in model_contents(layer)]
        return cls(tuple(contents), tuple(leaf_salt(salt, i) for i in range(len(leaves))), tuple(leaves))

    @cached_property
    def tree(self) -> LeafTree:
        """The tree over the leaves."""
        return LeafTree(Section.MODELS, [hashes_of(self.leaves)], raw=True)

    @property
    def root(self) -> bytes:
        """The commitment."""
        return self.tree.root


@dataclass(frozen=True, eq=False)
class Contents:
    """What a trace says, before it is hashed.

    Args:
        leaves: section -> contents of its leaves, uint8[n, length] blocks; neither MODELS nor sums.
        sums: section -> what each node of its sum trees states, as `sum_levels`.
        models: the commitments in MODELS; None stands for the zero root.
    """

    leaves: Mapping[int, tuple[Bytes, ...]]
    sums: Mapping[int, tuple[tuple[Ints, Ints], ...]]
    models: tuple[ModelLeaves | None, ...]


class Trace:
    """A hashed trace.

    Args:
        figures: what it is the trace of: counts, rows and salts.
        contents: what it says.
    """

    def __init__(self, figures: Figures, contents: Contents) -> None:
        self.figures, self.contents = figures, contents
        counts, secret = figures.counts, figures.traced.secret
        self.beyond = {
            Model.UPDATES + i: ModelLeaves.of(update, salt) for i, (update, salt) in figures.traced.beyond.items()
        }
        raw = hashes_of([model.root if model else ZERO_HASH for model in contents.models])
        self._trees = {int(Section.MODELS): LeafTree(Section.MODELS, [raw], raw=True)}
        self._forests: dict[int, SumForest] = {}
        for section, blocks in contents.leaves.items():
            count = counts.size(section) * counts.salts(section)
            salted = None if section in PUBLIC else salts(secret, section, count)
            self._trees[section] = LeafTree(section, blocks, salted, group_levels=counts.group_levels(section))
        for section, levels in contents.sums.items():
            count = counts.size(section) << counts.sum_depth(section)
            forest = SumForest(section, levels, counts.items(section), salts(secret, section, count))
            self._forests[section], self._trees[section] = forest, forest.figures
        self._final = self._join(FINAL, ZERO_HASH)
        self._top = self._join(0, self._final.root if counts.final_rows else ZERO_HASH)
        self.frame = Frame(counts, figures.rows_root, self._top.root)

    @property
    def root(self) -> bytes:
        """What the sheet commits to."""
        return self.frame.trace_root

    @property
    def sections(self) -> tuple[bytes, ...]:
        """Roots of the sections."""
        return tuple(self._top.hash(0, section) for section in range(16))

    def leaf(self, section: int, index: int) -> Opening:
        """Return the opening of a leaf; a figure leaf for sections of sums, a root for MODELS."""
        self.frame.counts.path(section, index)
        tree = self._trees[section]
        return Opening(tree.salt(index), tree.content(index), tree.path(index) + self._upper(section))

    def node(self, section: int, figure: int, level: int, position: int) -> bytes:
        """Return the 128 bytes under an inner node of a sum tree, `level` levels below its root."""
        return self._forests[section].node(figure, level, position)

    def sum_salt(self, section: int, figure: int, position: int) -> bytes:
        """Return the salt of a leaf of a sum tree."""
        return self._forests[section].salt(figure, position)

    def neuron(self, model: int, neuron: int) -> Opening:
        """Return the opening of a model's neuron, up to the top; raises InvalidInput for a model of root zero."""
        leaves = self.contents.models[model] or self.beyond.get(model)
        if leaves is None:
            msg = f"model {model} has the root zero: there is nothing to open"
            raise InvalidInput(msg)
        path = leaves.tree.path(neuron) + self.leaf(Section.MODELS, model).path
        return Opening(leaves.salts[neuron], leaves.contents[neuron], path)

    def row(self, index: int, *, final: bool = False) -> Opening:
        """Return the opening of a validation row, up to its shard's Merkle root."""
        salt, contents, leaves = self._shards[final]
        return Opening(leaf_salt(salt, index), contents[index].tobytes(), merkle_proof(leaves, index))

    @cached_property
    def _shards(self) -> list[tuple[bytes, Bytes, list[bytes]]]:
        given, traced = self.figures.given, self.figures.traced
        shards = [(given.rows, given.labels, traced.rows_salt)]
        if given.final is not None and traced.final_rows_salt is not None:
            shards.append((given.final.rows, given.final.labels, traced.final_rows_salt))
        return [(salt, row_contents(rows, labels), row_leaves(rows, labels, salt)) for rows, labels, salt in shards]

    def hash(self, section: int, height: int, index: int) -> bytes:
        """Return a node of a section's tree, `height` levels above the leaves."""
        return self._trees[section].hash(height, index)

    def upper_hash(self, block: int, height: int, index: int) -> bytes:
        """Return a node over the sections of the main block (0) or the final one (`FINAL`)."""
        return (self._final if block else self._top).hash(height, index)

    def _join(self, base: int, last: bytes) -> LeafTree:
        """Return the tree over 16 sections, the last of which has this root."""
        roots = [self._trees[base + s].root if base + s in self._trees else ZERO_HASH for s in range(15)]
        return LeafTree(base, [hashes_of([*roots, last])], raw=True)

    def _upper(self, section: int) -> tuple[bytes, ...]:
        """Return the siblings from a section's root to the top."""
        if section < FINAL:
            return self._top.path(section)
        return self._final.path(section - FINAL) + self._top.path(Section.BLOCK)


def build_trace(traced: TraceInput, score: RoundScore) -> Trace:
    """Return the trace of a scored round.

    Raises:
        InvalidInput: the figures are not those of `score`, or do not fit a trace (evaluations take 16 bits).
    """
    figures = Figures(traced)
    money, shares = figures.money, figures.money.shares
    found = (score.sums, score.squares, score.lower_bounds, score.gain, score.adopted, score.pool, score.released)
    mine = (
        tuple(s.total for s in shares),
        tuple(s.squares for s in shares),
        tuple(s.lower for s in shares),
        money.gain,
        bool(money.adopted),
        money.pool,
        bool(money.released),
    )
    if found != mine:
        msg = "the trace recomputes other figures than the score it is made for: give it the round that was scored"
        raise InvalidInput(msg)
    return Trace(figures, contents_of(figures))


def contents_of(figures: Figures) -> Contents:
    """Return what the trace of a round says."""
    squares = figures.sums * figures.sums
    squares[-1] = 0
    leaves: dict[int, tuple[Bytes, ...]] = {
        Section.PARAMS: _one(figures.params.encode()),
        Section.TABLE: (np.hstack([big_endian(figures.table, ">u2"), big_endian(figures.numerators)]),),
        Section.GRAM: _one(big_endian(figures.gram[None]).tobytes()),
        Section.WEIGHTS: _one(encode_weights(figures.weights)),
        Section.MONEY: _one(figures.money.encode()),
        Section.SUMROWS: tuple(map(big_endian, figures.sum_rows)),
        Section.PEOPLE: _one(figures.people.encode()),
        **_block(figures.main, 0, figures.counts),
    }
    sums: dict[int, tuple[tuple[Ints, Ints], ...]] = {
        Section.SUMS: tuple(sum_levels(figures.sums, squares)),
        Section.DOTS: tuple(sum_levels(figures.dots, np.zeros_like(figures.dots))),
    }
    if figures.final is not None:
        leaves |= _block(figures.final, FINAL, figures.counts)
        sums[Section.SUMS + FINAL] = tuple(sum_levels(figures.final_sums, np.zeros_like(figures.final_sums)))
    return Contents(leaves, sums, models_of(figures))


def models_of(figures: Figures) -> tuple[ModelLeaves | None, ...]:
    """Return the commitments of MODELS."""
    traced, adopted = figures.traced, figures.money.adopted
    used = [
        traced.base_salt,
        traced.known_salt,
        traced.root_salt,
        traced.first_salt,
        traced.next_salt if adopted else traced.base_salt,
        traced.aggregate_salt,
        *traced.update_salts,
        *traced.previous_salts,
    ]
    out: list[ModelLeaves | None] = []
    for number, (model, salt) in enumerate(zip(figures.models, used, strict=True)):
        if number == Model.NEXT and not adopted:
            out.append(out[Model.BASE])
        elif model is None:
            out.append(None)
        elif salt is None:
            msg = f"model {number} has no salt: its commitment cannot be opened"
            raise InvalidInput(msg)
        else:
            out.append(ModelLeaves.of(model, salt))
    return tuple(out)


def _block(block: Block, base: int, counts: Counts) -> dict[int, tuple[Bytes, ...]]:
    """Return the leaves of activations."""
    parts = len(block.parts)
    hidden, logits, scores = block.states
    states = np.concatenate([big_endian(hidden), big_endian(logits), big_endian(scores[..., None], ">u2")], axis=2)
    trans = np.concatenate([tensor.reshape(-1, parts) for tensor in block.trans])
    return {
        base + Section.TRANS: (big_endian(trans),),
        base + Section.FIRST: (big_endian(_in_groups(block.first.reshape(-1, parts), counts, base)),),
        base + Section.ROWS: (big_endian(block.second.reshape(-1, block.second.shape[-1])),),
        base + Section.STATES: (states.reshape(-1, states.shape[2]),),
    }


def _in_groups(first: Ints, counts: Counts, base: int) -> Ints:
    """Return int64[leaves * groups, parts of a group] from int64[leaves, parts], zeros behind the last part."""
    section = base + Section.FIRST
    width = counts.grouped(section)
    missing = (width << counts.group_levels(section)) - first.shape[1]
    return np.pad(first, ((0, 0), (0, missing))).reshape(-1, width)


def _one(content: bytes) -> tuple[Bytes]:
    return (np.frombuffer(content, np.uint8)[None],)
