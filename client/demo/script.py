"""What everybody in a demonstration has at home before it starts; the same whether they share a process or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from client.demo.people import HONEST
from client.demo.plan import DemoOptions, chain_terms, scoring_terms
from client.owner import Shard
from client.plan_folder import PlanInputs
from client.trainers import CheatTrainer, HonestTrainer
from client.training import RowSource, starting_network, warm_start
from marketplace.datasets import Rows, load, quantise_rows, split

if TYPE_CHECKING:
    from client.holder import Trainer
    from marketplace.datasets import Split
    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms

__all__ = ["HolderPart", "Script", "write_script"]

_VICTIMS: Final = {"noise": 0, "sign-flip": 1, "zero": 0, "copy": 1, "stale": 1, "label-flip": 2}
"""Whose rows a cheat works with, as after a leak; index into the honest holders."""


@dataclass(frozen=True, eq=False)
class HolderPart:
    """What one holder brings.

    Attributes:
        kind: honest, or the attack it plays.
        rows: its own; of a cheat, those of its victim.
        seed: it trains with, or its victim does; attack_seed: of a cheat's own randomness.
    """

    name: str
    kind: str
    rows: Rows
    seed: int
    attack_seed: int

    def trainer(self) -> Trainer:
        """Return what trains for it."""
        if self.kind == HONEST:
            return HonestTrainer(self.rows, self.seed)
        return CheatTrainer(self.kind, self.rows, self.seed, self.attack_seed)


@dataclass(frozen=True, eq=False)
class Script:
    """A demonstration before anybody plays it.

    Attributes:
        inputs: the owner's plan, its token and last moment to post filled in.
        validators: names; holders: what each brings, in the order they submit.
    """

    options: DemoOptions
    split: Split
    inputs: PlanInputs
    validators: tuple[str, ...]
    holders: tuple[HolderPart, ...]

    @property
    def purse(self) -> int:
        """What a holder needs: the stake, and the fees of all rounds."""
        terms = self.inputs.chain
        return terms.holder_stake + terms.rounds * terms.fee


def write_script(options: DemoOptions, token: str, now: int) -> Script:
    """Split the data and hand it out; deterministic by the options' seed.

    Args:
        options: what a person asked for.
        token: address of the currency.
        now: the chain's time; the bounty can be posted for an hour from it.
    """
    data = split(load(options.data), holders=options.honest, rounds=options.play_rounds, seed=options.seed)
    scoring = scoring_terms(options, data)
    terms = chain_terms(options, token, now)
    inputs = PlanInputs(
        title=options.preset.title,
        base=_base(options, scoring, data),
        shards=tuple(_shard(rows, scoring.scales.input_scale) for rows in (*data.shards, data.final)),
        root=data.root,
        scoring=scoring,
        recipe=options.preset.recipe,
        public_prior=data.public_prior,
        class_names=data.class_names,
        feature_names=data.feature_names,
        preparation=data.preparation.to_json(),
        chain=terms,
        privacy=options.privacy,
    )
    validators = tuple(f"validator {number + 1}" for number in range(terms.seats))
    return Script(options, data, inputs, validators, tuple(_holders(options, data)))


def _base(options: DemoOptions, scoring: ScoringTerms, data: Split) -> Network:
    base = starting_network(scoring.shape, scoring.scales, options.seed)
    if not options.preset.warm_start:
        return base
    root = RowSource(data.root.features, data.root.labels)
    return warm_start(base, root, seed=options.seed, bounds=scoring.bounds)


def _holders(options: DemoOptions, data: Split) -> list[HolderPart]:
    found = [HolderPart(p.name, HONEST, Rows(p.features, p.labels), options.seed, 0) for p in data.parts]
    honest = len(found)
    for number, kind in enumerate(options.attackers):
        name = kind if options.attackers.count(kind) == 1 else f"{kind} {number + 1}"
        victim = found[_VICTIMS[kind] % honest].rows
        found.append(HolderPart(f"cheat: {name}", kind, victim, options.seed, options.seed + number))
    return found


def _shard(rows: Rows, scale: int) -> Shard:
    return Shard(quantise_rows(rows.features, scale), rows.labels)
