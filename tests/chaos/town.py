"""Where everything takes place: a local chain with the contracts, people with keys and money, a bounty not yet posted.

Built once and used for many runs: before each, the chain goes back to the same block and everybody to the same folder.
So two runs differ in what goes wrong in them, and in nothing else that decides about money.
"""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from client.devnet.life import DevnetOptions, bring_up, take_down
from client.devnet.market import Bank
from client.devnet.rpc import LocalTime, Rpc
from client.home import Home
from client.owner import Shard
from client.plan_folder import PlanInputs, save_plan
from client.rows_file import dump_prepared
from client.settings import (
    ChainSettings,
    HolderSettings,
    OwnerSettings,
    Settings,
    StorageSettings,
    ValidatorSettings,
)
from client.training import starting_network
from marketplace.chain.deploy import Deployment
from marketplace.datasets import quantise_rows
from marketplace.datasets.rows import Rows
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms import ChainTerms, Phases
from marketplace.domain.terms_document import RecipeTerms
from marketplace.sealing import keyfile
from marketplace.sealing.identity import EncryptionIdentity
from tests.chaos.nursery import Nursery

__all__ = ["PASSWORD", "ROUNDS", "SEATS", "TOKEN", "Person", "Town"]

TOKEN = 10**18
SEATS = 3
HOLDERS = 4
ROUNDS = 2
PASSWORD = "correct horse"
FRESH = 3
"""Blocks made after going back: anvil forgets the state of those before, and could not return to them."""
POLL = 0.25
"""Seconds between two looks of a participant: fewer would cost more of a busy machine than they save."""

_INPUTS = 20
_SHAPE = Shape(_INPUTS, 6, 2)
_ZERO = bytes(32)
_CHEAP = keyfile._Cost(1 << 14, 8, 1)
_CHEAP_WALLET = 1 << 10
_STAKE = 200 * TOKEN


@dataclass(frozen=True)
class Person:
    """One participant.

    Attributes:
        grant: tokens in the wallet to begin with.
    """

    name: str
    role: str
    number: int
    address: str
    grant: int


