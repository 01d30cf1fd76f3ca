"""The one face of every strategy: who takes part in its stead, and what is said about it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.gym.game import Game
    from client.participant import Participant
    from marketplace.domain.update import Update

__all__ = ["Honest", "Role", "Strategy"]


class Role(StrEnum):
    """Who deviates; with accomplices in other roles it is the one without whom there would be no attack."""

    HOLDER = "holder"
    SEAT = "seat"
    OWNER = "owner"


class Strategy(ABC):
    """One way to deviate from what honest people do. An instance plays one game and may remember things in it.

    Attributes:
        name: what the command line calls it.
        role: who deviates.
        rounds: of the bounties it is played in.
        only_trains: whether all it does is train in a way of its own, without looking at anybody: see `replay`.
        impossible: why the contracts leave no way to play it, so that it stays abstract; empty where they do.
        does: what it does; defence: what stands against it; residual: what is left of it. One sentence each.
    """

    name: ClassVar[str]
    role: ClassVar[Role]
    rounds: ClassVar[int] = 2
    only_trains: ClassVar[bool] = False
    impossible: ClassVar[str] = ""
    does: ClassVar[str]
    defence: ClassVar[str]
    residual: ClassVar[str]

    @abstractmethod
    def enter(self, game: Game) -> Sequence[Participant]:
        """Put deviating people in the place of honest ones, before anything is posted; return the team.

        The team's profit is what all its members together end with, less what they came with.
        """

    def took(self, game: Game) -> list[Update] | None:  # noqa: ARG002 - most take nothing
        """Return the aggregates the owner's side has in the end, if not those it was served."""
        return None


class Honest(Strategy):
    """Nobody deviates: what the others are compared with."""

    name = "honest"
    role = Role.HOLDER
    does = "does what the terms say"
    defence = "none is needed"
    residual = "none"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Change nothing; everybody is measured."""
        return game.everybody
