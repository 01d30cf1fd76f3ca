"""One chain for many games: everybody has an account and money once, and each game starts from the same moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from client.demo.devnet import Devnet
from client.gym.world import HOLDERS, SEATS, TOKEN
from marketplace.chain.account import Account
from marketplace.sealing.identity import EncryptionIdentity

__all__ = ["PURSE", "Arena", "Citizen"]

PURSE: Final = 100_000 * TOKEN
"""What everybody starts with: more than anything a game costs."""

_SPARE: Final = 4


@dataclass(frozen=True, eq=False)
class Citizen:
    """Somebody with an account, money in the vault, and an encryption identity."""

    account: Account
    identity: EncryptionIdentity

    @property
    def address(self) -> str:
        """The account's address."""
        return self.account.address


class Arena:
    """A chain with contracts and people on it.

    Args:
        ticket_stake: of the validators' tickets, which are staked once.

    Attributes:
        owner, validators, holders: who plays which role; spare: accounts for those who come as several people.
        bystander: takes no part, and pushes bounties on as anybody may.
        start: what everybody has before a game, by address.
    """

    def __init__(self, ticket_stake: int) -> None:
        self.net = Devnet()
        self.ticket_stake = ticket_stake
        self.owner, self.bystander = self._citizen(), self._citizen()
        self.validators = tuple(self._citizen() for _ in range(SEATS))
        self.holders = tuple(self._citizen() for _ in range(HOLDERS))
        self.spare = tuple(self._citizen() for _ in range(_SPARE))
        for validator in self.validators:
            validator.account.registry.stake(ticket_stake, 1)
        self._tokens = -1
        self._wallets: dict[str, int] = {}
        self.start: Final = self.wealth(SEATS)
        self._start = self.net.chain.snapshot()

    def reset(self) -> None:
        """Go back to the moment before the first game."""
        self.net.chain.restore(self._start)

    def wealth(self, tickets: int) -> dict[str, int]:
        """Return what everybody has in its wallet, in the vault, and in the first `tickets` tickets of the pool."""
        account = self.bystander.account
        tokens = account.token.balance(self.net.deployment.vault)
        if tokens != self._tokens:  # somebody paid in or withdrew
            self._wallets = {citizen.address: account.token.balance(citizen.address) for citizen in self.everybody}
            self._tokens = tokens
        found = {a: wallet + account.vault.balance(a) for a, wallet in self._wallets.items()}
        for number in range(tickets):
            ticket = account.registry.ticket(self.ticket_stake, number)
            found[ticket.validator] += ticket.stake
        return found

    @property
    def everybody(self) -> list[Citizen]:
        """All people there are."""
        return [self.owner, *self.validators, *self.holders, *self.spare]

    def _citizen(self) -> Citizen:
        return Citizen(self.net.account(PURSE), EncryptionIdentity.generate())
