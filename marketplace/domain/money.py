"""Amounts in the token's smallest unit, and the one way a payout is split."""

from __future__ import annotations

from typing import Final, NewType

__all__ = ["HOLD_BACK_PART", "Units", "format_units", "hold_back_down"]

Units = NewType("Units", int)
"""A number of the token's smallest units."""

HOLD_BACK_PART: Final = 5
"""A fifth of every payout waits for the final shard."""

_DECIMALS: Final = 18


def hold_back_down(amount: int) -> tuple[int, int]:
    """Return (paid now, held back); the part held back is rounded down."""
    held = amount // HOLD_BACK_PART
    return amount - held, held


def format_units(amount: int, decimals: int = _DECIMALS) -> str:
    """Return `amount` in whole tokens with two decimals, rounded towards zero."""
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    return f"{sign}{size // 10**decimals:,}.{size % 10**decimals * 100 // 10**decimals:02d}"
