"""Who takes part in a demonstration, as its screen and its report know them: by name, role and address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from client.modes import SEALED

if TYPE_CHECKING:
    from marketplace.domain.terms import ChainTerms

__all__ = ["HONEST", "Person", "Programme"]

HONEST = "honest"


@dataclass(frozen=True)
class Person:
    """One participant.

    Attributes:
        role: owner, holder or validator.
        kind: honest, or the attack a holder plays.
        address: of the wallet.
        grant: tokens in the wallet when the curtain rose, in the smallest unit.
    """

    name: str
    role: str
    kind: str
    address: str
    grant: int


@dataclass(frozen=True)
class Programme:
    """What is played, in which mode, and by whom: owner, validators, then the holders in the order they submit."""

    title: str
    terms: ChainTerms
    people: tuple[Person, ...]
    privacy: str = SEALED

    def of_role(self, role: str) -> list[Person]:
        """Return everybody of a role, in order."""
        return [person for person in self.people if person.role == role]
