"""Steps between public leaves: coefficients, scale, money, and the sheet's head."""

from __future__ import annotations

from typing import Final

from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.sumtree import MAX_SUM, PayoutTree
from marketplace.scoring.adoption import is_adopted
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.coefficients import coefficients
from marketplace.scoring.holdback import is_released
from marketplace.scoring.payout import payouts_floor
from marketplace.scoring.trace.figures import dots_of, numbered
from marketplace.scoring.trace.layout import Section
from marketplace.scoring.trace.places import WHOLE
from marketplace.scoring.trace.public import Money, Params, People, Weight
from marketplace.scoring.trace.step import MAX_SHIFT, Step, need

__all__ = ["chosen", "money", "params", "payouts"]

_MOST: Final = 1 << 118
"""No sum of numerators over rows is larger."""


def chosen(step: Step) -> bool:
    """What submission g counts, which player it is, or K, does not follow from GRAM, PEOPLE and PARAMS."""
    at, counts = step.at, step.counts
    need(at.g < counts.submissions or at.g == WHOLE)
    params, gram = step.params(), step.reader.ints(Section.GRAM, 0)
    weights = step.weights()
    people = People.decode(step.reader.leaf(Section.PEOPLE, 0), counts)
    dots = dots_of(counts, gram)
    if min(*dots.squares, dots.root_square, dots.known_square, *dots.previous_squares) < 0 or not params.step_quarters:
        return True
    right = coefficients(dots, [p.holder for p in people.submissions], people.previous, params)
    if params.k != right.k:
        return True
    return at.g != WHOLE and weights[at.g] != numbered(right, people)[at.g]


def params(step: Step) -> bool:
    """The scale, or the size of the value game, does not follow from K, the terms and the coefficients.

    A seed is 0 where every coalition is evaluated.
    """
    counts = step.counts
    content = step.reader.leaf(Section.PARAMS, 0)
    stated, weights = Params.decode(content), step.weights()
    if counts.players != sum(w.player is not None for w in weights):
        return True
    if (counts.permutations, counts.evaluations) != (stated.permutations, counts.expected_evaluations):
        return True
    if counts.is_exact and stated.seed != ZERO_HASH:  # which nothing is drawn from
        return True
    return content[64:96] != stated.scaled(counts).encode()[64:96]


def money(step: Step) -> bool:
    """What submission g earns, or what the round pays and decides, does not follow from the figures."""
    at, counts = step.at, step.counts
    need(at.g < counts.submissions or at.g == WHOLE)
    given, weights, stated = step.params(), step.weights(), step.money()
    return _whole(step, given, weights, stated) if at.g == WHOLE else _share(step, given, weights[at.g], stated)


def payouts(step: Step) -> bool:
    """The payout tree of the sheet is not the one of MONEY and PEOPLE."""
    stated = step.money()
    people = People.decode(step.reader.leaf(Section.PEOPLE, 0), step.counts)
    paid = {p.index: (p.holder, s.payout) for p, s in zip(people.submissions, stated.shares, strict=True)}
    if sum(s.payout for s in stated.shares) > MAX_SUM:
        return True
    tree = PayoutTree(paid)
    return (tree.root, tree.total) != (step.head.payout_root, step.head.pool)


def _share(step: Step, given: Params, weight: Weight, stated: Money) -> bool:
    share = stated.shares[step.at.g]
    if weight.player is None and (share.total, share.squares) != (0, 0):
        return True
    if not step.counts.rows or abs(share.total) > _MOST:
        return True
    lower = lower_bound(share.total, share.squares, step.counts.rows, given.z_squared_percent)
    if share.lower != lower:
        return True
    paid = payouts_floor(given.round_budget, [s.lower for s in stated.shares], stated.target)[step.at.g]
    return share.payout != (paid if stated.adopted else 0)


def _whole(step: Step, given: Params, weights: tuple[Weight, ...], stated: Money) -> bool:
    rows, final = step.counts.rows, step.counts.final_rows
    if not rows or not given.clip or given.shift > MAX_SHIFT:
        return True
    gains = [given.gains_before, stated.gain_ppb] if stated.adopted else [given.gains_before]
    released = given.last_round and (not final or is_released(stated.final_ppb, gains))
    right = Money(
        shares=stated.shares,
        gain=stated.gain,
        gain_ppb=given.scale.gain_ppb_floor(stated.gain, rows),
        target=given.scale.target_ceil(given.target_gain_ppm, rows, given.denominator),
        pool=sum(s.payout for s in stated.shares),
        adopted=int(is_adopted(stated.gain, [w.coefficient for w in weights], given.min_holders)),
        final_ppb=stated.final_ppb if final else 0,
        final_known=int(final > 0),
        released=int(released),
    )
    head = (step.head.pool, step.head.adopted, step.head.released)
    return stated != right or head != (right.pool, right.adopted, right.released)
