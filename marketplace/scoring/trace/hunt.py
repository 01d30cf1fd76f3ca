"""Where hashes say that an asserted trace differs: leaves that are wrong though nothing public shows it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

from marketplace.scoring.trace.evidence import Walk
from marketplace.scoring.trace.layout import FINAL, SECTION_LEVELS, Model, Section, depth_of
from marketplace.scoring.trace.openings import Node, climb, leaf_hash

if TYPE_CHECKING:
    from marketplace.scoring.trace.causes import Causes, Found

__all__ = ["Hunt"]

_MAIN: Final = (
    Section.MODELS,
    Section.TRANS,
    Section.FIRST,
    Section.ROWS,
    Section.STATES,
    Section.TABLE,
    Section.SUMS,
    Section.DOTS,
    Section.SUMROWS,
)
_FINAL: Final = (Section.TRANS, Section.FIRST, Section.ROWS, Section.STATES, Section.SUMS)


class Hunt:
    """Follows differing hashes down to leaves.

    With other salts than the honest ones every hash differs. A thorough hunt then looks at every leaf; one that is not
    goes on through the models that the scoring made, which somebody may get, and leaves alone what nobody sees.
    """

    def __init__(self, causes: Causes, *, thorough: bool) -> None:
        self._causes, self._trace = causes, causes.trace
        self._thorough, self._lost = thorough, False
        self._counts, self._claim = causes.counts, causes.claim

    def walk(self) -> Found:
        """Look through every section whose root differs."""
        sections = [(0, s) for s in _MAIN] + [(FINAL, s) for s in _FINAL]
        same: set[tuple[int, int, int]] = set()
        yield from self._compare(0, Section.PARAMS, same)
        for block, number in sections:
            section = block + number
            if not self._counts.size(section) or self._is_same(block, number, same):
                continue
            if self._lost and number != Section.MODELS:
                continue
            yield from self._compare(block, number, same)
            if not self._is_same(block, number, same) and (found := (yield from self._section(section))):
                return found
        return None

    def neurons(self, model: int) -> Found:
        """Look through the neurons of a model that the scoring made."""
        leaves, count = self._trace.contents.models[model], self._counts.neurons
        if leaves is None:
            return None

        def path(neuron: int) -> Walk[Sequence[bytes]]:
            opening = yield from self._claim.neuron(model, neuron)
            return opening.path

        return (yield from self._leaves(count, path, leaves.tree.hash, lambda g: self._causes.neuron(model, g)))

    def _section(self, section: int) -> Found:
        def path(index: int) -> Walk[Sequence[bytes]]:
            opening, mine = (yield from self._claim.leaf(section, index)), self._trace.leaf(section, index)
            if opening.salt == mine.salt or self._thorough:
                return opening.path
            self._lost = True
            return mine.path  # beside which nothing differs

        looks: dict[int, Callable[[int], Found]] = {
            Section.MODELS: self._model,
            Section.SUMS: lambda figure: self._figure(section, figure),
            Section.DOTS: lambda figure: self._figure(section, figure),
        }
        look = looks.get(section % FINAL, lambda index: self._causes.leaf(section, index))
        return (yield from self._leaves(self._counts.size(section), path, partial(self._trace.hash, section), look))

    def _leaves(
        self,
        count: int,
        path: Callable[[int], Walk[Sequence[bytes]]],
        right: Callable[[int, int], bytes],
        look: Callable[[int], Found],
    ) -> Found:
        """Look at leaves under differing hashes, the first of each subtree first; its path shows the others."""
        trees = [(depth_of(count), 0)]
        while trees:
            top, at = trees.pop()
            index = at << top
            if index >= count:
                continue
            siblings = yield from path(index)
            if found := (yield from look(index)):
                return found
            others = ((height, index >> height ^ 1) for height in range(top))
            trees += [(height, other) for height, other in others if siblings[height] != right(height, other)]
        return None

    def _model(self, model: int) -> Found:
        found = yield from self._causes.model(model, 0)
        if found or model not in {Model.NEXT, Model.AGGREGATE}:
            return found
        root = yield from self._claim.content(Section.MODELS, model)
        same = root == self._trace.leaf(Section.MODELS, model).content
        return None if same else (yield from self.neurons(model))

    def _figure(self, section: int, figure: int) -> Found:
        """Look into a sum tree: at the sums of its nodes, and where these are right, at its hashes."""
        right = self._causes.right(section, figure)
        root = yield from self._claim.figure(section, figure)
        if root[1:] != right(0, 0)[1:]:
            return (yield from self._causes.tree(section, figure, right))
        nodes: list[tuple[int, int, Node]] = [(0, 0, root)]
        while nodes:
            level, at, node = nodes.pop()
            if node.hash == right(level, at).hash:
                continue
            if level == self._counts.sum_depth(section):
                if at >= self._counts.items(section):
                    return (yield from self._causes.sum_leaf(section, figure, at))
                continue  # another salt
            children = yield from self._claim.node(section, figure, level, at)
            for side, child in enumerate(children):
                if child[1:] != right(level + 1, 2 * at + side)[1:]:
                    return (yield from self._causes.tree(section, figure, right, level, at))
                nodes.append((level + 1, 2 * at + side, child))
        return None

    def _compare(self, block: int, number: int, same: set[tuple[int, int, int]]) -> Walk[None]:
        """Open a section, and note which nodes over the sections are as they should be."""
        section = block + number
        opening = yield from self._claim.leaf(section, 0)
        depth = self._counts.depth(section)
        node = climb(leaf_hash(section, opening.salt, opening.content), 0, opening.path[:depth])
        upper = opening.path[depth:]
        for over, index in ((FINAL, number), (0, Section.BLOCK)) if block else ((0, number),):
            siblings, upper = upper[:SECTION_LEVELS], upper[SECTION_LEVELS:]
            for height in range(SECTION_LEVELS + 1):
                at = index >> height
                known = [(at, node)]
                if height < SECTION_LEVELS:
                    known.append((at ^ 1, siblings[height]))
                    node = climb(node, at & 1, siblings[height : height + 1])
                same.update((over, height, i) for i, h in known if h == self._trace.upper_hash(over, height, i))

    def _is_same(self, block: int, number: int, same: set[tuple[int, int, int]]) -> bool:
        """Say whether a section is known to be as it should be."""
        above = [(block, height, number >> height) for height in range(SECTION_LEVELS + 1)]
        if block:
            above += [(0, height, Section.BLOCK >> height) for height in range(SECTION_LEVELS + 1)]
        return any(node in same for node in above)
