"""A small bounty on an embedded chain, for tests of the roles: real contracts, real sealing, made-up rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from client.demo.devnet import Devnet
from client.holder import DataHolder, TrainingTask
from client.log import BountyLog
from client.owner import BountyPlan, ModelOwner, Shard
from client.timing import next_moment
from client.training import Recipe, RowSource, root_update, starting_network, train
from client.validator import Validator
from marketplace.datasets import quantise_rows
from marketplace.domain.bounty import BountyState, Phase
from marketplace.domain.errors import Refused
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms import ChainTerms, Phases
from marketplace.domain.terms_document import RecipeTerms
from marketplace.domain.update import Update
from marketplace.sealing.identity import EncryptionIdentity
from marketplace.storage.folder import FolderStore

TOKEN = 10**18
INPUTS = 20
SHAPE = Shape(INPUTS, 6, 2)
_RECIPE = RecipeTerms(epochs=2, learning_rate_ppm=50_000)
_ZERO = bytes(32)


def rows(count: int, seed: int) -> RowSource:
    """Two overlapping clouds; most dimensions tell nothing, so that two people's updates differ."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    apart = np.zeros(INPUTS)
    apart[:4] = (0.9, -0.7, 0.5, 0.6)
    features = rng.normal(0, 1, (count, INPUTS)) + (2 * labels[:, None] - 1) * apart
    return RowSource(np.clip(features, -5, 5), labels)


class Stage:
    """Owner, validators and holders of one bounty that nobody has posted yet."""

    def __init__(
        self,
        folder,
        *,
        rounds: int = 2,
        seats: int = 3,
        honest: int = 3,
        spare: int = 0,
        purse: int = 0,
        privacy: str = "sealed",
        shape: Shape = SHAPE,
        **changes: object,
    ):
        """Have everybody ready; `purse` is what validators have beside a ticket's stake, for the bonds of disputes."""
        self.net = Devnet()
        self.store = FolderStore(folder)
        scoring = ScoringTerms(shape, target_gain_ppm=20_000)
        self.recipe = Recipe.from_terms(_RECIPE)
        root = rows(60, 1)
        terms = ChainTerms(
            owner="0x" + "00" * 20,
            token=self.net.token,
            round_budget=100 * TOKEN,
            ticket_stake=200 * TOKEN,
            fee=1 * TOKEN,
            holder_stake=10 * TOKEN,
            seat_pay=2 * TOKEN,
            bond=200 * TOKEN,
            compensation=3 * TOKEN,
            rounds=rounds,
            seats=seats,
            min_holders=3,
            max_holders=16,
            post_before=self.net.now() + 3600,
            base_root=_ZERO,
            shards_root=_ZERO,
            allowlist_root=_ZERO,
            document=_ZERO,
            phases=Phases.of(600),
        )
        terms = replace(terms, **changes)
        plan = BountyPlan(
            title="two clouds",
            base=starting_network(shape, scoring.scales, 3),
            shards=tuple(_shard(rows(200, 100 + i)) for i in range(rounds + 1)),
            train_root=lambda base, round_: root_update(base, root, self.recipe, seed=round_, bounds=scoring.bounds),
            scoring=scoring,
            recipe=_RECIPE,
            public_prior=(1, 1),
            class_names=("left", "right"),
            feature_names=tuple(f"x{i}" for i in range(INPUTS)),
            preparation=(),
            chain=terms,
            privacy=privacy,
        )
        self.owner = ModelOwner("owner", self.net.account(terms.escrow), _identity(), self.store, plan)
        self.validators: list[Validator] = []
        for i in range(seats + spare):
            account = self.net.account(terms.ticket_stake + purse)
            account.registry.stake(terms.ticket_stake, 1)
            self.validators.append(Validator(f"v{i}", account, _identity(), self.store, BountyLog(account, b"")))
        self.holders: list[DataHolder] = []
        for i in range(honest):
            self.add_holder(f"h{i}", self.honest_trainer(i))
        self.silent: set[str] = set()
        self.bounty = b""

    @property
    def terms(self) -> ChainTerms:
        """The terms as posted."""
        return self.owner.log.terms

    def honest_trainer(self, number: int) -> Callable[[TrainingTask], Update]:
        """A trainer with rows of its own."""
        source = rows(80, 10 + number)

        def trainer(task: TrainingTask) -> Update:
            bounds = task.terms.scoring.bounds
            return train(task.base, source, self.recipe, seed=task.round, public_prior=(1, 1), bounds=bounds)

        return trainer

    def add_holder(
        self, name: str, trainer: Callable[[TrainingTask], Update], kind: type[DataHolder] = DataHolder
    ) -> DataHolder:
        """Add a holder with enough money; `kind` may be a misbehaving subclass."""
        terms = self.owner.plan.chain
        account = self.net.account(terms.holder_stake + terms.rounds * terms.fee)
        holder = kind(name, account, _identity(), self.store, BountyLog(account, b""), trainer)
        self.holders.append(holder)
        return holder

    def post(self) -> bytes:
        """Post the bounty and let everybody watch it."""
        self.bounty = self.owner.post()
        log = BountyLog(self.owner.account, self.bounty)
        self.owner.log = log
        for person in (*self.validators, *self.holders):
            person.log = log
        return self.bounty

    def state(self) -> BountyState:
        """The bounty as the chain has it."""
        return self.owner.account.bounty(self.bounty)

    def play(self, until: Callable[[BountyState], bool] | None = None) -> None:
        """Let everybody who is not silent act, and time pass, until `until` holds or all is over and claimed."""
        for _ in range(2000):
            acted = self._act(until)
            if acted is None:
                return
            if acted:
                continue
            if self.state().phase is Phase.CLOSED:
                return
            self._let_time_pass()
        msg = "the bounty did not end"
        raise AssertionError(msg)

    def _act(self, until: Callable[[BountyState], bool] | None) -> bool | None:
        """Let everybody act once; None as soon as `until` holds."""
        acted = False
        for person in (self.owner, *self.validators, *self.holders):
            if person.name not in self.silent and person.step():
                acted = True
                if until is not None and until(self.state()):
                    return None
        return acted

    def _let_time_pass(self) -> None:
        now, clock = self.state(), self.net.chain.clock
        if now.phase is Phase.DRAW:
            clock.wait_for_block(now.draw_block)
            if "owner" in self.silent:
                self.net_account().draw(self.bounty, self.terms)
            return
        if now.phase is not Phase.DISPUTE and clock.now() > now.deadline and self._advance():
            return
        moment = next_moment(clock.now(), now, self.terms, self.owner.log.refresh().turns_until(now.round))
        assert moment is not None, f"{now.phase} does not end"
        clock.wait_until(moment)

    def net_account(self):
        """Somebody who is none of the participants."""
        return self.holders[0].account

    def _advance(self) -> bool:
        try:
            self.net_account().advance(self.bounty, self.terms)
        except Refused:
            return False
        return True

    def withdraw_all(self) -> None:
        """Everybody takes everything home, as far as it is theirs."""
        for person in (self.owner, *self.validators, *self.holders):
            balance = person.account.vault.balance()
            if balance:
                person.account.vault.withdraw(balance)

    def left_in_bounty(self) -> int:
        """What the bounty's own account still holds."""
        return self.owner.account.vault.balance(self.bounty)


def names(people: Sequence[DataHolder]) -> list[str]:
    """Their names."""
    return [p.name for p in people]


def _identity() -> EncryptionIdentity:
    return EncryptionIdentity.generate()


def _shard(source: RowSource) -> Shard:
    return Shard(quantise_rows(source.features, 24), source.labels)
