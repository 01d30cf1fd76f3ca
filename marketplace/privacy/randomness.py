"""Random numbers nobody can guess, a million at a time.

Trust model: without the key nobody can tell the stream from coin tosses, as long as AES-256 is a pseudorandom
permutation and fewer than 2**48 numbers are drawn; a key is used for one purpose.

Laws: the same key gives the same numbers, however they are drawn; `below` is exactly uniform if the stream is.

Source: AES in counter mode, NIST SP 800-38A.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RandomStream"]

_KEY_BYTES: Final = 32
_WORD_BYTES: Final = 8
_WORD: Final = 1 << 64


class RandomStream:
    """A stream of random 64-bit numbers.

    Args:
        key: 32 bytes; None for fresh ones from the operating system.
    """

    def __init__(self, key: bytes | None = None) -> None:
        key = secrets.token_bytes(_KEY_BYTES) if key is None else key
        if len(key) != _KEY_BYTES:
            msg = f"a random stream has a key of {_KEY_BYTES} bytes, not {len(key)}: derive one"
            raise InvalidInput(msg)
        # The counter starts at 0: a key is used for one stream.
        self._cipher = Cipher(algorithms.AES(key), modes.CTR(bytes(16))).encryptor()

    def words(self, count: int) -> NDArray[np.uint64]:
        """Return uint64[count], uniform."""
        return np.frombuffer(self._cipher.update(bytes(_WORD_BYTES * count)), dtype="<u8").astype(np.uint64)

    def below(self, bound: int, count: int) -> NDArray[np.uint64]:
        """Return uint64[count], uniform from 0 to bound - 1; bound is from 1 to 2**64 - 1."""
        if not 1 <= bound < _WORD:
            msg = f"there are no 64-bit numbers below {bound}: choose 1 to 2**64 - 1"
            raise InvalidInput(msg)
        # The largest multiple of the bound: numbers from it on would favour small remainders, and are drawn again.
        last = np.uint64(_WORD - 1 - _WORD % bound)
        found = self.words(count)
        while (again := np.flatnonzero(found > last)).size:
            found[again] = self.words(again.size)
        return found % np.uint64(bound)