class Town:
    """A devnet and everybody's folders, as they were before anybody did anything.

    Args:
        folder: for all of it.
        holders: how many; up to 8 are scored without sampling, so that payouts do not depend on keys.
        confirmations: what everybody waits for.
    """

    def __init__(self, folder: Path, *, holders: int = HOLDERS, confirmations: int = 2) -> None:
        self.folder = folder
        self.holders = holders
        self.confirmations = confirmations
        self._template = folder / "template"
        self._undo = ExitStack()

    def __enter__(self):
        options = DevnetOptions(kind="anvil", conductor=False, grants=False, holders=self.holders)
        with self._undo as undo:
            self.state = bring_up(self.folder / "devnet", options)
            undo.callback(take_down, self.folder / "devnet")
            self.nursery = Nursery(self.folder / "nursery.log")
            undo.callback(self.nursery.close)
            self._settle()
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._undo.close()

    @property
    def deployment(self) -> Deployment:
        """Where the contracts lie."""
        return self.state.deployment

    @property
    def password_file(self) -> Path:
        """What opens everybody's keys."""
        return self.folder / "password"

    def bank(self) -> Bank:
        """A connection of one's own to the chain, around every proxy."""
        return Bank(self.state)

    def reset(self, folder: Path) -> None:
        """Put the chain and everybody's folders back to the beginning; the folders go to `folder`."""
        if not self.rpc.ask("evm_revert", self._moment):
            msg = "the chain did not go back"
            raise AssertionError(msg)
        self._moment = self.rpc.ask("evm_snapshot")
        self.clock.mine(FRESH)
        self.start = self.clock.head()
        shutil.copytree(self._template, folder)

    def settings(self, person: Person, chain: str, storage: StorageSettings) -> Settings:
        """Return a person's settings for one run, with the URL through which it sees the chain."""
        role: dict[str, Any] = {
            "owner": {"owner": OwnerSettings(plan="plan")},
            "holder": {"holder": HolderSettings(bounty="next", turn=person.number, seed=person.number)},
            "validator": {"validator": ValidatorSettings(bounty="next", tickets=1, ticket_stake=_STAKE)},
        }[person.role]
        where = ChainSettings(
            network=self.state.network, urls=(chain,), deployment="deployment.json", confirmations=self.confirmations
        )
        return Settings(role=person.role, name=person.name, poll_seconds=POLL, chain=where, storage=storage, **role)

    # ------------------------------------------------------------------ details
    def _settle(self) -> None:
        self.rpc = Rpc(self.state.url)
        self.clock = LocalTime(self.rpc)
        self.password_file.write_text(PASSWORD)
        self.password_file.chmod(0o600)
        self.terms = self._terms()
        bank, money = self.bank(), self.terms
        grants = {
            "validator": money.ticket_stake,
            "owner": money.escrow,
            "holder": money.holder_stake + money.rounds * money.fee,
        }
        counts = {"validator": SEATS, "owner": 1, "holder": self.holders}
        self.people = [
            self._person(role, number, bank, grants[role]) for role, count in counts.items() for number in range(count)
        ]
        self._moment = self.rpc.ask("evm_snapshot")

    def _person(self, role: str, number: int, bank: Bank, grant: int) -> Person:
        name = f"{role}-{number}"
        home = self._template / name
        home.mkdir(parents=True, mode=0o700)
        usual, keyfile._COST = keyfile._COST, _CHEAP
        try:
            keyfile.save_identity(EncryptionIdentity.generate(), home / "identity.json", PASSWORD)
        finally:
            keyfile._COST = usual
        (home / "deployment.json").write_text(self.deployment.to_json())
        unused = self.settings(Person(name, role, number, "", grant), self.state.url, StorageSettings())
        made = Home.create(home, unused, PASSWORD, work=_CHEAP_WALLET)
        address = str(made.unlock(PASSWORD).wallet.address)
        if role == "owner":
            save_plan(home / "plan", self._plan())
        if role == "holder":
            (home / "rows.safetensors").write_bytes(dump_prepared(_rows(80, 10 + number)))
        bank.grant(address, grant)
        return Person(name, role, number, address, grant)

    def _terms(self) -> ChainTerms:
        return ChainTerms(
            owner="0x" + "00" * 20,
            token=self.deployment.token,
            round_budget=100 * TOKEN,
            ticket_stake=_STAKE,
            fee=1 * TOKEN,
            holder_stake=10 * TOKEN,
            seat_pay=2 * TOKEN,
            bond=200 * TOKEN,
            compensation=3 * TOKEN,
            rounds=ROUNDS,
            seats=SEATS,
            min_holders=3,
            max_holders=16,
            post_before=self.clock.now() + 30 * 86_400,
            base_root=_ZERO,
            shards_root=_ZERO,
            allowlist_root=_ZERO,
            document=_ZERO,
            phases=Phases.of(3600),
        )

    def _plan(self) -> PlanInputs:
        scoring = ScoringTerms(_SHAPE, target_gain_ppm=20_000)
        return PlanInputs(
            title="two clouds",
            base=starting_network(_SHAPE, scoring.scales, 3),
            shards=tuple(_shard(_rows(200, 100 + i)) for i in range(ROUNDS + 1)),
            root=_rows(60, 1),
            scoring=scoring,
            recipe=RecipeTerms(epochs=2, learning_rate_ppm=50_000),
            public_prior=(1, 1),
            class_names=("left", "right"),
            feature_names=tuple(f"x{i}" for i in range(_INPUTS)),
            preparation=(),
            chain=self.terms,
        )


def _rows(count: int, seed: int) -> Rows:
    """Two overlapping clouds; most dimensions tell nothing, so that two people's updates differ."""
    chance = np.random.default_rng(seed)
    labels = chance.integers(0, 2, count)
    apart = np.zeros(_INPUTS)
    apart[:4] = (0.9, -0.7, 0.5, 0.6)
    features = chance.normal(0, 1, (count, _INPUTS)) + (2 * labels[:, None] - 1) * apart
    return Rows(np.clip(features, -5, 5), labels)


def _shard(rows: Rows) -> Shard:
    return Shard(quantise_rows(rows.features, 24), rows.labels)
