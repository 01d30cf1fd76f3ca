"""How good a model is, on rows nobody used: computed from its integer logits."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Final

import numpy as np

from marketplace.datasets import quantise_rows
from marketplace.datasets.columns import Floats, Integers
from marketplace.domain.errors import InvalidData
from marketplace.domain.network import Network

__all__ = ["Metrics", "evaluate"]

_BINARY: Final = 2


@dataclass(frozen=True)
class Metrics:
    """Share of rows classified correctly, and area under the ROC curve (macro one-vs-rest for many classes)."""

    accuracy: float
    auc: float


def evaluate(network: Network, features: Floats, labels: Integers) -> Metrics:
    """Return the metrics of `network` on prepared rows.

    Args:
        features: float64[n, d]; quantised here, as for scoring.
        labels: int64[n]; a class that does not occur, or alone occurs, has no curve and is left out of the mean.

    Raises:
        InvalidData: rows of one class only.
    """
    if len(np.unique(labels)) == 1:
        msg = "rows of one class only have no ROC curve: evaluate on more rows"
        raise InvalidData(msg)
    scores = importlib.import_module("sklearn.metrics")
    integers = network.forward(quantise_rows(features, network.scales.input_scale))
    logits = integers / network.scales.bias_scale(len(network.layers) - 1)
    accuracy = float((integers.argmax(axis=1) == labels).mean())
    if network.shape.classes == _BINARY:
        return Metrics(accuracy, float(scores.roc_auc_score(labels == 1, logits[:, 1] - logits[:, 0])))
    chances = np.exp(logits - logits.max(axis=1, keepdims=True))
    chances /= chances.sum(axis=1, keepdims=True)
    curves = [float(scores.roc_auc_score(labels == c, chances[:, c])) for c in np.unique(labels)]
    return Metrics(accuracy, float(np.mean(curves)))
