"""One contract at one address, asked by name."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeVar

from marketplace.chain.artefacts import artefact
from marketplace.chain.events import decode_log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from marketplace.chain.node import Chain, Log, Receipt
    from marketplace.chain.signer import Signer
    from marketplace.domain.events import Event

__all__ = ["Contract", "announced"]

E = TypeVar("E", bound="Event")

_LOG = logging.getLogger("gradmarket")


class Contract:
    """A compiled contract at an address, with whoever acts on it.

    Args:
        chain: where it lives.
        name: of the compiled contract.
        address: where it lies.
        signer: who signs what is sent.
    """

    def __init__(self, chain: Chain, name: str, address: str, signer: Signer) -> None:
        self.chain = chain
        self.contract_address = address
        self.signer = signer
        self._interface = artefact(name).interface

    def view(self, function: str, *values: object) -> Any:  # noqa: ANN401 - whatever the contract returns
        """Return what a view returns: its one value, or a tuple."""
        data = self._interface.encode(function, values)
        found = self._interface.decode(function, self.chain.call(self.contract_address, data))
        return found[0] if len(found) == 1 else found

    def act(self, function: str, *values: object) -> Receipt:
        """Send a transaction and wait for it; raises one of `marketplace.chain.reverts` if the contract refuses."""
        receipt = self.chain.send(self.signer, self.contract_address, self._interface.encode(function, values))
        shown = f"0x{receipt.transaction.hex()}"
        _LOG.info("%s: block %d, %d gas, transaction %s", function, receipt.block, receipt.gas_used, shown)
        return receipt


def announced(logs: Iterable[Log], kind: type[E]) -> list[E]:
    """Return the events of one kind among raw logs."""
    return [event for event in map(decode_log, logs) if isinstance(event, kind)]
