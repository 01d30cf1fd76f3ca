"""Playing a bounty through: everybody acts when something is due, and chain time passes when nothing is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from client.holder import DataHolder
from client.log import BountyLog
from client.sheets import sheet_in
from client.timing import next_moment
from client.training import evaluate
from marketplace.domain.bounty import Phase, TicketState
from marketplace.domain.errors import ProtocolError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.demo.world import Cast
    from client.training import Metrics
    from marketplace.domain.bounty import BountyState

__all__ = ["Audience", "play"]

_MOST_STEPS = 100_000


class Audience(Protocol):
    """Who watches: the terminal, or nobody."""

    def phase(self, phase: Phase, round_: int) -> None:
        """Be told that the bounty moved to another phase."""

    def submitted(self, holder: str) -> None:
        """Be told that a holder, by its address, submitted."""

    def round_over(self, round_: int, sheet: Mapping[str, Any], metrics: Metrics) -> None:
        """Be told a settled round's sheet, and how good the owner's model now is on the test rows."""


def play(cast: Cast, audience: Audience) -> dict[int, Metrics]:
    """Post the bounty and play it to the end; return the model's metrics after each round (-1: before the first)."""
    test = cast.split.test
    curve = {-1: evaluate(cast.owner.model, test.features, test.labels)}
    bounty_id = cast.owner.post()
    log = BountyLog(cast.owner.account, bounty_id)  # one reader for all: they are in one process
    for holder in cast.holders:
        holder.log = log
    for validator in cast.validators:
        validator.log = log
    cast.owner.log = log
    audience.phase(Phase.DRAW, 0)
    for _ in range(_MOST_STEPS):
        if not _everybody_steps(cast, log, curve, audience):
            if cast.owner.account.bounty(bounty_id).phase is Phase.CLOSED:
                _withdraw(cast)
                return curve
            before = cast.owner.account.bounty(bounty_id)
            _let_time_pass(cast, bounty_id)
            _announce(before, cast.owner.account.bounty(bounty_id), audience)
    msg = "the demonstration did not end: this is a defect, please report it with the seed"
    raise ProtocolError(msg)


def _everybody_steps(cast: Cast, log: BountyLog, curve: dict[int, Metrics], audience: Audience) -> bool:
    """Let everybody do the one thing that is due; return whether anybody did."""
    account, acted = cast.owner.account, False
    for person in cast.everybody:
        before = account.bounty(log.bounty)
        if person.step():
            acted = True
            if before.phase is Phase.SUBMIT and isinstance(person, DataHolder):
                audience.submitted(person.address)
            _note_rounds(cast, log, curve, audience)
            _announce(before, account.bounty(log.bounty), audience)
    return acted


def _announce(before: BountyState, after: BountyState, audience: Audience) -> None:
    if (after.phase, after.round) != (before.phase, before.round):
        audience.phase(after.phase, after.round)


def _note_rounds(cast: Cast, log: BountyLog, curve: dict[int, Metrics], audience: Audience) -> None:
    """Measure the model once the owner has what a settled round gave it."""
    test = cast.split.test
    for round_ in sorted(log.refresh().settled):
        if round_ not in curve and (round_ not in log.adopted or round_ in cast.owner.aggregates):
            curve[round_] = evaluate(cast.owner.model, test.features, test.labels)
            audience.round_over(round_, sheet_in(cast.owner, log, round_), curve[round_])


def _let_time_pass(cast: Cast, bounty_id: bytes) -> None:
    """Move the devnet to the next moment that changes something, and push the bounty on if nobody else does."""
    account, chain = cast.owner.account, cast.chain
    bounty = account.bounty(bounty_id)
    if bounty.phase is Phase.DRAW:
        chain.chain.clock.wait_for_block(bounty.draw_block)
        return
    log = cast.owner.log.refresh()
    moment = next_moment(chain.now(), bounty, log.terms, log.turns_until(bounty.round))
    if moment is not None and (bounty.phase is Phase.DISPUTE or chain.now() <= bounty.deadline):
        chain.chain.clock.wait_until(moment)
        return
    account.advance(bounty_id, cast.owner.log.terms)


def _withdraw(cast: Cast) -> None:
    """Everybody takes everything home: validators their tickets' stakes, then all their vault accounts."""
    stake, clock = cast.owner.log.terms.ticket_stake, cast.chain.chain.clock
    tickets = [(v.account.registry, number) for number, v in enumerate(cast.validators)]
    for registry, ticket in tickets:
        if registry.ticket(stake, ticket).state is TicketState.LIVE:  # a slashed one is leaving already
            registry.leave(stake, ticket)
    clock.wait_until(clock.now() + cast.owner.account.registry.unbonding() + 1)
    for registry, ticket in tickets:
        registry.redeem(stake, ticket)
    for person in cast.everybody:
        balance = person.account.vault.balance()
        if balance:
            person.account.vault.withdraw(balance)
