"""Words of several numbers, the first in the lowest bits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from marketplace.domain.errors import InvalidInput

__all__ = ["pack_bits", "unpack_bits"]


def pack_bits(places: Iterable[tuple[str, int, int]]) -> int:
    """Put (name, number, bits) into a word; raises InvalidInput naming the number that has no room."""
    word = shift = 0
    for name, number, bits in places:
        if not 0 <= number < 1 << bits:
            msg = f"{name} is {number}: a trace has {bits} bits for it"
            raise InvalidInput(msg)
        word |= int(number) << shift
        shift += bits
    return word


def unpack_bits(word: int, widths: Sequence[int]) -> list[int]:
    """Return the numbers of a word; raises InvalidInput if anything lies above them."""
    if word >> sum(widths):
        msg = f"the word {word:#x} has more than {sum(widths)} bits"
        raise InvalidInput(msg)
    numbers = []
    for bits in widths:
        numbers.append(word & ((1 << bits) - 1))
        word >>= bits
    return numbers
