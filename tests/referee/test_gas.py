"""What a proof costs its judge, beside the calldata."""

from __future__ import annotations

import pytest

from marketplace.domain.network import Shape
from marketplace.scoring.trace.places import At, Kind
from tests.referee.asking import Judges
from tests.scoring.worlds import round_of, terms_of
from tests.trace.cases import sheet, trace_of
from tests.trace.places import blob_of


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("shape", "most"), [(Shape(59, 32, 2), 25_000), (Shape(784, 64, 10), 45_000)], ids=str)
def test_a_neuron_is_recomputed_cheaply(judges: Judges, shape: Shape, most: int) -> None:
    """Of eight submissions on 500 rows: the whole call of the judge, its data copied once, keeps to the limit."""
    scoring = terms_of(shape, permutations=2, copy_ppm=999_999, clip_logits=40)
    trace = trace_of(round_of(3, shape=shape, submissions=8, rows=500, known=True, scoring=scoring))
    head = sheet(trace.figures, trace)
    for part in (0, 1, 5):
        at = At(Kind.NEURON, r=321, g=17, p=part)
        assert judges.costs(trace.frame, head, at, blob_of(trace, at)) <= most
