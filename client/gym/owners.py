"""Model owners that would rather not pay, or would rather not be seen.

An owner's profit is its money and what the model it ends with is worth to it: see `World.worth`. Otherwise an owner
that buys nothing would beat every honest one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from client.gym.benches import Liar
from client.gym.sheets import forged
from client.gym.strategy import Role, Strategy
from client.owner import ModelOwner, Shard
from client.scorer import TracedRound
from client.training import RowSource
from marketplace.domain.bounty import Phase
from marketplace.domain.money import majority
from marketplace.scoring.adoption import adopt, weighted_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from client.gym.game import Game
    from client.holder import TrainingTask
    from client.participant import Participant
    from client.scorer import ScoredRound
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = [
    "DilutedShard",
    "GrindsTheDraw",
    "NeverOpens",
    "NeverOpensTheShard",
    "OpensToOneSeat",
    "OpensToSome",
    "OwnerWithASeat",
    "RandomLabels",
    "ShillHolder",
    "UnbeatableLabels",
]

_LOUD: Final = 5
_REAL_ROWS: Final = 2
_INT8: Final = 127


class _Silent(ModelOwner):
    """Posts, and never opens a round."""

    def open_round(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Do nothing."""
        return False


class NeverOpens(Strategy):
    """Falls silent at once."""

    name = "never-opens"
    role = Role.OWNER
    does = "posts a bounty and never opens its first round"
    defence = "the bond compensates every holder that joined, and the rest of it is burned"
    residual = "holders lose time, and seats have taken a ticket off the market for nothing"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner."""
        return [game.recast_owner(_Silent)]


class _Secretive(ModelOwner):
    """Opens rounds and no shard."""

    def open_shard(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Do nothing."""
        return False


class NeverOpensTheShard(Strategy):
    """Falls silent when it is about money."""

    name = "never-opens-the-shard"
    role = Role.OWNER
    does = "opens the round, lets everybody submit, and never opens the shard"
    defence = "the round is void, fees return, the bond compensates whoever submitted, and the rest of it is burned"
    residual = "holders lose their work for the compensation; updates stay sealed, so the owner has nothing either"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner."""
        return [game.recast_owner(_Secretive)]


class _Selective(ModelOwner):
    """Seals the base to all but one of those it says it sealed it to."""

    def _recipients(self, bounty: BountyState) -> tuple[dict[str, bytes], int]:
        recipients, sealed_to = super()._recipients(bounty)
        recipients.pop(self.log.holders[min(self.log.holders)].holder, None)
        return recipients, sealed_to


class OpensToSome(Strategy):
    """Leaves one out."""

    name = "opens-to-some"
    role = Role.OWNER
    does = "says that it sealed the base to every holder, and leaves one out"
    defence = "who cannot open the base submits an update that changes nothing: it loses the fee and keeps the stake"
    residual = "a fee is taken from whoever is left out, for a round that improves less"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner."""
        return [game.recast_owner(_Selective)]


class _Favouring(ModelOwner):
    """Seals the shard to one seat."""

    def usable_keys(self, named: Mapping[str, bytes]) -> dict[str, bytes]:
        """Return one key only where seats' keys are asked for to open a shard."""
        found = super().usable_keys(named)
        return dict(list(found.items())[:1]) if self._opening else found

    def open_shard(self, bounty: BountyState) -> bool:
        """Open the shard to the first seat."""
        self._opening = True
        try:
            return super().open_shard(bounty)
        finally:
            self._opening = False

    _opening = False


class OpensToOneSeat(Strategy):
    """Shows the rows to one seat, and to all only when it has to."""

    name = "opens-to-one-seat"
    role = Role.OWNER
    does = "seals the shard's key to one seat of three, and publishes it when the others attest that it did not open"
    defence = "a majority attests that the shard did not open: without the answer the bond is lost"
    residual = "the rows of that round become public, which costs nobody but the owner"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner."""
        return [game.recast_owner(_Favouring)]


# ---------------------------------------------------------------------- labels
class RandomLabels(Strategy):
    """Measures with noise."""

    name = "random-labels"
    role = Role.OWNER
    does = "labels the shards at random, so that no update is seen to improve anything"
    defence = "what is not adopted is not handed over: the owner gets no model; holders can leave after a round"
    residual = "the fees of such a round go to the owner, 5 a holder against 15 for the seats: judge the owner first"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Post other labels."""
        classes, rng = game.world.scoring.shape.classes, game.world.rng(self.name)
        return [_twisted(game, lambda shard: Shard(shard.rows, rng.integers(0, classes, len(shard.labels))))]


