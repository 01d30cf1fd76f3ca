"""Amounts of the bounty's token, always in its smallest unit."""

from __future__ import annotations

from typing import NewType

__all__ = ["Wei", "format_units", "hold_back", "majority", "threshold"]

Wei = NewType("Wei", int)
"""The token's smallest unit."""

_HOLD_BACK = 5


def hold_back(amount: int) -> tuple[Wei, Wei]:
    """Split a payout into what is paid now and the fifth, rounded down, that waits for the final shard."""
    held = amount // _HOLD_BACK
    return Wei(amount - held), Wei(held)


def format_units(amount: int, decimals: int = 18) -> str:
    """Return `amount` in whole tokens with two decimals, rounded towards zero."""
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    return f"{sign}{size // 10**decimals:,}.{size % 10**decimals * 100 // 10**decimals:02d}"


def majority(seats: int) -> int:
    """Return how many of `seats` are more than half."""
    return seats // 2 + 1


def threshold(seats: int) -> int:
    """Return how many of `seats` must hold a share to open it, two thirds rounded up: 2 of 3, 5 of 7, 10 of 15."""
    return -(-2 * seats // 3)
