"""Float differences as updates that keep the terms' bounds."""

from __future__ import annotations

from math import sqrt
from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketplace.domain.errors import InvalidUpdate
from marketplace.domain.network import Shape
from marketplace.domain.update import Bounds, Update

__all__ = ["to_update"]

_JUST_BELOW_ONE: Final = 1 - 2.0**-40


def to_update(flat: NDArray[np.float64] | NDArray[np.int64], shape: Shape, bounds: Bounds) -> Update:
    """Return `flat` (parameters in weight-scale units, in the order of `Update.flat`) as an update within `bounds`.

    Rounded to the nearest integer. Above the norm it is scaled down first and rounded towards zero, so that it ends below;
    entries above their bound are clamped last, which shortens it further.

    Raises:
        InvalidUpdate: NaN or infinity.
    """
    values = np.asarray(flat, dtype=np.float64)
    if not np.isfinite(values).all():
        msg = "training diverged to NaN or infinity: lower the learning rate"
        raise InvalidUpdate(msg)
    rounded = np.rint(values)
    norm = sqrt(float(rounded @ rounded))
    if norm * _JUST_BELOW_ONE > bounds.norm * _JUST_BELOW_ONE**2:
        rounded = np.trunc(values * (bounds.norm / sqrt(float(values @ values)) * _JUST_BELOW_ONE))
    return Update.from_flat(np.clip(rounded, -bounds.entry, bounds.entry).astype(np.int64), shape)
