"""Splitting: every row in exactly one place, and nothing about rows the owner cannot see in the statistics."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.datasets import ROOT_ROWS, Dataset, Part, Preparation, Rows, Split, load, split
from marketplace.datasets.columns import Column
from marketplace.domain.errors import InvalidData


def numbered(rows: int, groups: int = 0) -> Dataset:
    """Return a data set whose one feature is the row's own number over the number of rows."""
    return Dataset(
        name="numbered",
        columns=(Column("row"),),
        values=np.arange(rows, dtype=np.float64)[:, None],
        labels=np.arange(rows) % 3,
        class_names=("a", "b", "c"),
        groups=tuple(f"group {min(i % (2 * groups), groups - 1)}" for i in range(rows)) if groups else None,
        preparation=Preparation.public(("row",), mean=0.0, deviation=float(rows)),
    )


def places(cut: Split) -> list[np.ndarray]:
    """Return the features of every place a row can be in."""
    return [rows.features for rows in everything(cut)]


def everything(cut: Split) -> list[Part | Rows]:
    """Return the rows of every place a row can be in."""
    return [*cut.parts, cut.root, *cut.shards, cut.final, cut.test]


@settings(max_examples=30, deadline=None)
@given(
    st.integers(800, 3000), st.integers(1, 9), st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 4])
)
def test_every_row_is_in_exactly_one_place(rows: int, holders: int, rounds: int, seed: int, groups: int) -> None:
    """Whatever the size, seed, number of holders and rounds, and by group or by label: no row twice, none lost.

    GM-704.
    """
    cut = split(numbered(rows, groups), holders=holders, rounds=rounds, seed=seed)
    numbers = np.sort(np.rint(np.concatenate(places(cut))[:, 0] * rows).astype(np.int64))
    np.testing.assert_array_equal(np.arange(rows), numbers)
    assert (holders, rounds) == (len(cut.parts), len(cut.shards))


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_labels_stay_with_their_rows(seed: int) -> None:
    """In every place a row has the label it had in the data set."""
    cut = split(numbered(900), holders=3, rounds=2, seed=seed)
    for rows in everything(cut):
        np.testing.assert_array_equal(np.rint(rows.features[:, 0] * 900) % 3, rows.labels)


def test_proportions_are_sixty_twenty_twenty() -> None:
    """60 % of SUPPORT2 trains, 20 % is the owner's, 20 % tests; shards differ by at most one row."""
    cut = split(load("support2"), holders=8, rounds=5, seed=0)
    assert 5463 == sum(len(part.labels) for part in cut.parts)
    assert 1821 == len(cut.test.labels)
    assert ROOT_ROWS == len(cut.root.labels)
    sizes = [len(shard.labels) for shard in (*cut.shards, cut.final)]
    assert sum(sizes) == 1821 - ROOT_ROWS
    assert max(sizes) - min(sizes) <= 1


def test_a_seed_gives_the_same_split_twice() -> None:
    """Equal seeds, equal rows everywhere; another seed, other rows."""
    data = load("digits")
    once, twice, other = (split(data, holders=4, rounds=2, seed=seed) for seed in (7, 7, 8))
    for a, b in zip(places(once), places(twice), strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(once.root.features, other.root.features)


def test_parts_of_support2_are_the_disease_groups_by_size() -> None:
    """Eight holders are the eight groups, the largest first."""
    cut = split(load("support2"), holders=8, rounds=2, seed=3)
    sizes = [len(part.labels) for part in cut.parts]
    assert sorted(sizes, reverse=True) == sizes
    assert "ARF/MOSF w/Sepsis" == cut.parts[0].name
    assert 8 == len({part.name for part in cut.parts})


def test_fewer_holders_merge_the_smallest_groups() -> None:
    """With three holders the groups that stay alone are larger than those merged into one."""
    cut = split(load("support2"), holders=3, rounds=2, seed=3)
    assert "ARF/MOSF w/Sepsis" in [part.name for part in cut.parts]
    assert 8 == sum(len(part.name.split(" + ")) for part in cut.parts)


def test_more_holders_cut_the_largest_group() -> None:
    """With ten holders the largest group is three parts of nearly equal size and the others stay whole."""
    cut = split(load("support2"), holders=10, rounds=2, seed=3)
    pieces = [len(part.labels) for part in cut.parts if part.name.startswith("ARF/MOSF w/Sepsis ")]
    assert 3 == len(pieces)
    assert max(pieces) - min(pieces) <= 1
    assert 7 == len([part for part in cut.parts if not part.name.startswith("ARF")])


def test_digits_are_skewed_by_label() -> None:
    """Dirichlet(.5): some holder has more than three times the average share of some class."""
    cut = split(load("digits"), holders=8, rounds=2, seed=0)
    shares = np.stack([np.bincount(part.labels, minlength=10) / len(part.labels) for part in cut.parts])
    assert shares.max() > 0.3


def test_statistics_come_from_the_owners_rows_alone() -> None:
    """Changing every test row and every training row changes nothing in the preparation; changing the owner's does.

    GM-715.
    """
    data = load("support2")
    before = split(data, holders=8, rounds=3, seed=1)
    order = np.random.default_rng(1).permutation(len(data.labels))
    owned = order[5463:7284]
    others = np.setdiff1d(order, owned)
    for rows, same in ((others, True), (owned, False)):
        values = data.values.copy()
        values[rows, 0] += 1000
        after = split(replace(data, values=values), holders=8, rounds=3, seed=1)
        assert (before.preparation == after.preparation) == same


def test_public_prior_counts_the_root_rows() -> None:
    """One more than each class' count among the root rows: positive integers, as the terms want them."""
    cut = split(load("digits"), holders=4, rounds=2, seed=0)
    assert ROOT_ROWS + 10 == sum(cut.public_prior)
    assert min(cut.public_prior) >= 1
    assert {int} == {type(count) for count in cut.public_prior}


@pytest.mark.parametrize(
    ("rows", "holders", "rounds", "groups"),
    [(300, 2, 2, 0), (1000, 2, 40, 0), (1000, 200, 1, 0), (1000, 200, 1, 4), (1000, 0, 1, 0), (1000, 2, 0, 0)],
)
def test_too_few_rows_are_refused(rows: int, holders: int, rounds: int, groups: int) -> None:
    """Too many rounds or holders for the rows, or none at all: one line that says what to change."""
    with pytest.raises(InvalidData, match=r"choose fewer|use at least") as caught:
        split(numbered(rows, groups), holders=holders, rounds=rounds, seed=0)
    assert 1 == len(str(caught.value).splitlines())
