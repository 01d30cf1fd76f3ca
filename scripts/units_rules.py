"""Ways to weigh and pay updates that might let weight follow data: what `units_lab.py` compares.

Everything is put together from the product's own functions: dot products, coefficients, the value game, lower bounds,
payouts and adoption. A rule differs in where weights come from and in which coalitions a contribution is read from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.bounds import step_denominator
from marketplace.scoring.adoption import adopt, is_adopted, weighted_mean
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.coefficients import coefficients
from marketplace.scoring.contribution import Contributions, contributions
from marketplace.scoring.dots import Dots, dot_products
from marketplace.scoring.game import Game, build_game
from marketplace.scoring.payout import payouts_floor
from marketplace.scoring.rowscore import network_scores, score_scale

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.network import Network
    from marketplace.domain.update import Update
    from marketplace.scoring.round import RoundInput

    Floats = NDArray[np.float64]

__all__ = ["RULES", "Paid", "Rule", "Weights", "diagonal", "loadings", "score", "span_weights", "weighted_median"]

FINE: Final = 1023
"""Coefficients are first computed this finely, so that units can be multiplied in before they are rounded."""

SPAN_K: Final = 256
STEPS: Final = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)


@dataclass(frozen=True)
class Rule:
    """One way to weigh and pay.

    Args:
        name: in the table.
        power: weights are trust times declared units to this power.
        span: "" for trust; "trust" for trust without the update's norm; "root", "both" or "crowd" for the combination
            of the updates that comes closest to the root update, to it and what the shard asks for, or to what most
            updates have in common.
        value: "shapley" (with solo, the product's), "diagonal" or "loo" (what the others miss without it).
        ridge: what is added to the diagonal of the updates' cosines before they are inverted.
        fitted: the step is as long as scores best on the shard.
        folds: "both" takes weights from all but one of so many parts of the shard and pays by that part.
    """

    name: str
    power: float = 0.0
    span: str = ""
    value: str = "shapley"
    ridge: float = 0.03
    fitted: bool = False
    folds: int = 5


RULES: Final = (
    Rule("equal"),
    Rule("units", power=1.0),
    Rule("units^.5", power=0.5),
    Rule("direction", span="trust"),
    Rule("own margin", value="loo", fitted=True),
    Rule("root", span="root", value="diagonal", ridge=0.1),
    Rule("root and shard", span="both", value="diagonal", ridge=0.1),
    Rule("crowd", span="crowd", value="diagonal"),
)
"""Equal weights as shipped; declared units and their square root; equal weights that norms do not move; what the
others miss without an update, at the best step; and three sources of the weights of the best combination."""

_PIECES: Final = 4


@dataclass(frozen=True)
class Weights:
    """c_i, K and a_i as `Coefficients` has them."""

    values: tuple[int, ...]
    k: int
    known: tuple[int, ...]

    @property
    def live(self) -> list[int]:
        """Positions that take part in the value game."""
        return [i for i, c in enumerate(self.values) if c]


@dataclass(frozen=True)
class Paid:
    """What came of a round: payouts in submission order, whether adopted, the next base and what leads to it."""

    payouts: tuple[int, ...]
    adopted: bool
    next_base: Network
    aggregate: Update | None


def score(given: RoundInput, units: Sequence[int], rule: Rule) -> Paid:
    """Score a round under `rule`; `units` are the declared ones, in submission order."""
    terms, m = given.scoring, len(given.labels)
    updates = [s.update for s in given.submissions]
    dots = dot_products(updates, given.root_update, given.last_aggregate, [s.update for s in given.last_submissions])
    public = _declared(given, dots, units, rule.power)
    if rule.span == "trust":
        public = _of_shares(given, dots, _fresh(dots), np.array(_trusts(given, dots, public), np.float64))
    if rule.span == "root":
        public = _spanned(given, dots, public, _root_target(given, dots), rule)
    if rule.span == "crowd":
        public = _spanned(given, dots, public, _crowd_target(dots, public), rule)
    if rule.fitted:
        public = _best_step(given, public)
    if rule.span == "both":
        folds = [np.arange(m) % rule.folds != fold for fold in range(rule.folds)]
        shares = [_halved(given, dots, public, fit, rule) for fit in folds]
        numerators = np.concatenate([s.numerators for s, _ in shares], axis=1)
        live, scale = Contributions(numerators, shares[0][0].denominator, shares[0][0].full), shares[0][1]
    else:
        live, scale = _contribute(given, public, rule.value)
    paid = [lower_bound(t, q, m, terms.z_squared_percent) for t, q in zip(live.sums, live.squares, strict=True)]

    plain = score_scale(terms, public.k)
    full = next(iter(_game(given, public, 1).walk([(1 << len(public.live)) - 1])))
    gain = int(full.sum() - network_scores(given.base, given.rows, given.labels, plain).sum())
    adopted = is_adopted(gain, public.values, given.min_holders)
    next_base, aggregate = given.base, None
    if adopted:
        mean = weighted_mean(updates, public.values, public.k, terms.shape)
        next_base, aggregate = adopt(given.base, mean, terms.bounds)
    target = score_scale(terms, scale).target_ceil(terms.target_gain_ppm, m, live.denominator)
    amounts = payouts_floor(given.round_budget, paid, target) if adopted else (0,) * len(paid)
    return Paid(tuple(amounts), adopted, next_base, aggregate)


def span_weights(gram: Floats, target: Floats, ridge: float) -> Floats:
    """Return x >= 0 for which sum of x_i d_i comes closest to a direction, d_i being updates of norm 1.

    Minimises x (A + ridge I) x / 2 - x target by coordinate descent, A being the updates' cosines and target_i the
    direction's part along d_i. What x leads to depends on what the updates span, not on how many they are: splitting
    one leaves it where it is, as far as the ridge is small against what distinguishes the pieces.

    Args:
        gram: float64[n, n] of dot products; rows of norm 0 get 0.
        target: float64[n].
        ridge: above 0.
    """
    norms = np.sqrt(np.maximum(np.diag(gram), 0))
    alive = norms > 0
    unit = np.where(alive, norms, 1)
    cosines = gram / np.outer(unit, unit) + ridge * np.eye(len(gram))
    x = np.zeros(len(gram))
    for _ in range(500):
        before = x.copy()
        for i in np.flatnonzero(alive):
            x[i] = max(0.0, x[i] + (target[i] - cosines[i] @ x) / cosines[i, i])
        if np.abs(x - before).max() <= 1e-9 * max(1e-300, np.abs(x).max()):
            break
    return x


def loadings(cosines: Floats) -> Floats:
    """Return b >= 0 with b_i b_j close to the cosine of i and j: how much of each update is what most have in common.

    b_i squared is the median over all pairs (j, k) of A_ij A_ik / A_jk, which is exact where the model is, and stays
    where it is when one or two (its other half) agree with i more than their loadings say.
    """
    n = len(cosines)
    if n < 3:  # noqa: PLR2004 - two say nothing about who is noisy
        return np.ones(n)
    a = np.clip(cosines, 1e-3, 1)
    out = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        triads = [a[i, j] * a[i, k] / a[j, k] for at, j in enumerate(others) for k in others[:at]]
        out[i] = np.sqrt(np.clip(np.median(triads), 1e-3, 1))
    return out


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the smallest value that half of the weight does not exceed; 0 without weight."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    if not len(values) or reached[-1] <= 0:
        return 0.0
    return float(values[order][np.searchsorted(reached, reached[-1] / 2)])


def diagonal(game: Game, players: int, pieces: int, *, last: bool = False) -> Contributions:
    """Return contributions along the diagonal: everybody comes in `pieces` equal steps, and is paid its own of each.

    Player i's step is taken both first and last of its round. With ever smaller steps this is the Aumann-Shapley
    price, whose sum over the parts of a player is that of the player; with one step it is the mean of solo and of
    what the others miss without it.

    Args:
        game: with `pieces` equal players for each, in a row.
        players: how many they are.
        pieces: steps each.
        last: only what the others miss without the player's last step.
    """
    level = [sum(((1 << s) - 1) << (i * pieces) for i in range(players)) for s in range(pieces + 1)]
    total = np.zeros((players, game.rows), np.int64)
    rounds = [pieces - 1] if last else range(pieces)
    for s in rounds:
        path = [level[s], level[s + 1]]
        path += [level[s] | 1 << (i * pieces + s) for i in range(players)]
        path += [level[s + 1] & ~(1 << (i * pieces + s)) for i in range(players)]
        values = list(game.walk(path))
        for i in range(players):
            if not last:
                total[i] += values[2 + i] - values[0]
            total[i] += values[1] - values[2 + players + i]
    full = next(iter(game.walk([game.everybody])))
    return Contributions(total, 1 if last else 2, full)


def _declared(given: RoundInput, dots: Dots, units: Sequence[int], power: float) -> Weights:
    """The product's coefficients, each times its declared units to a power."""
    terms = given.scoring
    holders, previous = [s.holder for s in given.submissions], [s.holder for s in given.last_submissions]
    if not power:
        found = coefficients(dots, holders, previous, terms)
        return Weights(found.values, found.k, found.known)
    fine = coefficients(dots, holders, previous, replace(terms, coefficient_max=FINE)).values
    raw = np.array(fine) * np.array(units, np.float64) ** power
    values = tuple(int(v) for v in np.floor(terms.coefficient_max * raw / max(raw.max(), 1e-9) + 0.5))
    return Weights(values, step_denominator(sum(values), terms.step_quarters), _known(values, dots))


def _known(values: Sequence[int], dots: Dots) -> tuple[int, ...]:
    square = dots.known_square
    return tuple(max(0, -(-c * d // square)) if square else 0 for c, d in zip(values, dots.known, strict=True))


def _fresh(dots: Dots) -> Floats:
    """Dot products of what the updates say beyond the last aggregate."""
    gram = np.array(dots.gram, np.float64)
    if dots.known_square:
        along = np.array(dots.known, np.float64)
        gram -= np.outer(along, along) / dots.known_square
    return gram


def _root_target(given: RoundInput, dots: Dots) -> Floats:
    """The root update's part along each update, both beyond the last aggregate."""
    gram = _fresh(dots)
    dot = np.array(dots.root, np.float64)
    if dots.known_square and given.last_aggregate is not None:
        own = float(given.root_update.flat() @ given.last_aggregate.flat())
        dot -= np.array(dots.known, np.float64) * own / dots.known_square
    norms = np.sqrt(np.maximum(np.diag(gram), 1))
    out: Floats = dot / norms
    return out


def _crowd_target(dots: Dots, public: Weights) -> Floats:
    """How much of each update is what most have in common, beyond the last aggregate."""
    gram = _fresh(dots)
    norms = np.sqrt(np.maximum(np.diag(gram), 1))
    target = np.zeros(len(norms))
    target[public.live] = loadings((gram / np.outer(norms, norms))[np.ix_(public.live, public.live)])
    return target


def _unit(values: Floats) -> Floats:
    out: Floats = values / max(1e-12, float(np.linalg.norm(values)))
    return out


def _trusts(given: RoundInput, dots: Dots, public: Weights) -> list[int]:
    holders, previous = [s.holder for s in given.submissions], [s.holder for s in given.last_submissions]
    found = coefficients(dots, holders, previous, given.scoring)
    return [t if c else 0 for t, c in zip(found.trusts, public.values, strict=True)]


def _spanned(given: RoundInput, dots: Dots, public: Weights, target: Floats, rule: Rule) -> Weights:
    """Weights of the best combination; a copy, which has no public weight, has none here."""
    gram = _fresh(dots)
    live = np.array(public.values) > 0
    x = span_weights(np.where(np.outer(live, live), gram, 0), np.where(live, target, 0), rule.ridge)
    return _of_shares(given, dots, gram, x)


def _of_shares(given: RoundInput, dots: Dots, gram: Floats, x: Floats) -> Weights:
    """Coefficients over a fixed K that move by x in units of each update's norm, in all by the step of the terms."""
    norms = np.sqrt(np.maximum(np.diag(gram), 1))
    if x.sum() <= 0:
        return Weights((0,) * len(x), SPAN_K, (0,) * len(x))
    step = given.scoring.step_quarters / 4 * weighted_median(norms, x)
    values = tuple(int(v) for v in np.rint(SPAN_K * step * x / x.sum() / norms))
    return Weights(values, SPAN_K, _known(values, dots))


def _halved(
    given: RoundInput, dots: Dots, public: Weights, fit: NDArray[np.bool_], rule: Rule
) -> tuple[Contributions, int]:
    """Contributions on the rows outside `fit`, with the weights that the rows of `fit` ask for."""
    rows = np.asarray(given.rows)
    known = replace(given, rows=rows[fit], labels=given.labels[fit])
    gram = _fresh(dots)
    alike = _of_shares(given, dots, gram, (np.array(public.values) > 0).astype(np.float64))
    target = np.zeros(len(alike.values))
    if alike.live:
        values = list(_game(known, alike, 1).walk([0, *(1 << i for i in range(len(alike.live)))]))
        target[alike.live] = [int((v - values[0]).sum()) for v in values[1:]]
    both = _unit(target) + _unit(_root_target(given, dots))
    best = _spanned(given, dots, public, both, rule)
    return _contribute(replace(given, rows=rows[~fit], labels=given.labels[~fit]), best, rule.value)


def _game(given: RoundInput, weights: Weights, pieces: int) -> Game:
    """The product's value game; with more pieces, each player is that many equal ones over as much larger a K."""
    players = []
    for i in weights.live:
        update = given.submissions[i].update
        if update is not None:
            players += [(update, weights.values[i], weights.known[i])] * pieces
    k = weights.k * pieces
    scale = score_scale(given.scoring, k)
    return build_game(given.base, players, given.last_aggregate, k, given.rows, given.labels, scale)


def _contribute(given: RoundInput, weights: Weights, value: str) -> tuple[Contributions, int]:
    """Contributions in submission order, and the K their row scores are over."""
    pieces = _PIECES if value == "diagonal" else 1
    game, live = _game(given, weights, pieces), weights.live
    if value == "shapley":
        found = contributions(game, given.seed, given.scoring.permutations)
    else:
        found = diagonal(game, len(live), pieces, last=value == "loo")
    numerators = np.zeros((len(weights.values), game.rows), np.int64)
    numerators[live] = found.numerators
    return Contributions(numerators, found.denominator, found.full), weights.k * pieces


def _best_step(given: RoundInput, weights: Weights) -> Weights:
    """The same weights over the K that scores best on the shard."""
    tried = []
    for longer in STEPS:
        other = replace(weights, k=max(1, round(weights.k / longer)))
        scale = score_scale(given.scoring, other.k)
        full = next(iter(_game(given, other, 1).walk([(1 << len(other.live)) - 1])))
        tried.append((scale.gain_ppb_floor(int(full.sum()), len(given.labels)), -longer, other))
    return max(tried, key=lambda t: t[:2])[2]
