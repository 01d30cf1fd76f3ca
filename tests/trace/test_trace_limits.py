"""Terms whose disputes would not fit a transaction are told from those that do."""

from __future__ import annotations

from typing import Any

import pytest

from marketplace.domain.errors import InvalidTerms
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.scoring.trace.evidence import proof_of
from marketplace.scoring.trace.limits import PROOF_BYTES, check_judgeable, largest_proof
from tests.trace.cases import CASES, world
from tests.trace.places import blob_of, places

TRANSACTION_BYTES = 128 << 10
"""What nodes take."""


@pytest.mark.parametrize("name", CASES)
def test_no_proof_is_larger_than_the_largest(name: str) -> None:
    """Of every step of every kind of trace, and one is exactly as large."""
    trace, head = world(name)
    kind, most = largest_proof(trace.frame.counts)
    sizes = [len(proof_of(head, at, blob_of(trace, at))) for at in places(trace) if at.kind == kind]
    assert not sizes or most == max(sizes)  # of a round that keeps its base there is no such step
    seen: dict[int, int] = {}
    for at in places(trace):
        seen[at.kind] = seen.get(at.kind, 0) + 1
        if seen[at.kind] <= 8:
            assert len(proof_of(head, at, blob_of(trace, at))) <= most, at


@pytest.mark.parametrize(
    ("most", "change", "step"),
    [
        ({"shape": Shape(7_906, 0, 2)}, {"shape": Shape(7_907, 0, 2)}, "NEXT"),
        ({"shape": Shape(4, 7_834, 2)}, {"shape": Shape(4, 7_835, 2)}, "NEXT"),
        ({"max_submissions": 100}, {"max_submissions": 101}, "WEIGHTS"),
        ({"max_submissions": 64, "permutations": 492}, {"permutations": 493}, "SUM_LEAF"),
        ({"max_submissions": 32, "permutations": 988}, {"permutations": 1024}, "evaluations"),
    ],
    ids=["inputs", "hidden", "submissions", "permutations", "evaluations"],
)
def test_terms_at_the_limit(most: dict[str, Any], change: dict[str, Any], step: str) -> None:
    """With the most that fits they can be judged; with more the error names what is too large. GM-317."""
    plain = {"shape": Shape(20, 6, 2)}
    check_judgeable(ScoringTerms(**plain | most))
    with pytest.raises(InvalidTerms, match=step):
        check_judgeable(ScoringTerms(**plain | most | change))
    assert PROOF_BYTES < TRANSACTION_BYTES
