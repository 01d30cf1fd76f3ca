"""Whatever people do to a vault, in whatever order, it loses no unit: Brownie's stateful test."""

from __future__ import annotations

from contextlib import nullcontext

import brownie
from brownie.test import strategy

from marketplace.domain.words import address_word
from tests.brownie.stage import TOKEN, refusal

SUPPLY = 10 * TOKEN + 7
"""What each of four people has to begin with, and half of it, rounded down, in the vault."""


def _part(whole: int, permille: int) -> int:
    """So much of `whole`; above 1,000 some units more than there are."""
    return whole * permille // 1000 if permille <= 1000 else whole + permille - 1000


class Books:
    """A vault whose market is a person, so that moves need no bounty, beside a ledger that says what must be in it."""

    person = strategy("uint8", max_value=3)
    other = strategy("uint8", max_value=3)
    permille = strategy("uint16", max_value=1_100)

    def __init__(self, people, keeper, token, vault) -> None:
        self.people, self.keeper, self.token, self.vault = people, keeper, token, vault

    def setup(self) -> None:
        """Before every sequence."""
        self.held, self.purse = [SUPPLY // 2] * 4, [SUPPLY - SUPPLY // 2] * 4

    def rule_deposit(self, person, permille) -> None:
        """Somebody deposits what they have; of more the token knows nothing."""
        amount = _part(self.purse[person], permille)
        short = refusal("ERC20InsufficientBalance", self.people[person], self.purse[person], amount)
        with self._unless(amount, self.purse[person], short):
            self.vault.deposit(self.token, amount, {"from": self.people[person]})
            self.purse[person] -= amount
            self.held[person] += amount
        self._check(person)

    def rule_withdraw(self, person, permille) -> None:
        """Somebody withdraws what is theirs, and no unit more."""
        amount = _part(self.held[person], permille)
        with self._unless(amount, self.held[person], self._short(person, amount)):
            self.vault.withdraw(self.token, amount, {"from": self.people[person]})
            self.held[person] -= amount
            self.purse[person] += amount
        self._check(person)

    def rule_move(self, person, other, permille) -> None:
        """The keeper moves money between two accounts, also from one to itself."""
        amount = _part(self.held[person], permille)
        with self._unless(amount, self.held[person], self._short(person, amount)):
            self._move(person, other, amount, self.keeper)
            self.held[person] -= amount
            self.held[other] += amount
        self._check(person, other)

    def rule_move_by_somebody_else(self, person, other, permille) -> None:
        """Nobody but the keeper does, not even with their own money."""
        with brownie.reverts(refusal("Vault_NotKeeper", self.people[person])):
            self._move(person, other, _part(self.held[person], permille), self.people[person])

    def _check(self, *people: int) -> None:
        """Those who took part have what the ledger says, and the vault's tokens are the sum of all accounts."""
        for one in people:
            held = self.vault.balanceOf(self.token, address_word(self.people[one]))
            assert (self.held[one], self.purse[one]) == (held, self.token.balanceOf(self.people[one]))
        assert sum(self.held) == self.token.balanceOf(self.vault)

    def _move(self, person, other, amount, sender) -> None:
        between = address_word(self.people[person]), address_word(self.people[other])
        self.vault.move(self.token, *between, amount, {"from": sender})

    def _short(self, person, amount) -> str:
        account = address_word(self.people[person])
        return refusal("Vault_InsufficientBalance", self.token.address, account, self.held[person], amount)

    def _unless(self, amount, most, reason):
        """What happens to an act with `amount` when `most` is there."""
        if 0 < amount <= most:
            return nullcontext()
        return brownie.reverts(reason if amount else refusal("Vault_ZeroAmount"))


def test_no_sequence_of_acts_loses_a_unit(state_machine, accounts, deployment, Vault, Faucet, RewardToken):  # noqa: N803
    """Deposits, withdrawals and moves keep every account, every purse and their sum, to the unit. GM-101, GM-106."""
    people, keeper = [str(account) for account in accounts[1:5]], str(accounts[6])
    token, faucet = RewardToken.at(deployment["token"]), Faucet.at(deployment["faucet"])
    vault = accounts[0].deploy(Vault, keeper, keeper, keeper)
    for person in people:
        faucet.drip(person, SUPPLY, {"from": person})
        token.approve(vault, 2**256 - 1, {"from": person})
        vault.deposit(token, SUPPLY // 2, {"from": person})
    state_machine(Books, people, keeper, token, vault)
