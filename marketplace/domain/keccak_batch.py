"""Keccak-256 of many messages of one length at once, for trees of half a million hashes.

One column of the state is one message; a permutation step is a NumPy operation on all columns. Source: FIPS 202 for the
permutation; the padding is Keccak's own (0x01), as in the EVM. Law: equal to `hashing.keccak`, message by message.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["HASH_BYTES", "hashes_of", "keccak_batch", "keccak_levels", "zero_tree"]

HASH_BYTES: Final = 32
_RATE: Final = 136
_LANES: Final = 25
_SIDE: Final = 5
_WORD: Final = 8
_CHUNK: Final = 4096
"""Messages at once: fewer, and the calls weigh more than the work; more, and the state leaves the cache."""
_FEW: Final = 48
"""Below this many messages one at a time is as fast."""


def _constants() -> tuple[tuple[int, ...], list[int], list[int]]:
    """Return the round constants, and the rotation and target of each lane (FIPS 202, 3.2)."""
    rounds, register = [], 1
    for _ in range(24):
        word = 0
        for bit in range(7):
            if register & 1:
                word |= 1 << ((1 << bit) - 1)
            register = register << 1 ^ (0x171 if register >> 7 else 0)
        rounds.append(word)
    turns, targets, x, y = [0] * _LANES, [0] * _LANES, 1, 0
    for t in range(24):
        turns[x + _SIDE * y] = (t + 1) * (t + 2) // 2 % 64
        targets[x + _SIDE * y] = y + _SIDE * ((2 * x + 3 * y) % _SIDE)
        x, y = y, (2 * x + 3 * y) % _SIDE
    return tuple(rounds), turns, targets


_ROUNDS, _TURNS, _TARGETS = _constants()
_ROUND_WORDS: Final = np.array(_ROUNDS, np.uint64)
_LEFT: Final = [np.uint64(turn) for turn in _TURNS]
_RIGHT: Final = [np.uint64(64 - turn) for turn in _TURNS]  # by 64 gives 0, as NumPy defines it
_ONE, _LAST = np.uint64(1), np.uint64(63)


def keccak_batch(messages: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8[n, 32], the Keccak-256 of each row of uint8[n, length]."""
    if messages.ndim != 2 or messages.dtype != np.uint8:  # noqa: PLR2004 - a table
        msg = f"messages of shape {messages.shape} and type {messages.dtype} are no table of bytes"
        raise InvalidInput(msg)
    count, length = messages.shape
    if count < _FEW:
        return hashes_of([keccak(message.tobytes()) for message in messages])
    out = np.empty((count, HASH_BYTES), np.uint8)
    work = _Work(min(_CHUNK, count))
    for start in range(0, count, _CHUNK):
        part = messages[start : start + _CHUNK]
        work = work if len(part) == work.size else _Work(len(part))
        padded = np.zeros((len(part), (length // _RATE + 1) * _RATE), np.uint8)
        padded[:, :length] = part
        padded[:, length] ^= 0x01
        padded[:, -1] ^= 0x80
        out[start : start + _CHUNK] = work.hash(padded.view("<u8").astype(np.uint64, copy=False))
    return out


def hashes_of(hashes: Sequence[bytes]) -> NDArray[np.uint8]:
    """Return 32-byte hashes as uint8[n, 32]."""
    return np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, HASH_BYTES)


@cache
def zero_tree(height: int) -> bytes:
    """Return the root of the tree of 2**height zero hashes."""
    return keccak(zero_tree(height - 1), zero_tree(height - 1)) if height else ZERO_HASH


def keccak_levels(leaves: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the levels of the Merkle tree over uint8[n, 32] leaves, the leaves first and the root, uint8[1, 32], last.

    As `merkle.merkle_root`, except that zero trees right of a level's last node are left out: `zero_tree` says what
    stands there. There is at least one leaf.
    """
    levels = [leaves]
    for height in range((len(leaves) - 1).bit_length()):
        level = levels[-1]
        if len(level) % 2:
            level = np.concatenate([level, hashes_of([zero_tree(height)])])
        levels.append(keccak_batch(level.reshape(-1, 2 * HASH_BYTES)))
    return levels


class _Work:
    """The state of a chunk of messages, uint64[5 (y), 5 (x), size], and room to permute it in."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.state = np.zeros((_SIDE, _SIDE, size), np.uint64)
        # Two columns more than there are: the row's first two again, so that chi needs no wrapping.
        self._turned = np.empty((_SIDE, _SIDE + 2, size), np.uint64)
        self._spare = np.empty((_SIDE, _SIDE, size), np.uint64)
        self._parity = np.empty((_SIDE + 2, size), np.uint64)
        self._turn = np.empty((_SIDE, size), np.uint64)
        self._lane = np.empty(size, np.uint64)

    def hash(self, words: NDArray[np.uint64]) -> NDArray[np.uint8]:
        """Return uint8[size, 32] of padded messages, uint64[size, blocks * 17]."""
        self.state[:] = 0
        lanes, rate = self.state.reshape(_LANES, -1), _RATE // _WORD
        for at in range(0, words.shape[1], rate):
            lanes[:rate] ^= words[:, at : at + rate].T
            self._permute()
        return np.ascontiguousarray(lanes[: HASH_BYTES // _WORD].T).astype("<u8", copy=False).view(np.uint8)

    def _permute(self) -> None:
        """Apply Keccak-f[1600] to every column."""
        state, turned, spare, parity, turn = self.state, self._turned, self._spare, self._parity, self._turn
        lane = self._lane
        for constant in _ROUND_WORDS:
            # theta; parity holds C[4], C[0], ..., C[4], C[0].
            np.bitwise_xor.reduce(state, axis=0, out=parity[1:6])
            parity[0], parity[6] = parity[5], parity[1]
            np.left_shift(parity[2:7], _ONE, out=turn)
            np.right_shift(parity[2:7], _LAST, out=spare[0])
            turn |= spare[0]
            turn ^= parity[0:5]
            state ^= turn
            # rho and pi.
            for at in range(_LANES):
                y, x = divmod(at, _SIDE)
                to_y, to_x = divmod(_TARGETS[at], _SIDE)
                out = turned[to_y, to_x]
                if _TURNS[at]:
                    np.left_shift(state[y, x], _LEFT[at], out=out)
                    np.right_shift(state[y, x], _RIGHT[at], out=lane)
                    out |= lane
                else:
                    out[:] = state[y, x]
            turned[:, 5:7] = turned[:, 0:2]
            # chi and iota.
            np.invert(turned[:, 1:6], out=spare)
            spare &= turned[:, 2:7]
            np.bitwise_xor(turned[:, 0:5], spare, out=state)
            state[0, 0] ^= constant
