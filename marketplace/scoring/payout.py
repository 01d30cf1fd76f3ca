"""From contributions to money."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["payouts_floor"]


def payouts_floor(budget: int, contributions: Sequence[int], target: int) -> tuple[int, ...]:
    """Return floor(budget * contribution / max(target, sum of contributions)) for each.

    A round that gains less than `target` pays less than its budget, so a weak round cannot hand all of it to its only
    survivor. Laws: the sum is at most `budget`; a contribution of 0 is paid 0; more contribution is never paid less.
    """
    whole = max(target, sum(contributions), 1)
    return tuple(budget * c // whole for c in contributions)
