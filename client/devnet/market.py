"""The contracts of a devnet and money for those who take part: its first account deploys and pays for everything."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Final

from eth_account import Account as EthAccount
from eth_account.hdaccount import generate_mnemonic
from eth_account.types import Language

from client.devnet.nodes import NODES
from client.devnet.rpc import Rpc
from marketplace.chain.account import Account
from marketplace.chain.networks import network
from marketplace.chain.rpc import connect
from marketplace.chain.signer import KeySigner
from marketplace.domain.errors import ChainError

if TYPE_CHECKING:
    from client.devnet.state import DevnetState
    from marketplace.chain.node import Chain

__all__ = ["Bank", "account_of", "new_mnemonic", "open_chain"]

_WEI: Final = 10**18
_COIN: Final = 1_000
_WORDS: Final = 12


def new_mnemonic() -> str:
    """Return twelve words nobody has used before."""
    words: str = generate_mnemonic(_WORDS, Language.ENGLISH)
    return words


def account_of(mnemonic: str, number: int) -> KeySigner:
    """Return one of the ten accounts of a devnet, on the path every wallet uses."""
    EthAccount.enable_unaudited_hdwallet_features()  # of devnets only, where nothing is worth stealing
    found = EthAccount.from_mnemonic(mnemonic, account_path=f"m/44'/60'/0'/0/{number}")
    return KeySigner(bytes(found.key))


def open_chain(state: DevnetState) -> Chain:
    """Return a connection to the devnet's chain."""
    return connect(network(state.network), [state.url])


class Bank:
    """Gives everybody coin for gas and tokens to play with."""

    def __init__(self, state: DevnetState) -> None:
        if state.deployment is None:
            msg = "the devnet has no contracts yet: wait until it is up, or take it down and start it again"
            raise ChainError(msg)
        self._rpc, self._method = Rpc(state.url), NODES[state.kind].set_balance
        self._state = state
        self._deployment = state.deployment

    @cached_property
    def account(self) -> Account:
        """The first account, on the devnet's contracts."""
        return Account(open_chain(self._state), self._deployment, account_of(self._state.mnemonic, 0))

    def grant(self, address: str, tokens: int) -> None:
        """Give an address `tokens` (smallest units) and a thousand coins to pay gas with."""
        self._rpc.ask(self._method, address, hex(_COIN * _WEI))
        if tokens:
            self.account.faucet.drip(tokens, address)
