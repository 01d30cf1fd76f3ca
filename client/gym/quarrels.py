"""Validators that use disputes for something else than bringing wrong sheets down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.gym.benches import MinorityLiar, Mute
from client.gym.strategy import Role, Strategy
from marketplace.chain.referee import Case
from marketplace.domain.bounty import Phase
from marketplace.domain.dispute import FRAME_DEMAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.gym.game import Game
    from client.participant import Participant
    from marketplace.domain.bounty import BountyState

__all__ = ["SelfChallenge", "ThrownDispute"]


class _Quarreller(Mute):
    """Disputes the very sheet it revealed."""

    def challenge(self, bounty: BountyState) -> bool:
        """Demand the sheet's frame, and hope that nobody answers."""
        mine = self._score(bounty.round)
        if bounty.phase is not Phase.CHALLENGE or mine is None or self.log.disputed[bounty.round]:
            return super().challenge(bounty)
        self.disputes.bring_bond(bounty.round)
        case = Case(self.log.bounty, bounty.round, mine.sheet)
        self.account.referee.dispute(case, self.log.terms, FRAME_DEMAND)
        return True


class ThrownDispute(Strategy):
    """Loses on purpose."""

    name = "thrown-dispute"
    role = Role.SEAT
    rounds = 1
    does = "one seat disputes the right sheet and another one, which should defend it, lets the turn pass"
    defence = "the sheet is defended, not the seat: whoever revealed it may answer, and the bond is lost"
    residual = "none while one honest seat stands for the sheet; where all seats collude there is nobody to deceive"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play two validators."""
        return [game.recast_seat(0, _Quarreller), game.recast_seat(1, Mute)]


class SelfChallenge(MinorityLiar):
    """Brings its own sheet down."""

    name = "self-challenge"
    does = "one seat reveals a wrong sheet, and another one of the same person disproves it before anybody else"
    defence = "a disproved sheet costs the whole ticket, and the challenger gets half of it"
    residual = "half a ticket buys a round that lasts longer; money is lost to nobody else"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the liar, its holder, and a validator that is honest and acts before the third."""
        return [*super().enter(game), game.validators[1]]
