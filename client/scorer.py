"""From a round's opened parts to the sheet a seat commits to, and the aggregate it seals.

Everything a seat must agree on with the others is derived here from public documents and opened content, with no
randomness of its own: salts and the aggregate's key come from the round secret, the hash of all opened data keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

from marketplace.domain.abi import sheet_hash
from marketplace.domain.commitment import network_root, update_root
from marketplace.domain.documents import AggregateDocument
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.scope import Purpose
from marketplace.scoring.round import RoundInput, RoundScore, Submission, score_round
from marketplace.scoring.sheet import SheetRoots, sheet_document, sheet_head
from marketplace.scoring.trace.build import Trace, build_trace
from marketplace.scoring.trace.figures import TraceInput
from marketplace.scoring.trace.published import Published
from marketplace.sealing import datakeys
from marketplace.sealing.envelope import seal_bytes
from marketplace.storage.canonical import encode_json
from marketplace.storage.cid import digest_of, show_cid
from marketplace.storage.tensors import dump_update
from marketplace.storage.unixfs import build

if TYPE_CHECKING:
    from collections.abc import Sequence

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.network import Network
    from marketplace.domain.scope import Scope
    from marketplace.domain.terms import SheetHead
    from marketplace.domain.update import Update
    from marketplace.storage.store import Store

__all__ = [
    "Made",
    "Memory",
    "OpenedRound",
    "Salts",
    "ScoredRound",
    "Scorer",
    "Shelf",
    "TracedRound",
    "conclude_round",
    "permutation_seed",
    "score",
]


@dataclass
class Memory:
    """What a seat keeps from round to round.

    Attributes:
        first_base: the model the bounty started from; first_base_salt: of its commitment.
        first_base_round: a round that opened it, or None; first_base_key: its key there.
        last_round: the latest settled round this seat opened, or None; last_keys: its data keys by holder index.
        last_submissions: its included submissions, opened.
        aggregate_key: key of the sealed aggregate of the latest adopted round, if there is one.
        last_aggregate: that aggregate, opened; last_aggregate_salt: of its commitment.
    """

    first_base: Network | None = field(default=None, repr=False)
    first_base_salt: bytes | None = field(default=None, repr=False)
    first_base_round: int | None = None
    first_base_key: bytes | None = field(default=None, repr=False)
    last_round: int | None = None
    last_keys: dict[int, bytes] = field(default_factory=dict, repr=False)
    last_submissions: tuple[Submission, ...] = field(default=(), repr=False)
    aggregate_key: bytes | None = field(default=None, repr=False)
    last_aggregate: Update | None = field(default=None, repr=False)
    last_aggregate_salt: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Salts:
    """Secret salts of the commitments to what a round is scored from; a trace opens leaves with them.

    Those of submissions are with them, and those of what scoring makes follow from the round secret.
    """

    base: bytes = field(repr=False)
    root_update: bytes = field(repr=False)
    rows: bytes = field(repr=False)
    last_aggregate: bytes | None = field(repr=False)
    first_base: bytes = field(repr=False)
    final_rows: bytes | None = field(repr=False)


@dataclass(frozen=True)
class OpenedRound:
    """Everything of a round that this seat opened.

    Attributes:
        data_keys: holder index -> data key of every included submission that opened, in order of submission.
        gains_before: summed gains of the earlier adopted rounds, in billionths of the clip a row.
    """

    given: RoundInput = field(repr=False)
    data_keys: dict[int, bytes] = field(repr=False)
    salts: Salts = field(repr=False)
    gains_before: int


@dataclass(frozen=True)
class ScoredRound:
    """A round scored by this seat.

    Attributes:
        sheet, hash: what the seat commits to.
        aggregate: what was adopted; None when nothing was, or nobody here sees it.
        aggregate_key, aggregate_salt: of the sealed aggregate, and of its commitment; where three seats share the next
            model, the keys of this seat's two components of it.
        submissions: those that were scored, for the next round.
        data_keys: holder index -> what the round secret follows from.
        contents: what the sheet names.
    """

    sheet: SheetHead
    hash: bytes
    aggregate: Update | None = field(repr=False)
    aggregate_key: bytes | None = field(repr=False)
    aggregate_salt: bytes | None = field(repr=False)
    submissions: tuple[Submission, ...] = field(repr=False)
    data_keys: dict[int, bytes] = field(repr=False)
    contents: tuple[bytes, ...] = field(repr=False)

    def publish(self, store: Store) -> None:
        """Store what the sheet names. Not before all have committed: whoever saw it could commit without scoring."""
        for content in self.contents:
            store.put(content)


@dataclass(frozen=True)
class TracedRound(ScoredRound):
    """A round scored from updates that this seat opened: every step of it can be shown."""

    score: RoundScore = field(repr=False)
    given: RoundInput = field(repr=False)
    salts: Salts = field(repr=False)
    trace: Trace = field(repr=False)


class Scorer(Protocol):
    """Scores what a seat has opened; see `score`."""

    def __call__(self, who: Participant, log: BountyLog, round_: int, opened: OpenedRound) -> TracedRound:
        """Return what to commit to."""


class Shelf:
    """Names contents as a store would, and keeps them from everybody's eyes."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    def put(self, content: bytes) -> str:
        """Keep the content and return its CID."""
        self.contents.append(content)
        return show_cid(build(content, lambda _cid, _block: None))

    def put_document(self, value: object) -> bytes:
        """Keep a document and return the digest the chain names it by."""
        return digest_of(self.put(encode_json(value)))


