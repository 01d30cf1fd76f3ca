"""A round's scoring from top to bottom: from opened updates and an opened shard to payouts and the next base.

Pure and exact: whoever holds the same inputs computes the same `RoundScore`, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.bounds import largest_aggregate
from marketplace.domain.errors import InvalidData, InvalidInput
from marketplace.domain.update import Update, check_network
from marketplace.scoring.adoption import adopt, is_adopted, weighted_mean
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.coefficients import Coefficients, coefficients
from marketplace.scoring.contribution import Contributions, contributions
from marketplace.scoring.dots import Dots, dot_products
from marketplace.scoring.game import build_game
from marketplace.scoring.holdback import final_gain_ppb, is_released
from marketplace.scoring.payout import payouts_floor
from marketplace.scoring.rowscore import ScoreScale, network_scores, score_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms

__all__ = [
    "FinalInput",
    "RoundFigures",
    "RoundFrame",
    "RoundInput",
    "RoundScore",
    "Submission",
    "Worth",
    "conclude",
    "game_order",
    "score_round",
]

_INT8 = 127


@dataclass(frozen=True, eq=False)
class Submission:
    """One included submission.

    Args:
        index: of the holder within the bounty.
        holder: its address, EIP-55 text.
        update: what was opened; None when it contradicts its commitment or bounds, which counts 0.
        salt: the secret salt of its commitment; a trace opens leaves with it.
    """

    index: int
    holder: str
    update: Update | None
    salt: bytes = field(default=bytes(32), repr=False)


@dataclass(frozen=True, eq=False)
class FinalInput:
    """What the last round needs to decide about the hold-back.

    Args:
        rows: int8[n, inputs] of the final shard.
        labels: int64[n].
        first_base: the model the bounty was posted with.
        adopted_gains: `gain_ppb` of every earlier adopted round; the one being scored is added to them.
    """

    rows: NDArray[np.integer]
    labels: NDArray[np.int64]
    first_base: Network
    adopted_gains: tuple[int, ...]


@dataclass(frozen=True, eq=False, kw_only=True)
class RoundFrame:
    """What a round's score follows from, but for model and root update: this much is read in every mode.

    Args:
        scoring: the bounty's scoring terms.
        rows: int8[n, inputs] of this round's shard.
        labels: int64[n].
        submissions: the included ones, in the order they were submitted.
        last_submissions: those of the last scored round, to tell copies of them.
        seed: 32 bytes nobody could know when submitting.
        round_budget: most the round pays, in the token's smallest unit.
        min_holders: fewest updates an adopted aggregate hides each other in.
        last_round: whether the bounty ends with this round, and the hold-back is decided.
        final: what decides about it; None if the owner did not open the final shard, which releases it.
    """

    scoring: ScoringTerms
    rows: NDArray[np.integer]
    labels: NDArray[np.int64]
    submissions: tuple[Submission, ...]
    last_submissions: tuple[Submission, ...]
    seed: bytes
    round_budget: int
    min_holders: int
    last_round: bool = False
    final: FinalInput | None = None

    def check(self) -> None:
        """Raise InvalidInput (or a subclass) unless the parts fit and the proof of `worst_case` covers them."""
        terms, n = self.scoring, len(self.submissions)
        terms.check(self.round_budget)
        _check_rows(self.rows, self.labels, terms)
        for submission in (*self.submissions, *self.last_submissions):
            if submission.update is not None:
                submission.update.check(terms.shape, terms.bounds)
        if n > terms.max_submissions or len({s.index for s in self.submissions}) != n:
            msg = f"a round of {n} submissions has more than its terms allow, or two of one holder: leave those out"
            raise InvalidInput(msg)
        if self.final is not None:
            check_network(self.final.first_base, terms.shape, terms.bounds)
            _check_rows(self.final.rows, self.final.labels, terms)


@dataclass(frozen=True, eq=False, kw_only=True)
class RoundInput(RoundFrame):
    """Everything a round's score follows from.

    Args:
        base: the model this round started from.
        root_update: the owner's.
        last_aggregate: of the last adopted round; None before there is one.
    """

    base: Network
    root_update: Update
    last_aggregate: Update | None

    def check(self) -> None:
        """Raise as `RoundFrame`, and where model or root update do not fit or keep their bounds."""
        super().check()
        terms = self.scoring
        self.root_update.check(terms.shape, terms.bounds)
        check_network(self.base, terms.shape, terms.bounds)
        if self.last_aggregate is not None:
            reach = largest_aggregate(terms.shape, terms.bounds, terms.step_quarters)
            self.last_aggregate.check(terms.shape, replace(terms.bounds, entry=reach, norm=reach))


@dataclass(frozen=True, eq=False, kw_only=True)
class RoundFigures:
    """The figures of a round's score, all of which are public. Tuples have one entry a submission, in their order.

    Args:
        dots: norms and dot products.
        coefficients: what follows from them.
        scale: of the row scores.
        breached: whether it contradicts its commitment or bounds, and so counts as zero.
        denominator: what the contributions' numerators are over.
        sums: each contribution's numerators, summed over the rows.
        squares: their squares, summed.
        lower_bounds: what of it is beyond doubt, and paid.
        target: sum of lower bounds from which on the whole budget is paid.
        payouts: holder index -> amount, where it is not 0.
        gain: row scores of the grand coalition less those of the base, summed over the rows.
        gain_ppb: the same in billionths of the clip a row.
        adopted: whether the aggregate became the next base.
        pool: sum of the payouts.
        final_ppb: gain on the final shard over the whole bounty; None when it was not scored.
        released: whether the hold-back is paid out.
    """

    dots: Dots
    coefficients: Coefficients
    scale: ScoreScale
    breached: tuple[bool, ...]
    denominator: int
    sums: tuple[int, ...]
    squares: tuple[int, ...]
    lower_bounds: tuple[int, ...]
    target: int
    payouts: dict[int, int]
    gain: int
    gain_ppb: int
    adopted: bool
    pool: int
    final_ppb: int | None
    released: bool


@dataclass(frozen=True, eq=False, kw_only=True)
class RoundScore(RoundFigures):
    """Everything a round's scoring produced.

    Args:
        aggregate: next base - base; zero when not adopted.
        next_base: the model the next round starts from.
    """

    aggregate: Update
    next_base: Network


@dataclass(frozen=True)
class Worth:
    """What the value game says of the submissions, summed over the rows.

    Args:
        denominator: what the contributions' numerators are over.
        sums: each submission's numerators.
        squares: their squares.
        gain: row scores of the grand coalition less those of the base.
    """

    denominator: int
    sums: tuple[int, ...]
    squares: tuple[int, ...]
    gain: int


def score_round(given: RoundInput) -> RoundScore:
    """Score a round.

    Raises:
        InvalidInput: the parts do not fit each other, or their bounds are not proven.
    """
    given.check()
    terms = given.scoring
    updates = [s.update for s in given.submissions]

    # What goes into the aggregate, from norms and dot products alone.
    dots = dot_products(updates, given.root_update, given.last_aggregate, [s.update for s in given.last_submissions])
    holders, previous = [s.holder for s in given.submissions], [s.holder for s in given.last_submissions]
    weights = coefficients(dots, holders, previous, terms)
    scale = score_scale(terms, weights.k)

    # What each update is worth on the shard, and all of them together.
    shares = _contribute(given, weights, scale)
    gain = int((shares.full - network_scores(given.base, given.rows, given.labels, scale)).sum())
    worth = Worth(shares.denominator, shares.sums, shares.squares, gain)

    # What the next round starts from.
    next_base, aggregate = given.base, Update.zero(terms.shape)
    if is_adopted(gain, weights.values, given.min_holders):
        mean = weighted_mean(updates, weights.values, weights.k, terms.shape)
        next_base, aggregate = adopt(given.base, mean, terms.bounds)
    final_ppb = None
    if given.last_round and (final := given.final) is not None:
        final_ppb = final_gain_ppb(terms, final.first_base, next_base, final.rows, final.labels)

    breached = tuple(update is None for update in updates)
    figures = conclude(given, dots, weights, worth, breached, final_ppb)
    return RoundScore(**vars(figures), aggregate=aggregate, next_base=next_base)


def conclude(  # noqa: PLR0913, PLR0917 - what the two ways of scoring have found
    given: RoundFrame,
    dots: Dots,
    weights: Coefficients,
    worth: Worth,
    breached: tuple[bool, ...],
    final_ppb: int | None,
) -> RoundFigures:
    """Return a round's figures from what was found out about its updates: none of them is looked at.

    Args:
        given: the round; its submissions may be without their updates.
        dots: norms and dot products.
        weights: what follows from them.
        worth: what the value game says.
        breached: which submissions count as zero.
        final_ppb: gain of the whole bounty on the final shard; None where that is not scored.
    """
    terms, m = given.scoring, len(given.labels)
    scale = score_scale(terms, weights.k)
    paid = tuple(
        lower_bound(total, square, m, terms.z_squared_percent)
        for total, square in zip(worth.sums, worth.squares, strict=True)
    )
    adopted = is_adopted(worth.gain, weights.values, given.min_holders)
    target = scale.target_ceil(terms.target_gain_ppm, m, worth.denominator)
    amounts = payouts_floor(given.round_budget, paid, target) if adopted else (0,) * len(paid)
    gain_ppb = scale.gain_ppb_floor(worth.gain, m)
    return RoundFigures(
        dots=dots,
        coefficients=weights,
        scale=scale,
        breached=breached,
        denominator=worth.denominator,
        sums=worth.sums,
        squares=worth.squares,
        lower_bounds=paid,
        target=target,
        payouts={s.index: amount for s, amount in zip(given.submissions, amounts, strict=True) if amount},
        gain=worth.gain,
        gain_ppb=gain_ppb,
        adopted=adopted,
        pool=sum(amounts),
        final_ppb=final_ppb,
        released=_released(given, final_ppb, gain_ppb if adopted else None),
    )


def game_order(given: RoundFrame, weights: Coefficients) -> list[int]:
    """Return the live submissions by holder: drawn permutations must not depend on who submitted first."""
    return sorted(weights.live, key=lambda i: given.submissions[i].index)


def _contribute(given: RoundInput, weights: Coefficients, scale: ScoreScale) -> Contributions:
    """Return the contributions of all submissions, in submission order; those without a coefficient have 0."""
    order = game_order(given, weights)
    players = []
    for i in order:
        update = given.submissions[i].update
        if update is not None:
            players.append((update, weights.values[i], weights.known[i]))
    game = build_game(given.base, players, given.last_aggregate, weights.k, given.rows, given.labels, scale)
    live = contributions(game, given.seed, given.scoring.permutations)
    numerators = np.zeros((len(given.submissions), game.rows), np.int64)
    numerators[order] = live.numerators
    return Contributions(numerators, live.denominator, live.full)


def _released(given: RoundFrame, final_ppb: int | None, gain_ppb: int | None) -> bool:
    """Say whether the hold-back is paid out: before the last round it never is, and without a final shard always."""
    if not given.last_round or given.final is None or final_ppb is None:
        return given.last_round
    gains = given.final.adopted_gains if gain_ppb is None else (*given.final.adopted_gains, gain_ppb)
    return is_released(final_ppb, gains)


def _check_rows(rows: NDArray[np.integer], labels: NDArray[np.int64], terms: ScoringTerms) -> None:
    n, shape = len(labels), terms.shape
    if np.shape(rows) != (n, shape.inputs) or not 0 < n <= terms.max_rows:
        msg = f"a shard of rows {np.shape(rows)} and {n} labels does not fit its terms: ask the owner for the right one"
        raise InvalidData(msg)
    if int(np.min(rows)) < -_INT8 or int(np.max(rows)) > _INT8:
        msg = "a shard holds features beyond -127..127: ask the owner for the right one"
        raise InvalidData(msg)
    if int(np.min(labels)) < 0 or int(np.max(labels)) >= shape.classes:
        msg = f"a shard holds labels beyond its {shape.classes} classes: ask the owner for the right one"
        raise InvalidData(msg)
