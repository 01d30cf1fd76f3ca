"""How large the integers of a bounty can get, and the proof that 64 bits hold every one of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt, lcm
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import InvalidTerms

if TYPE_CHECKING:
    from marketplace.domain.network import Scales, Shape

__all__ = [
    "EXACT_PLAYERS",
    "SAFE_LIMIT",
    "SCORE_BITS",
    "Bounds",
    "ceil_sqrt",
    "check_bounds",
    "contribution_denominator",
    "largest_aggregate",
    "step_denominator",
    "worst_case",
]

SAFE_LIMIT: Final = 1 << 62
"""Every integer of a scoring stays below this, so int64 never wraps, not even after one addition too many."""

SCORE_BITS: Final = 15
"""A row score has at most this many bits."""

EXACT_PLAYERS: Final = 8
"""Up to this many live submissions every coalition is evaluated; beyond it, permutations are drawn."""

_INT8 = 127


@dataclass(frozen=True)
class Bounds:
    """What a base and an update may hold, in weight-scale units; the defaults suit networks of a few thousand weights.

    Args:
        entry: largest |entry| of an update.
        norm: largest L2 norm of an update.
        weight: largest |weight| of a base.
        row_norm: largest L2 norm of the weights into one neuron of a base.
        bias: largest |bias| of a base.
    """

    entry: int = 4096
    norm: int = 8192
    weight: int = 8192
    row_norm: int = 16384
    bias: int = 8192

    def __post_init__(self) -> None:
        """Refuse bounds nothing but zero fits into."""
        for name, value in vars(self).items():
            if type(value) is not int or not 0 < value < SAFE_LIMIT:
                msg = f"the bound {name} is {value!r}: choose an integer from 1 to 2^62"
                raise InvalidTerms(msg)


def ceil_sqrt(square: int) -> int:
    """Return the smallest integer whose square is at least `square` (0 for 0)."""
    return isqrt(square - 1) + 1 if square > 0 else 0


def step_denominator(total: int, step_quarters: int) -> int:
    """Return K = round(total / (step_quarters / 4)), at least 1: what a sum of `total` coefficients is divided by.

    Law: 8 * total < 3 * step_quarters * K, whatever the total.
    """
    return max(1, (8 * total + step_quarters) // (2 * step_quarters))


def contribution_denominator(players: int, permutations: int) -> int:
    """Return what the integer numerators of (Shapley + solo) / 2 are over, for this many live submissions.

    All coalitions: the Shapley weights are over lcm(1..n), halved with solo. Drawn permutations: each counts twice,
    once in reverse, halved with solo.
    """
    return 2 * lcm(*range(1, players + 1)) if players <= EXACT_PLAYERS else 4 * permutations


def worst_case(  # noqa: PLR0913 - the terms that matter, by name
    shape: Shape,
    scales: Scales,
    bounds: Bounds,
    max_submissions: int,
    coefficient_max: int,
    *,
    clip_logits: int = 2,
    step_quarters: int = 5,
    permutations: int = 16,
    max_rows: int = 1024,
) -> int:
    r"""Return a bound on the absolute value of every integer that scoring a round can produce.

    Assumptions: rows are int8 within -127..127; the base keeps `weight`, `row_norm` and `bias` (adoption saturates
    to them); updates and the root update keep `entry` and `norm` (seats reject what does not); there are at most
    `max_submissions` of them, with coefficients c_i in 0..coefficient_max; a shard has at most `max_rows` rows.

    Proof. Let G = sum c_i <= N c_max, K as in `step_denominator` (it grows with G), u = norm, r = row_norm, B = bias,
    p the number of parameters and w_l = input_scale * weight_scale**l what a unit of bias is worth in layer l.

    1. *The last aggregate P.* Before saturation it is round(sum c_i D_i / K), of norm <= u G/K + sqrt(p)/2, and
       G/K <= 3/8 step_quarters. Saturation projects on a box and on balls that hold the base, which never lengthens
       the difference to the base; shrinking a row by the rounded-up norm and truncating costs at most
       1 + sqrt(inputs) a row, sqrt(2p) in all. So ||P|| <= P* := ceil(3/8 step_quarters u) + 2 ceil(sqrt p).
    2. *The part along P.* a_i = max(0, ceil(c_i <D_i,P> / <P,P>)), so ||a_i P|| <= c_i u + P*. What coalition S adds
       to K base is sum_S c_i D_i + sum_{not S} a_i P, of norm <= G u + N P*; one member's own vector, c_i D_i - a_i P,
       has norm <= 2 c_max u + P*. Let U be the larger. Members are added and taken away one at a time, so every
       partial sum is itself a coalition.
    3. *Layer 0.* With X = 127 sqrt(inputs) and X1 = sqrt(X^2 + w_0^2), the bias being one more input of w_0,
       Cauchy-Schwarz gives |pre-activation| <= K (X r + B w_0) + X1 U. The same for the whole vector, the base's part
       once a neuron and the updates' part by its Frobenius norm: ||pre-activations|| <= H :=
       sqrt(hidden) K (X r + B w_0) + X1 U; ReLU only shortens. (Matrix products accumulate partial dot products,
       which keep the same bounds: leaving out terms leaves out coordinates of both vectors.)
    4. *Layer 1.* |logit| <= H K r + K^2 B w_1 + sqrt(H^2 + (K w_1)^2) U, by the same argument; a margin is at most
       twice that. A linear model stops at step 3.
    5. *Row scores.* M = clip * input_scale * weight_scale**L * K**L, sums up to 2 M; shifted to 15 bits. A
       contribution's numerator is at most denominator * (2^15 - 1) a row, its squares sum to at most max_rows times
       the square of that.
    6. *Public products.* Dot products: u * max(u, P*). Norms before they are checked: p max(entry, P*)^2, and
       inputs * weight^2 a row. Weighted sums before their rounded division by K: 2 G entry + K.
    """
    total = max_submissions * coefficient_max
    k = step_denominator(total, step_quarters)
    last = largest_aggregate(shape, bounds, step_quarters)
    moved = max(total * bounds.norm + max_submissions * last, 2 * coefficient_max * bounds.norm + last)

    unit = scales.bias_unit(0)
    inputs_sq = _INT8**2 * shape.inputs
    base = k * (ceil_sqrt(inputs_sq) * _row_norm(bounds, shape.inputs) + bounds.bias * unit)
    pull = ceil_sqrt(inputs_sq + unit**2) * moved
    figures = [base + pull]
    if shape.hidden:
        norm = ceil_sqrt(shape.hidden) * base + pull
        unit = scales.bias_unit(1)
        row = k * _row_norm(bounds, shape.hidden)
        figures.append(norm * row + k * k * bounds.bias * unit + ceil_sqrt(norm**2 + (k * unit) ** 2) * moved)

    layers = len(shape.layers)
    numerator = (1 << SCORE_BITS) * max(
        contribution_denominator(n, permutations) for n in range(1, max(2, max_submissions + 1))
    )
    return max(
        2 * max(figures),
        2 * clip_logits * scales.input_scale * int((scales.weight_scale * k) ** layers),
        max_rows * numerator * numerator,
        bounds.norm * max(bounds.norm, last),
        shape.parameters * max(bounds.entry, last) * max(bounds.entry, last),
        max(shape.inputs, shape.hidden) * bounds.weight * bounds.weight,
        2 * total * bounds.entry + k,
    )


def largest_aggregate(shape: Shape, bounds: Bounds, step_quarters: int) -> int:
    """Return P*, a bound on the norm of an adopted aggregate; step 1 of the proof of `worst_case`."""
    return -(-3 * step_quarters * bounds.norm // 8) + 2 * ceil_sqrt(shape.parameters)


def _row_norm(bounds: Bounds, inputs: int) -> int:
    return min(bounds.row_norm, bounds.weight * ceil_sqrt(inputs))


def check_bounds(  # noqa: PLR0913 - as `worst_case`
    shape: Shape,
    scales: Scales,
    bounds: Bounds,
    max_submissions: int,
    coefficient_max: int,
    *,
    clip_logits: int = 2,
    step_quarters: int = 5,
    permutations: int = 16,
    max_rows: int = 1024,
) -> None:
    """Raise InvalidTerms unless `worst_case` is below 2**62."""
    worst = worst_case(
        shape,
        scales,
        bounds,
        max_submissions,
        coefficient_max,
        clip_logits=clip_logits,
        step_quarters=step_quarters,
        permutations=permutations,
        max_rows=max_rows,
    )
    if worst >= SAFE_LIMIT:
        msg = (
            f"these terms can overflow 64-bit integers (worst case {worst.bit_length()} bits, 62 allowed): "
            "lower the bounds, the number of submissions, the rows of a shard or the width of the network"
        )
        raise InvalidTerms(msg)
