"""The referee as Python: disproving sheets at once, or in turns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.chain.contract import Contract, announced
from marketplace.domain.abi import fields_hash
from marketplace.domain.dispute import Dispute, Disputed, Frame, Turn

if TYPE_CHECKING:
    from marketplace.chain.node import Chain, Receipt
    from marketplace.chain.signer import Signer
    from marketplace.domain.terms import ChainTerms, SheetHead

__all__ = ["NO_FRAME", "Case", "Referee"]

NO_FRAME = Frame(0, bytes(32), bytes(32))
"""Stands for a frame that is not known: enough to demand it, and to close a dispute."""


@dataclass(frozen=True)
class Case:
    """A revealed sheet of a bounty's round, and the frame of its trace; mirrors `IReferee.Case`."""

    bounty: bytes
    round: int
    sheet: SheetHead
    frame: Frame = NO_FRAME

    def as_tuple(self) -> tuple[object, ...]:
        """Return the struct's fields in order; of a frame that is not known the trace's root stands for it."""
        frame = Frame(0, bytes(32), self.sheet.trace_root) if self.frame == NO_FRAME else self.frame
        return self.bounty, self.round, fields_hash(self.sheet), frame.as_tuple()


class Referee(Contract):
    """The referee, with one account acting on it.

    Args:
        chain: where it lives.
        address: where it lies.
        signer: who signs what is sent.
        token: the currency of bonds.
    """

    def __init__(self, chain: Chain, address: str, signer: Signer, token: str) -> None:
        super().__init__(chain, "Referee", address, signer)
        self._token = token

    def disprove(self, case: Case, at: int, proof: bytes) -> Receipt:
        """Disprove a sheet by one step of its trace; `at` and `proof` are what `marketplace.scoring.trace` makes."""
        return self.act("disprove", case.as_tuple(), at, proof)

    def dispute(self, case: Case, terms: ChainTerms, what: int) -> bytes:
        """Open a dispute with a first demand, lock its bond, and return the dispute's id."""
        receipt = self.act("dispute", case.as_tuple(), terms.packed(), what)
        return announced(receipt.logs, Disputed)[0].dispute

    def demand(self, case: Case, dispute: bytes, last: int, what: int) -> Receipt:
        """Demand more in one's own dispute; `last` is what was demanded before."""
        return self.act("demand", case.as_tuple(), dispute, last, what)

    def answer(self, case: Case, dispute: bytes, what: int, content: bytes) -> Receipt:
        """Show what was demanded."""
        return self.act("answer", case.as_tuple(), dispute, what, content)

    def close(self, case: Case, dispute: bytes, last: int) -> Receipt:
        """End a dispute whose sheet has fallen, or whose turn ran out."""
        return self.act("close", case.as_tuple(), self._token, dispute, last)

    def excuse(self, case: Case, terms: ChainTerms, other: SheetHead) -> Receipt:
        """Excuse the seats with `other`: it pays what the sheet in `case` does, which a majority revealed."""
        carried = case.sheet.as_tuple()
        return self.act("excuse", case.bounty, case.round, terms.packed(), carried, other.as_tuple())

    def dispute_of(self, dispute: bytes) -> Dispute:
        """Return where a dispute stands; one that nobody opened has all fields zero."""
        challenger, deadline, turn, *rest = self.view("disputeOf", self._token, dispute)
        return Dispute(challenger, deadline, Turn(turn), *rest)

    def count(self, bounty: bytes, round_: int) -> tuple[int, int]:
        """Return how many disputes of a round are open, and how many there were."""
        open_, all_ = self.view("countOf", bounty, round_)
        return open_, all_

    def bond(self, bounty: bytes, round_: int, terms: ChainTerms) -> int:
        """Return what the round's next dispute locks."""
        found: int = self.view("bondOf", bounty, round_, terms.packed())
        return found
