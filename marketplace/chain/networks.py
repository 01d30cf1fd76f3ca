"""The networks this product knows, and what has to be known about one before money is put on it.

Where its nodes are is never built in: a person names the URLs. There is no entry for a main network, because nobody
has audited the contracts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, Self

from marketplace.domain.errors import InvalidInput

__all__ = ["LOCAL", "NETWORKS", "Network", "network"]

_GWEI: Final = 10**9
_LONGEST_BLOCK: Final = 3600
_PAGE: Final = re.compile(r"https://[^{}\s]+\{transaction\}[^{}\s]*")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True, kw_only=True)
class Network:
    """The rules of one network.

    Attributes:
        name: lower-case letters, digits and hyphens.
        chain_id: EIP-155 chain id; every node has to answer it. None: whatever the node says.
        confirmations: how many blocks have to lie on top of what an irreversible act rests on, 0 or more.
        block_seconds: how long a block usually takes; 0 where blocks are made when they are needed.
        explorer: URL of a page about a transaction, with `{transaction}` for its hash; None where there is none.
        eip1559: whether fees have a base and a tip; otherwise there is one gas price.
        gas_limit: gas every transaction may use, which is then tried as a view first, and estimated only where that is
            refused; None asks the node to estimate, with a quarter more as a margin.
        tip: what whoever makes the block gets for a unit of gas, in wei.
        fee_ceiling: the most that is ever offered for a unit of gas, in wei, however long it takes.
        bump_blocks: after how many blocks a transaction that was not mined offers more.

    Raises:
        InvalidInput: a figure that cannot be.
    """

    name: str
    chain_id: int | None
    confirmations: int = 0
    block_seconds: float = 0.0
    explorer: str | None = None
    eip1559: bool = True
    gas_limit: int | None = None
    tip: int = _GWEI
    fee_ceiling: int = 500 * _GWEI
    bump_blocks: int = 3

    def __post_init__(self) -> None:
        """Check the figures; see the class."""
        whole = (self.confirmations, self.tip, self.fee_ceiling, self.bump_blocks)
        optional = (self.chain_id, self.gas_limit)
        good = (
            isinstance(self.name, str) and bool(_NAME.fullmatch(self.name)),
            all(type(figure) is int and figure >= 0 for figure in whole),
            all(figure is None or (type(figure) is int and figure > 0) for figure in optional),
            type(self.block_seconds) in {int, float} and 0 <= self.block_seconds < _LONGEST_BLOCK,
            type(self.eip1559) is bool,
            self.explorer is None or bool(_PAGE.fullmatch(str(self.explorer))),
        )
        if not all(good) or not 0 < self.tip <= self.fee_ceiling or self.bump_blocks == 0:
            msg = f"the figures of network {self.name!r} cannot be: compare them with docs/NETWORKS.md"
            raise InvalidInput(msg)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """Return a network from the table of a settings file; raises InvalidInput for what is missing or unknown.

        With `like = NAME` it takes whatever is not named from that built-in network.
        """
        given = dict(values)
        like = given.pop("like", None)
        if like is not None:
            base = network(str(like))
            given = {field.name: getattr(base, field.name) for field in fields(cls)} | given
        try:
            return cls(**given)
        except TypeError as error:
            names = ", ".join(field.name for field in fields(cls))
            msg = f"a network needs a name and a chain_id, and may have {names}: correct the settings ({error})"
            raise InvalidInput(msg) from error

    def page_of(self, transaction: bytes) -> str | None:
        """URL of the explorer's page about a transaction, or None where there is no explorer."""
        return None if self.explorer is None else self.explorer.format(transaction=f"0x{transaction.hex()}")


LOCAL: Final = Network(name="local", chain_id=None)
"""A chain of one's own: it makes a block for every transaction, and nobody takes one back."""

NETWORKS: Final = {
    found.name: found
    for found in (
        Network(name="devnet-anvil", chain_id=31337),
        Network(name="devnet-ganache", chain_id=1337, gas_limit=15_000_000),
        Network(
            name="sepolia",
            chain_id=11155111,
            confirmations=12,
            block_seconds=12.0,
            explorer="https://sepolia.etherscan.io/tx/{transaction}",
        ),
        Network(
            name="optimism-sepolia",
            chain_id=11155420,
            confirmations=30,
            block_seconds=2.0,
            explorer="https://sepolia-optimism.etherscan.io/tx/{transaction}",
            tip=_GWEI // 1000,
            fee_ceiling=20 * _GWEI,
            bump_blocks=15,
        ),
    )
}
"""The networks that are built in, by name."""


def network(name: str) -> Network:
    """Return the built-in network of that name; raises InvalidInput for another."""
    try:
        return NETWORKS[name]
    except KeyError as error:
        msg = f"no network is called {name!r}: use one of {', '.join(NETWORKS)}, or define it in the settings"
        raise InvalidInput(msg) from error
