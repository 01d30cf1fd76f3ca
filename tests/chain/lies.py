"""Wrong sheets whose disputes are measured: one neuron of a large network, and a round of 2^17 evaluations."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import isqrt
from typing import NamedTuple

import numpy as np

from marketplace.domain.bounds import Bounds
from marketplace.domain.commitment import row_contents, rows_root_of
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.merkle import merkle_proof, merkle_root
from marketplace.domain.network import Shape
from marketplace.scoring.trace.build import ModelLeaves, Trace, contents_of
from marketplace.scoring.trace.figures import Figures
from marketplace.scoring.trace.layout import Counts, Frame, Model, Section, depth_of
from marketplace.scoring.trace.openings import Opening, climb, group_of, leaf_hash
from marketplace.scoring.trace.places import At, Kind
from marketplace.scoring.trace.trees import big_endian
from tests.scoring.worlds import network_of, round_of, terms_of, update_of
from tests.trace.cases import traced

LARGE, ROWS, PERMUTATIONS = Shape(59, 32, 2), 512, 16
PLACE = At(Kind.NEURON, r=321, g=17, p=5)
_SALT, _REACH = bytes(range(1, 17)), 2_000


class Proof(NamedTuple):
    """What disproves a sheet at once."""

    frame: Frame
    at: At
    blob: bytes


def neuron_proof(shape: Shape, submissions: int) -> Proof:
    """Return the proof that one pre-activation of the last of so many submissions is wrong, among 500 rows.

    Only what the proof opens is computed. What lies beside its paths is drawn: a hash costs the same whatever it hides.
    """
    rng = np.random.default_rng([shape.inputs, submissions])
    counts = _counts(shape, submissions)
    base = network_of(shape, rng, _REACH)
    reach = isqrt(3 * Bounds().norm ** 2 // shape.parameters)  # updates as long as the default terms let them be
    updates = [update_of(shape, rng, reach) for _ in range(1 + submissions)]
    row, r, j, part = rng.integers(-127, 128, (1, shape.inputs)), 321, 17, 1 + submissions

    stated = [(base.layers[0].weight[j] @ row[0]) + base.layers[0].bias[j]]
    stated += [(u.layers[0].weight[j] @ row[0]) + counts.input_scale * u.layers[0].bias[j] for u in updates]
    stated[part] += 1
    groups, width = 1 << counts.group_levels(Section.FIRST), counts.grouped(Section.FIRST)
    parts = np.pad(np.array(stated, np.int64), (0, groups * width - counts.parts))
    first = Opening(_SALT * groups, big_endian(parts).tobytes(), _siblings(rng, counts.depth(Section.FIRST)))
    place, model = r * counts.first + j, Model.of_part(part, 0)
    held = ModelLeaves.of(updates[-1], bytes(32))
    root = Opening(b"", held.root, _siblings(rng, counts.depth(Section.MODELS)))

    sections = list(_siblings(rng, 16))
    sections[Section.FIRST] = climb(leaf_hash(Section.FIRST, first.salt, first.content), place, first.path)
    sections[Section.MODELS] = climb(root.content, model, root.path)
    path = held.tree.path(j) + root.path + merkle_proof(sections, Section.MODELS)
    neuron = Opening(held.salts[j], held.contents[j], path)
    content = row_contents(row, np.array([1])).tobytes()
    shown = Opening(_SALT, content, _siblings(rng, depth_of(counts.rows)))
    rows_root = rows_root_of(counts.rows, climb(keccak(tag("row"), _SALT, content), r, shown.path))

    first = replace(first, path=first.path + merkle_proof(sections, Section.FIRST))
    frame = Frame(counts, rows_root, merkle_root(sections))
    group = group_of(Section.FIRST, first, part // width)
    return Proof(frame, At(Kind.NEURON, r=r, g=j, p=part), group.encode() + neuron.encode() + shown.encode())


@cache
def hidden_lie() -> tuple[Trace, Trace]:
    """Return the trace of a round of 256 coalitions and 512 rows, and one with a single wrong pre-activation.

    Everything else follows from that honestly, up to what is paid. Each has 2^17 evaluations of a row, and 512 more of
    the base alone.
    """
    scoring = terms_of(LARGE, permutations=PERMUTATIONS, copy_ppm=999_999, clip_logits=40)
    figures = Figures(traced(round_of(5, shape=LARGE, submissions=8, rows=ROWS, known=True, scoring=scoring)))
    wrong = Figures(figures.traced)
    first = figures.main.first.copy()
    first[PLACE.r, PLACE.g, PLACE.p] += 1 << 20
    vars(wrong.main)["first"] = first
    assert figures.totals != wrong.totals
    return Trace(figures, contents_of(figures)), Trace(wrong, contents_of(wrong))


def _counts(shape: Shape, submissions: int) -> Counts:
    sizes = shape.inputs, shape.hidden, shape.classes, 500, submissions, 0, submissions, 2
    counts = Counts(*sizes, 24, 16, PERMUTATIONS, 0)
    return replace(counts, evaluations=counts.expected_evaluations)


def _siblings(rng: np.random.Generator, count: int) -> tuple[bytes, ...]:
    return tuple(rng.bytes(32) for _ in range(count))
