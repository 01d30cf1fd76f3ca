"""A chain of one's own with the market deployed, and money for everybody who asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from client.wallet import Wallet
from marketplace.chain.account import Account
from marketplace.chain.deploy import deploy
from marketplace.chain.embedded import EmbeddedChain
from marketplace.domain.errors import ChainError
from marketplace.domain.events import Deposited, Withdrawn

if TYPE_CHECKING:
    from marketplace.chain.deploy import Deployment

__all__ = ["Books", "Devnet"]


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


class Devnet:
    """An embedded chain, the contracts on it, and a faucet's worth of tokens."""

    def __init__(self) -> None:
        self.chain = EmbeddedChain()
        self._banker = self.chain.signer()
        self.deployment: Deployment = deploy(self.chain, self._banker)
        if self.deployment.token is None:
            msg = "the devnet was deployed without a token: deploy it with one"
            raise ChainError(msg)
        self.token = self.deployment.token

    def account(self, tokens: int) -> Account:
        """Return a fresh wallet with `tokens` in it, approved to enter the vault and deposited there."""
        wallet = Wallet.ephemeral()
        self.chain.fund(wallet.address)
        account = Account(self.chain, self.deployment, wallet)
        account.faucet.drip(tokens)
        account.vault.deposit_with_permit(tokens)
        return account

    def now(self) -> int:
        """Return the chain's time."""
        return self.chain.clock.now()

    def books(self) -> Books:
        """Add up the vault."""
        viewer = Account(self.chain, self.deployment, self._banker)
        moved = list(viewer.money_events(0, viewer.head()))
        deposited = sum(e.amount for e in moved if isinstance(e, Deposited))
        withdrawn = sum(e.amount for e in moved if isinstance(e, Withdrawn))
        burned = viewer.vault.burned()
        return Books(
            deposited=deposited,
            withdrawn=withdrawn,
            burned=burned,
            held=deposited - withdrawn - burned,
            tokens_in_vault=viewer.token.balance(self.deployment.vault),
        )
