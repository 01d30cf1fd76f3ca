"""Who sees single updates, and what the terms on the chain have to say for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.domain.bounds import EXACT_PLAYERS
from marketplace.domain.errors import InvalidTerms
from marketplace.domain.shared_documents import COMPONENTS
from marketplace.scoring.trace.limits import check_judgeable

if TYPE_CHECKING:
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.terms import ChainTerms

__all__ = ["SHARED", "check_mode"]

SHARED = "shared"
"""Updates are secret-shared among three compute seats, which score and add up what none of them can read."""

_MEAN_BITS = 30
"""Of four times the largest sum of weighted entries: what `marketplace.privacy.sharing.figures.open_mean` divides."""


def check_mode(chain: ChainTerms, privacy: str, scoring: ScoringTerms) -> None:
    """Raise InvalidTerms unless the terms on the chain are those that a mode needs.

    Args:
        chain: what the chain says.
        privacy: what the terms document says.
        scoring: the scoring terms.
    """
    if chain.unjudged != (privacy == SHARED):
        msg = f"a bounty in {privacy!r} mode {_has(privacy == SHARED)} a referee on the chain, and these terms differ"
        raise InvalidTerms(msg)
    if privacy != SHARED:
        check_judgeable(scoring)
        return
    if chain.seats != COMPONENTS:
        msg = f"updates are shared among {COMPONENTS} compute seats, not {chain.seats}: set seats to {COMPONENTS}"
        raise InvalidTerms(msg)
    if chain.max_holders > EXACT_PLAYERS:
        msg = f"three seats score at most {EXACT_PLAYERS} shared updates, not {chain.max_holders}: lower max_holders"
        raise InvalidTerms(msg)
    reach = 4 * EXACT_PLAYERS * scoring.coefficient_max * scoring.bounds.entry
    if reach >> _MEAN_BITS:
        msg = f"entries of {scoring.bounds.entry} are too large for shared updates: lower the bound of an entry"
        raise InvalidTerms(msg)


def _has(shared: bool) -> str:  # noqa: FBT001 - a word of a message
    return "has not" if shared else "has"
