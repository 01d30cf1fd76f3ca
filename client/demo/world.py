"""Everybody and everything in a demonstration: chain, contracts, store, people with money in their wallets."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from client.demo.plan import DemoOptions, chain_terms, scoring_terms
from client.holder import DataHolder, TrainingTask
from client.log import BountyLog
from client.owner import BountyPlan, ModelOwner, Shard
from client.training import Attacker, Recipe, RowSource, root_update, starting_network, train, warm_start
from client.validator import Validator
from marketplace.datasets import load, quantise_rows, split
from marketplace.sealing.identity import EncryptionIdentity

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.demo.devnet import Devnet
    from marketplace.datasets import Part, Rows, Split
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update
    from marketplace.storage.store import Store

__all__ = ["Cast", "build_cast"]

_VICTIMS = {"noise": 0, "sign-flip": 1, "zero": 0, "copy": 1, "stale": 1, "label-flip": 2}
"""Whose rows a cheat works with, as after a leak; index into the honest holders."""


@dataclass
class Cast:
    """The people of a demonstration.

    Attributes:
        kinds: name -> `honest`, or the attack a holder plays; owner and validators are honest.
        grants: name -> tokens in the wallet when the curtain rose.
    """

    split: Split
    store: Store
    chain: Devnet
    owner: ModelOwner
    validators: list[Validator] = field(default_factory=list)
    holders: list[DataHolder] = field(default_factory=list)
    kinds: dict[str, str] = field(default_factory=dict)
    grants: dict[str, int] = field(default_factory=dict)

    @property
    def everybody(self) -> Sequence[ModelOwner | Validator | DataHolder]:
        """The owner, the validators, then the holders in the order they submit."""
        return [self.owner, *self.validators, *self.holders]


def build_cast(options: DemoOptions, chain: Devnet, store: Store) -> Cast:
    """Split the data, fund everybody, stake the validators' tickets and post nothing yet."""
    data = split(load(options.data), holders=options.holders, rounds=options.play_rounds, seed=options.seed)
    scoring = scoring_terms(options, data)
    terms = chain_terms(options, chain.token, chain.now())
    recipe = Recipe.from_terms(options.preset.recipe)
    root = _source(data.root)
    base = starting_network(scoring.shape, scoring.scales, options.seed)
    if options.preset.warm_start:
        base = warm_start(base, root, seed=options.seed, bounds=scoring.bounds)

    def train_root(model: Network, round_: int) -> Update:
        return root_update(model, root, recipe, seed=round_, bounds=scoring.bounds)

    plan = BountyPlan(
        title=options.preset.title,
        base=base,
        shards=tuple(_shard(rows, scoring.scales.input_scale) for rows in (*data.shards, data.final)),
        train_root=train_root,
        scoring=scoring,
        recipe=options.preset.recipe,
        public_prior=data.public_prior,
        class_names=data.class_names,
        feature_names=data.feature_names,
        preparation=data.preparation.to_json(),
        chain=terms,
    )
    owner = ModelOwner("owner", chain.account(terms.escrow), EncryptionIdentity.generate(), store, plan)
    cast = Cast(data, store, chain, owner, kinds={"owner": "honest"}, grants={"owner": terms.escrow})
    for number in range(terms.seats):
        name = f"validator {number + 1}"
        account = chain.account(terms.ticket_stake)
        account.registry.stake(terms.ticket_stake, 1)
        log = BountyLog(account, b"")
        cast.validators.append(Validator(name, account, EncryptionIdentity.generate(), store, log))
        cast.kinds[name], cast.grants[name] = "honest", terms.ticket_stake
    _add_holders(cast, options, recipe)
    return cast


def _add_holders(cast: Cast, options: DemoOptions, recipe: Recipe) -> None:
    terms, scoring = cast.owner.plan.chain, cast.owner.plan.scoring
    purse = terms.holder_stake + terms.rounds * terms.fee
    sources = [_source(part) for part in cast.split.parts]
    prior = cast.split.public_prior

    def add(name: str, kind: str, trainer: _Trainer) -> None:
        account = cast.chain.account(purse)
        log = BountyLog(account, b"")
        cast.holders.append(DataHolder(name, account, EncryptionIdentity.generate(), cast.store, log, trainer))
        cast.kinds[name], cast.grants[name] = kind, purse

    for part, source in zip(cast.split.parts, sources, strict=True):
        add(part.name, "honest", _Honest(source, recipe, options.seed, prior))
    for number, kind in enumerate(options.attackers):
        name = kind if options.attackers.count(kind) == 1 else f"{kind} {number + 1}"
        victim = sources[_VICTIMS[kind] % len(sources)]
        cheat = Attacker(kind, victim, recipe, public_prior=prior, bounds=scoring.bounds, seed=options.seed + number)
        add(f"cheat: {name}", kind, _Cheat(cheat, options.seed))


@dataclass(frozen=True)
class _Honest:
    """Trains on its own rows as the terms recommend."""

    source: RowSource
    recipe: Recipe
    seed: int
    prior: tuple[int, ...]

    def __call__(self, task: TrainingTask) -> Update:
        return train(
            task.base,
            self.source,
            self.recipe,
            seed=_round_seed(self.seed, task.round),
            public_prior=self.prior,
            bounds=task.terms.scoring.bounds,
            progress=task.progress,
        )


@dataclass(frozen=True)
class _Cheat:
    """Plays one attack."""

    attacker: Attacker
    seed: int

    def __call__(self, task: TrainingTask) -> Update:
        return self.attacker.update(task.base, seed=_round_seed(self.seed, task.round))


_Trainer = _Honest | _Cheat


def _round_seed(seed: int, round_: int) -> int:
    return 1000 * seed + round_


def _source(rows: Rows | Part) -> RowSource:
    return RowSource(rows.features, rows.labels)


def _shard(rows: Rows, scale: int) -> Shard:
    return Shard(quantise_rows(rows.features, scale), rows.labels)