class UnbeatableLabels(Strategy):
    """Measures what nobody can reach."""

    name = "unbeatable-labels"
    role = Role.OWNER
    does = "makes rows up on which the base errs so much that no update within the bounds moves a margin off the clip"
    defence = "what is not adopted is not handed over: the owner gets no model; holders can leave after a round"
    residual = "the fees of such a round go to the owner, 5 a holder against 15 for the seats: judge the owner first"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Post other labels."""
        return [_unbeatable(game)]


class DilutedShard(Strategy):
    """Measures just enough."""

    name = "diluted-shard"
    role = Role.OWNER
    does = "hides two real rows of each shard among made-up ones: enough to adopt the aggregate, too few to pay for it"
    defence = "holders can leave after a round that was adopted and paid nobody"
    residual = (
        "it wins: the owner alone knows what the shards hold, and an adopted round may pay next to nothing; adopting"
        " only what pays somebody would not stop it, four real rows of a hundred were enough"
    )

    def enter(self, game: Game) -> Sequence[Participant]:
        """Post other rows."""

        def twist(shard: Shard) -> Shard:
            wrong = np.flatnonzero(game.world.base.forward(shard.rows).argmax(axis=1) != shard.labels)
            real, hidden = wrong[:_REAL_ROWS], _out_of_reach(shard, game.world.base)
            rows, labels = hidden.rows.copy(), hidden.labels.copy()
            rows[real], labels[real] = shard.rows[real], shard.labels[real]
            return Shard(rows, labels)

        return [_twisted(game, twist)]


class OwnerWithASeat(Strategy):
    """Pays nothing and looks."""

    name = "owner-with-a-seat"
    role = Role.OWNER
    rounds = 1
    does = "posts unbeatable labels, pays nobody, and takes the updates from a seat that is in it with it"
    defence = "seats are drawn from all tickets of a pool; join bounties whose pool is large beside what one person has"
    residual = "it works whenever one of the seats is the owner's: in sealed mode every seat reads every update"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner, and a validator who scores honestly."""
        return [_unbeatable(game), game.validators[0]]

    def took(self, game: Game) -> list[Update] | None:
        """Return the aggregate of what the seat opened, which takes no score to work out."""
        log, seat = game.owner.log, game.validators[0]
        if 0 not in log.settled:
            return None
        found, world = seat.bench.score(0), game.world
        if not isinstance(found, TracedRound):
            return None
        chosen = found.score.coefficients
        updates = [s.update for s in found.given.submissions]
        mean = weighted_mean(updates, chosen.values, chosen.k, world.scoring.shape)
        return [adopt(world.base, mean, world.scoring.bounds)[1]]


def _unbeatable(game: Game) -> ModelOwner:
    return _twisted(game, lambda shard: _out_of_reach(shard, game.world.base))


def _out_of_reach(shard: Shard, base: Network) -> Shard:
    """Return louder rows, with the labels that `base` believes least."""
    loud = np.clip(shard.rows.astype(np.int64) * _LOUD, -_INT8, _INT8).astype(np.int8)
    return Shard(loud, base.forward(loud).argmin(axis=1))


def _twisted(game: Game, twist: Callable[[Shard], Shard]) -> ModelOwner:
    plan = game.owner.plan
    owner: ModelOwner = game.recast_owner(ModelOwner, replace(plan, shards=tuple(map(twist, plan.shards))))
    return owner


# ---------------------------------------------------------------------- accomplices
class ShillHolder(Strategy):
    """Pays itself."""

    name = "shill-holder"
    role = Role.OWNER
    does = "lets a holder of its own train on the very shard it will be measured on, to take back what it pays"
    defence = "a payout depends on what others bring too; the hold-back depends on a shard nobody can fit a round to"
    residual = "part of the budget returns to the owner and the others are paid less, for a model that improves less"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner, and the last holder, who knows the shards."""
        world = game.world
        eager = replace(world.recipe, epochs=5 * world.recipe.epochs)

        def train(task: TrainingTask) -> Update:
            shard = world.data.shards[task.round]
            return world.train(RowSource(shard.features, shard.labels), task.base, task.round, eager)

        game.deviator.trainer = train
        return [game.owner, game.deviator]


class _Grinder(ModelOwner):
    """Draws only when the draw seats its own tickets; whoever else draws first does not ask."""

    def step(self) -> bool:
        """Leave drawing to others, who have no reason to wait."""
        return False if self.look().phase is Phase.DRAW else super().step()


class GrindsTheDraw(Strategy):
    """Wants its own bench."""

    name = "grinds-the-draw"
    role = Role.OWNER
    rounds = 1
    does = (
        "stakes two of five tickets, holds back the draw, and pays nobody if two of three seats turn out to be its own"
    )
    defence = (
        "the seed is the hash of a block after posting, and anybody may draw: waiting for a better one is no option"
    )
    residual = "the draw is fair, not kind: with 40 % of a pool it has a majority of three seats in 3 of 10 bounties"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the owner, and two validators more."""
        own = [game.add_validator(Liar) for _ in range(2)]
        owner = game.recast_owner(_Grinder)
        for validator in own:
            validator.lie = lambda round_, found, who=validator: self._nothing(game, own, who, round_, found)
        return [owner, *own]

    @staticmethod
    def _nothing(game: Game, own: list[Liar], who: Liar, round_: int, found: ScoredRound) -> ScoredRound:
        """Return a sheet that pays nobody, or the right one where that would be seen."""
        mine = {validator.address for validator in own}
        seats = sum(event.validator in mine for event in game.owner.log.seats.values())
        return forged(who, round_, found, {}) if seats >= majority(game.terms.seats) else found
