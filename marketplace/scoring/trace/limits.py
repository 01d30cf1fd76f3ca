"""Which terms a referee can judge: every proof, and every answer to a demand, has to fit one transaction."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from marketplace.domain.abi import SHEET_BYTES
from marketplace.domain.errors import InvalidInput, InvalidTerms
from marketplace.domain.keccak_batch import HASH_BYTES
from marketplace.scoring.trace.evidence import pieces
from marketplace.scoring.trace.layout import Counts, Section, depth_of
from marketplace.scoring.trace.places import At, Kind, opens_sheet
from marketplace.scoring.trace.steps import STEPS
from marketplace.scoring.trace.trees import NODE_BYTES, SALT_BYTES

if TYPE_CHECKING:
    from marketplace.domain.scoring_terms import ScoringTerms

__all__ = ["PROOF_BYTES", "check_judgeable", "largest_proof"]

PROOF_BYTES: Final = 126 << 10
"""What nodes take of one transaction, 128 KiB, less what the call says beside the proof."""

_MOST_EVALUATIONS: Final = (1 << 16) - 1


def check_judgeable(scoring: ScoringTerms) -> None:
    """Raise InvalidTerms if a step of a round under these terms could be too large for a transaction.

    A proof that nobody can send leaves a wrong figure standing, and an answer that nobody can send brings down a right
    sheet. What is largest in a round: the dot products of all pairs, a row of the table, and what the next base's
    widest neuron follows from.
    """
    counts = _largest_counts(scoring)
    if counts.evaluations > _MOST_EVALUATIONS:
        msg = (
            f"{scoring.max_submissions} submissions with {scoring.permutations} permutations make "
            f"{counts.evaluations} evaluations, and a trace numbers {_MOST_EVALUATIONS}: lower one of the two"
        )
        raise InvalidTerms(msg)
    kind, size = largest_proof(counts)
    if size > PROOF_BYTES:
        msg = (
            f"a dispute could need {size} bytes for the step {kind.name}, and a transaction holds {PROOF_BYTES}: lower "
            "the number of inputs, hidden units, submissions or permutations"
        )
        raise InvalidTerms(msg)


def largest_proof(counts: Counts) -> tuple[Kind, int]:
    """Return the kind of step with the largest proof in a trace of this size, and its bytes.

    Every leaf that may be demanded is part of some step, so no answer to a demand is larger.
    """
    found = (Kind.PARAMS, 0)
    for kind in map(Kind, STEPS):
        for g in {0, counts.first, counts.neurons - 1}:
            at = At(kind, e=Section.SUMS if kind == Kind.SUM_NODE else 0, g=g, k=int(kind == Kind.DOT_LEAF))
            try:
                size = sum(_bytes(counts, *piece) for piece in pieces(at, counts)) + SHEET_BYTES * opens_sheet(at)
            except InvalidInput:  # a step about neurons of the other layer
                continue
            found = max(found, (kind, size), key=lambda pair: pair[1])
    return found


def _largest_counts(scoring: ScoringTerms) -> Counts:
    """Return the size of the largest round under these terms: everybody submits, and did so in the round before."""
    shape, scales, n, rows = scoring.shape, scoring.scales, scoring.max_submissions, scoring.max_rows
    sizes = shape.inputs, shape.hidden, shape.classes, rows, n, n, n, 2
    counts = Counts(*sizes, scales.input_scale, scales.weight_scale, scoring.permutations, rows)
    return replace(counts, evaluations=counts.expected_evaluations)


def _bytes(counts: Counts, name: str, *where: int) -> int:
    """Return the bytes of one opening, named as `pieces` does."""
    if name == "row":
        return SALT_BYTES + 4 + counts.inputs + HASH_BYTES * depth_of(counts.final_rows if where[1] else counts.rows)
    if name in {"salt", "node"}:
        return SALT_BYTES if name == "salt" else NODE_BYTES
    if name == "descent":
        return _leaf(counts, where[0], where[1]) + NODE_BYTES * where[2]
    if name == "leaf":
        return _leaf(counts, where[0], where[1] if len(where) > 1 else 0)
    if name == "part":
        path = counts.path(where[0], where[1])[0] + counts.group_levels(where[0])
        return SALT_BYTES + 8 * counts.grouped(where[0]) + HASH_BYTES * path
    path = HASH_BYTES * counts.path(Section.MODELS, where[0])[0]
    own = 0 if name == "zero" else SALT_BYTES + 4 * counts.width(where[1]) + 8 + HASH_BYTES * depth_of(counts.neurons)
    return own + path


def _leaf(counts: Counts, section: int, index: int) -> int:
    return (
        SALT_BYTES * counts.salts(section)
        + counts.content_bytes(section, index)
        + HASH_BYTES * counts.path(section, index)[0]
    )
