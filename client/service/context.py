"""Putting one participant together from its folder: keys, journal, chain, store."""

from __future__ import annotations

import math
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from client.service.memory import JournalOutbox, JournalPins
from marketplace.chain.account import Account
from marketplace.chain.networks import Network, network
from marketplace.chain.rpc import connect
from marketplace.storage.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    from client.home import Home, Keys
    from client.journal import FileJournal
    from client.participant import Participant
    from client.settings import ChainSettings
    from marketplace.chain.outbox import Outbox
    from marketplace.chain.web3chain import Web3Chain
    from marketplace.storage.pins import PinnedStore
    from marketplace.storage.store import Store

__all__ = ["Context", "open_context"]

_PATIENCE: Final = 10.0
"""Seconds for content that a node has to find elsewhere: whoever misses something looks again anyway."""


@dataclass(frozen=True)
class Context:
    """A participant that is ready to act.

    Attributes:
        chain: its connection; outbox: what this wallet has sent that is not certain yet, in the journal.
        store: where contents are; what is put or fetched stays pinned until `store.release()`.
    """

    home: Home
    keys: Keys
    journal: FileJournal
    chain: Web3Chain
    account: Account
    store: PinnedStore
    outbox: Outbox

    def fit(self, who: Participant) -> None:
        """Tell a participant how slow its network is."""
        block = self.chain.rules.block_seconds
        who.margin = math.ceil(2 * block)
        who.depth = math.ceil((self.chain.confirmations + 1) * block)


@contextmanager
def open_context(home: Home, password: str) -> Iterator[Context]:
    """Open a participant's folder for as long as the block runs.

    Raises:
        InvalidInput: settings or deployment are not usable.
        WrongKey, BrokenSeal: the password does not fit, or a file was altered.
        StorageError: another process runs this participant, or a node or disk does not answer.
        ChainError: a node is on another chain, or does not answer.
    """
    keys, deployment = home.unlock(password), home.deployment()
    with ExitStack() as stack:
        journal = stack.enter_context(home.journal(keys))
        chain = connect(_network(home.settings.chain), list(home.settings.chain.urls))
        outbox = JournalOutbox(journal)
        chain.use_outbox(keys.wallet.address, outbox)
        account = Account(chain, deployment, keys.wallet)
        yield Context(home, keys, journal, chain, account, _store(home, journal), outbox)


def _network(settings: ChainSettings) -> Network:
    found = network(settings.network) if settings.custom is None else Network.of(settings.custom)
    return found if settings.confirmations is None else replace(found, confirmations=settings.confirmations)


def _store(home: Home, journal: FileJournal) -> PinnedStore:
    from marketplace.storage.pins import PinnedStore  # noqa: PLC0415 - beside the kinds of stores below

    settings = home.settings.storage
    inner: Store
    if settings.kind == "folder":
        inner = FolderStore(home.path / settings.path)
    else:
        from marketplace.storage.ipfs import IpfsStore  # noqa: PLC0415 - needs an optional package
        from marketplace.storage.several import SeveralStores  # noqa: PLC0415

        nodes = [IpfsStore(url, patience=_PATIENCE) for url in settings.urls]
        inner = nodes[0] if len(nodes) == 1 else SeveralStores(nodes)
    return PinnedStore(inner, JournalPins(journal))
