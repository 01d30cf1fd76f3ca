"""The payout tree: a Merkle tree whose nodes also carry sums, so that nobody can be paid out of thin air.

A proof leads to a root hash *and* a total. Whatever a lying root claims, the payouts that can be proved against it never
exceed the total that the contract put aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from eth_abi import encode

from marketplace.domain.hashing import ZERO_HASH, keccak, tag

__all__ = ["Payout", "PayoutTree", "payout_leaf"]

_TAG = tag("payout-leaf")
_EMPTY = (ZERO_HASH, 0)


@dataclass(frozen=True)
class Payout:
    """What one holder can claim: its leaf and the way to the root, leaf first."""

    index: int
    holder: str
    amount: int
    hashes: tuple[bytes, ...]
    sums: tuple[int, ...]


def payout_leaf(index: int, holder: str, amount: int) -> bytes:
    """Return keccak256(abi.encode(tag, index, holder, amount))."""
    return keccak(encode(["bytes32", "uint256", "address", "uint256"], [_TAG, index, holder, amount]))


class PayoutTree:
    """The payouts of one round.

    Args:
        payouts: holder index -> (address, amount in the token's smallest unit). A leaf's position is the index.
    """

    def __init__(self, payouts: Mapping[int, tuple[str, int]]) -> None:
        self._payouts = dict(payouts)
        width = 1 << max(max(payouts, default=0), 0).bit_length()
        level = [
            (payout_leaf(i, *payouts[i]), payouts[i][1]) if i in payouts else _EMPTY for i in range(width)
        ]
        self._levels = [level]
        while len(level) > 1:
            level = [_join(level[i], level[i + 1]) for i in range(0, len(level), 2)]
            self._levels.append(level)

    @property
    def root(self) -> bytes:
        """Hash of the top node."""
        return self._levels[-1][0][0]

    @property
    def total(self) -> int:
        """Sum of all payouts."""
        return self._levels[-1][0][1]

    def proof(self, index: int) -> Payout:
        """Return what holder `index` needs to claim; raises KeyError if it has no leaf."""
        holder, amount = self._payouts[index]
        beside = [level[(index >> depth) ^ 1] for depth, level in enumerate(self._levels[:-1])]
        return Payout(index, holder, amount, tuple(h for h, _ in beside), tuple(s for _, s in beside))


def _join(left: tuple[bytes, int], right: tuple[bytes, int]) -> tuple[bytes, int]:
    sums = left[1].to_bytes(16, "big") + right[1].to_bytes(16, "big")
    return keccak(left[0], right[0], sums), left[1] + right[1]
