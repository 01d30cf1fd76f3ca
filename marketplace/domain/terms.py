"""What the market contract is told of a bounty, as frozen values in the order of its structs.

The rest of the terms lives in the document they name: `ScoringTerms` and `TermsDocument`, found here too.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any, Self

from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms_document import RecipeTerms, SealedRoot, TermsDocument

__all__ = [
    "ChainTerms",
    "Phases",
    "RecipeTerms",
    "ScoringTerms",
    "SealedRoot",
    "SheetHead",
    "TermsDocument",
]


@dataclass(frozen=True)
class Phases:
    """Length of every waiting phase in seconds; mirrors `IMarket.Phases`."""

    acknowledge: int
    join: int
    open: int
    submit: int
    shard: int
    attest: int
    rebut: int
    commit: int
    reveal: int
    challenge: int
    serve: int

    @classmethod
    def of(cls, seconds: int) -> Self:
        """Return phases that all last as long."""
        return cls(*[seconds] * len(fields(cls)))

    def as_tuple(self) -> tuple[int, ...]:
        """Return the struct's fields in order."""
        return astuple(self)


@dataclass(frozen=True)
class ChainTerms:
    """The terms a bounty is posted with; mirrors `IMarket.Terms`. Amounts are in the token's smallest unit."""

    owner: str
    token: str
    round_budget: int
    ticket_stake: int
    fee: int
    holder_stake: int
    seat_pay: int
    bond: int
    compensation: int
    rounds: int
    seats: int
    min_holders: int
    max_holders: int
    post_before: int
    base_root: bytes
    shards_root: bytes
    allowlist_root: bytes
    document: bytes
    phases: Phases

    @property
    def escrow(self) -> int:
        """What posting costs: every round's budget and seats, and the owner's bond."""
        return self.rounds * (self.round_budget + self.seats * self.seat_pay) + self.bond

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the struct's fields in order, phases nested."""
        return tuple(v.as_tuple() if isinstance(v, Phases) else v for v in vars(self).values())


@dataclass(frozen=True)
class SheetHead:
    """What seats commit to and the market reads of a score sheet; mirrors `IMarket.Sheet`.

    Args:
        included: bitmap of the holders whose submissions were scored.
        breached: bitmap of those among them that contradict their commitment or the bounds.
        trace_root: commitment to the trace of the scoring.
        payout_root: hash of the payout tree's root.
        pool: sum of the payout tree.
        next_base_root: commitment to the next base.
        adopted: whether the aggregate was adopted.
        released: in the last round, whether the hold-back goes to the holders.
        aggregate: digest of the document that names the sealed aggregate.
        document: digest of the score sheet's document.
    """

    included: int
    breached: int
    trace_root: bytes
    payout_root: bytes
    pool: int
    next_base_root: bytes
    adopted: bool
    released: bool
    aggregate: bytes
    document: bytes

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the struct's fields in order."""
        return tuple(vars(self).values())
