"""Training a linear model that is encrypted, and that whoever trains it cannot read.

What additive encryption can do: encrypted numbers are added to each other and multiplied by plain ones, never by each
other. A gradient step of a linear model w on rows X with targets y is

    w - rate * X^T (slope * X w + intercept - y)

which is linear in w as long as the residual is a polynomial of degree 1 in the margin X w: exact for least squares
(slope 1, intercept 0); for logistic regression the sigmoid is replaced by the straight line nearest to it, and a better
polynomial would need a product of encrypted numbers. Steps that are linear compose to one linear map: whatever the
epochs, batches and rates, training is `matrix @ w + offset` with a matrix that follows from the holder's rows alone. So
it is computed in the clear, rounded to integers, and applied to the encrypted model once.

Trust model: the trainer learns nothing about the model (see `keys`). Whoever decrypts learns the difference to the
model, with `fraction_bits` bits more than an update has, and nothing else: the result is refreshed, and its bound is
that of its lanes. The norm of what is encrypted cannot be measured, so it cannot be clipped before it is decrypted.

Laws: decrypting `train` gives matrix @ w + offset, to the integer; a map that could leave its lanes is refused before
anything is computed.

Source: Paillier 1999 for the operations; the straight line in place of the sigmoid: Hardy et al., "Private federated
learning on vertically partitioned data via entity resolution and additively homomorphic encryption", 2017; products of
powers: Straus 1964.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import InvalidData, InvalidInput
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.library import big
from marketplace.privacy.paillier.vector import EncryptedVector, check_bound

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from marketplace.privacy.paillier.encrypt import Encrypter

__all__ = ["LEAST_SQUARES", "LinearMap", "Residual", "Schedule", "encrypt_model", "logistic", "train", "training_map"]

_WINDOW_BITS: Final = 4
_STEPS: Final = 10_001


@dataclass(frozen=True)
class Residual:
    """How far a prediction is off, as slope * margin + intercept - target."""

    slope: float
    intercept: float


LEAST_SQUARES: Final = Residual(1.0, 0.0)
"""Targets are numbers."""


def logistic(reach: float = 4.0) -> Residual:
    """Return the line nearest to the sigmoid for margins from -reach to reach, in least squares; targets are 0 and 1.

    At a reach of 4 it is off by at most 0.14 there; beyond, rows that are right already are pulled back.
    """
    margins = np.linspace(-reach, reach, _STEPS)
    heights = 1 / (1 + np.exp(-margins)) - 0.5
    return Residual(float(margins @ heights / (margins @ margins)), 0.5)


@dataclass(frozen=True)
class Schedule:
    """How a holder trains: passes over the rows, the rate of a step, rows a step, and the seed of their order."""

    epochs: int = 3
    learning_rate: float = 0.1
    batch_size: int = 32
    seed: int = 0


@dataclass(frozen=True)
class LinearMap:
    """What training adds to a model w: (matrix @ w + offset) / 2**fraction_bits.

    Args:
        matrix: int64[parameters, parameters].
        offset: int64[parameters], in the units of w.
        fraction_bits: how finely the map was rounded.
    """

    matrix: NDArray[np.int64]
    offset: NDArray[np.int64]
    fraction_bits: int

    def reach(self, bound: int) -> int:
        """Return the largest absolute value that the map makes of a model whose entries stay within `bound`."""
        rows = np.abs(self.matrix).astype(object).sum(axis=1) * bound + np.abs(self.offset).astype(object)
        return int(max(rows))

    def difference(self, values: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return float64[parameters], the difference to the model, of what was decrypted: int64[parameters]."""
        return values / np.float64(1 << self.fraction_bits)


