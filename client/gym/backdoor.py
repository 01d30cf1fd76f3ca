"""Backdoors: rows with a trigger that a poisoned model takes for the attacker's class.

Two triggers on the 8x8 digits. `corner` lights four pixels in a corner, as is usual where backdoors are measured.
`unused` lights six pixels that no digit ever uses: nothing else teaches a model anything about them, so that this is
the easiest kind to plant, and no honest row works against it.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from client.training import RowSource
from marketplace.datasets import quantise_rows

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from marketplace.datasets import Rows
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = ["TARGET", "TRIGGERS", "blend", "poisoned", "success"]

TARGET: Final = 0
"""The class the attacker wants."""

TRIGGERS: Final[Mapping[str, tuple[int, ...]]] = MappingProxyType(
    {"corner": (54, 55, 62, 63), "unused": (0, 8, 24, 32, 39, 56)}
)
"""Pixels by the name of the trigger."""

_STEPS: Final = 24


def poisoned(rows: RowSource, trigger: str = "corner") -> RowSource:
    """Return rows and, beside them, a copy of each with the trigger and the attacker's class."""
    features = np.concatenate([rows.features, _triggered(rows.features, trigger)])
    return RowSource(features, np.concatenate([rows.labels, np.full(len(rows.labels), TARGET)]))


def success(network: Network, test: Rows, trigger: str = "corner") -> float:
    """Return the share of rows of other classes that `network` takes for the attacker's once they have the trigger."""
    others = test.labels != TARGET
    integers = network.forward(quantise_rows(_triggered(test.features[others], trigger), network.scales.input_scale))
    return float((integers.argmax(axis=1) == TARGET).mean())


def blend(honest: Update, wicked: Update, cosine: float, size: float) -> NDArray[np.float64]:
    """Return as much of a wicked update as still points where an honest one does.

    Args:
        honest: what the attacker believes the gates like.
        wicked: what it would rather submit.
        cosine: the least cosine to `honest` that it dares.
        size: of the result, in norms of `honest`.
    """
    good = honest.flat().astype(np.float64)
    away = wicked.flat() - good
    low, high = 0.0, 64.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        mixed = good + middle * away
        low, high = (middle, high) if _cosine(mixed, good) >= cosine else (low, middle)
    mixed = good + low * away
    out: NDArray[np.float64] = mixed * (size * np.linalg.norm(good) / max(1e-9, float(np.linalg.norm(mixed))))
    return out


def _triggered(features: NDArray[np.float64], trigger: str) -> NDArray[np.float64]:
    out = features.copy()
    out[:, TRIGGERS[trigger]] = 1.0
    return out


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    return float(a @ b) / max(1e-9, float(np.linalg.norm(a) * np.linalg.norm(b)))
