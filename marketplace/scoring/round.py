"""One round, from opened updates to money: the function every seat runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.domain.update import Update
from marketplace.scoring.adoption import aggregate_of, base_value, final_gain_ppb, released
from marketplace.scoring.coefficients import Coefficients, Geometry, coefficients, geometry, projections
from marketplace.scoring.contribution import contributions
from marketplace.scoring.game import ValueGame
from marketplace.scoring.payout import Evidence, evidence, lower_bound_down, payouts_down

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.terms import ScoringTerms

__all__ = ["FinalInput", "RoundInput", "RoundScore", "Submission", "score_round"]

_MILLION = 1_000_000


@dataclass(frozen=True, eq=False)
class Submission:
    """An included submission, opened.

    Attributes:
        index: the holder's index in the bounty; holder: its address.
        update: the opened update, or None when it contradicts its commitment or bounds (it counts 0).
    """

    index: int
    holder: str
    update: Update | None


@dataclass(frozen=True, eq=False)
class FinalInput:
    """What the last round needs besides, to decide about the hold-back.

    Attributes:
        rows, labels: the final shard.
        first_base: the model the bounty started from.
        adopted_ppb: `gain_ppb` of every adopted round before this one.
    """

    rows: NDArray[np.integer]
    labels: NDArray[np.int64]
    first_base: Network
    adopted_ppb: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class RoundInput:
    """Everything the score of a round depends on.

    Attributes:
        scoring: the terms' rule.
        base: the base model.
        rows, labels: the round's shard, int8[n, inputs] and int64[n].
        submissions: the included ones in order of submission.
        root_update: the owner's own.
        last_aggregate: the latest adopted aggregate, or None.
        last_submissions: the latest scored round's, for copies.
        seed: 32 bytes nobody knew before submissions closed; draws the orders of large rounds.
        round_budget: most the round pays; min_holders: fewest positive coefficients for adoption.
        last_round: whether the hold-back is decided in this round; final: what decides it, if the final shard is open.
    """

    scoring: ScoringTerms
    base: Network
    rows: NDArray[np.integer]
    labels: NDArray[np.int64]
    submissions: tuple[Submission, ...]
    root_update: Update
    last_aggregate: Update | None
    last_submissions: tuple[Submission, ...]
    seed: bytes
    round_budget: int
    min_holders: int
    last_round: bool = False
    final: FinalInput | None = None


@dataclass(frozen=True, eq=False)
class RoundScore:
    """Everything a round's scoring produced; tuples are in order of submission.

    Attributes:
        evidence: sums behind each contribution, over `denominator`, in row-score units.
        bounds: lower bounds of the contributions, same unit.
        payouts: in the token's smallest unit; pool: their sum.
        gain: grand coalition minus base on the shard, in row-score units; gain_ppb: per row, in 1e-9 of the clip.
        aggregate, next_base: what the round leaves behind when adopted.
        final_ppb: gain of all rounds on the final shard, None when it is not open; released: the hold-back is paid out.
    """

    geometry: Geometry
    coefficients: Coefficients
    projections: tuple[int, ...]
    denominator: int
    evidence: tuple[Evidence, ...]
    bounds: tuple[int, ...]
    payouts: tuple[int, ...]
    pool: int
    gain: int
    gain_ppb: int
    adopted: bool
    aggregate: Update
    next_base: Network
    final_ppb: int | None
    released: bool


def score_round(given: RoundInput) -> RoundScore:
    """Score a round; the same integers on every machine."""
    terms, subs = given.scoring, given.submissions
    updates = [s.update or Update.zero(terms.shape) for s in subs]
    found = geometry(
        [u.flat() for u in updates],
        given.root_update.flat(),
        [(s.update or Update.zero(terms.shape)).flat() for s in given.last_submissions],
        None if given.last_aggregate is None else given.last_aggregate.flat(),
    )
    chosen = coefficients(
        found,
        [s.holder for s in subs],
        [s.holder for s in given.last_submissions],
        coefficient_max=terms.coefficient_max,
        step_quarters=terms.step_quarters,
        copy_ppm=terms.copy_ppm,
    )
    known = projections(found, chosen.values)
    # Players with coefficient 0 change no coalition: leaving them out changes no other's Shapley value.
    live = [i for i, c in enumerate(chosen.values) if c]
    game = ValueGame(
        given.base,
        [(updates[i], chosen.values[i], known[i]) for i in live],
        given.last_aggregate,
        given.rows,
        given.labels,
        chosen.k,
        terms.clip_logits,
    )
    parts = contributions(game, terms.permutations, given.seed)
    rows = len(given.labels)
    shown = [Evidence(0, 0)] * len(subs)
    for player, i in enumerate(live):
        shown[i] = evidence(parts.numerators[player])
    bounds = tuple(lower_bound_down(e, rows, terms.z_squared_percent) for e in shown)

    gain = int(parts.grand.sum()) - base_value(given.base, given.rows, given.labels, chosen.k, terms.clip_logits)
    adopted = gain > 0 and len(live) >= given.min_holders
    target = -(-terms.target_gain_ppm * rows * game.scale.unit * parts.denominator // _MILLION)
    payouts = payouts_down(bounds, given.round_budget, target) if adopted else (0,) * len(subs)
    aggregate, next_base = aggregate_of(given.base, updates, chosen.values, chosen.k, terms.bounds)
    gain_ppb = gain * 10**9 // (rows * game.scale.unit)
    final_ppb, paid_out = _hold_back(given, next_base if adopted else given.base, gain_ppb if adopted else 0)
    return RoundScore(
        geometry=found,
        coefficients=chosen,
        projections=known,
        denominator=parts.denominator,
        evidence=tuple(shown),
        bounds=bounds,
        payouts=payouts,
        pool=sum(payouts),
        gain=gain,
        gain_ppb=gain_ppb,
        adopted=adopted,
        aggregate=aggregate,
        next_base=next_base if adopted else given.base,
        final_ppb=final_ppb,
        released=paid_out,
    )


def _hold_back(given: RoundInput, last: Network, gain_ppb: int) -> tuple[int | None, bool]:
    if given.final is None:
        return None, given.last_round  # an owner that does not open the final shard cannot keep the hold-back
    final = given.final
    ppb = final_gain_ppb(final.first_base, last, final.rows, final.labels, given.scoring.clip_logits)
    return ppb, released(ppb, (*final.adopted_ppb, gain_ppb))
