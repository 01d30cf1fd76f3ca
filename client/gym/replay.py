"""What a game comes to where nobody but a holder deviates, and only by what it submits: no chain is needed for that.

Rounds are scored by the product's own code, payouts and fees are added up as the contracts do it. A thousand games take
minutes that way; that a game on the contracts ends with the same balances, to the unit, is a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from client.gym.cheat import Cheat
from client.gym.course import Course
from client.gym.world import HOLDERS
from client.holder import TrainingTask
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.money import hold_back

if TYPE_CHECKING:
    from client.gym.strategy import Strategy
    from client.gym.world import World
    from client.holder import Trainer
    from client.plan_folder import PlanInputs
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.domain.update import Update

__all__ = ["HonestWork", "Replayed", "replay"]

_TOKEN: Final = "0x" + "00" * 20


@dataclass(frozen=True)
class Replayed:
    """What the deviating holder had of a game, in the token's smallest unit: payouts, and what submitting cost."""

    earned: int
    fees: int

    @property
    def profit(self) -> int:
        """What is left."""
        return self.earned - self.fees

    @property
    def paid_more(self) -> bool:
        """Whether it was paid more than its submissions cost."""
        return self.earned > self.fees


class HonestWork(Cheat):
    """A last holder that deviates in nothing: what the others are compared with."""

    name = "honest work"
    only_trains = True

    def train(self, task: TrainingTask) -> Update:
        """Return honest work."""
        return self.own(task)


class _Deviator:
    """The last holder, as far as a strategy that only trains knows it."""

    trainer: Trainer


class _Setting:
    """A game, as far as a strategy that only trains knows it."""

    def __init__(self, world: World) -> None:
        self.world, self.deviator = world, _Deviator()


def replay(world: World, strategy: Strategy) -> Replayed:
    """Play a strategy that is nothing but a way to train.

    Raises:
        InvalidInput: the strategy does more than that.
    """
    if not strategy.only_trains:
        msg = f"{strategy.name} is more than a way to train: play it on the contracts"
        raise InvalidInput(msg)
    setting: Any = _Setting(world)
    strategy.enter(setting)
    inputs, last = world.inputs(_TOKEN, 0), HOLDERS - 1
    terms, train_root, course = inputs.chain, inputs.plan().train_root, _course(world, inputs)
    amounts, released = [], True
    for round_ in range(world.rounds):
        base, ends = course.base, round_ == world.rounds - 1
        updates = {i: world.honest(i, base, round_) for i in range(last)}
        # Who only trains has no use for the terms' document.
        updates[last] = setting.deviator.trainer(TrainingTask(base, cast("TermsDocument", None), round_))
        # So few holders are scored in every order, and none is drawn.
        final = inputs.shards[-1] if ends else None
        score = course.score(inputs.shards[round_], updates, train_root(base, round_), ZERO_HASH, final)
        amounts.append(score.payouts.get(last, 0))
        released = score.released
    earned = sum(amount if released else hold_back(amount)[0] for amount in amounts)
    return Replayed(earned, world.rounds * terms.fee)


def _course(world: World, inputs: PlanInputs) -> Course:
    return Course(world.scoring, inputs.chain.round_budget, inputs.chain.min_holders, world.base)
