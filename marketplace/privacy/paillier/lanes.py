"""Several signed integers in one plaintext, in lanes of equal width.

A plaintext is sum(value_k * 2**(bits * k)) over the integers, so that adding plaintexts adds the values, and
multiplying by a small integer multiplies them, as long as every value stays within `limit`. A value beyond it would
change its neighbour: whoever computes keeps count of how large the values can be (`EncryptedVector.bound`) and stops
before.

Laws: unpack(pack(v)) = v; pack(v) + pack(w) = pack(v + w) and k * pack(v) = pack(k * v) while values are within
`limit`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import BrokenSeal, InvalidInput

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Lanes"]

_WORD_BITS: Final = 64


@dataclass(frozen=True)
class Lanes:
    """How plaintexts modulo n are divided.

    Args:
        bits: of one lane: 8, 16, ... 64.
        per_plaintext: lanes in one plaintext.
    """

    bits: int
    per_plaintext: int

    def __post_init__(self) -> None:
        """Refuse widths that are no whole bytes."""
        if self.bits not in range(8, _WORD_BITS + 1, 8) or self.per_plaintext < 1:
            msg = f"{self.per_plaintext} lanes of {self.bits} bits do not exist: choose 8 to 64 bits in steps of 8"
            raise InvalidInput(msg)

    @classmethod
    def of(cls, bits: int, n: int) -> Lanes:
        """Return as many lanes of `bits` bits as fit below n / 2 with their sign."""
        return cls(bits, (n.bit_length() - 1) // bits)

    def check_fit(self, n: int) -> None:
        """Raise InvalidInput if so many lanes and a sign do not fit below n / 2."""
        if self.bits * self.per_plaintext > n.bit_length() - 1:
            msg = f"{self.per_plaintext} lanes of {self.bits} bits do not fit under this key: use fewer"
            raise InvalidInput(msg)

    @property
    def limit(self) -> int:
        """The largest value of a lane, and minus the smallest."""
        return (1 << (self.bits - 1)) - 1

    def plaintexts(self, length: int) -> int:
        """How many plaintexts hold `length` values."""
        return -(-length // self.per_plaintext)

    @property
    def _offset(self) -> int:
        """A plaintext with 2**(bits - 1) in each lane: added, it leaves no lane negative."""
        return int.from_bytes((1 << (self.bits - 1)).to_bytes(self.bits // 8, "little") * self.per_plaintext, "little")

    def pack(self, values: NDArray[np.int64]) -> list[int]:
        """Return the plaintexts, signed integers, of int64[*] values.

        Raises:
            InvalidInput: a value beyond `limit`.
        """
        if values.size and (values.max() > self.limit or values.min() < -self.limit):
            msg = f"a value does not fit into a lane of {self.bits} bits: clip the values, or choose wider lanes"
            raise InvalidInput(msg)
        rows, width = self.plaintexts(len(values)), self.bits // 8
        padded = np.zeros(rows * self.per_plaintext, dtype=np.int64)
        padded[: len(values)] = values
        # Two's complement with the sign bit of the lane flipped is the value plus 2**(bits - 1).
        raised = padded.view(np.uint64) + np.uint64(1 << (self.bits - 1))
        octets = raised.astype("<u8").view(np.uint8).reshape(rows, self.per_plaintext, 8)[:, :, :width]
        offset = self._offset
        return [int.from_bytes(row.tobytes(), "little") - offset for row in octets]

    def unpack(self, plaintexts: Sequence[int], length: int) -> NDArray[np.int64]:
        """Return int64[length], the values in signed `plaintexts`.

        Raises:
            BrokenSeal: a plaintext is beyond all lanes, there are too few or too many, or what fills the last is not 0.
        """
        if len(plaintexts) != self.plaintexts(length):
            msg = f"{len(plaintexts)} plaintexts do not hold {length} values: leave their sender out"
            raise BrokenSeal(msg)
        width, offset = self.bits // 8, self._offset
        size = width * self.per_plaintext
        raised = [plaintext + offset for plaintext in plaintexts]
        if any(number < 0 or number.bit_length() > 8 * size for number in raised):
            msg = "a plaintext that is not packed in lanes: its sender broke the format, or the key is another one"
            raise BrokenSeal(msg)
        joined = b"".join(number.to_bytes(size, "little") for number in raised)
        octets = np.frombuffer(joined, dtype=np.uint8).reshape(-1, width)
        words = np.zeros((len(octets), 8), dtype=np.uint8)
        words[:, :width] = octets
        # Wraps for lanes of 64 bits, and then to the right number.
        values = (words.view("<u8").ravel().astype(np.uint64) - np.uint64(1 << (self.bits - 1))).view(np.int64)
        if values[length:].any():
            msg = "a plaintext holds more than it should: leave its sender out"
            raise BrokenSeal(msg)
        found: NDArray[np.int64] = values[:length].copy()
        return found
