"""How much of each update goes into the aggregate: public integers from norms and dot products alone.

No score is used here. Choosing *what* is aggregated by what it scores would let an adaptive backdoor through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt
from typing import TYPE_CHECKING, Final, Protocol

from marketplace.domain.bounds import step_denominator
from marketplace.domain.scoring_terms import PPM

if TYPE_CHECKING:
    from marketplace.scoring.dots import Dots

__all__ = ["ONE", "Coefficients", "Limits", "coefficients", "cosine"]

ONE: Final = 1 << 12
"""Fixed point that stands for 1 in cosines and trusts."""

_CAP_MEDIANS: Final = 2
_CHANCE: Final = 5
"""Below a fifth of the largest weight an agreement is no more than random directions have by chance."""


class Limits(Protocol):
    """The terms that coefficients follow: `ScoringTerms`, or what a trace says of them."""

    @property
    def coefficient_max(self) -> int:
        """Largest coefficient."""

    @property
    def step_quarters(self) -> int:
        """Quarters of a mean that a round's step is."""

    @property
    def copy_ppm(self) -> int:
        """Cosine, in millionths, above which an update is a copy."""


@dataclass(frozen=True)
class Coefficients:
    """One entry a submission, in submission order.

    Args:
        norms: L2 norms, rounded down.
        root_cosines: cosine to the root update, in 1 / ONE.
        trusts: cosine to the centre plus cosine to the root update, floored at 0, in 1 / ONE.
        copies: whether it is a copy, which gets 0.
        values: c_i, 0..coefficient_max.
        k: the denominator of the aggregate.
        known: a_i, how often the last aggregate is taken out of the update and given to everybody.
    """

    norms: tuple[int, ...]
    root_cosines: tuple[int, ...]
    trusts: tuple[int, ...]
    copies: tuple[bool, ...]
    values: tuple[int, ...]
    k: int
    known: tuple[int, ...]

    @property
    def live(self) -> tuple[int, ...]:
        """Positions of the submissions that take part in the value game."""
        return tuple(i for i, c in enumerate(self.values) if c)


def cosine(dot: int, square_a: int, square_b: int) -> int:
    """Return the cosine in 1 / ONE, rounded down, with norms rounded down; 0 when one of them is 0."""
    return dot * ONE // max(1, isqrt(square_a) * isqrt(square_b))


def coefficients(dots: Dots, holders: Sequence[str], previous_holders: Sequence[str], terms: Limits) -> Coefficients:
    """Return the coefficients of a round's submissions.

    Args:
        dots: dot products of the submissions.
        holders: who made each submission, in submission order.
        previous_holders: who made each submission of the last scored round.
        terms: largest coefficient, step size and copy threshold.
    """
    norms = tuple(isqrt(square) for square in dots.squares)
    cap = _norm_cap(norms)
    root_cosines = tuple(cosine(d, s, dots.root_square) for d, s in zip(dots.root, dots.squares, strict=True))
    trusts = _trusts(dots, norms, root_cosines, cap)
    copies = tuple(_is_copy(i, dots, holders, previous_holders, terms.copy_ppm) for i in range(len(holders)))
    weights = [
        0 if copy else trust * min(norm, cap) // max(1, norm)
        for copy, trust, norm in zip(copies, trusts, norms, strict=True)
    ]
    largest = max(weights, default=0)
    values = tuple(
        _round_share(terms.coefficient_max * w, largest) if largest and _CHANCE * w >= largest else 0 for w in weights
    )
    return Coefficients(
        norms=norms,
        root_cosines=root_cosines,
        trusts=trusts,
        copies=copies,
        values=values,
        k=step_denominator(sum(values), terms.step_quarters),
        known=tuple(_known_ceil(c, d, dots.known_square) for c, d in zip(values, dots.known, strict=True)),
    )


def _norm_cap(norms: Sequence[int]) -> int:
    """Twice the upper median of the norms that are not 0: more than that buys no more weight."""
    positive = sorted(n for n in norms if n)
    return _CAP_MEDIANS * positive[len(positive) // 2] if positive else 0


def _trusts(dots: Dots, norms: Sequence[int], root_cosines: Sequence[int], cap: int) -> tuple[int, ...]:
    """Cosine to the centre plus cosine to the root update, floored at 0.

    The centre is the sum of the updates' directions, each weighted by its cosine to the root update (floored at 0) and
    less when it is below the cap; its length follows from the pairwise cosines.
    """
    n = range(len(norms))
    pairwise = [[cosine(dots.gram[i][j], dots.squares[i], dots.squares[j]) for j in n] for i in n]
    weight = [max(0, root_cosines[i]) * min(norms[i], cap) // max(1, norms[i]) for i in n]
    centre = isqrt(max(1, sum(weight[i] * weight[j] * pairwise[i][j] for i in n for j in n) // ONE))
    return tuple(max(0, sum(weight[j] * pairwise[i][j] for j in n) // centre + root_cosines[i]) for i in n)


def _is_copy(i: int, dots: Dots, holders: Sequence[str], previous_holders: Sequence[str], copy_ppm: int) -> bool:
    """Say whether submission i repeats an earlier one of this round, or another holder's of the last."""
    square = dots.squares[i]
    return any(_above(dots.gram[i][j], square, dots.squares[j], copy_ppm) for j in range(i)) or any(
        _above(dots.previous[i][j], square, dots.previous_squares[j], copy_ppm)
        for j, holder in enumerate(previous_holders)
        if holder != holders[i]
    )


def _above(dot: int, square_a: int, square_b: int, ppm: int) -> bool:
    """Say, exactly, whether a cosine exceeds `ppm` millionths."""
    return dot > 0 and dot * dot * PPM * PPM > ppm * ppm * square_a * square_b


def _round_share(share: int, whole: int) -> int:
    """Return share / whole, rounded half up."""
    return (2 * share + whole) // (2 * whole)


def _known_ceil(c: int, dot: int, square: int) -> int:
    """Return max(0, ceil(c * dot / square)), 0 when there is no last aggregate."""
    return max(0, -(-c * dot // square)) if square else 0
