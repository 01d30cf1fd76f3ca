"""What a game comes to where nobody but a holder deviates, and only by what it submits: no chain is needed for that.

Rounds are scored by the product's own code, payouts and fees are added up as the contracts do it. A thousand games take
minutes that way; that a game on the contracts ends with the same balances, to the unit, is a test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from client.gym.cheat import Cheat
from client.gym.world import HOLDERS
from client.holder import TrainingTask
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.money import hold_back
from marketplace.scoring.round import FinalInput, RoundInput, Submission, score_round

if TYPE_CHECKING:
    from client.gym.strategy import Strategy
    from client.gym.world import World
    from client.holder import Trainer
    from client.plan_folder import PlanInputs
    from marketplace.domain.network import Network
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.domain.update import Update
    from marketplace.scoring.round import RoundScore

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
    carried, amounts, released = _Carried(world.base), [], True
    for round_ in range(world.rounds):
        updates = [world.honest(i, carried.base, round_) for i in range(last)]
        # Who only trains has no use for the terms' document.
        updates.append(setting.deviator.trainer(TrainingTask(carried.base, cast("TermsDocument", None), round_)))
        score = _scored(world, inputs, round_, updates, carried)
        amounts.append(score.payouts.get(last, 0))
        released = score.released
    earned = sum(amount if released else hold_back(amount)[0] for amount in amounts)
    return Replayed(earned, world.rounds * inputs.chain.fee)


@dataclass
class _Carried:
    """What a round leaves to the next."""

    base: Network
    known: Update | None = None
    previous: tuple[Submission, ...] = ()
    gains: tuple[int, ...] = ()


def _scored(world: World, inputs: PlanInputs, round_: int, updates: list[Update], carried: _Carried) -> RoundScore:
    """Score a round, and carry on what it leaves."""
    final, shard = inputs.shards[-1], inputs.shards[round_]
    ends = round_ == world.rounds - 1
    given = RoundInput(
        scoring=world.scoring,
        base=carried.base,
        rows=shard.rows,
        labels=shard.labels,
        submissions=tuple(Submission(i, f"holder {i}", update) for i, update in enumerate(updates)),
        root_update=inputs.plan().train_root(carried.base, round_),
        last_aggregate=carried.known,
        last_submissions=carried.previous,
        seed=ZERO_HASH,  # so few holders are scored in every order, and none is drawn
        round_budget=inputs.chain.round_budget,
        min_holders=inputs.chain.min_holders,
        last_round=ends,
        final=FinalInput(final.rows, final.labels, world.base, carried.gains) if ends else None,
    )
    score = score_round(given)
    carried.base, carried.previous = score.next_base, given.submissions
    if score.adopted:
        carried.known, carried.gains = score.aggregate, (*carried.gains, score.gain_ppb)
    return score
