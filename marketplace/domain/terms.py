"""What the market contract is told of a bounty, as frozen values in the order of its structs.

The rest of the terms lives in the document they name: `ScoringTerms` and `TermsDocument`, found here too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any, Final, Self

from marketplace.domain.hashing import keccak
from marketplace.domain.packing import pack, unpack
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms_document import RecipeTerms, SealedRoot, TermsDocument
from marketplace.domain.words import address_text, address_word, bytes32_word, uint_word

__all__ = [
    "ChainTerms",
    "Phases",
    "RecipeTerms",
    "ScoringTerms",
    "SealedRoot",
    "SheetHead",
    "TermsDocument",
]

_WORDS: Final[tuple[tuple[tuple[str, int], ...], ...]] = (
    (
        ("owner", 160),
        ("rounds", 16),
        ("seats", 8),
        ("min_holders", 8),
        ("max_holders", 8),
        ("post_before", 40),
        ("unjudged", 1),
    ),
    (("token", 160), ("fee", 96)),
    (("round_budget", 96), ("ticket_stake", 96)),
    (("holder_stake", 96), ("seat_pay", 96)),
    (("bond", 96), ("compensation", 96)),
)
"""Fields of `IMarket.PackedTerms`, word by word, from the lowest bit up, each with its bits."""
_PHASE_BITS: Final = 23


@dataclass(frozen=True)
class Phases:
    """Length of every waiting phase in seconds, in the order of `IMarket.PackedTerms`."""

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
    """The terms a bounty is posted with; amounts are in the token's smallest unit.

    On the chain they are `IMarket.PostedTerms`: packed words, which every call passes, and three roots.
    """

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
    unjudged: bool = False

    @property
    def escrow(self) -> int:
        """What posting costs: every round's budget and seats, and the owner's bond."""
        return self.rounds * (self.round_budget + self.seats * self.seat_pay) + self.bond

    @property
    def roots(self) -> tuple[bytes, bytes, bytes]:
        """What only posting and rebutting pass; mirrors `IMarket.Roots`."""
        return self.base_root, self.shards_root, self.document

    def packed(self) -> tuple[Any, ...]:
        """Return what every call passes, word by word; mirrors `IMarket.PackedTerms`.

        Raises:
            InvalidInput: a figure is negative or has more bits than its place.
        """
        words = [pack([(name, _number(getattr(self, name)), bits) for name, bits in word]) for word in _WORDS]
        phases = pack([(f"phase {name}", length, _PHASE_BITS) for name, length in vars(self.phases).items()])
        return (*words, phases, self.allowlist_root, keccak(*map(bytes32_word, self.roots)))

    @property
    def hash(self) -> bytes:
        """What the market keeps of the terms."""
        *words, allowlist_root, roots_hash = self.packed()
        return keccak(*map(uint_word, words), bytes32_word(allowlist_root), bytes32_word(roots_hash))

    @classmethod
    def unpacked(cls, packed: Sequence[Any], roots: Sequence[bytes]) -> Self:
        """Return the terms that packed words and roots stand for; the opposite of `packed` and `roots`."""
        *words, phases, allowlist_root, _ = packed
        values: dict[str, Any] = {}
        for word, places in zip(words, _WORDS, strict=True):
            values |= zip((name for name, _ in places), unpack(word, [bits for _, bits in places]), strict=True)
        for name in ("owner", "token"):
            values[name] = address_text(values[name])
        values["unjudged"] = bool(values["unjudged"])
        lengths = Phases(*unpack(phases, [_PHASE_BITS] * len(fields(Phases))))
        base_root, shards_root, document = roots
        return cls(
            **values,
            base_root=base_root,
            shards_root=shards_root,
            allowlist_root=allowlist_root,
            document=document,
            phases=lengths,
        )


@dataclass(frozen=True)
class SheetHead:
    """What seats commit to and the market reads of a score sheet; mirrors `IMarket.Sheet`.

    Args:
        included: bitmap of the holders whose submissions were scored.
        breached: bitmap of those among them that contradict their commitment or the bounds.
        trace_root: commitment to the trace of the scoring.
        payout_root: hash of the payout tree's root.
        pool: sum of the payout tree.
        next_base_root: commitment to the next base; zero when nothing is adopted, because the base stays.
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


def _number(value: int | str) -> int:
    return int.from_bytes(address_word(value), "big") if isinstance(value, str) else value
