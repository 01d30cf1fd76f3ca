"""Training a linear classifier that is not known: what a holder's rows do to any base, as one linear map.

Class probabilities are the softmax of the logits. Its nearest straight line around equal logits is

    p = 1 / C + slope * (z - mean(z))

for C classes, with the slope by which two classes get the line nearest to the sigmoid. So the residual is linear in
the model, and so is training (see `marketplace.privacy.paillier.linear`): the part of the model in which classes
differ is moved by the map of one class; the mean over classes, which changes no prediction, stays.

Trust model: the map follows from the holder's rows alone. It stays on the holder's machine.

Law: on a base that is known, the map gives what gradient descent with this residual gives, rounded once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from client.training.fit import check_fit
from client.training.prior import log_prior_ratio
from client.training.recipe import Recipe
from marketplace.datasets import quantise_rows
from marketplace.privacy.paillier.linear import LinearMap, Residual, Schedule, logistic, training_map

if TYPE_CHECKING:
    from marketplace.datasets import Rows
    from marketplace.domain.terms_document import TermsDocument

__all__ = ["FRACTION_BITS", "linear_map"]

FRACTION_BITS: Final = 20
"""Bits after the point that an update is encrypted with."""


def linear_map(rows: Rows, terms: TermsDocument, seed: int) -> LinearMap:
    """Return what training on these rows, as the terms recommend, adds to a linear model.

    Momentum of m at a rate of r is replaced by a rate of r / (1 - m), which goes as far.

    Args:
        rows: prepared as the terms say.
        terms: of a bounty for a linear model.
        seed: of the order the rows are seen in.

    Returns:
        A map in the order and the units of `Update.flat`, times 2**FRACTION_BITS.

    Raises:
        InvalidData: rows that do not fit the terms, or training that diverges on them.
    """
    shape, scales, recipe = terms.scoring.shape, terms.scoring.scales, Recipe.from_terms(terms.recipe)
    check_fit(rows, shape)
    inputs = quantise_rows(rows.features, scales.input_scale) / scales.input_scale  # what is scored
    features = np.column_stack([inputs, np.ones(len(inputs))])
    shift = recipe.prior_offset * log_prior_ratio(rows.labels, terms.public_prior, shape.classes)
    slope = 4 * logistic().slope / shape.classes
    schedule = Schedule(recipe.epochs, recipe.learning_rate / (1 - recipe.momentum), recipe.batch_size, seed)
    maps = [
        training_map(
            features,
            (rows.labels == label).astype(np.float64),
            Residual(slope, 1 / shape.classes + slope * float(shift[label] - shift.mean())),
            schedule,
            weight_scale=scales.weight_scale,
            fraction_bits=FRACTION_BITS,
        )
        for label in range(shape.classes)
    ]
    # One class after the other, each with its bias last, to all weights first and then all biases.
    places = np.arange(shape.parameters).reshape(shape.classes, shape.inputs + 1)
    order = np.concatenate([places[:, :-1].ravel(), places[:, -1]])
    apart = np.eye(shape.classes) - 1 / shape.classes
    matrix = np.rint(np.kron(apart, maps[0].matrix)).astype(np.int64)  # a class changes the targets alone
    offset = np.concatenate([made.offset for made in maps])
    return LinearMap(matrix[np.ix_(order, order)], offset[order], FRACTION_BITS)
