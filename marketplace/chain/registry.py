"""The registry of validators as Python: tickets staked, unbonded, taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.chain.contract import Contract, announced
from marketplace.domain import events as ev
from marketplace.domain.bounty import Candidate, Draw, Ticket, TicketState

if TYPE_CHECKING:
    from marketplace.chain.node import Chain, Receipt
    from marketplace.chain.signer import Signer

__all__ = ["Registry"]


class Registry(Contract):
    """The registry, with one account acting on it.

    Args:
        chain: where it lives.
        address: where it lies.
        signer: who signs what is sent.
        token: the currency of the pools meant when none is named.
    """

    def __init__(self, chain: Chain, address: str, signer: Signer, token: str) -> None:
        super().__init__(chain, "Registry", address, signer)
        self._token = token

    def stake(self, ticket_stake: int, count: int, token: str | None = None) -> range:
        """Open tickets of `ticket_stake` each, paid from the signer's vault account; return their numbers."""
        receipt = self.act("stake", token or self._token, ticket_stake, count)
        opened = announced(receipt.logs, ev.Staked)[0]
        return range(opened.first, opened.first + opened.count)

    def leave(self, ticket_stake: int, ticket: int, token: str | None = None) -> Receipt:
        """Start the unbonding of a live ticket."""
        return self.act("leave", token or self._token, ticket_stake, ticket)

    def redeem(self, ticket_stake: int, ticket: int, token: str | None = None) -> Receipt:
        """Take an unbonded ticket's stake back into its validator's vault account."""
        return self.act("redeem", token or self._token, ticket_stake, ticket)

    def ticket(self, ticket_stake: int, ticket: int, token: str | None = None) -> Ticket:
        """Return one ticket."""
        validator, state, *rest = self.view("ticketOf", self.pool(ticket_stake, token), ticket)
        return Ticket(validator, TicketState(state), *rest)

    def candidate(self, ticket_stake: int, drawn: Draw, seat: int, token: str | None = None) -> Candidate | None:
        """Return whose turn a vacant seat is, or None if nobody's."""
        where = (drawn.seed, drawn.length, drawn.frozen_block)
        validator, ticket, tries = self.view("candidate", self.pool(ticket_stake, token), where, seat)
        return Candidate(validator, ticket, tries) if int(validator, 16) else None

    def pool(self, ticket_stake: int, token: str | None = None) -> bytes:
        """Return the id of a pool, which is also its vault account."""
        found: bytes = self.view("poolOf", token or self._token, ticket_stake)
        return found

    def unbonding(self) -> int:
        """Return the seconds between leaving (or a slash) and redeeming."""
        found: int = self.view("UNBONDING")
        return found
