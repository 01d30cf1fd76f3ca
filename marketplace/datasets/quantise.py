"""Features as the integers every participant computes with."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from marketplace.datasets.columns import Floats
from marketplace.domain.errors import InvalidData

__all__ = ["quantise_rows"]

_INT8_MAX: Final = 127


def quantise_rows(features: Floats, input_scale: int) -> NDArray[np.int8]:
    """Return int8[n, d]: `features` times `input_scale`, rounded half to even and saturated to +-127.

    Raises:
        InvalidData: NaN or infinity, which have no integer.
    """
    if not np.isfinite(features).all():
        row = int(np.flatnonzero(~np.isfinite(features).all(axis=1))[0])
        msg = f"row {row + 1} holds NaN or infinity: fill the gaps first (the terms' preparation does)"
        raise InvalidData(msg)
    return np.clip(np.rint(features * input_scale), -_INT8_MAX, _INT8_MAX).astype(np.int8)
