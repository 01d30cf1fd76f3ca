"""Pseudorandom streams that two parties draw from in step: where their correlated randomness comes from.

Law: equal keys, equal draws. Trust model: whoever lacks the key cannot tell a stream from chance, as long as AES is a
pseudorandom permutation; one stream gives far fewer than 2^64 blocks, up to which it is.

Source: AES in counter mode, NIST SP 800-38A; zero shares from pairwise keys are Araki et al., "High-Throughput
Semi-Honest Secure Three-Party Computation with an Honest Majority", CCS 2016, section 2.2.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

__all__ = ["KEY_BYTES", "Digest", "Stream", "raw"]

KEY_BYTES: Final = 16

_ZEROS: Final = memoryview(bytes(1 << 16))
_BLOCK: Final = 16


def raw(array: NDArray[Any]) -> memoryview:
    """Return the bytes of a contiguous array, not copied."""
    return array.reshape(-1).view(np.uint8).data


class Stream:
    """An endless pseudorandom stream; its repr shows no key."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        # Every key is used for one stream, so the counter may start at 0.
        self._cipher = Cipher(algorithms.AES(key), modes.CTR(bytes(_BLOCK))).encryptor()

    def take(self, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """Return the next numbers of the stream, uniform over an unsigned `dtype`, as an array that may be changed."""
        size = prod(shape) * np.dtype(dtype).itemsize
        padded = -(-size // _BLOCK) * _BLOCK  # whole blocks, so that draws of any size stay in step
        out = np.empty(padded + _BLOCK, np.uint8)
        view = raw(out)
        for at in range(0, padded, len(_ZEROS)):
            step = min(len(_ZEROS), padded - at)
            self._cipher.update_into(_ZEROS[:step], view[at : at + step + _BLOCK - 1])
        return out[:size].view(dtype).reshape(shape)

    def key(self) -> bytes:
        """Return a key for another stream."""
        return self.take((KEY_BYTES,), np.uint8).tobytes()


class Digest:
    """A universal hash of a sequence of arrays under a key that was not known when they were fixed: GMAC.

    Two different sequences have equal digests with probability at most n / 2^128, n their length in blocks. It binds
    nobody who knows the key before choosing what to hash: then use a collision-resistant hash.

    Source: GHASH, NIST SP 800-38D.
    """

    __slots__ = ("_mac",)

    def __init__(self, key: bytes) -> None:
        self._mac = Cipher(algorithms.AES(key), modes.GCM(bytes(12))).encryptor()

    def add(self, array: NDArray[Any]) -> None:
        """Append an array; its size is public, so that where one ends and the next begins is agreed."""
        self._mac.authenticate_additional_data(raw(np.ascontiguousarray(array)))

    def tag(self) -> bytes:
        """Return the 16 bytes; nothing can be added afterwards."""
        self._mac.finalize()
        return self._mac.tag
