"""Adding up a vault: what went in, what came out, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.domain.events import Deposited, Withdrawn

if TYPE_CHECKING:
    from marketplace.chain.account import Account

__all__ = ["Books", "add_up"]


@dataclass(frozen=True)
class Books:
    """What the vault's events and accounts add up to, in the token's smallest unit.

    Attributes:
        deposited, withdrawn: sums over all events; burned: the account nobody can empty.
        held: all other accounts together; tokens_in_vault: what the token says the vault has.
    """

    deposited: int
    withdrawn: int
    burned: int
    held: int
    tokens_in_vault: int

    @property
    def exact(self) -> bool:
        """Whether in = out + burned + held, and the tokens of the last two are really there."""
        kept = self.burned + self.held
        return self.deposited == self.withdrawn + kept and self.tokens_in_vault == kept


def add_up(viewer: Account) -> Books:
    """Add up the vault of a deployment, as anybody can."""
    moved = list(viewer.money_events(0, viewer.head()))
    total, burned = viewer.vault.total(), viewer.vault.burned()
    return Books(
        deposited=sum(e.amount for e in moved if isinstance(e, Deposited)),
        withdrawn=sum(e.amount for e in moved if isinstance(e, Withdrawn)),
        burned=burned,
        held=total - burned,
        tokens_in_vault=viewer.token.balance(viewer.deployment.vault),
    )
