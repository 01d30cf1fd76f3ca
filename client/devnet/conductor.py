"""What moves a devnet's time, so that nobody waits for hours, and nobody is too slow on a busy machine.

It has no wallet and no part in any bounty: it sees what everybody sees on the chain. When everything that can happen
before a deadline has happened, it moves the chain's time past it; while somebody still has something to do, it waits;
and when nothing happens for long (somebody is dead), it moves on all the same. Between times it mines an empty block
now and then, because participants wait for blocks on top of theirs.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from client.log import BountyLog
from client.timing import next_moment
from marketplace.chain.events import read_events
from marketplace.domain import events as ev
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ChainError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from client.devnet.rpc import LocalTime, Newest
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState

__all__ = ["PATIENCE", "PULSE", "Conductor", "conduct"]

PATIENCE: Final = 60.0
"""Seconds without a transaction after which a deadline is not waited for any longer."""
PULSE: Final = 0.5
"""Seconds between empty blocks."""

_MOST_BLOCKS: Final = 256
_WATCHED: Final = (ev.Posted, ev.Leaving, ev.TicketLeft)


class Conductor:
    """Looks at the chain, and moves its time when that is due.

    Args:
        account: anybody's, to look with; it never sends.
        clock: the devnet's time and blocks.
        holders: how many holders are coming to each bounty; None: as many as its terms take.
        patience: seconds without a transaction until somebody is taken for dead.
        pulse: seconds between empty blocks; they are mined only while nobody transacts.
        monotonic: what seconds are counted by.
    """

    def __init__(  # noqa: PLR0913 - the two it works on, and four figures with defaults
        self,
        account: Account,
        clock: LocalTime,
        *,
        holders: int | None = None,
        patience: float = PATIENCE,
        pulse: float = PULSE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._account = account
        self._clock = clock
        self._holders = holders
        self._patience, self._pulse, self._monotonic = patience, pulse, monotonic
        self._logs: dict[bytes, BountyLog] = {}
        self._leaving: dict[tuple[bytes, int], int] = {}
        self._next = account.deployment.block
        self._newest: Newest | None = None
        self._open: list[tuple[BountyLog, BountyState]] = []
        self._mined = self._acted = self._heard = monotonic()

    @property
    def newest(self) -> Newest | None:
        """The newest block at the last look."""
        return self._newest

    @property
    def quiet(self) -> float:
        """Seconds since anybody sent a transaction."""
        return self._monotonic() - self._heard

    def step(self) -> bool:
        """Look once; return whether time was moved or a block mined."""
        newest = self._clock.newest()
        if newest != self._newest:  # nothing changes between blocks
            self._look(newest.number)
            self._newest = newest
            wanted = [self._due(log, bounty) for log, bounty in self._open]
            ready = [due for due in wanted if due is not None]
            if wanted and len(ready) == len(wanted):
                return self._move(min(ready))
            if not wanted and (free := self._unbonded(newest.timestamp)) is not None:
                return self._move(free)
        if self._monotonic() - self._acted > self._patience:
            self._acted = self._monotonic()
            moments = [_moment(newest.timestamp, log, bounty) for log, bounty in self._open]
            later = [moment for moment in moments if moment is not None]
            if later:
                return self._move(min(later))
        return self._beat()

    # ------------------------------------------------------------------ what the chain says
    def _look(self, head: int) -> None:
        """Find new bounties and where all of them stand, and note whether anybody has sent a transaction."""
        before = -1 if self._newest is None else self._newest.number
        if head < before:  # a reorganisation made the chain shorter
            self._next = self._account.deployment.block
            self._leaving.clear()
        where, kinds = [self._account.deployment.market, self._account.deployment.registry], list(_WATCHED)
        for event in read_events(self._account.chain, where, self._next, head, kinds=kinds):
            match event:
                case ev.Posted():
                    self._logs.setdefault(event.bounty, BountyLog(self._account, event.bounty))
                case ev.Leaving():
                    self._leaving[event.pool, event.ticket] = event.free_at
                case ev.TicketLeft():
                    self._leaving.pop((event.pool, event.ticket), None)
        self._next = head + 1
        new = range(max(before + 1, head - _MOST_BLOCKS), head + 1)
        if head < before or any(self._clock.transactions(block) for block in new):
            self._acted = self._heard = self._monotonic()
        self._open = list(self._unclosed())

    def _unclosed(self) -> Iterator[tuple[BountyLog, BountyState]]:
        for bounty, log in self._logs.items():
            try:
                state = self._account.bounty(bounty)
                log.refresh()
            except (ChainError, LookupError):  # a reorganisation took it back for now
                continue
            if state.phase is not Phase.CLOSED:
                yield log, state

    def _due(self, log: BountyLog, bounty: BountyState) -> int | None:
        """Return when a bounty has nothing left to do until, or None while somebody still has something to do."""
        if bounty.phase is Phase.DRAW:
            missing = bounty.draw_block + 1 - self._clock.newest().number
            if missing > 0:
                self._mine(missing)
            return None
        if self._clock.newest().timestamp > bounty.deadline:
            return None  # the owner's half of a phase, or everybody's turn to push the bounty on
        if bounty.phase is Phase.JOIN:
            over = self._all_joined(log, bounty)
        elif bounty.phase is Phase.SUBMIT:
            over = self._all_submitted(log, bounty)
        else:
            # Where seats differ somebody may want to dispute: then the window is left to them.
            over = bounty.phase is Phase.CHALLENGE and len(log.revealed[bounty.round]) == 1
        return bounty.deadline + 1 if over else None

    def _all_joined(self, log: BountyLog, bounty: BountyState) -> bool:
        coming = log.terms.max_holders if self._holders is None else min(self._holders, log.terms.max_holders)
        return bounty.round > 0 or bounty.joined.bit_count() >= coming

    def _all_submitted(self, log: BountyLog, bounty: BountyState) -> bool:
        if bounty.expected & ~bounty.submitted:
            return False
        last = log.last_scored()
        if last is None or log.handed_over[bounty.round]:
            return True
        # Seats that did not score the last round are handed what they need while submissions are open.
        seats = range(log.terms.seats)
        winners = log.settled[last].winners
        held = (self._account.seat(log.bounty, seat) for seat in seats if not bounty.vacant >> seat & 1)
        lacking = bool(~(winners | bounty.vacant) & (1 << len(seats)) - 1)
        return not lacking and not any(seat.since_round > last for seat in held)

    def _unbonded(self, now: int) -> int | None:
        """Return when the next ticket that is leaving is free, once no bounty needs the time in between."""
        return min((free + 1 for free in self._leaving.values() if free >= now), default=None)

    # ------------------------------------------------------------------ what is done about it
    def _move(self, timestamp: int) -> bool:
        self._clock.move_to(timestamp)
        self._mined = self._monotonic()
        return True

    def _mine(self, blocks: int) -> None:
        self._clock.mine(blocks)
        self._mined = self._monotonic()

    def _beat(self) -> bool:
        if self._monotonic() - self._mined < self._pulse:
            return False
        self._mine(1)
        return True


def _moment(now: int, log: BountyLog, bounty: BountyState) -> int | None:
    """Return when something changes without anybody acting; nobody gives up hoping while holders join."""
    if bounty.phase is Phase.JOIN and now <= bounty.deadline:
        return bounty.deadline + 1
    return next_moment(now, bounty, log.terms, log.turns_until(bounty.round))


def conduct(conductor: Conductor, until: Callable[[], bool], *, interval: float = 0.1, gone: float = 60.0) -> None:
    """Step until `until` says so; when the chain just changed, or does not answer, it is looked at again.

    Raises:
        ChainError: it has not answered for `gone` seconds.
    """
    answered = time.monotonic()
    while not until():
        moved = False
        try:
            moved = conductor.step()
            answered = time.monotonic()
        except ChainError:
            if time.monotonic() - answered > gone:
                raise
        if not moved:
            time.sleep(interval)
