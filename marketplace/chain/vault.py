"""The vault as Python: money in, money out, and what every account holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from marketplace.chain.contract import Contract
from marketplace.chain.token import Token
from marketplace.domain.words import address_word

if TYPE_CHECKING:
    from marketplace.chain.node import Chain, Receipt
    from marketplace.chain.signer import Signer

__all__ = ["Vault"]

_PERMIT_SECONDS: Final = 3_600


class Vault(Contract):
    """The vault, with one account acting on it.

    Args:
        chain: where it lives.
        address: where it lies.
        signer: who signs what is sent.
        token: the currency meant when none is named.
    """

    def __init__(self, chain: Chain, address: str, signer: Signer, token: str) -> None:
        super().__init__(chain, "Vault", address, signer)
        self._token = token

    def deposit(self, amount: int, token: str | None = None) -> Receipt:
        """Deposit into the signer's own account, approving exactly this amount first where that is missing."""
        currency = Token(self.chain, token or self._token, self.signer)
        if currency.allowance(self.signer.address, self.contract_address) < amount:
            currency.approve(self.contract_address, amount)
        return self.act("deposit", currency.contract_address, amount)

    def deposit_with_permit(self, amount: int, token: str | None = None) -> Receipt:
        """Deposit in one transaction, by an EIP-2612 signature; for tokens that know it."""
        currency = Token(self.chain, token or self._token, self.signer)
        deadline = self.chain.clock.now() + _PERMIT_SECONDS
        v, r, s = currency.permit(self.contract_address, amount, deadline)
        return self.act("depositWithPermit", currency.contract_address, amount, deadline, v, r, s)

    def withdraw(self, amount: int, token: str | None = None) -> Receipt:
        """Withdraw from the signer's own account to the signer."""
        return self.act("withdraw", token or self._token, amount)

    def balance(self, account: str | bytes | None = None, token: str | None = None) -> int:
        """Return what an account holds: an address, a bounty or pool id, or (None) the signer's own."""
        who = self.signer.address if account is None else account
        word = address_word(who) if isinstance(who, str) else who
        found: int = self.view("balanceOf", token or self._token, word)
        return found

    def burned(self, token: str | None = None) -> int:
        """Return what nobody can withdraw."""
        return self.balance(self.view("BURNED"), token)
