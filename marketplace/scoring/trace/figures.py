"""Everything a round's scoring computes, stage by stage, each from the stages before: what the trace will hold.

It recomputes the score instead of reading it, in the order in which the steps of a dispute follow from each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from marketplace.domain.commitment import rows_root
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.network import Network
from marketplace.domain.update import LayerUpdate, Update
from marketplace.scoring.adoption import adopt, is_adopted
from marketplace.scoring.bound import lower_bound
from marketplace.scoring.coefficients import Coefficients, coefficients
from marketplace.scoring.dots import Dots
from marketplace.scoring.holdback import is_released
from marketplace.scoring.payout import payouts_floor
from marketplace.scoring.round import RoundInput
from marketplace.scoring.trace.block import Block
from marketplace.scoring.trace.columns import factors, numerator_weights
from marketplace.scoring.trace.layout import Counts, Model
from marketplace.scoring.trace.public import Money, Params, People, Person, Share, Weight

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["Figures", "TraceInput", "dots_of", "numbered"]


@dataclass(frozen=True, eq=False)
class TraceInput:
    """What a trace needs. Salts are the 32-byte secrets of commitments; None where there is no commitment.

    Args:
        given: the opened round.
        round: its number.
        secret: of the trace's own salts, `datakeys.derive(round secret, "trace-salt")`.
        base_salt: of the round's base.
        known_salt: of the last adopted aggregate.
        root_salt: of the owner's root update.
        first_salt: of the bounty's first base, when the final shard is scored.
        next_salt: of the next base, when one is adopted.
        aggregate_salt: of the aggregate, when it is adopted.
        update_salts: of the submissions, in their order; None for breached ones.
        previous_salts: of the last settled round's, likewise.
        rows_salt: of the round's shard.
        final_rows_salt: of the final shard, when it is scored.
        base_from: 0 if the base is the terms', else 1 + the adopted round whose sheet has it.
        previous_from: 0 if there is none, else 1 + the last settled round.
        gains_before: summed `gain_ppb` of the earlier adopted rounds.
        beyond: position -> update and salt of breached submissions that opened but exceed the bounds, to prove that.
    """

    given: RoundInput
    round: int
    secret: bytes = field(repr=False)
    base_salt: bytes = field(repr=False)
    known_salt: bytes | None = field(repr=False)
    root_salt: bytes = field(repr=False)
    first_salt: bytes | None = field(repr=False)
    next_salt: bytes | None = field(repr=False)
    aggregate_salt: bytes | None = field(repr=False)
    update_salts: tuple[bytes | None, ...] = field(repr=False)
    previous_salts: tuple[bytes | None, ...] = field(repr=False)
    rows_salt: bytes = field(repr=False)
    final_rows_salt: bytes | None = field(repr=False)
    base_from: int
    previous_from: int
    gains_before: int
    beyond: Mapping[int, tuple[Update, bytes]] = field(default_factory=dict, repr=False)


class Figures:
    """The stages of one round's scoring."""

    def __init__(self, traced: TraceInput) -> None:
        self.traced, self.given = traced, traced.given

    @cached_property
    def models(self) -> tuple[Network | Update | None, ...]:
        """Every model of the section MODELS; None where its root is zero."""
        given, final = self.given, self.given.final
        next_base, aggregate = self.adoption
        return (
            given.base,
            given.last_aggregate,
            given.root_update,
            final.first_base if final is not None else None,
            next_base,
            aggregate,
            *self._updates,
            *(s.update for s in given.last_submissions),
        )

    @property
    def _updates(self) -> tuple[Update | None, ...]:
        return tuple(s.update for s in self.given.submissions)

    @cached_property
    def people(self) -> People:
        """Who submitted."""
        given = self.given
        people = tuple(Person(s.holder, s.index, s.update is None) for s in given.submissions)
        return People(people, tuple(s.holder for s in given.last_submissions))

    @cached_property
    def _sizes(self) -> Counts:
        """Counts, those of players and evaluations aside: what is known before coefficients are."""
        given, scoring = self.given, self.given.scoring
        shape, scales = scoring.shape, scoring.scales
        sizes = (len(given.labels), len(given.submissions), len(given.last_submissions))
        final = len(given.final.labels) if given.final is not None else 0
        known = (scales.input_scale, scales.weight_scale, scoring.permutations, final)
        return Counts(shape.inputs, shape.hidden, shape.classes, *sizes, 0, 2, *known)

    @cached_property
    def dots(self) -> Ints:
        """int64[figures, neurons]: the part of each dot product in each neuron."""
        counts, given = self._sizes, self.given
        known: tuple[Network | Update | None, ...] = (given.base, given.last_aggregate, given.root_update)
        models = [*known, *[None] * 3, *self._updates, *(s.update for s in given.last_submissions)]
        pairs = np.array([counts.vectors(f) for f in range(counts.figures)])
        out = []
        for layer, (neurons, width) in enumerate(counts.layers):
            tensor = np.zeros((neurons, len(models), width + 1), np.int64)
            for at, model in enumerate(models):
                if isinstance(model, Update):
                    tensor[:, at, :-1], tensor[:, at, -1] = model.layers[layer].weight, model.layers[layer].bias
            products = tensor @ tensor.transpose(0, 2, 1)
            out.append(products[:, pairs[:, 0], pairs[:, 1]].T)
        return np.concatenate(out, axis=1)

    @cached_property
    def gram(self) -> Ints:
        """int64[figures]: the dot products."""
        out: Ints = self.dots.sum(axis=1)
        return out

    @cached_property
    def coefficients(self) -> Coefficients:
        """What each submission counts."""
        people = self.people
        dots = dots_of(self._sizes, self.gram.tolist())
        return coefficients(dots, [p.holder for p in people.submissions], people.previous, self.given.scoring)

    @cached_property
    def weights(self) -> tuple[Weight, ...]:
        """The same with players: live submissions, numbered by holder index."""
        return numbered(self.coefficients, self.people)

    @cached_property
    def counts(self) -> Counts:
        """The size of everything."""
        players = sum(w.player is not None for w in self.weights)
        some = replace(self._sizes, players=players)
        counts = replace(some, evaluations=some.expected_evaluations)
        counts.packed()  # refuses more evaluations than a frame can count
        return counts

    @cached_property
    def params(self) -> Params:
        """Terms, scale, money and seed."""
        traced, given, scoring = self.traced, self.given, self.given.scoring
        nested = {"shape", "scales", "bounds"}
        unscaled = dict.fromkeys(("clip", "shift", "final_clip", "final_shift", "denominator"), 0)
        return Params(
            **vars(scoring.bounds),
            **{name: value for name, value in vars(scoring).items() if name not in nested},
            k=self.coefficients.k,
            **unscaled,
            round_budget=given.round_budget,
            min_holders=given.min_holders,
            last_round=int(given.last_round),
            round=traced.round,
            base_from=traced.base_from,
            previous_from=traced.previous_from,
            seed=ZERO_HASH if self.counts.is_exact else given.seed,
            gains_before=traced.gains_before,
            final_rows_root=self._final_rows_root,
        ).scaled(self.counts)

    @cached_property
    def main(self) -> Block:
        """The evaluations on the round's shard."""
        given, params, counts = self.given, self.params, self.counts
        rows = [factors(e, counts, given.seed, params.k, self.weights) for e in range(counts.evaluations)]
        table = np.array(rows, np.int64)
        parts = (given.base, given.last_aggregate, *self._updates)
        return Block(parts, table, params.k, params.scale, given.rows, given.labels, counts)

    @cached_property
    def final(self) -> Block | None:
        """First and last base on the final shard; None when it is not scored."""
        final, counts = self.given.final, self.counts
        if final is None:
            return None
        parts = (final.first_base, self.models[Model.NEXT])
        return Block(parts, np.eye(2, dtype=np.int64), 1, self.params.final_scale, final.rows, final.labels, counts)

    @cached_property
    def table(self) -> Ints:
        """int64[m, evaluations]: row scores."""
        return self.main.states[2].T

    @cached_property
    def numerators(self) -> Ints:
        """int64[m, players]: contributions, row by row."""
        out: Ints = self.table @ numerator_weights(self.counts, self.given.seed).T
        return out

    @cached_property
    def sums(self) -> Ints:
        """int64[players + 1, m]: what is summed over the rows: numerators, then gains."""
        gains = self.table[:, self.counts.full] - self.table[:, 0]
        return np.concatenate([self.numerators.T, gains[None]])

    @cached_property
    def final_sums(self) -> Ints:
        """int64[1, m]: gains on the final shard."""
        if self.final is None:
            return np.zeros((0, 0), np.int64)
        scores = self.final.states[2]
        return scores[1:] - scores[:1]

    @cached_property
    def totals(self) -> tuple[tuple[int, int], ...]:
        """Sum and squares of each player, then the gain (without squares)."""
        squares = (self.numerators * self.numerators).sum(axis=0).tolist()
        return tuple(zip(self.sums.sum(axis=1).tolist(), [*squares, 0], strict=True))

    @cached_property
    def earned(self) -> Money:
        """What the round pays, before the final shard is looked at."""
        given, params, totals, rows = self.given, self.params, self.totals, len(self.given.labels)
        raw = [totals[w.player] if w.player is not None else (0, 0) for w in self.weights]
        lower = [lower_bound(total, squares, rows, params.z_squared_percent) for total, squares in raw]
        gain = totals[-1][0]
        adopted = is_adopted(gain, [w.coefficient for w in self.weights], given.min_holders)
        target = params.scale.target_ceil(params.target_gain_ppm, rows, params.denominator)
        paid = payouts_floor(given.round_budget, lower, target) if adopted else (0,) * len(lower)
        shares = tuple(Share(*pair, low, pay) for pair, low, pay in zip(raw, lower, paid, strict=True))
        ppb = params.scale.gain_ppb_floor(gain, rows)
        return Money(shares, gain, ppb, target, sum(paid), int(adopted), 0, 0, int(given.last_round))

    @cached_property
    def adoption(self) -> tuple[Network, Update | None]:
        """The next base, and the aggregate if it is adopted."""
        given, k = self.given, self.params.k
        if not self.earned.adopted:
            return given.base, None
        layers = tuple(
            LayerUpdate(*((2 * total + k) // (2 * k) for total in (rows[:, :-1], rows[:, -1])))
            for rows in self.sum_rows
        )
        return adopt(given.base, Update(layers), given.scoring.bounds)

    @cached_property
    def sum_rows(self) -> tuple[Ints, ...]:
        """Per layer int64[neurons, width + 1]: sum of c_i D_i, the bias last."""
        chosen = np.array([w.coefficient for w in self.weights], np.int64)
        return tuple(tensor[:, :, 2:] @ chosen for tensor in self.main.trans)

    @cached_property
    def money(self) -> Money:
        """What the round pays and decides."""
        earned, params = self.earned, self.params
        if self.final is None:
            return earned
        ppb = params.final_scale.gain_ppb_floor(int(self.final_sums.sum()), self.counts.final_rows)
        gains = [params.gains_before, earned.gain_ppb] if earned.adopted else [params.gains_before]
        return replace(earned, final_ppb=ppb, final_known=1, released=int(is_released(ppb, gains)))

    @cached_property
    def rows_root(self) -> bytes:
        """Commitment to the round's shard."""
        return rows_root(self.given.rows, self.given.labels, self.traced.rows_salt)

    @property
    def _final_rows_root(self) -> bytes:
        final, salt = self.given.final, self.traced.final_rows_salt
        return ZERO_HASH if final is None or salt is None else rows_root(final.rows, final.labels, salt)


def numbered(chosen: Coefficients, people: People) -> tuple[Weight, ...]:
    """Return what each submission counts, with players: live submissions, numbered by holder index."""
    order = sorted(chosen.live, key=lambda i: people.submissions[i].index)
    players = {i: p for p, i in enumerate(order)}
    values = zip(chosen.values, chosen.known, strict=True)
    return tuple(Weight(c, a, players.get(i)) for i, (c, a) in enumerate(values))


def dots_of(counts: Counts, gram: Sequence[int]) -> Dots:
    """Return dot products, given as the figures of GRAM, under the names that coefficients know them by."""
    n, q = counts.submissions, counts.previous
    root = counts.grams
    known = root + n + 1
    previous = known + n + 1
    return Dots(
        gram=tuple(tuple(gram[counts.gram(i, j)] for j in range(n)) for i in range(n)),
        root=tuple(gram[root : root + n]),
        root_square=gram[root + n],
        known=tuple(gram[known : known + n]),
        known_square=gram[known + n],
        previous=tuple(tuple(gram[previous + i * q : previous + i * q + q]) for i in range(n)),
        previous_squares=tuple(gram[previous + n * q :]),
    )