def score(who: Participant, log: BountyLog, round_: int, opened: OpenedRound) -> TracedRound:
    """Score a round, trace it, seal the aggregate, and return what to commit to and, later, to publish.

    Args:
        who: the seat's validator.
        log: the bounty's history: included submissions, root of the base.
        round_: the round.
        opened: what there is to score.
    """
    given, data_keys, shelf = opened.given, opened.data_keys, Shelf()
    result = score_round(given)
    made = Made.of(datakeys.round_secret(list(data_keys.values())))
    trace = build_trace(_traced(log, round_, opened, result, made), result)
    shown = trace.root, shelf.put(Published.of(trace).encode())
    scope, included = who.scope(log.bounty), log.included[round_]
    concluded = conclude_round(scope, round_, included, given, result, data_keys, shelf, shown)
    return TracedRound(**vars(concluded), score=result, given=given, salts=opened.salts, trace=trace)


def conclude_round(  # noqa: PLR0913, PLR0917 - where, what went in, what came out
    scope: Scope,
    round_: int,
    included: int,
    given: RoundInput,
    result: RoundScore,
    data_keys: dict[int, bytes],
    shelf: Shelf | None = None,
    shown: tuple[bytes, str] = (ZERO_HASH, ""),
) -> ScoredRound:
    """Seal what a scored round adopted, and write its sheet.

    Args:
        scope: the bounty; round_: the round; included: bitmap, as the chain fixed it.
        given: what was scored; result: what came out.
        data_keys: holder index -> what the round secret follows from.
        shelf: what the sheet names beside that lies on it.
        shown: root of the trace, and CID of what everybody may read of it; nothing where nothing can be disputed.
    """
    shelf = Shelf() if shelf is None else shelf
    made = Made.of(datakeys.round_secret(list(data_keys.values())))
    key: bytes | None = None
    next_root = digest = root = ZERO_HASH
    if result.adopted:
        root = update_root(result.aggregate, made.aggregate)
        key = datakeys.derive(made.secret, "aggregate", round_.to_bytes(32, "big") + root)
        # No sender: the ciphertext must be the same whoever stores it, so the market itself stands in.
        context = scope.context(Purpose.AGGREGATE, round_, scope.market)
        cid = shelf.put(seal_bytes(dump_update(result.aggregate, made.aggregate, made.next_base), key, context))
        digest = shelf.put_document(AggregateDocument(round_, root, cid).to_json())
        next_root = network_root(result.next_base, made.next_base)
    roots = SheetRoots(next_root, digest, root, *shown)
    document = shelf.put_document(sheet_document(scope, round_, given, result, roots))
    head = sheet_head(given, result, roots, included, document)
    return ScoredRound(
        sheet=head,
        hash=sheet_hash(scope, round_, head),
        aggregate=result.aggregate if result.adopted else None,
        aggregate_key=key,
        aggregate_salt=made.aggregate,
        submissions=given.submissions,
        data_keys=dict(data_keys),
        contents=tuple(shelf.contents),
    )


@dataclass(frozen=True)
class Made:
    """The round secret, and the salts of what scoring makes, which follow from it: all honest seats have the same."""

    secret: bytes = field(repr=False)
    aggregate: bytes = field(repr=False)
    next_base: bytes = field(repr=False)
    trace: bytes = field(repr=False)

    @classmethod
    def of(cls, secret: bytes) -> Self:
        """Return what follows from a round's secret."""
        return cls(
            secret, *(datakeys.derive(secret, name) for name in ("aggregate-salt", "next-base-salt", "trace-salt"))
        )


def _traced(log: BountyLog, round_: int, opened: OpenedRound, result: RoundScore, made: Made) -> TraceInput:
    """Return what the trace of a round is made from."""
    given, salts = opened.given, opened.salts
    adopted, scored = log.last_adopted(before=round_), log.last_scored(before=round_)
    return TraceInput(
        given=given,
        round=round_,
        secret=made.trace,
        base_salt=salts.base,
        known_salt=salts.last_aggregate,
        root_salt=salts.root_update,
        first_salt=None if given.final is None else salts.first_base,
        next_salt=made.next_base if result.adopted else None,
        aggregate_salt=made.aggregate if result.adopted else None,
        update_salts=tuple(s.salt if s.update is not None else None for s in given.submissions),
        previous_salts=tuple(s.salt if s.update is not None else None for s in given.last_submissions),
        rows_salt=salts.rows,
        final_rows_salt=salts.final_rows,
        base_from=0 if adopted is None else 1 + adopted,
        previous_from=0 if scored is None else 1 + scored,
        gains_before=opened.gains_before,
    )


def permutation_seed(data_keys: Sequence[bytes]) -> bytes:
    """Return the seed of a large round's orders: nobody knew it before submissions closed."""
    return datakeys.derive(datakeys.round_secret(list(data_keys)), "permutations")
