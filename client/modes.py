"""Who sees single updates, and what the terms on the chain have to say for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.domain.bounds import EXACT_PLAYERS, step_denominator
from marketplace.domain.errors import InvalidTerms
from marketplace.domain.shared_documents import COMPONENTS
from marketplace.domain.terms_document import PRIVACIES
from marketplace.scoring.trace.limits import check_judgeable

if TYPE_CHECKING:
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.terms import ChainTerms

__all__ = ["ENCRYPTED", "SEALED", "SHARED", "check_mode", "is_unjudged"]

SEALED = "sealed"
"""Seats open single updates once submissions have closed; whatever they say of them can be disputed."""

SHARED = "shared"
"""Updates are secret-shared among three compute seats, which score and add up what none of them can read."""

ENCRYPTED = "encrypted-model"
"""Holders train a linear model that they cannot read; three seats decrypt single updates once submissions closed."""

_MEAN_BITS = 30
"""Of four times the largest sum of weighted entries and twice K: what `privacy.sharing.adoption.share_mean` divides."""

_MOST_PARAMETERS = 1024
"""Of an encrypted model: training multiplies as many ciphertexts as its square; this many take a minute."""

_BASE_REACH = 1 << 40
"""Of an entry of an encrypted base: a map of 2^20 to the one leaves room in a lane of 64 bits."""


def is_unjudged(privacy: str) -> bool:
    """Whether nothing of a bounty in this mode can be disputed: there is no trace that everybody could open."""
    return privacy != SEALED


def check_mode(chain: ChainTerms, privacy: str, scoring: ScoringTerms) -> None:
    """Raise InvalidTerms unless the terms on the chain are those that a mode needs.

    Args:
        chain: what the chain says.
        privacy: what the terms document says.
        scoring: the scoring terms.
    """
    if privacy not in PRIVACIES:
        msg = f"there is no mode called {privacy!r}: use {', '.join(PRIVACIES)}"
        raise InvalidTerms(msg)
    if chain.unjudged != is_unjudged(privacy):
        has = "has not" if is_unjudged(privacy) else "has"
        msg = f"a bounty in {privacy!r} mode {has} a referee on the chain, and these terms differ"
        raise InvalidTerms(msg)
    if privacy == SEALED:
        check_judgeable(scoring)
        return
    if chain.seats != COMPONENTS:
        msg = f"in {privacy!r} mode {COMPONENTS} seats compute together, not {chain.seats}: set seats to {COMPONENTS}"
        raise InvalidTerms(msg)
    if privacy == ENCRYPTED:
        _check_encrypted(scoring)
    else:
        _check_shared(chain, scoring)


def _check_shared(chain: ChainTerms, scoring: ScoringTerms) -> None:
    if chain.max_holders > EXACT_PLAYERS:
        msg = f"three seats score at most {EXACT_PLAYERS} shared updates, not {chain.max_holders}: lower max_holders"
        raise InvalidTerms(msg)
    total = EXACT_PLAYERS * scoring.coefficient_max
    reach = 4 * total * scoring.bounds.entry + 2 * step_denominator(total, scoring.step_quarters)
    if reach >> _MEAN_BITS:
        msg = f"entries of {scoring.bounds.entry} are too large for shared updates: lower the bound of an entry"
        raise InvalidTerms(msg)


def _check_encrypted(scoring: ScoringTerms) -> None:
    shape = scoring.shape
    if shape.hidden:
        msg = f"an encrypted model is linear, and this one has a hidden layer of {shape.hidden}: set hidden to 0"
        raise InvalidTerms(msg)
    if shape.parameters > _MOST_PARAMETERS:
        msg = f"an encrypted model has at most {_MOST_PARAMETERS:,} parameters, not {shape.parameters:,}: drop columns"
        raise InvalidTerms(msg)
    if max(scoring.bounds.weight, scoring.bounds.bias) > _BASE_REACH:
        msg = "the bounds of a base leave no room to train it while it is encrypted: lower those of weights and biases"
        raise InvalidTerms(msg)
