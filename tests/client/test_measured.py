"""What the owner's rows have measured of a model."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from client.measured import measured_part, unmeasured
from marketplace.domain.network import Shape
from tests.scoring.worlds import network_of


@given(st.integers(0, 2**32), st.sampled_from([0, 3]), st.integers(1, 6))
def test_no_row_of_the_owners_tells_them_apart(seed: int, hidden: int, count: int) -> None:
    """All logits of all rows are the same; no weight of an input that never varies is left, and all others are."""
    rng = np.random.default_rng(seed)
    model = network_of(Shape(7, hidden, 3), rng)
    rows = rng.integers(-127, 128, (count, 7), dtype=np.int64)
    fixed = rng.random(7) < 1 / 2
    rows[:, fixed] = rng.integers(-127, 128, 7)[fixed]
    part, left_out = measured_part(model, [rows[:1], rows[1:]] if count > 1 else [rows])
    never = unmeasured(rows)
    assert np.array_equal(model.forward(rows), part.forward(rows))
    assert set(np.flatnonzero(fixed)) <= set(never)
    assert left_out == len(never)
    assert not part.layers[0].weight[:, never].any()
    varying = np.setdiff1d(np.arange(7), never)
    assert np.array_equal(model.layers[0].weight[:, varying], part.layers[0].weight[:, varying])


def test_what_never_varied_moves_nothing() -> None:
    """A row that lights such an input is answered as if it had not."""
    rng = np.random.default_rng(5)
    model = network_of(Shape(4, 0, 2), rng)
    rows = np.array([[1, 0, 5, 3], [2, 0, 5, 3], [9, 0, 5, 4]])
    part, left_out = measured_part(model, [rows])
    lit = rows + np.array([0, 100, -70, 0])
    assert 2 == left_out
    assert np.array_equal(model.forward(rows), part.forward(lit))
    assert not np.array_equal(model.forward(lit), part.forward(lit))
