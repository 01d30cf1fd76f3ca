"""Adding up a vault: what went in, what came out, what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.domain.events import Deposited, Moved, Withdrawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.chain.account import Account
    from marketplace.domain.events import Event

__all__ = ["Books", "accounts_in", "add_up"]


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
    """Add up the vault of a deployment, as anybody can: its events, every account they name, and its tokens."""
    moved, burned = list(viewer.money_events(0, viewer.head())), viewer.vault.burned()
    return Books(
        deposited=sum(e.amount for e in moved if isinstance(e, Deposited)),
        withdrawn=sum(e.amount for e in moved if isinstance(e, Withdrawn)),
        burned=burned,
        held=sum(viewer.vault.balance(account) for account in accounts_in(moved)) - burned,
        tokens_in_vault=viewer.token.balance(viewer.deployment.vault),
    )


def accounts_in(events: Iterable[Event]) -> set[bytes]:
    """Return every account of the vault that ever held something."""
    found: set[bytes] = set()
    for event in events:
        if isinstance(event, Deposited):
            found.add(event.account)
        elif isinstance(event, Moved):
            found.add(event.target)
    return found
