"""How far a holder's own mix of classes is from the public one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from marketplace.datasets.columns import Floats, Integers
from marketplace.domain.errors import InvalidInput

__all__ = ["log_prior_ratio"]

_UNSEEN_CLASS_COUNT = 0.1


def log_prior_ratio(labels: Integers, public_prior: Sequence[int], classes: int) -> Floats:
    """Return float64[classes]: log of the local over the public share of each class."""
    public = np.asarray(public_prior, dtype=np.float64)
    if public.shape != (classes,) or public.min() <= 0:
        msg = f"public_prior has to be {classes} positive counts, one per class: take it from the bounty's terms"
        raise InvalidInput(msg)
    local = np.bincount(labels, minlength=classes) + _UNSEEN_CLASS_COUNT
    ratio: Floats = np.log(local / local.sum()) - np.log(public / public.sum())
    return ratio
