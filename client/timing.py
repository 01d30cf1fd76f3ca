"""When something changes in a bounty only because time passes; devnets jump from one such moment to the next."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from marketplace.domain.bounty import Phase

if TYPE_CHECKING:
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.terms import ChainTerms

__all__ = ["next_moment"]

_LAST_PART = 8


def next_moment(now: int, bounty: BountyState, terms: ChainTerms, turns: Iterable[int] = ()) -> int | None:
    """Return the next second at which somebody may act who would not before; None when there is none to wait for.

    The last eighth of a phase is one: those who hoped for something out of reach give up hoping, in time.

    Args:
        now: the chain's time.
        bounty: in a phase with a deadline.
        terms: its terms.
        turns: deadlines of the turns of its open disputes.
    """
    if bounty.phase is Phase.DISPUTE:
        return min((deadline + 1 for deadline in turns if deadline >= now), default=None)
    phases = terms.phases
    length = {
        Phase.ACKNOWLEDGE: phases.acknowledge,
        Phase.JOIN: phases.join,
        Phase.SUBMIT: phases.submit,
        Phase.ATTEST: phases.attest,
        Phase.REBUT: phases.rebut,
        Phase.COMMIT: phases.commit,
        Phase.REVEAL: phases.reveal,
        Phase.CHALLENGE: phases.challenge,
        Phase.SERVE: phases.serve,
    }.get(bounty.phase)
    if length is None:
        return None
    # The second half of joining and submitting is the owner's.
    owners = {Phase.JOIN: phases.open, Phase.SUBMIT: phases.shard}.get(bounty.phase, 0)
    moments = (bounty.deadline - length // _LAST_PART, bounty.deadline + 1, bounty.deadline + owners + 1)
    return next((moment for moment in moments if moment > now), None)
