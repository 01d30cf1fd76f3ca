"""Local training on real data: what it reaches, and what the prior offset saves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from client.training import Recipe, RowSource, evaluate, root_update, starting_network, train, warm_start
from marketplace.datasets import Rows, Split, load, quantise_rows, split
from marketplace.domain.errors import InvalidData, InvalidInput
from marketplace.domain.network import Network, Scales, Shape
from marketplace.domain.terms_document import RecipeTerms
from marketplace.domain.update import Bounds, Update, apply, check_network

BOUNDS = Bounds()
DIGITS = Recipe(learning_rate=0.05)


@pytest.fixture(scope="module")
def digits() -> Split:
    """Digits cut for eight holders."""
    return split(load("digits"), holders=8, rounds=3, seed=1)


@pytest.fixture(scope="module")
def warm(digits: Split) -> Network:
    """Return the base a digits bounty starts from."""
    start = starting_network(Shape(64, 32, 10), Scales(), seed=1)
    return warm_start(start, RowSource(*digits.root), seed=1, bounds=BOUNDS)


def training_rows(cut: Split) -> Rows:
    """Return what all holders have together."""
    return Rows(
        np.concatenate([part.features for part in cut.parts]), np.concatenate([part.labels for part in cut.parts])
    )


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_support2_trained_in_one_place_reaches_an_auc_of_84(seed: int) -> None:
    """The integer network loses nothing that matters: AUC .84 or more on rows nobody used (a float network: .86)."""
    cut = split(load("support2"), holders=8, rounds=2, seed=seed)
    base = starting_network(Shape(len(cut.feature_names), 32, 2), Scales(), seed)
    source = RowSource(*training_rows(cut))
    update = train(base, source, Recipe(epochs=8), seed=seed, public_prior=cut.public_prior, bounds=BOUNDS)
    assert evaluate(base, *cut.test).auc < 0.65
    assert evaluate(apply(base, update, BOUNDS), *cut.test).auc >= 0.84


def test_digits_trained_in_one_place_reach_an_accuracy_of_95(digits: Split, warm: Network) -> None:
    """Ten classes, from the warm start: accuracy above .95 and AUC above .99."""
    source = RowSource(*training_rows(digits))
    update = train(warm, source, replace(DIGITS, epochs=8), seed=0, public_prior=digits.public_prior, bounds=BOUNDS)
    found = evaluate(apply(warm, update, BOUNDS), *digits.test)
    assert found.accuracy > 0.95
    assert found.auc > 0.99


def test_a_warm_start_tells_digits_apart(digits: Split, warm: Network) -> None:
    """60 rows lift ten classes from chance to above .5, within the bounds of a base."""
    start = starting_network(Shape(64, 32, 10), Scales(), seed=1)
    assert evaluate(start, *digits.test).accuracy < 0.3
    assert evaluate(warm, *digits.test).accuracy > 0.5
    check_network(warm, Shape(64, 32, 10), BOUNDS)


def recall(network: Network, rows: Rows, classes: list[int]) -> float:
    """Return the share of the rows of `classes` that are classified correctly."""
    mine = np.isin(rows.labels, classes)
    found = network.forward(quantise_rows(rows.features[mine], 24)).argmax(axis=1)
    return float((found == rows.labels[mine]).mean())


def test_a_holder_that_lacks_classes_does_not_unlearn_them(digits: Split, warm: Network) -> None:
    """With the offset, an aggregate's step of the update of a holder without 7, 8 and 9 keeps 90 % of their recall.

    The step is 1.25 / 8 of the update, its share among eight alike. Without the offset more is lost, and of the whole
    update at once next to everything.
    """
    source = RowSource(*training_rows(digits))
    base = apply(warm, train(warm, source, DIGITS, seed=0, public_prior=digits.public_prior, bounds=BOUNDS), BOUNDS)
    rows = training_rows(digits)
    some = rows.labels < 7
    lacking = RowSource(rows.features[some], rows.labels[some])

    def kept(offset: float, share: float) -> float:
        recipe = replace(DIGITS, prior_offset=offset)
        update = train(base, lacking, recipe, seed=0, public_prior=digits.public_prior, bounds=BOUNDS)
        step = Update.from_flat(np.rint(update.flat() * share).astype(np.int64), base.shape)
        return recall(apply(base, step, BOUNDS), digits.test, [7, 8, 9]) / recall(base, digits.test, [7, 8, 9])

    assert kept(0.6, 1.25 / 8) > 0.9
    assert kept(0.6, 1.25 / 8) > kept(0.0, 1.25 / 8)
    assert kept(0.6, 1.0) > 2 * kept(0.0, 1.0)


def test_a_root_update_has_no_offset(digits: Split, warm: Network) -> None:
    """The owner's update is what four epochs without offset give, whatever the recipe's offset is."""
    source = RowSource(*digits.root)
    plain = replace(DIGITS, epochs=4, prior_offset=0.0)
    expected = train(warm, source, plain, seed=2, public_prior=[1] * 10, bounds=BOUNDS)
    assert expected == root_update(warm, source, DIGITS, seed=2, bounds=BOUNDS)


def test_progress_rises_to_one(digits: Split, warm: Network) -> None:
    """Every step is reported once, in order, and the last report says that all is done."""
    seen: list[float] = []
    source = RowSource(*digits.root)
    train(warm, source, DIGITS, seed=0, public_prior=[1] * 10, bounds=BOUNDS, progress=seen.append)
    assert 6 == len(seen)
    assert sorted(set(seen)) == seen
    assert 1.0 == seen[-1]


def test_training_clips_to_the_terms_bounds(digits: Split, warm: Network) -> None:
    """Tight bounds are kept without the holder doing anything. GM-701."""
    tight = Bounds(entry=50, norm=200)
    source = RowSource(*digits.root)
    train(warm, source, DIGITS, seed=0, public_prior=[1] * 10, bounds=tight).check(warm.shape, tight)


@pytest.mark.parametrize("prior", [[1] * 9, [0] + [1] * 9, [-1] + [1] * 9])
def test_a_prior_that_is_no_prior_is_refused(digits: Split, warm: Network, prior: list[int]) -> None:
    """One positive count per class, as the terms publish it."""
    with pytest.raises(InvalidInput, match="10 positive counts"):
        train(warm, RowSource(*digits.root), DIGITS, seed=0, public_prior=prior, bounds=BOUNDS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 10**9),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("batch_size", 0),
        ("momentum", 1.0),
        ("prior_offset", -0.1),
        ("root_epochs", 0),
    ],
)
def test_a_recipe_out_of_range_is_refused(name: str, value: float) -> None:
    """A stranger's terms cannot ask for a million epochs."""
    with pytest.raises(InvalidInput, match=f"the recipe's {name} is"):
        replace(Recipe(), **{name: value})  # type: ignore[arg-type]


def test_the_default_recipe_is_the_terms_default() -> None:
    """The integers of the terms' defaults and the floats of ours say the same."""
    assert Recipe() == Recipe.from_terms(RecipeTerms())


def test_metrics_need_two_classes(digits: Split, warm: Network) -> None:
    """Rows of one class have no ROC curve."""
    ones = digits.test.labels == 1
    with pytest.raises(InvalidData, match="one class only"):
        evaluate(warm, digits.test.features[ones], digits.test.labels[ones])


def test_metrics_of_a_perfect_and_a_reversed_model() -> None:
    """A model that knows the answer has accuracy and AUC 1; reversed, 0."""
    features = np.concatenate([np.full((10, 1), -1.0), np.full((10, 1), 1.0)])
    labels = np.repeat([0, 1], 10)
    shape = Shape(1, 0, 2)
    zero = Network(starting_network(shape, Scales(), 0).layers, Scales())
    for sign, expected in ((1, 1.0), (-1, 0.0)):
        weights = Update.from_flat(np.asarray([-sign, sign, 0, 0]) * 4000, shape)
        found = evaluate(apply(zero, weights, BOUNDS), features, labels)
        assert (expected, expected) == (found.accuracy, found.auc)
