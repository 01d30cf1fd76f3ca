"""One game: a bounty from its posting to the last claim, by the real roles on the real contracts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from client.gym.play import play
from client.gym.store import MemoryStore
from client.holder import DataHolder
from client.log import BountyLog
from client.owner import ModelOwner
from client.scorer import score
from client.validator import Validator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.gym.arena import Arena, Citizen
    from client.gym.strategy import Strategy
    from client.gym.world import World
    from client.holder import Trainer, TrainingTask
    from client.owner import BountyPlan
    from client.participant import Participant
    from client.plan_folder import PlanInputs
    from client.scorer import OpenedRound, TracedRound
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.terms import ChainTerms
    from marketplace.domain.update import Update

__all__ = ["OWNER", "Game", "Outcome"]

P = TypeVar("P", bound=ModelOwner)
V = TypeVar("V", bound=Validator)
H = TypeVar("H", bound=DataHolder)

OWNER: Final = "owner"
"""What the owner is called in outcomes."""


@dataclass(frozen=True)
class Outcome:
    """What came of a game, in the token's smallest unit.

    Attributes:
        money: what everybody gained or lost, by name: fees, payouts, seat pay, slashes, forfeited stakes and bonds.
        worth: of the models the owner ended with, to the owner; see `World.worth`.
        team: names of those who deviated together.
        earned, fees: payouts of the team's holders, and what submitting cost them.
        burned: what nobody has any more; left: what the bounty's account still holds.
        adopted, settled: rounds of the bounty.
    """

    money: dict[str, int]
    worth: int
    team: tuple[str, ...]
    earned: int
    fees: int
    burned: int
    left: int
    settled: int
    adopted: int

    @property
    def exact(self) -> bool:
        """Whether what some lost is what others gained or nobody has, to the unit, and the bounty kept nothing."""
        return sum(self.money.values()) + self.burned == 0 and self.left == 0

    @property
    def paid_more(self) -> bool:
        """Whether the team's holders were paid more than their submissions cost."""
        return self.earned > self.fees

    def profit(self, people: Sequence[str] | None = None) -> int:
        """Return what some people together (None: the team) gained, the owner's model included."""
        chosen = self.team if people is None else people
        money = sum(self.money.get(name, 0) for name in chosen)
        return money + (self.worth if OWNER in chosen else 0)


