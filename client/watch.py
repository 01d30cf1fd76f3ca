"""Watching the clock, by the chain's time alone: what is to be done before which deadline, and what is lost after it.

A participant never starts what it cannot finish in time, and takes part in no bounty whose phases are shorter than its
network needs for blocks that stay.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.domain.bounty import Phase
from marketplace.domain.errors import InvalidTerms

if TYPE_CHECKING:
    from client.log import BountyLog
    from client.owner import ModelOwner
    from client.validator import Validator
    from marketplace.domain.bounty import BountyState, HolderState
    from marketplace.domain.terms import ChainTerms

__all__ = ["Duty", "check_pace", "holders_duty", "is_urgent", "owners_duty", "validators_duty"]

_LAST_PART = 4


@dataclass(frozen=True)
class Duty:
    """Something whose omission costs money.

    Attributes:
        what: to do, as a person says it.
        deadline: the last second of the chain's time at which it counts.
        length: seconds that the phase has.
        loss: what is lost otherwise, as a person says it.
    """

    what: str
    deadline: int
    length: int
    loss: str


def check_pace(terms: ChainTerms, margin: int, depth: int) -> None:
    """Raise InvalidTerms if a phase is too short for this network.

    Args:
        terms: of the bounty.
        margin: seconds until a transaction is mined.
        depth: seconds until a block is deep enough to build something irreversible on it.
    """
    phases = terms.phases
    plain = {"acknowledge": phases.acknowledge, "join": phases.join, "submit": phases.submit, "commit": phases.commit}
    deep = {
        "open": phases.open,
        "shard": phases.shard,
        "attest": phases.attest,
        "rebut": phases.rebut,
        "reveal": phases.reveal,
        "challenge": phases.challenge,
        "serve": phases.serve,
    }
    short = [n for n, s in plain.items() if s < 2 * margin] + [n for n, s in deep.items() if s < depth + 2 * margin]
    if short:
        msg = (
            f"the phase '{short[0]}' is too short for this network, where a block that stays takes {depth + margin} "
            "seconds: do not take part, or post with longer phases"
        )
        raise InvalidTerms(msg)


def is_urgent(duty: Duty, now: int, margin: int) -> bool:
    """Whether the time to warn has come: the last quarter of the phase, or a few blocks before its end."""
    return now >= duty.deadline - max(duty.length // _LAST_PART, 3 * margin)


def holders_duty(log: BountyLog, bounty: BountyState, mine: HolderState) -> Duty | None:
    """Return what a holder has to do now, if anything."""
    bit = 1 << mine.index
    if bounty.phase is not Phase.SUBMIT or not mine.joined or not bounty.expected & bit or bounty.submitted & bit:
        return None
    loss = f"the stake of {log.terms.holder_stake} is lost"
    return Duty(f"submit to round {bounty.round}", bounty.deadline, log.terms.phases.submit, loss)


def validators_duty(who: Validator, bounty: BountyState) -> Duty | None:
    """Return what a validator has to do now, if anything."""
    phases, round_ = who.log.terms.phases, bounty.round
    waiting = who.my_seats(acted=bounty.acted)
    if bounty.phase is Phase.COMMIT and waiting:
        loss = "a tenth of the ticket's stake is lost"
        return Duty(f"commit to a sheet of round {round_}", bounty.deadline, phases.commit, loss)
    if bounty.phase is Phase.REVEAL and set(waiting) & set(who.log.committed[round_]):
        loss = "three tenths of the ticket's stake are lost"
        return Duty(f"reveal the sheet of round {round_}", bounty.deadline, phases.reveal, loss)
    return None


def owners_duty(who: ModelOwner, bounty: BountyState, now: int) -> Duty | None:
    """Return what an owner has to do now, if anything."""
    terms, loss = who.log.terms, f"the bond of {who.log.terms.bond} is lost"
    ready = (bounty.joined & ~bounty.forfeited).bit_count() >= terms.min_holders
    if bounty.phase is Phase.JOIN and now > bounty.deadline and ready:
        return Duty(f"open round {bounty.round}", bounty.deadline + terms.phases.open, terms.phases.open, loss)
    enough = bounty.submitted.bit_count() >= terms.min_holders
    if bounty.phase is Phase.SUBMIT and now > bounty.deadline and enough:
        end = bounty.deadline + terms.phases.shard
        return Duty(f"open the shard of round {bounty.round}", end, terms.phases.shard, loss)
    if bounty.phase is Phase.REBUT:
        return Duty("prove that the shard is open", bounty.deadline, terms.phases.rebut, loss)
    return None
