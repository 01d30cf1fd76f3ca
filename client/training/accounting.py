"""What releases of updates with Gaussian noise add up to: epsilon, from opacus' accountant for Renyi privacy.

It takes every release to be of the whole data, nothing sampled. opacus' other accountant, of privacy loss
distributions, is for continuous noise only; the bound that is used here holds for the discrete Gaussian too (see
`marketplace.privacy.differential`).

Source: Mironov, "Renyi differential privacy", 2017; from orders to epsilon: Balle et al., "Hypothesis testing
interpretations and Renyi differential privacy", 2020, theorem 21, as opacus does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["epsilon_of"]

_ORDERS: Final = [float(order) for order in 1 + np.geomspace(1e-4, 1e7, 1200)]
"""From so near to 1 to so high that the best order lies between, for any noise that is worth adding."""


def epsilon_of(multipliers: Sequence[float], delta: float) -> float:
    """Return epsilon of all releases together, for that delta.

    Args:
        multipliers: of each release, the noise's standard deviation over how much two updates can differ.
        delta: above 0 and below 1.

    Raises:
        InvalidInput: opacus is not installed, or delta is none.
    """
    if not 0 < delta < 1:
        msg = f"a delta of {delta} means nothing: choose one far below 1, such as 1e-5"
        raise InvalidInput(msg)
    if not multipliers:
        return 0.0
    try:
        from opacus.accountants.analysis.rdp import compute_rdp, get_privacy_spent  # noqa: PLC0415 - loads torch
    except ImportError:
        msg = "differential privacy needs one more package: pip install 'gradient-marketplace[privacy]'"
        raise InvalidInput(msg) from None
    spent = np.sum([compute_rdp(q=1.0, noise_multiplier=each, steps=1, orders=_ORDERS) for each in multipliers], axis=0)
    epsilon, _ = get_privacy_spent(orders=_ORDERS, rdp=spent, delta=delta)
    return max(0.0, float(epsilon))
