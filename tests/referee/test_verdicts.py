"""Judges on the chain and their twins in Python say the same of every step, whatever a trace asserts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from marketplace.domain.hashing import keccak, tag
from marketplace.scoring.trace.build import Contents, ModelLeaves, Trace
from marketplace.scoring.trace.evidence import pieces
from marketplace.scoring.trace.layout import Model, Section
from marketplace.scoring.trace.places import At
from tests.referee.asking import MALFORMED, Judges, twin
from tests.trace.cases import CASES, case, sheet, trace_of
from tests.trace.places import blob_of, places

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.domain.terms import SheetHead

LONG = [pytest.mark.slow, pytest.mark.timeout(3600)]
ALL = pytest.param(None, marks=LONG, id="all")


def drawn(rng: np.random.Generator, steps: Iterable[At], most: int | None) -> list[At]:
    """Return at most so many steps of each kind."""
    kinds = defaultdict(list)
    for at in steps:
        kinds[at.kind].append(at)
    if most is None:
        return [at for found in kinds.values() for at in found]
    chosen = (rng.permutation(len(found))[:most] for found in kinds.values())
    return [found[i] for found, some in zip(kinds.values(), chosen, strict=True) for i in some]


def compare(judges: Judges, trace: Trace, head: SheetHead, steps: list[tuple[At, bytes]]) -> list[int]:
    """Return the verdicts, once both sides have said the same."""
    found = judges.verdicts(trace.frame, head, steps)
    assert [(at, twin(trace.frame, head, at, blob)) for at, blob in steps] == [
        (at, verdict) for (at, _), verdict in zip(steps, found, strict=True)
    ]
    return found


@pytest.mark.parametrize("most", [3, ALL])
@pytest.mark.parametrize("name", CASES)
def test_no_step_of_an_honest_trace_is_wrong(judges: Judges, name: str, most: int | None) -> None:
    """Every kind of step, at drawn places of drawn rounds: no judge contradicts, none refuses the openings."""
    rng = np.random.default_rng(5)
    trace = trace_of(case(11, name))
    head = sheet(trace.figures, trace)
    steps = [(at, blob_of(trace, at)) for at in drawn(rng, places(trace), most)]
    assert {0} == set(compare(judges, trace, head, steps))


@pytest.mark.parametrize("name", ["linear final", "hidden breached", "hidden sampled"])
def test_blobs_are_read_strictly(judges: Judges, name: str) -> None:
    """Changed, cut, continued or given for another place, a blob is refused by both sides, or judged alike."""
    rng = np.random.default_rng(6)
    trace = trace_of(case(12, name))
    head = sheet(trace.figures, trace)
    found = [at for at in drawn(rng, places(trace), 2) if trace.frame.counts.submissions]
    steps = []
    for at in found:
        blob = blob_of(trace, at)
        flipped = bytearray(blob)
        flipped[rng.integers(len(blob))] ^= 1 << rng.integers(8)
        moved = replace(at, **{field: int(rng.integers(256)) for field in ("r", "k", "g", "p", "level")})
        steps += [(at, bytes(flipped)), (at, blob[:-1]), (at, blob + b"\0"), (at, b""), (moved, blob)]
        for field in ("e", "r", "g", "k", "p", "level"):
            steps.append((replace(at, **{field: getattr(at, field) ^ 1}), blob))
    verdicts = compare(judges, trace, head, steps)
    assert sum(v == MALFORMED for v in verdicts) > len(verdicts) // 2


@pytest.mark.parametrize("rounds", [1, pytest.param(25, marks=LONG)])
@pytest.mark.parametrize("name", CASES)
def test_judges_agree_about_whatever_a_trace_asserts(judges: Judges, name: str, rounds: int) -> None:
    """One leaf holds other bits, and all hashes fit: both sides judge the steps that turn on it alike. GM-316."""
    disproved = 0
    for seed in range(rounds):
        rng = np.random.default_rng([13, seed])
        honest = trace_of(case(int(rng.integers(2**32)), name))
        for section in honest.contents.leaves:
            disproved += _compare_altered(judges, honest, *_altered_leaf(rng, honest, section))
        for section in honest.contents.sums:
            disproved += _compare_altered(judges, honest, *_altered_sum(rng, honest, section))
        for _ in range(3):
            disproved += _compare_altered(judges, honest, *_altered_model(rng, honest))
    assert disproved > 0


def _compare_altered(judges: Judges, honest: Trace, contents: Contents, turns: Any) -> int:
    """Judge steps of an altered trace that turn on what was altered; return how many are wrong."""
    rng = np.random.default_rng(1)
    trace = Trace(honest.figures, contents)
    head = sheet(trace.figures, trace)
    counts = trace.frame.counts
    steps = [at for at in places(trace) if any(turns(piece) for piece in pieces(at, counts))]
    return sum(v == 1 for v in compare(judges, trace, head, [(at, blob_of(trace, at)) for at in drawn(rng, steps, 4)]))


def _bits(rng: np.random.Generator, content: np.ndarray[Any, Any]) -> None:
    """Change a leaf: one bit, one aligned word to an extreme, or everything."""
    if not len(content):
        return
    at = int(rng.integers(len(content)))
    match int(rng.integers(4)):
        case 0:
            content[at] ^= 1 << int(rng.integers(8))
        case 1:
            word = slice(at // 8 * 8, at // 8 * 8 + 8)
            content[word] = rng.choice([0, 255])
            content[word.start] = rng.choice([0, 127, 128, 255])
        case 2:
            content[:] = rng.integers(0, 256, len(content))
        case _:
            content[-1] += 1


def _altered_leaf(rng: np.random.Generator, honest: Trace, section: int) -> tuple[Contents, Any]:
    blocks = [block.copy() for block in honest.contents.leaves[section]]
    index = int(rng.integers(sum(map(len, blocks)))) if any(map(len, blocks)) else 0
    left = index
    for block in blocks:
        if left < len(block):
            _bits(rng, block[left])
            break
        left -= len(block)
    leaves = dict(honest.contents.leaves) | {section: tuple(blocks)}
    index >>= honest.frame.counts.group_levels(section)
    where = {("leaf", section, index), ("leaf", section), ("part", section, index)}
    return replace(honest.contents, leaves=leaves), lambda piece: piece[:3] in where


def _altered_sum(rng: np.random.Generator, honest: Trace, section: int) -> tuple[Contents, Any]:
    levels = [(sums.copy(), squares.copy()) for sums, squares in honest.contents.sums[section]]
    height = int(rng.integers(len(levels)))
    figure, at = (int(rng.integers(size)) for size in levels[height][0].shape)
    for values in levels[height]:
        if rng.integers(2):
            values[figure, at] = rng.choice([values[figure, at] + 1, -(2**63), 2**63 - 1, 0, -1])
    sums = dict(honest.contents.sums) | {section: tuple(levels)}
    where = {"descent", "node", "leaf"}
    return replace(honest.contents, sums=sums), lambda piece: piece[0] in where and piece[1:3] == (section, figure)


def _altered_model(rng: np.random.Generator, honest: Trace) -> tuple[Contents, Any]:
    """One neuron of a committed model has other weights; its commitment is that of the other ones."""
    models = list(honest.contents.models)
    number = int(rng.choice([i for i, model in enumerate(models) if model]))
    held = models[number]
    assert held
    neuron = int(rng.integers(len(held.contents)))
    content = np.frombuffer(held.contents[neuron], np.uint8).copy()
    _bits(rng, content)
    models[number] = _committed(honest, number, held, neuron, content.tobytes())
    contents = replace(honest.contents, models=tuple(models))
    opened = {("neuron", number), ("leaf", int(Section.MODELS))}
    return contents, lambda piece: piece[:2] in opened


def _committed(honest: Trace, number: int, held: ModelLeaves, neuron: int, content: bytes) -> ModelLeaves:
    counts = honest.frame.counts
    layer = counts.layer(neuron)
    place = layer.to_bytes(4, "big") + (neuron - layer * counts.first).to_bytes(4, "big")
    kind = tag("neuron" if Model.is_network(number) else "update-row")
    leaves, contents = list(held.leaves), list(held.contents)
    leaves[neuron], contents[neuron] = keccak(kind, held.salts[neuron], place, content), content
    return ModelLeaves(tuple(contents), held.salts, tuple(leaves))
