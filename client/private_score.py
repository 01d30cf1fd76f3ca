"""A round scored on shares: the same figures as `score_round`, and nobody who computes them sees an update or a model.

Each of three compute seats calls `score_privately` with its own shares at the same time. What is opened on the way:
which submissions break their bounds (a bit each for entries and norm), norms and dot products, contributions with their
squares, the gains; see `sharing.game` and `sharing.adoption` for a bit or two more. The next model stays shared. A
sheet of it has no trace, so nothing can be disputed later: that three seats agree, and what `Party.repetitions` proves,
is all there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.bounds import EXACT_PLAYERS
from marketplace.domain.errors import InvalidInput, ProtocolError
from marketplace.domain.update import check_network
from marketplace.privacy.sharing.admission import admit, check_consistent
from marketplace.privacy.sharing.adoption import adopt
from marketplace.privacy.sharing.figures import open_figures
from marketplace.privacy.sharing.game import ALONE, Plan, play
from marketplace.privacy.sharing.shares import Shares
from marketplace.scoring.adoption import is_adopted
from marketplace.scoring.coefficients import Coefficients, coefficients
from marketplace.scoring.contribution import contributions
from marketplace.scoring.dots import Dots
from marketplace.scoring.round import RoundFigures, RoundFrame, Worth, conclude, game_order
from marketplace.scoring.rowscore import network_scores, score_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.privacy.sharing.party import Party

__all__ = ["PrivateScore", "SharedInput", "score_privately"]


@dataclass(frozen=True, eq=False)
class SharedInput:
    """What one seat has of a round that nobody sees.

    Args:
        base: W, the model that the bounty was posted with, which seats know.
        model: shares of int64[2, parameters] in the layout and units of `Update.flat`: how far the round's model is
            from W, and the last adopted aggregate; None before there is one, when the round's model is W.
        root: shares of int64[1, parameters], the owner's root update, checked against its commitment.
        updates: shares of int64[submissions, parameters], checked against theirs.
        previous: `PrivateScore.admitted` of the last scored round, shares of int64[last submissions, parameters].
    """

    base: Network
    model: Shares | None = field(repr=False)
    root: Shares = field(repr=False)
    updates: Shares = field(repr=False)
    previous: Shares = field(repr=False)

    def check(self, given: RoundFrame) -> None:
        """Raise InvalidInput (or a subclass) unless the parts fit those that everybody knows."""
        terms, width = given.scoring, given.scoring.shape.parameters
        check_network(self.base, terms.shape, terms.bounds)
        rows = {"submissions": (self.updates, len(given.submissions)), "root updates": (self.root, 1)}
        rows["last submissions"] = self.previous, len(given.last_submissions)
        if self.model is not None:
            rows["models"] = self.model, 2
        for what, (shares, n) in rows.items():
            if shares.shape != (n, width):
                msg = f"shares of {shares.shape} do not fit {n} {what} of {width} parameters: bring the right ones"
                raise InvalidInput(msg)


@dataclass(frozen=True, eq=False)
class PrivateScore:
    """A round's score, and what the next round needs.

    Args:
        figures: the same that `score_round` gives for the opened updates.
        admitted: shares of the updates, those that break their bounds as zeros.
        moved: fresh shares of int64[parameters], how far the next round's model is from W; None if nothing was adopted.
    """

    figures: RoundFigures
    admitted: Shares = field(repr=False)
    moved: Shares | None = field(repr=False)


def score_privately(party: Party, given: RoundFrame, shared: SharedInput) -> PrivateScore:
    """Score a round on shares.

    Args:
        party: this seat, connected to the two others.
        given: the round without a single update: its submissions and last submissions say who, not what.
        shared: this seat's part of what nobody sees.

    Raises:
        InvalidInput: the parts do not fit each other, or their bounds are not proven.
        ProtocolError: the root update exceeds its bounds.
        Cheated: a party lied; nothing was opened after it did.
        PeerFailed: a party is silent or gone.
    """
    given.check()
    shared.check(given)
    terms = given.scoring

    # Who takes part.
    model = [] if shared.model is None else [shared.model]
    check_consistent(party, Shares.concatenate([shared.updates, shared.root, shared.previous, *model]))
    both = Shares.concatenate([shared.updates, shared.root])
    (*admitted, rooted), kept = admit(party, both, terms.bounds.entry, terms.bounds.norm)
    if not rooted:
        msg = "the owner's root update exceeds the bounds of the terms: the round is void"
        raise ProtocolError(msg)
    updates, root = kept[:-1], kept[-1:]

    # What goes into the aggregate, from norms and dot products alone.
    dots = _open_dots(party, given, updates, root, shared)
    holders, before = [s.holder for s in given.submissions], [s.holder for s in given.last_submissions]
    weights = coefficients(dots, holders, before, terms)

    # What each update is worth on the shard, and all of them together.
    worth = _play(party, given, weights, dots, updates, shared)

    # What the next round starts from.
    moved = None
    if is_adopted(worth.gain, weights.values, given.min_holders):
        start = _distance(party, shared, terms.shape.parameters)
        moved = adopt(party, shared.base, start, updates, weights.values, weights.k, terms.bounds)

    breached = tuple(not kept for kept in admitted)
    final_ppb = _final_ppb(party, given, shared, moved)
    return PrivateScore(conclude(given, dots, weights, worth, breached, final_ppb), updates, moved)


def _distance(party: Party, shared: SharedInput, width: int) -> Shares:
    return party.public(np.zeros(width, np.int64)) if shared.model is None else shared.model[0]


def _open_dots(party: Party, given: RoundFrame, updates: Shares, root: Shares, shared: SharedInput) -> Dots:
    m, last = len(given.last_submissions), [] if shared.model is None else [shared.model[1:]]
    opened = open_figures(party, updates, Shares.concatenate([shared.previous, root, *last]))
    known, known_square = (0,) * len(given.submissions), 0
    if last:
        known, known_square = tuple(opened.others[:, m + 1].tolist()), int(opened.other_squares[m + 1])
    return Dots(
        gram=tuple(tuple(row) for row in opened.gram.tolist()),
        root=tuple(opened.others[:, m].tolist()),
        root_square=int(opened.other_squares[m]),
        known=known,
        known_square=known_square,
        previous=tuple(tuple(row) for row in opened.others[:, :m].tolist()),
        previous_squares=tuple(opened.other_squares[:m].tolist()),
    )


def _play(  # noqa: PLR0913, PLR0917 - the round, what is known of its updates, and the shares
    party: Party, given: RoundFrame, weights: Coefficients, dots: Dots, updates: Shares, shared: SharedInput
) -> Worth:
    order = game_order(given, weights)
    scale = score_scale(given.scoring, weights.k)
    units = _Units(len(order), given.scoring.permutations)
    live = contributions(units, given.seed, given.scoring.permutations)
    coalitions, n = (*units.places, ALONE), len(units.places)
    plan = Plan(
        base=shared.base,
        k=weights.k,
        factors=tuple((weights.values[i], weights.known[i]) for i in order),
        norms_squared=tuple(dots.squares[i] for i in order),
        known_square=dots.known_square,
        rows=given.rows,
        labels=given.labels,
        clip=scale.clip,
        shift=scale.shift,
        coalitions=coalitions,
        combinations=np.pad(live.numerators[:, :n], ((0, 0), (0, 1))),
        totals=np.append(live.full[:n], -1)[None],
    )
    played = play(party, plan, updates[order], shared.model)
    sums, squares = [0] * len(given.submissions), [0] * len(given.submissions)
    for i, total, square in zip(order, played.sums, played.squares, strict=True):
        sums[i], squares[i] = total, square
    return Worth(live.denominator, tuple(sums), tuple(squares), played.totals[0])


def _final_ppb(party: Party, given: RoundFrame, shared: SharedInput, moved: Shares | None) -> int | None:
    """Return the whole bounty's gain on the final shard in billionths of the clip a row; None before the last round."""
    final = given.final
    if not given.last_round or final is None:
        return None
    scale = score_scale(given.scoring, 1)
    first = int(network_scores(final.first_base, final.rows, final.labels, scale).sum())
    width = given.scoring.shape.parameters
    plan = Plan(
        base=shared.base,
        k=1,
        factors=(),
        norms_squared=(),
        known_square=0,
        rows=final.rows,
        labels=final.labels,
        clip=scale.clip,
        shift=scale.shift,
        coalitions=(ALONE,),
        combinations=np.zeros((0, 1), np.int64),
        totals=np.ones((1, 1), np.int64),
    )
    last = _distance(party, shared, width) if moved is None else moved
    model = Shares.stack([last, last.each(np.zeros_like)])
    played = play(party, plan, Shares(*np.zeros((2, 0, width), np.uint64)), model)
    return scale.gain_ppb_floor(played.totals[0] - first, len(final.labels))


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
