"""A round scored on shares: the same figures as `score_round`, and nobody who computes them sees an update.

Each of three compute seats calls `score_privately` with its own shares at the same time. What is opened on the way:
which submissions break their bounds (a bit each for entries and norm), norms and dot products, contributions with their
squares, the gain, and the weighted mean of the updates if it is adopted. A sheet of it has no trace, so nothing can be
disputed later: that three seats agree, and what `Party.repetitions` proves, is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.bounds import EXACT_PLAYERS
from marketplace.domain.errors import InvalidInput
from marketplace.domain.update import Update
from marketplace.privacy.sharing.admission import admit, check_consistent
from marketplace.privacy.sharing.figures import open_figures, open_mean
from marketplace.privacy.sharing.game import Plan, play
from marketplace.privacy.sharing.shares import Shares
from marketplace.scoring.coefficients import Coefficients, coefficients
from marketplace.scoring.contribution import contributions
from marketplace.scoring.dots import Dots
from marketplace.scoring.round import RoundInput, RoundScore, Worth, conclude, game_order
from marketplace.scoring.rowscore import score_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.party import Party

__all__ = ["PrivateScore", "score_privately"]


@dataclass(frozen=True, eq=False)
class PrivateScore:
    """A round's score, and what the next round needs.

    Args:
        score: the same that `score_round` gives for the opened updates.
        admitted: shares of the updates, those that break their bounds as zeros.
    """

    score: RoundScore
    admitted: Shares


def score_privately(party: Party, given: RoundInput, updates: Shares, previous: Shares) -> PrivateScore:
    """Score a round on shares.

    Args:
        party: this seat, connected to the two others.
        given: the round without a single update: its submissions and last submissions say who, not what.
        updates: shares of int64[submissions, parameters], checked against their commitments; see `Update.flat`.
        previous: `admitted` of the last scored round, shares of int64[last submissions, parameters].

    Raises:
        InvalidInput: the parts do not fit each other, or their bounds are not proven.
        Cheated: a party lied; nothing was opened after it did.
        PeerFailed: a party is silent or gone.
    """
    given.check()
    terms, width = given.scoring, given.scoring.shape.parameters
    for shares, rows in ((updates, len(given.submissions)), (previous, len(given.last_submissions))):
        if shares.shape != (rows, width):
            msg = f"shares of {shares.shape} do not fit {rows} submissions of {width} parameters: bring the right ones"
            raise InvalidInput(msg)

    # Who takes part.
    check_consistent(party, Shares.concatenate([updates, previous]))
    admitted, updates = admit(party, updates, terms.bounds.entry, terms.bounds.norm)

    # What goes into the aggregate, from norms and dot products alone.
    dots = _open_dots(party, given, updates, previous)
    holders, before = [s.holder for s in given.submissions], [s.holder for s in given.last_submissions]
    weights = coefficients(dots, holders, before, terms)

    # What each update is worth on the shard.
    worth = _play(party, given, weights, dots, updates)

    def mean() -> Update:
        flat = open_mean(party, updates, weights.values, weights.k, terms.bounds.entry)
        return Update.from_flat(flat, terms.shape)

    breached = tuple(not kept for kept in admitted)
    return PrivateScore(conclude(given, dots, weights, worth, breached, mean), updates)


def _open_dots(party: Party, given: RoundInput, updates: Shares, previous: Shares) -> Dots:
    root = given.root_update.flat()
    known = given.last_aggregate.flat() if given.last_aggregate is not None else np.zeros_like(root)
    opened = open_figures(party, updates, [root, known], previous)
    return Dots(
        gram=tuple(tuple(row) for row in opened.gram.tolist()),
        root=tuple(opened.vectors[:, 0].tolist()),
        root_square=int(root @ root),
        known=tuple(opened.vectors[:, 1].tolist()),
        known_square=int(known @ known),
        previous=tuple(tuple(row) for row in opened.previous.tolist()),
        previous_squares=tuple(opened.previous_squares.tolist()),
    )


def _play(party: Party, given: RoundInput, weights: Coefficients, dots: Dots, updates: Shares) -> Worth:
    order = game_order(given, weights)
    scale = score_scale(given.scoring, weights.k)
    units = _Units(len(order), given.scoring.permutations)
    live = contributions(units, given.seed, given.scoring.permutations)
    coalitions, n = tuple(units.places), len(units.places)
    plan = Plan(
        base=given.base,
        known=given.last_aggregate,
        k=weights.k,
        factors=tuple((weights.values[i], weights.known[i]) for i in order),
        norms_squared=tuple(dots.squares[i] for i in order),
        rows=given.rows,
        labels=given.labels,
        clip=scale.clip,
        shift=scale.shift,
        coalitions=coalitions,
        combinations=live.numerators[:, :n],
        totals=live.full[None, :n],
    )
    played = play(party, plan, updates[order])
    sums, squares = [0] * len(given.submissions), [0] * len(given.submissions)
    for i, total, square in zip(order, played.sums, played.squares, strict=True):
        sums[i], squares[i] = total, square
    return Worth(live.denominator, tuple(sums), tuple(squares), played.totals[0])


class _Units:
    """A value game whose coalitions are worth unit vectors: contributions in it are how coalitions are combined."""

    def __init__(self, players: int, permutations: int) -> None:
        self.players = players
        self._drawn = 1 + players + 2 * permutations * players
        self.places: dict[int, int] = {}

    @property
    def rows(self) -> int:
        """One for every coalition there could be a use for: all, or those that drawn permutations pass through."""
        return 1 << self.players if self.players <= EXACT_PLAYERS else self._drawn

    @property
    def everybody(self) -> int:
        """The grand coalition."""
        return (1 << self.players) - 1

    def walk(self, coalitions: Iterable[int]) -> Iterator[NDArray[np.int64]]:
        """Yield the unit vector of each coalition."""
        for coalition in coalitions:
            out = np.zeros(self.rows, np.int64)
            out[self.places.setdefault(coalition, len(self.places))] = 1
            yield out

    def table(self) -> NDArray[np.int64]:
        """Return the identity."""
        return np.array(list(self.walk(range(1 << self.players))))
