"""Raw columns: what counts as a number, a category, a gap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.datasets.columns import MISSING, Column, as_text, parse_categories, parse_numbers
from marketplace.domain.errors import InvalidData


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_written_as_text_are_read_back(values: list[float]) -> None:
    """Any finite float survives being written and parsed, spaces around it or not."""
    assert values == parse_numbers("x", [f" {value!r} " for value in values]).tolist()


@pytest.mark.parametrize("text", MISSING)
def test_a_gap_is_nan(text: str) -> None:
    """Every spelling of a missing value becomes NaN in a numeric and in a categorical column."""
    assert np.isnan(parse_numbers("x", ["1", text])[1])
    column, codes = parse_categories("x", ["a", text])
    assert Column("x", ("a",)) == column
    assert np.isnan(codes[1])


def test_text_in_a_numeric_column_is_refused() -> None:
    """The message names the column, the row and three ways out. GM-703."""
    with pytest.raises(InvalidData, match=r"column 'age' holds the text 'old' in row 3: declare .* categorical, drop"):
        parse_numbers("age", ["1", "", "old"])


@pytest.mark.parametrize("text", ["inf", "-inf", "1e999"])
def test_infinity_is_refused(text: str) -> None:
    """No spelling of infinity passes for a number."""
    with pytest.raises(InvalidData, match="holds infinity in row 2"):
        parse_numbers("x", ["0", text])


def test_categories_are_sorted_and_indexed() -> None:
    """The vocabulary does not depend on the order of rows."""
    column, codes = parse_categories("ward", ["b", "a", "b"])
    assert Column("ward", ("a", "b")) == column
    assert [1.0, 0.0, 1.0] == codes.tolist()


def test_a_category_outside_the_vocabulary_is_missing() -> None:
    """The terms' vocabulary decides; a text it does not know has no index."""
    _, codes = parse_categories("ward", ["a", "z"], ("a", "b"))
    assert 0 == codes[0]
    assert np.isnan(codes[1])


def test_a_column_of_names_is_no_category() -> None:
    """A column with a different text in every row is refused before it becomes a thousand features."""
    with pytest.raises(InvalidData, match="has 101 different texts"):
        parse_categories("name", [f"patient {i}" for i in range(101)])


def test_numbers_become_text_without_a_point() -> None:
    """A label stored as 3.0 is the class "3"; NaN is a gap."""
    assert ["3", "0.5", ""] == as_text(np.asarray([3.0, 0.5, np.nan])).tolist()
