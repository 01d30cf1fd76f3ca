"""Pushing a bounty on when those whose turn it is stay silent: anybody may, so that nobody's money is stuck."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from marketplace.chain.referee import Case
from marketplace.domain.bounty import Phase
from marketplace.domain.dispute import Decided

if TYPE_CHECKING:
    from client.log import BountyLog
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.terms import ChainTerms

__all__ = ["close_dispute", "push", "settle"]


def push(account: Account, log: BountyLog) -> bool:
    """Do what anybody may do about a bounty whose phase is over; return whether there was something.

    Draw the vacant seats, close a dispute that is over, settle on the sheet a majority revealed, or end a phase whose
    deadline has passed.
    """
    bounty = account.bounty(log.bounty)
    log.refresh()
    if bounty.phase is Phase.DRAW:
        if not account.can_draw(bounty):
            return False
        account.draw(log.bounty, log.terms)
        return True
    if bounty.phase is Phase.DISPUTE:
        return close_dispute(account, log, bounty)
    if bounty.phase is Phase.CLOSED or account.now() <= bounty.deadline + _owners_time(bounty, log.terms):
        return False
    if bounty.phase is Phase.CHALLENGE and settle(account, log, bounty):
        return True
    account.advance(log.bounty, log.terms)
    return True


def close_dispute(account: Account, log: BountyLog, bounty: BountyState) -> bool:
    """Close a dispute that is over: its sheet has fallen, or a turn ran out; return whether there was one."""
    if bounty.phase is not Phase.DISPUTE:
        return False
    for dispute, opened in log.disputed[bounty.round].items():
        turn = log.turns[dispute][-1]
        fallen = opened.sheet_hash in log.disproved[bounty.round]
        if isinstance(turn, Decided) or not (fallen or account.now() > turn.deadline):
            continue
        case = Case(log.bounty, bounty.round, log.revealed[bounty.round][opened.sheet_hash].sheet)
        account.referee.close(case, dispute, turn.what)
        return True
    return False


def settle(account: Account, log: BountyLog, bounty: BountyState) -> bool:
    """Settle on the sheet that a majority of the seats revealed whose sheet did not fall; return whether there is one.

    Every revealed sheet stands on the chain, so this takes no seat and no key.
    """
    seats = range(log.terms.seats)
    words = Counter(account.seat(log.bounty, seat).word for seat in seats)
    standing = len(seats) - sum(e.seats.bit_count() for e in log.disproved[bounty.round].values())
    for sheet_hash, event in log.revealed[bounty.round].items():
        if 2 * words[sheet_hash] > standing:
            account.settle(log.bounty, log.terms, event.sheet)
            return True
    return False


def _owners_time(bounty: BountyState, terms: ChainTerms) -> int:
    """Seconds after the deadline in which the owner may still open the round, or its shard, if enough take part."""
    if bounty.phase is Phase.JOIN:
        ready = (bounty.joined & ~bounty.forfeited).bit_count() >= terms.min_holders
        return terms.phases.open if ready else 0
    if bounty.phase is Phase.SUBMIT:
        return terms.phases.shard if bounty.submitted.bit_count() >= terms.min_holders else 0
    return 0