class Game:
    """A bounty that nobody has posted yet; strategies put their own people into it.

    Args:
        arena: the chain and the people's accounts; it is reset.
        world: rows and terms.
        strategy: who deviates, and how.

    Attributes:
        owner, validators, holders: who plays; the last holder is the deviator where a holder deviates.
        tickets: how many the pool has.
    """

    def __init__(self, arena: Arena, world: World, strategy: Strategy) -> None:
        arena.reset()
        self.arena, self.world = arena, world
        self.store = MemoryStore()
        self.tickets = len(arena.validators)
        self._strategy = strategy
        self._spare = iter(arena.spare)
        self._scored: dict[tuple[object, ...], TracedRound] = {}
        self.inputs: PlanInputs = world.inputs(arena.net.token, arena.net.now())
        self.owner = ModelOwner(OWNER, arena.owner.account, arena.owner.identity, self.store, self.inputs.plan())
        self.validators = [self._validator(i, citizen, Validator) for i, citizen in enumerate(arena.validators)]
        self.holders = [self._holder(f"holder {i}", c, self.honest(i)) for i, c in enumerate(arena.holders)]
        self.team = tuple(strategy.enter(self))

    # ------------------------------------------------------------------ casting
    @property
    def everybody(self) -> list[ModelOwner | Validator | DataHolder]:
        """The owner, the validators, then the holders in the order in which they submit."""
        return [self.owner, *self.validators, *self.holders]

    @property
    def deviator(self) -> DataHolder:
        """The last holder."""
        return self.holders[-1]

    @property
    def terms(self) -> ChainTerms:
        """The money and the phases."""
        return self.owner.plan.chain

    def honest(self, number: int) -> Trainer:
        """Return what trains for holder `number` if it is honest."""

        def trainer(task: TrainingTask) -> Update:
            return self.world.honest(number, task.base, task.round)

        return trainer

    def recast_owner(self, kind: type[P], plan: BountyPlan | None = None) -> P:
        """Let somebody else play the owner, with the same account, and perhaps with another plan."""
        old = self.owner
        owner = kind(old.name, old.account, old.identity, self.store, plan or old.plan)
        self.owner = owner
        return owner

    def recast_seat(self, number: int, kind: type[V]) -> V:
        """Let somebody else play validator `number`, with the same account and ticket."""
        validator = self._validator(number, self.arena.validators[number], kind)
        self.validators[number] = validator
        return validator

    def recast_holder(self, kind: type[H], trainer: Trainer) -> H:
        """Let somebody else play the last holder, with the same account."""
        old = self.holders[-1]
        holder = kind(old.name, old.account, old.identity, self.store, old.log, trainer)
        self.holders[-1] = holder
        return holder

    def add_holder(self, trainer: Trainer) -> DataHolder:
        """Add one more account that joins, after all others."""
        holder = self._holder(f"holder {len(self.holders)}", next(self._spare), trainer)
        self.holders.append(holder)
        return holder

    def add_validator(self, kind: type[V]) -> V:
        """Add one more ticket to the pool, and whoever staked it."""
        citizen = next(self._spare)
        citizen.account.registry.stake(self.arena.ticket_stake, 1)
        self.tickets += 1
        validator = self._validator(len(self.validators), citizen, kind)
        self.validators.append(validator)
        return validator

    # ------------------------------------------------------------------ playing
    def play(self) -> Outcome:
        """Play to the end and count."""
        log = BountyLog(self.owner.account, self.owner.post())  # one reader for all: they are in one process
        for person in self.everybody:
            person.log = log
        play(self)
        start, end = self.arena.start, self.arena.wealth(self.tickets)
        log.refresh()
        aggregates = self._strategy.took(self)
        if aggregates is None:
            aggregates = [self.owner.aggregates[round_] for round_ in sorted(self.owner.aggregates)]
        mine = [person.address for person in self.team if isinstance(person, DataHolder)]
        vault = self.arena.bystander.account.vault
        return Outcome(
            money={person.name: end[person.address] - start[person.address] for person in self.everybody},
            worth=self.world.worth(aggregates, log.terms.round_budget),
            team=tuple(person.name for person in self.team),
            earned=sum(log.earned[address] for address in mine),
            fees=log.terms.fee * sum(log.fees_paid_by(address) for address in mine),
            burned=vault.burned(),
            left=vault.balance(log.bounty),
            settled=len(log.settled),
            adopted=len(log.adopted),
        )

    def state(self) -> BountyState:
        """The bounty as the chain has it."""
        return self.owner.account.bounty(self.owner.log.bounty)

    # ------------------------------------------------------------------ details
    def _scored_once(self, who: Participant, log: BountyLog, round_: int, opened: OpenedRound) -> TracedRound:
        """Score for the first seat that asks, and for all others that have opened the same updates."""
        known = (round_, *opened.data_keys.items())
        if known not in self._scored:
            self._scored[known] = score(who, log, round_, opened)
        return self._scored[known]

    def _validator(self, number: int, citizen: Citizen, kind: type[V]) -> V:
        nothing = BountyLog(citizen.account, b"")
        validator = kind(f"validator {number}", citizen.account, citizen.identity, self.store, nothing)
        validator.scorer = self._scored_once
        return validator

    def _holder(self, name: str, citizen: Citizen, trainer: Trainer) -> DataHolder:
        nothing = BountyLog(citizen.account, b"")
        return DataHolder(name, citizen.account, citizen.identity, self.store, nothing, trainer)
