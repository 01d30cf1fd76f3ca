"""Numbers side by side in one word, the first lowest, each as wide as its place."""

from __future__ import annotations

from collections.abc import Iterable

from marketplace.domain.errors import InvalidInput

__all__ = ["pack", "unpack"]


def pack(places: Iterable[tuple[str, int, int]]) -> int:
    """Put (name, number, bits) into a word, the first lowest.

    Raises:
        InvalidInput: a number is negative or has more bits than its place.
    """
    word = shift = 0
    for name, number, bits in places:
        if not 0 <= number < 1 << bits:
            msg = f"{name} is {number}, and has to be at least 0 and below 2^{bits}: change the terms"
            raise InvalidInput(msg)
        word |= int(number) << shift
        shift += bits
    return word


def unpack(word: int, widths: Iterable[int]) -> list[int]:
    """Return the numbers in a word, the lowest first; raises InvalidInput if anything lies above them."""
    numbers, rest = [], word
    for bits in widths:
        numbers.append(rest & ((1 << bits) - 1))
        rest >>= bits
    if rest:
        msg = f"the word {word:#x} holds more than it has places for: read it again"
        raise InvalidInput(msg)
    return numbers