def training_map(  # noqa: PLR0913 - rows, and how to train on them
    features: NDArray[np.float64],
    targets: NDArray[np.float64],
    residual: Residual,
    schedule: Schedule,
    *,
    weight_scale: int,
    fraction_bits: int = 20,
) -> LinearMap:
    """Return what gradient descent on these rows makes of any linear model.

    Args:
        features: float64[rows, parameters]; the last column is 1 where the model has a bias.
        targets: float64[rows].
        weight_scale: integer that stands for a weight of 1 in the encrypted model.

    Raises:
        InvalidData: rows that are not numbers, or training that diverges on them.
    """
    rows, parameters = features.shape
    if targets.shape != (rows,) or not rows or not (np.isfinite(features).all() and np.isfinite(targets).all()):
        msg = f"{rows} rows with {targets.shape} targets cannot be trained on: check for missing values"
        raise InvalidData(msg)
    matrix, offset = np.eye(parameters), np.zeros(parameters)
    for batch in _batches(rows, schedule):
        part = features[batch]
        rate = schedule.learning_rate / len(batch)
        matrix = matrix - rate * residual.slope * (part.T @ (part @ matrix))
        offset = offset - rate * (part.T @ (residual.slope * (part @ offset) + residual.intercept - targets[batch]))
    scale = np.float64(1 << fraction_bits)
    fine = (matrix - np.eye(parameters)) * scale, offset * weight_scale * scale
    if not all(np.isfinite(array).all() and np.abs(array).max() < 1 << 62 for array in fine):
        msg = "training diverges on these rows: lower the learning rate"
        raise InvalidData(msg)
    whole = [np.rint(array).astype(np.int64) for array in fine]
    return LinearMap(whole[0], whole[1], fraction_bits)


def encrypt_model(weights: NDArray[np.int64], encrypter: Encrypter, *, bound: int) -> EncryptedVector:
    """Return an encrypted linear model, one weight a ciphertext, that holders can train on.

    Args:
        weights: int64[parameters].
        bound: of their absolute values, from the terms.
    """
    return encrypter.encrypt(weights, bound=bound, lanes=Lanes(64, 1))


def train(model: EncryptedVector, step: LinearMap, encrypter: Encrypter, *, lane_bits: int = 64) -> EncryptedVector:
    """Return matrix @ model + offset, encrypted, packed and refreshed.

    Args:
        model: from `encrypt_model`.
        step: from `training_map`.
        encrypter: of the model's key.
        lane_bits: of the result; public, so it comes from the terms.

    Raises:
        InvalidInput: the map does not fit the model, or its result could leave a lane.
    """
    if model.lanes.per_plaintext != 1 or step.matrix.shape != (model.length, model.length):
        msg = (
            f"a map of {step.matrix.shape} does not fit an encrypted model of {model.length} weights, one a ciphertext"
        )
        raise InvalidInput(msg)
    lanes = Lanes.of(lane_bits, model.key.n)
    check_bound(step.reach(model.bound), lanes)
    n, square = big(model.key.n), big(model.key.square)
    columns = [lanes.pack(column) for column in step.matrix.T]
    powers = [_window(ciphertext, square) for ciphertext in model.ciphertexts]
    made = []
    for block, constant in enumerate(lanes.pack(step.offset)):
        # The exponent of a weight carries what the weight does in all lanes of this plaintext.
        product = _product(powers, [int(column[block] % n) for column in columns], square)
        made.append(int(product * (1 + n * (constant % n)) % square))
    # Not `reach`: that would tell how long the holder's rows are.
    return encrypter.refresh(EncryptedVector(model.key, lanes, model.length, lanes.limit, tuple(made)))


# ---------------------------------------------------------------------- details
def _batches(rows: int, schedule: Schedule) -> Iterator[NDArray[np.int64]]:
    order = np.random.default_rng(schedule.seed)
    for _ in range(schedule.epochs):
        shuffled = order.permutation(rows)
        for at in range(0, rows, schedule.batch_size):
            yield shuffled[at : at + schedule.batch_size]


def _window(base: int, modulus: int) -> list[int]:
    """Return base**0, ... base**15."""
    row = [big(1)]
    for _ in range((1 << _WINDOW_BITS) - 1):
        row.append(row[-1] * base % modulus)
    return row


def _product(powers: Sequence[Sequence[int]], exponents: Sequence[int], modulus: int) -> int:
    """Return the product of all bases to their exponents, squaring once for all of them."""
    digits = -(-max(exponent.bit_length() for exponent in exponents) // _WINDOW_BITS)
    product, mask = big(1), (1 << _WINDOW_BITS) - 1
    for at in range(digits - 1, -1, -1):
        product = pow(product, 1 << _WINDOW_BITS, modulus)
        for row, exponent in zip(powers, exponents, strict=True):
            digit = exponent >> (_WINDOW_BITS * at) & mask
            if digit:
                product = product * row[digit] % modulus
    return product
