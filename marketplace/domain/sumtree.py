"""The payout tree of a round: a Merkle sum tree whose root commits to every payout and to their sum.

Leaf = keccak256(abi.encode(TAG, index, holder, amount)) at the position of the holder's index; inner node =
keccak256(left hash || right hash || uint128 left sum || uint128 right sum). A missing leaf is the zero hash with sum 0.
Because a proof carries the sums, nobody can be promised money that the root's sum does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import ZERO_HASH, keccak, tag
from marketplace.domain.merkle import tree_width
from marketplace.domain.words import address_word, uint_word

__all__ = ["MAX_SUM", "PayoutTree", "payout_leaf", "verify_payout"]

MAX_SUM: Final = (1 << 128) - 1

_Node = tuple[bytes, int]
_EMPTY: Final[_Node] = (ZERO_HASH, 0)


def payout_leaf(index: int, holder: str, amount: int) -> bytes:
    """Return the leaf that promises `amount` to `holder` at `index`."""
    return keccak(tag("payout-leaf"), uint_word(index), address_word(holder), uint_word(amount))


def verify_payout(  # noqa: PLR0913, PLR0917 - what the contract is given
    root: bytes, total: int, index: int, holder: str, amount: int, hashes: Sequence[bytes], sums: Sequence[int]
) -> bool:
    """Say whether the tree with this root and sum pays `amount` to `holder` at `index`, as the contract does."""
    if len(hashes) != len(sums) or index < 0 or index >> len(hashes):
        return False
    if not all(0 <= s <= MAX_SUM for s in (amount, *sums)):
        return False
    node: _Node = (payout_leaf(index, holder, amount), amount)
    for i, sibling in enumerate(zip(hashes, sums, strict=True)):
        node = _join(sibling, node) if index >> i & 1 else _join(node, sibling)
    return node == (root, total)


@dataclass(frozen=True)
class PayoutTree:
    """What a round pays to whom.

    Args:
        payouts: holder index -> (holder's address, amount in the token's smallest unit). Amounts of 0 are left out.
    """

    payouts: Mapping[int, tuple[str, int]]

    def __post_init__(self) -> None:
        """Keep the promises worth money, and refuse those no token can pay."""
        if any(amount < 0 for _, amount in self.payouts.values()) or self.total > MAX_SUM:
            msg = "a payout is negative, or their sum exceeds 128 bits: lower the round's budget"
            raise InvalidInput(msg)
        if any(index < 0 for index in self.payouts):
            msg = "a payout has a negative index: number the holders from 0"
            raise InvalidInput(msg)
        object.__setattr__(self, "payouts", {i: p for i, p in sorted(self.payouts.items()) if p[1]})

    @property
    def root(self) -> bytes:
        """The root's hash; the zero hash when nobody is paid."""
        return self._levels[-1][0][0]

    @property
    def total(self) -> int:
        """The sum of all payouts."""
        return sum(amount for _, amount in self.payouts.values())

    def proof(self, index: int) -> tuple[tuple[bytes, ...], tuple[int, ...]]:
        """Return (hashes, sums) of the siblings from the leaf at `index` to the root."""
        if index not in self.payouts:
            msg = f"the round pays nothing to holder {index}: there is nothing to claim"
            raise InvalidInput(msg)
        path = [level[(index >> i) ^ 1] for i, level in enumerate(self._levels[:-1])]
        return tuple(h for h, _ in path), tuple(s for _, s in path)

    @cached_property
    def _levels(self) -> list[list[_Node]]:
        leaves = [_EMPTY] * tree_width(max(self.payouts, default=0) + 1)
        for index, (holder, amount) in self.payouts.items():
            leaves[index] = (payout_leaf(index, holder, amount), amount)
        levels = [leaves]
        while len(levels[-1]) > 1:
            below = levels[-1]
            levels.append([_join(below[i], below[i + 1]) for i in range(0, len(below), 2)])
        return levels


def _join(left: _Node, right: _Node) -> _Node:
    sums = left[1].to_bytes(16, "big") + right[1].to_bytes(16, "big")
    return keccak(left[0], right[0], sums), left[1] + right[1]
