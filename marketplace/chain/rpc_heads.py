"""Which newest block to believe: a node may be behind, stuck, or on another branch than a moment ago."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import ChainError, NotFound

if TYPE_CHECKING:
    from marketplace.chain.networks import Network
    from marketplace.chain.node import Block

__all__ = ["HeadWatch"]

_REMEMBERED: Final = 512
_STUCK_BLOCKS: Final = 20
_STUCK_SECONDS: Final = 60.0
_PAUSE: Final = 0.1
_SHORTEST_PATIENCE, _LONGEST_PATIENCE = 0.3, 5.0


class HeadWatch:
    """Follows the newest block and never goes back, unless the hashes show that the chain did.

    A block below one that was seen, and on the same branch, comes from a node that is behind. It is asked again, and
    so are the others; only when none of them knows better is the chain taken to have become shorter.

    Args:
        ask: returns a block as the node has it, the newest one for None; raises NotFound.
        rules: of the network.
        rotate: turns to another node; returns whether there is one.
    """

    def __init__(self, ask: Callable[[int | None], Block], rules: Network, rotate: Callable[[], bool]) -> None:
        self._ask = ask
        self._rules = rules
        self._rotate = rotate
        self._seen: Block | None = None
        self._known: dict[int, bytes] = {}
        self._moved_at = time.monotonic()

    def newest(self) -> Block:
        """Return the newest block; raises ChainError where there has been no new one for far too long."""
        patience = min(max(self._rules.block_seconds / 4, _SHORTEST_PATIENCE), _LONGEST_PATIENCE)
        until = time.monotonic() + patience
        found = self._ask(None)
        while self._is_behind(found) and time.monotonic() < until:
            self._rotate()
            time.sleep(_PAUSE)
            found = self._ask(None)
        if found == self._seen and self._is_stuck():
            self._rotate()
            found = self._ask(None)
            if found == self._seen:
                msg = (
                    f"block {found.number} has been the newest one for {time.monotonic() - self._moved_at:.0f} s: the "
                    "node is stuck, or the network is; ask another node"
                )
                raise ChainError(msg)
        return self._take(found)

    def _is_behind(self, found: Block) -> bool:
        """Whether a lower block than the newest one seen lies on the same branch."""
        if self._seen is None or found.number >= self._seen.number:
            return False
        below = max((number for number in self._known if number <= found.number), default=None)
        if below is None:
            return True
        try:
            there = found.hash if below == found.number else self._ask(below).hash
        except NotFound:
            return True
        return there == self._known[below]

    def _is_stuck(self) -> bool:
        limit = max(_STUCK_SECONDS, _STUCK_BLOCKS * self._rules.block_seconds)
        return self._rules.block_seconds > 0 and time.monotonic() - self._moved_at > limit

    def _take(self, found: Block) -> Block:
        if found != self._seen:
            if self._seen is not None and found.number <= self._seen.number:
                self._known = {number: name for number, name in self._known.items() if number < found.number}
            self._known[found.number] = found.hash
            if len(self._known) > _REMEMBERED:
                del self._known[min(self._known)]
            self._seen, self._moved_at = found, time.monotonic()
        return found
