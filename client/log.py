"""What the chain has said about one bounty so far, indexed for the roles.

Reads every event once, in order, and only ever asks for blocks it has not seen.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from marketplace.domain import events as ev
from marketplace.domain.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from marketplace.domain.terms import ChainTerms

    class EventSource(Protocol):
        """Where a log reads from."""

        def head(self) -> int:
            """Return the newest block's number."""

        def events(self, bounty: bytes, from_block: int, to_block: int) -> Iterable[ev.Event]:
            """Return the bounty's events of these blocks, in order."""


__all__ = ["BountyLog"]


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
        revealed: round -> {sheet hash: `Revealed`} (one of those that revealed it).
        settled: round -> `Settled`.
        void: rounds that were void.
        served: round -> {seat: `Served`}.
        handed_over: round -> `HandedOver` events.
        closed: the `Closed` event, once there is one.
        earned: address -> payouts, hold-back and seat pay it was credited with.
        lost: address -> stakes burned or handed to a challenger.
    """

    def __init__(self, source: EventSource, bounty: bytes, from_block: int = 0) -> None:
        self.bounty = bounty
        self._source = source
        self._next = from_block
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
        self.revealed: dict[int, dict[bytes, ev.Revealed]] = defaultdict(dict)
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
    def base_root(self) -> bytes:
        """Commitment to the model the next round starts from."""
        last = self.last_adopted()
        return self.terms.base_root if last is None else self.sheet_of(last).sheet.next_base_root

    def every_submission(self) -> list[ev.Submitted]:
        """All submissions of all rounds, in order."""
        return [event for _, events in sorted(self.submissions.items()) for event in events]

    def refresh(self) -> BountyLog:
        """Read what happened since the last call."""
        head = self._source.head()
        if head >= self._next:
            for event in self._source.events(self.bounty, self._next, head):
                self._take(event)
            self._next = head + 1
        return self

    def sheet_of(self, round_: int) -> ev.Revealed:
        """The revealed sheet that settled `round_`."""
        return self.revealed[round_][self.settled[round_].sheet_hash]

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

    def last_scored(self) -> int | None:
        """The latest settled round, adopted or not."""
        return max(self.settled, default=None)

    def last_adopted(self) -> int | None:
        """The latest round whose aggregate was adopted."""
        return max((r for r, e in self.settled.items() if e.adopted), default=None)

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
                self.lost[self.seats[event.seat].validator] += self.terms.ticket_stake * event.percent // 100
            case _:
                pass  # draws and phases, which are read from the contract
