"""Float differences as updates that keep the terms' bounds."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketplace.domain.errors import InvalidUpdate
from marketplace.domain.network import Shape
from marketplace.domain.update import Bounds, Update

__all__ = ["to_update"]

_JUST_BELOW_ONE: Final = 1 - 2.0**-40


def to_update(flat: NDArray[np.float64] | NDArray[np.int64], shape: Shape, bounds: Bounds) -> Update:
    """Return `flat` (weight-scale units, in the order of `Update.flat`) as an update within `bounds`.

    Each entry is rounded to the nearest integer and clamped. If the norm is still above its bound, `flat` is scaled
    down and rounded towards zero instead, so that it ends below.

    Args:
        flat: float64[parameters] or int64[parameters].
        bounds: for which `check_bounds` passes.

    Raises:
        InvalidUpdate: NaN or infinity.
    """
    values = np.asarray(flat, dtype=np.float64)
    peak = float(np.abs(values).max())
    if not np.isfinite(peak):
        msg = "training diverged to NaN or infinity: lower the learning rate"
        raise InvalidUpdate(msg)
    update = _clamped(np.rint(values), shape, bounds)
    whole = update.flat()
    if int(whole @ whole) <= bounds.norm**2:  # cannot wrap: bounds of posted terms keep parameters * entry**2 in range
        return update
    shares = values / peak  # so that no square overflows
    scale = bounds.norm / float(np.linalg.norm(shares)) * _JUST_BELOW_ONE
    return _clamped(np.trunc(shares * scale), shape, bounds)


def _clamped(whole: NDArray[np.float64], shape: Shape, bounds: Bounds) -> Update:
    return Update.from_flat(np.clip(whole, -bounds.entry, bounds.entry).astype(np.int64), shape)
