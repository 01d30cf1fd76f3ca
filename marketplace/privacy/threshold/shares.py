"""The secret of a mask, shared among seats, and what a seat does with the shares it got.

Trust model: see `masking`. A share is for one seat's eyes: seal it (`marketplace.sealing`).

Laws: any `threshold` answers for one set of holders open the sum of their secrets; fewer tell nothing about it; answers
that do not fit each other are noticed when there are more than the threshold; a keeper answers for one set only.

Source: Shamir, "How to share a secret", 1979, for each of the 4096 numbers, modulo the first of the two primes: a sum
of secrets is far below it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import BrokenSeal, InvalidInput, ProtocolError, WrongKey
from marketplace.privacy.randomness import RandomStream
from marketplace.privacy.threshold.masking import Mask
from marketplace.privacy.threshold.parameters import PRIMES
from marketplace.privacy.threshold.ring import DEGREE

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from numpy.typing import NDArray

__all__ = ["LEAST_HOLDERS", "LEAST_SEATS", "Keeper", "open_secrets", "share_mask"]

LEAST_HOLDERS: Final = 2
"""A sum of one vector is that vector."""
LEAST_SEATS: Final = 2
_P: Final = np.uint64(PRIMES[0])
_MOST_SEATS: Final = 255


def share_mask(mask: Mask, threshold: int, seats: int) -> list[NDArray[np.uint32]]:
    """Return one share, uint32[DEGREE], for each seat.

    Raises:
        InvalidInput: the threshold is not between 2 and `seats`, or there are more than 255 seats; a single seat shall
            never open anything.
    """
    if not LEAST_SEATS <= threshold <= seats <= _MOST_SEATS:
        msg = (
            f"{threshold} of {seats} seats cannot open a sum: choose a threshold from 2 to at most {_MOST_SEATS} seats"
        )
        raise InvalidInput(msg)
    stream = RandomStream(secrets.token_bytes(32))
    constant = (mask.secret % PRIMES[0]).astype(np.uint64)
    others = [stream.below(PRIMES[0], DEGREE) for _ in range(threshold - 1)]
    shares = []
    for x in range(1, seats + 1):
        value = np.zeros(DEGREE, dtype=np.uint64)
        for coefficient in [*reversed(others), constant]:
            value = (value * np.uint64(x) + coefficient) % _P
        shares.append(value.astype(np.uint32))
    return shares


@dataclass
class Keeper:
    """One seat's memory of a round: the shares it got, and for whom it answered.

    Warning: `answered` has to outlive the process (`client.journal`); write it before the answer leaves.
    """

    shares: Mapping[str, NDArray[np.uint32]]
    answered: frozenset[str] | None = None

    def answer(self, included: Collection[str]) -> NDArray[np.uint32]:
        """Return the sum of the shares of the included holders, uint32[DEGREE].

        Raises:
            InvalidInput: fewer than two holders, or one whose share this seat does not have, or cannot use.
            ProtocolError: it has answered for other holders in this round.
        """
        wanted = frozenset(included)
        if self.answered not in {None, wanted}:
            msg = "this seat has answered for other holders in this round: a second answer would open single vectors"
            raise ProtocolError(msg)
        if len(wanted) < LEAST_HOLDERS or not wanted <= self.shares.keys():
            msg = f"a seat answers for {LEAST_HOLDERS} holders or more whose shares it has: wait for them"
            raise InvalidInput(msg)
        total = np.zeros(DEGREE, dtype=np.uint64)
        for holder in sorted(wanted):
            total += _checked(self.shares[holder])
        self.answered = wanted
        return (total % _P).astype(np.uint32)


def open_secrets(answers: Mapping[int, NDArray[np.uint32]], threshold: int) -> Mask:
    """Return the sum of the secrets from the answers of the seats (number -> answer), all for the same holders.

    Raises:
        WrongKey: fewer answers than the threshold.
        BrokenSeal: an answer is malformed, or they do not fit each other: one seat gave a wrong one.
    """
    if len(answers) < threshold:
        msg = f"{len(answers)} answers do not open a sum that needs {threshold}: wait for more seats"
        raise WrongKey(msg)
    if any(not 0 <= seat < _MOST_SEATS for seat in answers):
        msg = "an answer of a seat that does not exist: leave it out"
        raise BrokenSeal(msg)
    checked = {seat: _checked(answer) for seat, answer in sorted(answers.items())}
    used = sorted(checked)[:threshold]
    for seat in sorted(checked)[threshold:]:
        if not np.array_equal(_at(seat + 1, used, checked), checked[seat]):
            msg = "the answers of the seats do not fit each other: ask each again, or leave one out"
            raise BrokenSeal(msg)
    opened = _at(0, used, checked).astype(np.int64)
    return Mask(np.where(opened > PRIMES[0] // 2, opened - PRIMES[0], opened))


# ---------------------------------------------------------------------- details
def _checked(share: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """Return a share as uint64[DEGREE]; raises BrokenSeal for what is none."""
    if share.shape != (DEGREE,) or share.dtype != np.uint32 or share.max() >= _P:
        msg = "a share that is none: leave its sender out"
        raise BrokenSeal(msg)
    return share.astype(np.uint64)


def _at(x: int, seats: list[int], values: Mapping[int, NDArray[np.uint64]]) -> NDArray[np.uint64]:
    """Return the polynomial through the seats' values at `x`; seat i holds it at i + 1."""
    total = np.zeros(DEGREE, dtype=np.uint64)
    for seat in seats:
        above = below = 1
        for other in seats:
            if other != seat:
                above, below = above * (x - other - 1), below * (seat - other)
        total += values[seat] * np.uint64(above * pow(below, -1, PRIMES[0]) % PRIMES[0]) % _P
    return total % _P
