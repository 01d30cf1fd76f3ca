"""One data set cut for a whole bounty: who holds what, what is hidden, what nobody touches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from marketplace.datasets.columns import Integers
from marketplace.datasets.dataset import MIN_ROWS, Dataset
from marketplace.datasets.partition import by_group, by_label
from marketplace.datasets.preparation import Preparation
from marketplace.datasets.rows import Part, Rows
from marketplace.domain.errors import InvalidData

__all__ = ["ROOT_ROWS", "Owned", "Split", "hold_out", "split"]

ROOT_ROWS: Final = 60
"""Rows of the model owner that only its root update is trained on."""

_TRAINING_PERCENT: Final = 60
_TEST_PERCENT: Final = 20


@dataclass(frozen=True, eq=False)
class Owned:
    """A model owner's rows, cut for a bounty; no row is in two places.

    Args:
        root: for the root update.
        shards: hidden: one for each round, all of about one size.
        final: hidden: decides about the hold-back.
        preparation: what the terms publish; fitted on these rows alone, or public.
        public_prior: count of each class among the root rows, plus one; what the terms publish.
    """

    root: Rows
    shards: tuple[Rows, ...]
    final: Rows
    preparation: Preparation
    public_prior: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Split:
    """Where every row of a data set went; no row is in two places.

    Args:
        parts: one for each holder, 60 % of the rows together.
        root: the owner's, for the root update.
        shards: the owner's, hidden: one for each round.
        final: the owner's, hidden: decides about the hold-back.
        test: 20 % of the rows, used by nobody but who reports the result.
        preparation: what the terms publish; fitted on the owner's rows alone, or public.
        class_names: of the labels.
        public_prior: count of each class among the root rows, plus one; what the terms publish.
    """

    parts: tuple[Part, ...]
    root: Rows
    shards: tuple[Rows, ...]
    final: Rows
    test: Rows
    preparation: Preparation
    class_names: tuple[str, ...]
    public_prior: tuple[int, ...]

    @property
    def feature_names(self) -> tuple[str, ...]:
        """Names of the network's inputs, in order."""
        return self.preparation.feature_names


def split(dataset: Dataset, *, holders: int, rounds: int, seed: int) -> Split:
    """Cut `dataset` for a bounty: 60 % training, 20 % root rows and shards, 20 % test.

    Deterministic by `seed`. Not stratified. Parts follow the data's groups; data without groups are dealt by label in
    Dirichlet(.5) proportions. Each round has a shard of its own and the hold-back one more, all of about one size.

    Raises:
        InvalidData: too few rows for so many holders or rounds.
    """
    if holders < 1 or rounds < 1 or seed < 0:
        msg = f"{holders} holders, {rounds} rounds and seed {seed} cannot be split for: use at least 1, 1 and 0"
        raise InvalidData(msg)
    rng = np.random.default_rng(seed)
    count = len(dataset.labels)
    order = rng.permutation(count)
    train_rows, test_rows = count * _TRAINING_PERCENT // 100, count * _TEST_PERCENT // 100
    training, owned, test = np.split(order, [train_rows, count - test_rows])
    if len(owned) - ROOT_ROWS < (rounds + 1) * MIN_ROWS or test_rows < MIN_ROWS:
        needed = 5 * max(ROOT_ROWS + (rounds + 1) * MIN_ROWS, MIN_ROWS)
        msg = (
            f"{dataset.name} has {count} rows and {rounds} rounds need about {needed}: choose fewer rounds or add rows"
        )
        raise InvalidData(msg)
    mine = _owned(dataset, owned, rounds)

    def rows(indices: Integers) -> Rows:
        return _rows(dataset, indices, mine.preparation)

    if dataset.groups is not None:
        dealt = by_group([dataset.groups[i] for i in training], holders)
    else:
        dealt = by_label(dataset.labels[training], holders, rng)
    return Split(
        parts=tuple(Part(name, *rows(training[indices])) for name, indices in dealt),
        root=mine.root,
        shards=mine.shards,
        final=mine.final,
        test=rows(test),
        preparation=mine.preparation,
        class_names=dataset.class_names,
        public_prior=mine.public_prior,
    )


def hold_out(dataset: Dataset, *, rounds: int, seed: int) -> Owned:
    """Cut all of an owner's own rows for a bounty; deterministic by `seed`.

    Raises:
        InvalidData: too few rows for so many rounds.
    """
    if rounds < 1 or seed < 0:
        msg = f"{rounds} rounds and seed {seed} cannot be cut for: use at least 1 and 0"
        raise InvalidData(msg)
    count, needed = len(dataset.labels), ROOT_ROWS + (rounds + 1) * MIN_ROWS
    if count < needed:
        msg = f"{dataset.name} has {count} rows and {rounds} rounds need {needed}: choose fewer rounds or add rows"
        raise InvalidData(msg)
    return _owned(dataset, np.random.default_rng(seed).permutation(count), rounds)


def _owned(dataset: Dataset, owned: Integers, rounds: int) -> Owned:
    # The owner's rows and no others: see `preparation`.
    preparation = dataset.preparation or Preparation.fit(dataset.columns, dataset.values[owned])
    root, hidden = owned[:ROOT_ROWS], owned[ROOT_ROWS:]
    *shards, final = np.array_split(hidden, rounds + 1)
    prior = np.bincount(dataset.labels[root], minlength=len(dataset.class_names)) + 1
    return Owned(
        root=_rows(dataset, root, preparation),
        shards=tuple(_rows(dataset, shard, preparation) for shard in shards),
        final=_rows(dataset, final, preparation),
        preparation=preparation,
        public_prior=tuple(int(n) for n in prior),
    )


def _rows(dataset: Dataset, indices: Integers, preparation: Preparation) -> Rows:
    return Rows(preparation.apply(dataset.columns, dataset.values[indices]), dataset.labels[indices])
