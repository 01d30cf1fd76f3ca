"""The crowds of `units_lab.py`: who holds what, what each submits, and what a deviating holder submits instead."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from units_rules import RULES, Rule, score
from value_lab import BUDGET, HOLDERS, RATES, VICTIMS, WARM

from client.training import (
    ATTACKS,
    Attacker,
    Recipe,
    RowSource,
    evaluate,
    root_update,
    starting_network,
    train,
    warm_start,
)
from marketplace.datasets import Rows, load, quantise_rows, split
from marketplace.domain.hashing import keccak
from marketplace.domain.network import Shape
from marketplace.domain.terms import ScoringTerms
from marketplace.domain.update import Update
from marketplace.scoring.round import RoundInput, Submission

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from client.training import Metrics
    from marketplace.domain.network import Network

__all__ = ["DEVIATIONS", "RANKS", "ROUNDS", "Player", "Stage", "World", "deal_alike", "pieces_of", "seat"]

ROUNDS: Final = 5
HIDDEN: Final = 32
SIZES: Final = (8, 6, 5, 4, 3, 2, 2, 1)
"""Relative sizes of the parts of the same distribution."""

RANKS: Final = {"large": 0, "middle": 3, "small": 6}
DEVIATIONS: Final = ("claim x3", "split 2", "split 3", "split 2, as long", "loud x3", "twins")
TWIN: Final = 0.25

Player = tuple[str, Update, int]
"""Name, update, declared units (rows)."""


@dataclass(frozen=True)
class Stage:
    """One round of a world, as the honest crowd left it: what a deviating holder meets."""

    given: RoundInput
    honest: tuple[Player, ...]
    deviations: Mapping[tuple[str, str], tuple[Player, ...]]
    attackers: tuple[Player, ...]


class World:
    """A data set, how it is dealt and a seed."""

    def __init__(self, data: str, parts: str, seed: int, folder: Path, *, even: bool = False) -> None:
        """Deal the rows.

        Args:
            data: a shipped data set.
            parts: iid or skewed.
            seed: of everything.
            folder: where trained updates are kept.
            even: batches grow with the rows so that everybody takes the same number of steps.
        """
        self._even = even
        self.data, self.seed, self._folder = data, seed, folder
        cut = split(load(data), holders=HOLDERS, rounds=ROUNDS, seed=seed)
        self.cut = cut
        self.parts = [Rows(p.features, p.labels) for p in cut.parts]
        if parts == "iid":
            self.parts = deal_alike(self.parts, SIZES, np.random.default_rng([seed, 1]))
        self.order = sorted(range(HOLDERS), key=lambda i: -len(self.parts[i].labels))
        self.terms = ScoringTerms(Shape(len(cut.feature_names), HIDDEN, len(cut.class_names)))
        self.recipe = Recipe(learning_rate=RATES[data])
        self.start = starting_network(self.terms.shape, self.terms.scales, seed)
        if data in WARM:
            root = RowSource(cut.root.features, cut.root.labels)
            self.start = warm_start(self.start, root, seed=seed, bounds=self.terms.bounds)

    def train(self, base: Network, rows: Rows, number: int, epochs: int = 3) -> Update:
        """Return what a holder of `rows` submits in round `number`; kept on disk."""
        recipe = self._recipe(len(rows.labels), epochs)
        name = self._key(base, rows.features, rows.labels, number, recipe)
        return self._kept(
            name,
            lambda: train(
                base,
                RowSource(rows.features, rows.labels),
                recipe,
                seed=1000 * self.seed + number,
                public_prior=self.cut.public_prior,
                bounds=self.terms.bounds,
            ),
        )

    def round_of(self, base: Network, number: int, known: Update | None) -> RoundInput:
        """Return a round without submissions."""
        shard, root = self.cut.shards[number], self.cut.root
        return RoundInput(
            scoring=self.terms,
            base=base,
            rows=quantise_rows(shard.features, self.terms.scales.input_scale),
            labels=shard.labels,
            submissions=(),
            root_update=self._kept(
                self._key(base, root.features, "root", number),
                lambda: root_update(
                    base, RowSource(root.features, root.labels), self.recipe, seed=number, bounds=self.terms.bounds
                ),
            ),
            last_aggregate=known,
            last_submissions=(),
            seed=keccak(bytes([self.seed, number])),
            round_budget=BUDGET,
            min_holders=3,
        )

    def honest(self, base: Network, number: int) -> tuple[Player, ...]:
        """Return what honest holders submit."""
        return tuple((f"holder{i}", self.train(base, r, number), len(r.labels)) for i, r in enumerate(self.parts))

    def play(self, rule: Rule) -> Metrics:
        """Play all rounds with honest holders under `rule`; return the metrics of the last base."""
        base, known, last = self._begin()
        for number in range(ROUNDS):
            players = self.honest(base, number)
            given = seat(self.round_of(base, number, known), players, last)
            out = score(given, [u for _, _, u in players], rule)
            last = given.submissions
            base, known = out.next_base, out.aggregate or known
        return evaluate(base, self.cut.test.features, self.cut.test.labels)

    def stages(self) -> Iterator[Stage]:
        """Yield every round of the honest crowd under equal weights, with what others could submit instead."""
        base, known, last = self._begin()
        for number in range(ROUNDS):
            given, players = self.round_of(base, number, known), self.honest(base, number)
            deviations = {
                (role, what): self._deviate(what, players[self.order[rank]], base, number)
                for role, rank in RANKS.items()
                for what in DEVIATIONS
            }
            mean = sum(u for _, _, u in players) // len(players)
            bad = tuple((kind, self._attack(kind, base, number, last), mean) for kind in ATTACKS)
            yield Stage(given, players, deviations, bad)
            given = seat(given, players, last)
            out = score(given, [1] * HOLDERS, RULES[0])
            last = given.submissions
            base, known = out.next_base, out.aggregate or known

    def _begin(self) -> tuple[Network, Update | None, tuple[Submission, ...]]:
        return self.start, None, ()

    def _recipe(self, rows: int, epochs: int) -> Recipe:
        if not self._even:
            return replace(self.recipe, epochs=epochs)
        steps = -(-3 * sum(len(p.labels) for p in self.parts) // HOLDERS // self.recipe.batch_size)
        batch = max(1, -(-3 * rows // steps))
        return replace(self.recipe, epochs=epochs, batch_size=batch)

    def _attack(self, kind: str, base: Network, number: int, last: Sequence[Submission]) -> Update:
        victim = VICTIMS[kind]
        if kind == "stale":  # An attacker that remembers; the honest update it would remember is at hand.
            return last[victim].update or Update.zero(self.terms.shape) if last else Update.zero(self.terms.shape)
        rows = RowSource(self.parts[victim].features, self.parts[victim].labels)
        attacker = Attacker(
            kind,
            rows,
            self._recipe(len(rows.labels), 3),
            public_prior=self.cut.public_prior,
            bounds=self.terms.bounds,
            seed=self.seed,
        )
        key = self._key(base, rows.features, kind, number, attacker.kind, self._recipe(len(rows.labels), 3))
        return self._kept(key, lambda: attacker.update(base, seed=1000 * self.seed + number))

    def _deviate(self, what: str, player: Player, base: Network, number: int) -> tuple[Player, ...]:
        name, update, units = player
        rows = self.parts[int(name.removeprefix("holder"))]
        if what == "claim x3":
            return ((name, update, 3 * units),)
        if what == "loud x3":
            return ((name, self._bounded(3 * update.flat()), units),)
        if what == "twins":
            noise = np.random.default_rng([self.seed, number, 2]).normal(size=self.terms.shape.parameters)
            noise *= TWIN * np.linalg.norm(update.flat()) / np.linalg.norm(noise)
            pair = [self._bounded(update.flat() + sign * np.rint(noise).astype(np.int64)) for sign in (1, -1)]
            return tuple((f"{name}/{j}", u, units // 2) for j, u in enumerate(pair))
        pieces = pieces_of(rows, int(what.split()[1].strip(",")), np.random.default_rng([self.seed, 3]))
        epochs = 6 if what.endswith("long") else 3
        return tuple(
            (f"{name}/{j}", self.train(base, piece, number, epochs), len(piece.labels))
            for j, piece in enumerate(pieces)
        )

    def _bounded(self, flat: NDArray[np.int64]) -> Update:
        bounds = self.terms.bounds
        norm = float(np.linalg.norm(flat))
        flat = np.trunc(flat * min(1.0, 0.999 * bounds.norm / max(norm, 1.0))).astype(np.int64)
        return Update.from_flat(np.clip(flat, -bounds.entry, bounds.entry), self.terms.shape)

    def _key(self, base: Network, *what: object) -> str:
        sink = hashlib.sha256(repr((self.data, self.seed, self.recipe)).encode())
        for layer in base.layers:
            sink.update(layer.weight.tobytes() + layer.bias.tobytes())
        for part in what:
            sink.update(np.ascontiguousarray(part).tobytes() if isinstance(part, np.ndarray) else repr(part).encode())
        return sink.hexdigest()[:32]

    def _kept(self, name: str, make: Callable[[], Update]) -> Update:
        path = self._folder / f"{name}.npy"
        if not path.exists():
            np.save(path, make().flat().astype(np.int32))
        return Update.from_flat(np.load(path).astype(np.int64), self.terms.shape)


def deal_alike(parts: Sequence[Rows], sizes: Sequence[int], rng: np.random.Generator) -> list[Rows]:
    """Return all rows shuffled and dealt anew, in parts proportional to `sizes`."""
    features, labels = np.concatenate([p.features for p in parts]), np.concatenate([p.labels for p in parts])
    order = rng.permutation(len(labels))
    cuts = (np.cumsum(sizes)[:-1] * len(labels)) // sum(sizes)
    return [Rows(features[i], labels[i]) for i in np.split(order, cuts)]


def pieces_of(rows: Rows, count: int, rng: np.random.Generator) -> list[Rows]:
    """Return `rows` dealt at random into `count` pieces of about one size, each class as evenly as it goes."""
    order = rng.permutation(len(rows.labels))
    order = order[np.argsort(rows.labels[order], kind="stable")]
    return [Rows(rows.features[order[j::count]], rows.labels[order[j::count]]) for j in range(count)]


def seat(given: RoundInput, players: Sequence[Player], last: Sequence[Submission]) -> RoundInput:
    """Return the round with these submissions, and those of the round before."""
    made = tuple(Submission(i, name, update) for i, (name, update, _) in enumerate(players))
    return replace(given, submissions=made, last_submissions=tuple(last))
