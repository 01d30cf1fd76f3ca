"""What a contribution is worth beyond doubt: its sum over the rows, less z standard errors."""

from __future__ import annotations

from marketplace.domain.bounds import ceil_sqrt

__all__ = ["lower_bound"]


def lower_bound(total: int, squares: int, rows: int, z_squared_percent: int) -> int:
    """Return max(0, total - z * sqrt(squares - total**2 / rows)), rounded down, in integers of any size.

    Args:
        total: a contribution's numerators, summed over the rows.
        squares: their squares, summed.
        rows: how many there are.
        z_squared_percent: z squared, in hundredths; 269 pays what is there with 95 % confidence.

    Law: never above max(0, total); equal to it when all rows agree.
    """
    variance = z_squared_percent * (rows * squares - total * total)
    return max(0, total - ceil_sqrt(-(-variance // (100 * rows))))
