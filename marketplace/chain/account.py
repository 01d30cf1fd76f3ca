"""One participant's face on a deployment: everything a role does on the chain, through one object."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from marketplace.chain.events import check_submissions, read_events
from marketplace.chain.market import Market
from marketplace.chain.referee import Referee
from marketplace.chain.registry import Registry
from marketplace.chain.token import Faucet, Token
from marketplace.chain.vault import Vault
from marketplace.domain.errors import ChainError, InvalidInput

if TYPE_CHECKING:
    from marketplace.chain.deploy import Deployment
    from marketplace.chain.node import Block, Chain
    from marketplace.chain.signer import Signer
    from marketplace.domain import events as ev

__all__ = ["Account"]


class Account(Market):
    """A signer's account on one deployment: the market's functions, and beside them the other contracts.

    Args:
        chain: the chain the contracts live on.
        deployment: where they lie.
        signer: whose account it is.
        token: the currency used; None for the deployment's own.

    Raises:
        ChainError: the chain is not the one the deployment is on.
        InvalidInput: the deployment has no token of its own and none was given.
    """

    def __init__(self, chain: Chain, deployment: Deployment, signer: Signer, token: str | None = None) -> None:
        if chain.chain_id != deployment.chain_id:
            msg = (
                f"the deployment is on chain {deployment.chain_id} and this is chain {chain.chain_id}: connect to the "
                "other chain, or use its deployment file"
            )
            raise ChainError(msg)
        currency = token or deployment.token
        if currency is None:
            msg = "this deployment has no token of its own: name the one to pay with"
            raise InvalidInput(msg)
        super().__init__(chain, "Market", deployment.market, signer)
        self.deployment = deployment
        self.vault = Vault(chain, deployment.vault, signer, currency)
        self.registry = Registry(chain, deployment.registry, signer, currency)
        self.referee = Referee(chain, deployment.referee, signer, currency)
        self.token = Token(chain, currency, signer)

    def __repr__(self) -> str:
        return f"Account({self.address} on chain {self.chain_id})"

    @property
    def address(self) -> str:
        """The signer's address, EIP-55 text."""
        return self.signer.address

    @property
    def chain_id(self) -> int:
        """EIP-155 chain id."""
        return self.chain.chain_id

    @property
    def faucet(self) -> Faucet:
        """The faucet; raises ChainError where there is none."""
        if self.deployment.faucet is None:
            msg = "there is no faucet on this chain: buy or earn tokens, or use a local chain"
            raise ChainError(msg)
        return Faucet(self.chain, self.deployment.faucet, self.signer)

    # ------------------------------------------------------------------ time
    def now(self) -> int:
        """Return the least timestamp the next transaction can see."""
        return self.chain.clock.now()

    def head(self) -> int:
        """Return the newest block's number."""
        return self.chain.head()

    def block(self, number: int | None = None) -> Block:
        """Return a block, the newest one by default; raises NotFound for a number that does not exist."""
        return self.chain.block(number)

    @property
    def confirmations(self) -> int:
        """How many blocks have to lie on top of what an irreversible act rests on."""
        return self.chain.confirmations

    # ------------------------------------------------------------------ events
    def events(
        self, bounty: bytes, from_block: int, to_block: int, kinds: Iterable[type[ev.BountyEvent]] | None = None
    ) -> Iterator[ev.BountyEvent]:
        """Yield what market and referee announced about a bounty in these blocks, in order.

        Args:
            bounty: its id.
            from_block: number of the first block; none before the deployment are read.
            to_block: number of the last block.
            kinds: classes of events; None for all.
        """
        first, where = max(from_block, self.deployment.block), [self.contract_address, self.deployment.referee]
        found = read_events(self.chain, where, first, to_block, kinds=kinds, subject=bounty)
        return cast("Iterator[ev.BountyEvent]", found)

    def money_events(self, from_block: int, to_block: int) -> Iterator[ev.Event]:
        """Yield what vault and registry announced in these blocks, in order: every movement of money and tickets."""
        first = max(from_block, self.deployment.block)
        return read_events(self.chain, [self.deployment.vault, self.deployment.registry], first, to_block)

    def check_submissions(self, bounty: bytes, owner: str, steps: Iterable[ev.RoundOpened | ev.Submitted]) -> None:
        """Check a bounty's openings and submissions against the market's running hash; raises ChainError."""
        check_submissions(bounty, owner, self.bounty(bounty), tuple(steps))
