"""How much each update weighs in the aggregate: from norms and dot products alone, never from scores.

Choosing what is aggregated by score would let an adaptive backdoor through; trust by direction does not. With norms
and dot products public, anyone can recompute the coefficients without opening an update.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING

from marketplace.domain.update import denominator, exact_dot

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["ONE", "Coefficients", "Geometry", "coefficients", "cosine", "geometry", "projections"]

ONE = 1 << 12
"""Fixed-point 1 of cosines and trust."""

_CAP = 2  # a norm counts up to twice the median


@dataclass(frozen=True)
class Geometry:
    """Every dot product the coefficients depend on; n submissions in order, m of the last round.

    Attributes:
        gram: [n][n] dot products among the updates.
        root: [n] with the root update; `root_squared` its own square.
        last: [n][m] with the last scored round's updates; `last_squared` [m] their squares.
        aggregate: [n] with the last aggregate; `aggregate_squared` its square, 0 when there is none.
    """

    gram: tuple[tuple[int, ...], ...]
    root: tuple[int, ...]
    root_squared: int
    last: tuple[tuple[int, ...], ...]
    last_squared: tuple[int, ...]
    aggregate: tuple[int, ...]
    aggregate_squared: int


@dataclass(frozen=True)
class Coefficients:
    """The public weights of a round.

    Attributes:
        norms: floor of each update's L2 norm.
        trust: cosine to the centre plus cosine to the root update, floored at 0, in 1/4096.
        copies: whether an update is a copy of an earlier one, or of another holder's of the last round.
        values: c_i, 0 to `coefficient_max`.
        k: the fixed denominator K.
    """

    norms: tuple[int, ...]
    trust: tuple[int, ...]
    copies: tuple[bool, ...]
    values: tuple[int, ...]
    k: int


def geometry(
    updates: Sequence[NDArray[np.int64]],
    root: NDArray[np.int64],
    last: Sequence[NDArray[np.int64]],
    aggregate: NDArray[np.int64] | None,
) -> Geometry:
    """Return all dot products of flat updates (int64[parameters] each), exactly."""
    n = len(updates)
    gram = [[0] * n for _ in range(n)]
    for i in range(n):
        for j in range(i + 1):
            gram[i][j] = gram[j][i] = exact_dot(updates[i], updates[j])
    return Geometry(
        tuple(tuple(row) for row in gram),
        tuple(exact_dot(u, root) for u in updates),
        exact_dot(root, root),
        tuple(tuple(exact_dot(u, v) for v in last) for u in updates),
        tuple(exact_dot(v, v) for v in last),
        tuple(0 if aggregate is None else exact_dot(u, aggregate) for u in updates),
        0 if aggregate is None else exact_dot(aggregate, aggregate),
    )


def cosine(dot: int, a_squared: int, b_squared: int) -> int:
    """Return the cosine in 1/4096, rounded down; 0 when either vector is."""
    return dot * ONE // max(1, isqrt(a_squared) * isqrt(b_squared))


def coefficients(  # noqa: PLR0913 - the terms' five knobs beside the geometry
    found: Geometry,
    holders: Sequence[str],
    last_holders: Sequence[str],
    *,
    units: Sequence[int] | None = None,
    coefficient_max: int = 15,
    step_quarters: int = 5,
    copy_ppm: int = 970_000,
) -> Coefficients:
    """Weigh the updates.

    Args:
        found: their geometry, in order of submission.
        holders: who submitted each, and `last_holders` who submitted each of the last round's.
        units: weight units of each; equal when None.

    Ties and copies go by the order of submission: the first of two equal updates is the original.
    """
    n = len(holders)
    units = [1] * n if units is None else units
    squares = [found.gram[i][i] for i in range(n)]
    norms = [isqrt(s) for s in squares]
    cosines = [[cosine(found.gram[i][j], squares[i], squares[j]) for j in range(n)] for i in range(n)]
    to_root = [cosine(found.root[i], squares[i], found.root_squared) for i in range(n)]
    cap = _CAP * _upper_median([v for v in norms if v])
    trust = _trust(cosines, to_root, [max(0, r) * min(v, cap) // max(1, v) for r, v in zip(to_root, norms, strict=True)])
    same = ONE * copy_ppm // 1_000_000
    copies = [
        any(cosines[i][j] > same for j in range(i))
        or any(
            cosine(found.last[i][j], squares[i], found.last_squared[j]) > same
            for j, other in enumerate(last_holders)
            if other != holders[i]
        )
        for i in range(n)
    ]
    weights = [
        0 if copies[i] else trust[i] * units[i] * min(norms[i], cap) // max(1, norms[i]) for i in range(n)
    ]
    top = max(weights, default=0)
    values = [(2 * coefficient_max * w + top) // (2 * top) if top else 0 for w in weights]
    k = denominator(sum(values), step_quarters)
    return Coefficients(tuple(norms), tuple(trust), tuple(copies), tuple(values), k)


def projections(found: Geometry, values: Sequence[int]) -> tuple[int, ...]:
    """Return a_i = max(0, ceil(c_i <D_i, P> / <P, P>)): the part of each weighted update along the last aggregate.

    What everybody knows belongs to nobody: this part moves into the empty coalition, so resubmitting the last
    aggregate, in any multiple, earns nothing.
    """
    square = found.aggregate_squared
    if not square:
        return (0,) * len(values)
    return tuple(max(0, -(-c * dot // square)) for c, dot in zip(values, found.aggregate, strict=True))


def _trust(cosines: list[list[int]], to_root: list[int], weight: list[int]) -> list[int]:
    """Return cosine to the centre, sum over j of weight_j unit_j, plus cosine to the root, floored at 0."""
    n = len(weight)
    square = sum(weight[i] * weight[j] * cosines[i][j] for i in range(n) for j in range(n)) // ONE
    centre = isqrt(max(1, square))
    return [max(0, sum(weight[j] * cosines[i][j] for j in range(n)) // centre + to_root[i]) for i in range(n)]


def _upper_median(values: list[int]) -> int:
    return sorted(values)[len(values) // 2] if values else 0
