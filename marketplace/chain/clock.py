"""Time on a real chain: the newest block's, never the machine's."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import ChainError

if TYPE_CHECKING:
    from marketplace.chain.networks import Network
    from marketplace.chain.node import Block

__all__ = ["ChainClock"]

_SHORTEST_POLL, _LONGEST_POLL = 0.1, 2.0
_SLACK: Final = 2


class ChainClock:
    """The chain's time, which passes when blocks are made; waiting is asking for the newest block now and then.

    Args:
        newest: returns the newest block.
        rules: of the network.
        patience: seconds to wait beyond twice what should be enough.
    """

    def __init__(self, newest: Callable[[], Block], rules: Network, patience: float = 120.0) -> None:
        self._newest = newest
        self._rules = rules
        self._patience = patience

    def now(self) -> int:
        """Return the newest block's timestamp: the next transaction sees no earlier one."""
        return self._newest().timestamp

    def wait_until(self, timestamp: int) -> None:
        """Return once a block has that timestamp or a later one; raises ChainError if that takes far too long."""
        missing = timestamp - self.now()
        self._wait(lambda block: block.timestamp >= timestamp, f"a block of second {timestamp}", missing)

    def wait_for_block(self, number: int) -> None:
        """Return once the block exists; raises ChainError if that takes far too long."""
        missing = (number - self._newest().number) * self._rules.block_seconds
        self._wait(lambda block: block.number >= number, f"block {number}", missing)

    def _wait(self, is_there: Callable[[Block], bool], what: str, seconds: float) -> None:
        limit = max(0.0, seconds) * _SLACK + self._patience
        until = time.monotonic() + limit
        poll = min(max(self._rules.block_seconds / 4, _SHORTEST_POLL), _LONGEST_POLL)
        while not is_there(self._newest()):
            if time.monotonic() > until:
                msg = f"{what} did not come in {limit:.0f} s: check that the network makes blocks, then start again"
                raise ChainError(msg)
            time.sleep(poll)
