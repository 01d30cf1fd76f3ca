"""What the chain has said about one bounty so far, indexed for the roles.

The log follows the chain: what a reorganisation undoes, it forgets, and the indices are built again from the events
that are left. It asks for blocks it has not seen, and again for those that are not confirmed yet, because a node may
know a block before it knows its events.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from typing import TYPE_CHECKING, Final

from marketplace.domain import events as ev
from marketplace.domain.dispute import Answered, Decided, Demanded, Disproved, Disputed, Excused
from marketplace.domain.errors import ChainError, NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Protocol

    from marketplace.chain.node import Block
    from marketplace.domain.terms import ChainTerms

    class EventSource(Protocol):
        """Where a log reads from."""

        @property
        def confirmations(self) -> int:
            """How many blocks on top make a block certain."""

        def block(self, number: int | None = None) -> Block:
            """Return a block, the newest one by default; raises NotFound for one that does not exist."""

        def events(self, bounty: bytes, from_block: int, to_block: int) -> Iterable[ev.Event]:
            """Return the bounty's events of these blocks, in order."""


__all__ = ["BountyLog"]

_MARKS: Final = 256
"""Blocks that are remembered as read. A reorganisation below all of them is read from the start."""
_ATTEMPTS: Final = 8


class BountyLog:
    """The history of one bounty.

    Attributes:
        terms: the terms it was posted with.
        owner_key: digest of the owner's public encryption key.
        seats: seat -> its latest `Acknowledged` event.
        holders: index -> `Joined` event of the holder that has it now.
        opened: round -> `RoundOpened`.
        submissions: round -> `Submitted` events in order.
        shards: round -> `ShardOpened`.
        rebuttals: round -> key the owner published.
        attested: round -> {seat: `Attested`}.
        included: round -> bitmap.
        committed: round -> {seat: `Committed`}.
        revealed: round -> {sheet hash: `Revealed`} (one of those that revealed it).
        disputed: round -> {dispute: `Disputed`}.
        turns: dispute -> its `Demanded`, `Answered` and `Decided` events, in order.
        disproved: round -> {sheet hash: `Disproved`}.
        excused: round -> hashes of sheets that pay what a majority's does.
        settled: round -> `Settled`.
        void: rounds that were void.
        served: round -> {seat: `Served`}.
        handed_over: round -> `HandedOver` events.
        closed: the `Closed` event, once there is one.
        earned: address -> payouts, hold-back, seat pay and rewards for disproving that it was credited with.
        lost: address -> stakes burned or handed to a challenger.
        started: the block in which the phase began that is the latest one told of; 0 before the first.
        reorganised: how often blocks that had been read were replaced or taken away.
    """

    def __init__(self, source: EventSource, bounty: bytes, from_block: int = 0) -> None:
        self.bounty = bounty
        self.reorganised = 0
        self._source = source
        self._first = from_block
        self._marks: list[Block] = []
        self._events: list[ev.Event] = []
        self._forget()

    def _forget(self) -> None:
        self.started = 0
        self._posted: ev.Posted | None = None
        self.seats: dict[int, ev.Acknowledged] = {}
        self._seated: dict[int, list[ev.Acknowledged]] = defaultdict(list)
        self.holders: dict[int, ev.Joined] = {}
        self.opened: dict[int, ev.RoundOpened] = {}
        self.submissions: dict[int, list[ev.Submitted]] = defaultdict(list)
        self.shards: dict[int, ev.ShardOpened] = {}
        self.rebuttals: dict[int, ev.Rebutted] = {}
        self.attested: dict[int, dict[int, ev.Attested]] = defaultdict(dict)
        self.included: dict[int, int] = {}
        self.committed: dict[int, dict[int, ev.Committed]] = defaultdict(dict)
        self.revealed: dict[int, dict[bytes, ev.Revealed]] = defaultdict(dict)
        self.disputed: dict[int, dict[bytes, Disputed]] = defaultdict(dict)
        self.turns: dict[bytes, list[Demanded | Answered | Decided]] = defaultdict(list)
        self.disproved: dict[int, dict[bytes, Disproved]] = defaultdict(dict)
        self.excused: dict[int, set[bytes]] = defaultdict(set)
        self.settled: dict[int, ev.Settled] = {}
        self.void: set[int] = set()
        self.served: dict[int, dict[int, ev.Served]] = defaultdict(dict)
        self.handed_over: dict[int, list[ev.HandedOver]] = defaultdict(list)
        self.closed: ev.Closed | None = None
        self.earned: dict[str, int] = defaultdict(int)
        self.lost: dict[str, int] = defaultdict(int)

    @property
    def terms(self) -> ChainTerms:
        """The terms the bounty was posted with; raises NotFound if nobody posted it."""
        return self._post().terms

    @property
    def owner_key(self) -> bytes:
        """Digest of the owner's public encryption key."""
        return self._post().owner_key

    @property
    def head(self) -> Block:
        """The newest block that has been read; raises ChainError before the first `refresh`."""
        if not self._marks:
            msg = "nothing has been read from the chain yet: refresh the log first"
            raise ChainError(msg)
        return self._marks[-1]

    def depth_of(self, block_number: int) -> int:
        """How many blocks lie on top of one; negative for blocks that have not been read."""
        return self.head.number - block_number

    def every_step(self) -> list[ev.RoundOpened | ev.Submitted]:
        """All openings and submissions of all rounds, in order: what the market's running hash takes in."""
        found: list[ev.RoundOpened | ev.Submitted] = []
        for round_, opened in sorted(self.opened.items()):
            found += [opened, *self.submissions[round_]]
        return found

    def refresh(self) -> BountyLog:
        """Read what happened since the last call, and forget what is no longer so.

        Raises:
            ChainError: the chain changed whenever it was read, or the node left events out.
        """
        for _ in range(_ATTEMPTS):
            head = self._source.block()
            if self._marks and head == self._marks[-1]:
                return self
            kept = self._kept(head)
            below = self._marks[kept - 1].number if kept else self._first - 1
            if below > head.number:
                continue  # the node is behind what it said before
            first = max(self._first, min(below, head.number - self._source.confirmations) + 1)
            found = list(self._source.events(self.bounty, first, head.number))
            if self._is_there(head) and self._follow(kept, head, first, found):
                return self
        msg = "the chain changed, or its node left events out, whenever it was read: try again, or ask another node"
        raise ChainError(msg)

    def _kept(self, head: Block) -> int:
        """How many of the remembered blocks still lie below the newest one: those up to the first that does not."""
        if self._marks and (head.parent == self._marks[-1].hash or self._is_there(self._marks[-1])):
            return len(self._marks)
        return bisect_left(self._marks, True, key=lambda mark: not self._is_there(mark))  # noqa: FBT003 - what to find

    def _is_there(self, block: Block) -> bool:
        try:
            return self._source.block(block.number).hash == block.hash
        except NotFound:
            return False

    def _follow(self, kept: int, head: Block, first: int, found: Sequence[ev.Event]) -> bool:
        """Take `found` for everything from block `first` on; return whether it can be."""
        old = bisect_left(self._events, first, key=lambda event: event.block)
        gone = self._events[old:]
        undone = kept < len(self._marks)
        if not undone and any(event not in found for event in gone):
            return False  # no block was replaced, so no event can be missing
        same = len(gone) if list(found[: len(gone)]) == gone else -1
        if same < 0:
            self._forget()
            fresh = [*self._events[:old], *found]
        else:
            fresh = list(found[same:])
        marks, self._marks = self._marks, []  # should an event not fit, everything is read again
        try:
            for event in fresh:
                self._take(event)
        except LookupError:
            self._forget()
            self._events = []
            return False
        self._events = [*self._events[:old], *found]
        self._marks = [*(mark for mark in marks[:kept] if mark.number < head.number), head][-_MARKS:]
        self.reorganised += undone
        return True

    def sheet_of(self, round_: int) -> ev.Revealed:
        """The revealed sheet that settled `round_`."""
        return self.revealed[round_][self.settled[round_].sheet_hash]

    @property
    def adopted(self) -> list[int]:
        """The settled rounds whose aggregate was adopted, in order."""
        return [round_ for round_ in sorted(self.settled) if self.sheet_of(round_).sheet.adopted]

    def turns_until(self, round_: int) -> list[int]:
        """Deadlines of the turns of a round's open disputes."""
        last = (self.turns[dispute][-1] for dispute in self.disputed[round_])
        return [turn.deadline for turn in last if not isinstance(turn, Decided)]

    def keys_of_seats(self) -> dict[str, bytes]:
        """Digest of the encryption key of everybody who holds a seat now: address -> digest."""
        return {event.validator: event.key for event in self.seats.values()}

    def seated(self, seat: int, event: ev.Event) -> str:
        """Address of the validator that held `seat` when `event` happened; it may have been replaced since."""
        when = (event.block, event.position)
        return [e.validator for e in self._seated[seat] if (e.block, e.position) < when][-1]

    def fees_paid_by(self, holder: str) -> int:
        """How many submissions of `holder` were included in a settled round, and so cost their fee."""
        return sum(
            event.holder == holder and bool(self.included[round_] >> event.index & 1)
            for round_ in self.settled
            for event in self.submissions[round_]
        )

    def last_scored(self, before: int | None = None) -> int | None:
        """The latest settled round, adopted or not; of those before a round, if one is named."""
        return max((r for r in self.settled if before is None or r < before), default=None)

    def last_adopted(self, before: int | None = None) -> int | None:
        """The latest round whose aggregate was adopted; of those before a round, if one is named."""
        return max((r for r in self.adopted if before is None or r < before), default=None)

    def base_root(self, round_: int) -> bytes:
        """Commitment to the model that `round_` starts from."""
        last = self.last_adopted(before=round_)
        return self.terms.base_root if last is None else self.sheet_of(last).sheet.next_base_root

    def _post(self) -> ev.Posted:
        if self._posted is None:
            msg = f"no bounty 0x{self.bounty.hex()} was posted on this market: check the id, the market and the chain"
            raise NotFound(msg)
        return self._posted

    def _take(self, event: ev.Event) -> None:  # noqa: C901, PLR0912 - one line per kind of event
        match event:
            case ev.Posted():
                self._posted = event
            case ev.Acknowledged():
                self.seats[event.seat] = event
                self._seated[event.seat].append(event)
            case ev.Joined():
                self.holders[event.index] = event
            case ev.Left():
                self.holders.pop(event.index, None)
                self.lost[event.holder] += event.forfeited
            case ev.RoundOpened():
                self.opened[event.round] = event
            case ev.Submitted():
                self.submissions[event.round].append(event)
            case ev.ShardOpened():
                self.shards[event.round] = event
            case ev.Rebutted():
                self.rebuttals[event.round] = event
            case ev.Attested():
                self.attested[event.round][event.seat] = event
            case ev.Included():
                self.included[event.round] = event.included
            case ev.Committed():
                self.committed[event.round][event.seat] = event
            case ev.Revealed():
                self.revealed[event.round].setdefault(event.sheet_hash, event)
            case ev.Settled():
                self.settled[event.round] = event
            case ev.RoundVoid():
                self.void.add(event.round)
            case ev.Served():
                self.served[event.round][event.seat] = event
            case ev.HandedOver():
                self.handed_over[event.round].append(event)
            case ev.Closed():
                self.closed = event
            case ev.Claimed():
                self.earned[event.holder] += event.paid
            case ev.HeldPaid():
                self.earned[event.to] += event.amount
            case ev.SeatPaid():
                self.earned[event.validator] += event.amount
            case ev.SeatSlashed():
                self._slash(event)
            case ev.PhaseChanged():
                self.started = event.block
            case _:
                self._take_disputes(event)

    def _take_disputes(self, event: ev.Event) -> None:
        match event:
            case Disputed():
                self.disputed[event.round][event.dispute] = event
            case Demanded() | Answered() | Decided():
                self.turns[event.dispute].append(event)
            case Disproved():
                self.disproved[event.round][event.sheet_hash] = event
            case Excused():
                self.excused[event.round].add(event.sheet_hash)
            case _:
                pass  # draws, which are read from the contract

    def _slash(self, event: ev.SeatSlashed) -> None:
        taken = self.terms.ticket_stake * event.percent // 100
        self.lost[self.seats[event.seat].validator] += taken
        for fallen in self.disproved[event.round].values():
            if fallen.seats >> event.seat & 1:
                self.earned[fallen.challenger] += taken // 2
