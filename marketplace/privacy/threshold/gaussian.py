"""Errors and secrets: a discrete Gaussian of width 8, cut at ten widths.

The chances are computed with 60 digits and rounded to multiples of 2**-64, so each number is drawn with a chance that
is off by less than 2**-63. Which entry of the table a number is found at depends on it: whoever watches this process'
caches could learn something, so mask on a machine of your own.

Source: sampling by the inverse of the cumulative table, Peikert, "An efficient and parallel Gaussian sampler for
lattices", 2010.
"""

from __future__ import annotations

from decimal import Decimal, localcontext
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.privacy.threshold.parameters import TAIL, WIDTH

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.randomness import RandomStream

__all__ = ["draw"]

_DIGITS: Final = 60


def draw(stream: RandomStream, count: int) -> NDArray[np.int64]:
    """Return int64[count] between -TAIL and TAIL."""
    return np.searchsorted(_table(), stream.words(count), side="right").astype(np.int64) - TAIL


@cache
def _table() -> NDArray[np.uint64]:
    """Return uint64[2 * TAIL]: entry i is 2**64 times the chance of a number of at most i - TAIL."""
    with localcontext() as context:
        context.prec = _DIGITS
        heights = [(-Decimal(x * x) / (2 * WIDTH * WIDTH)).exp() for x in range(-TAIL, TAIL + 1)]
        total, below, table = sum(heights), Decimal(0), []
        for height in heights[:-1]:
            below += height
            table.append(min(int(below / total * 2**64), 2**64 - 1))
    return np.array(table, dtype=np.uint64)
