"""When a node misbehaves, and how: a script that a seed decides, with an end.

A script counts requests, not seconds: the same seed plays the same faults at the same requests, however busy the
machine is. Every script ends, because nobody finishes anything with a node that is gone for good.
"""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CHAIN_FAULTS", "STORE_FAULTS", "Episode", "Script"]

CHAIN_FAULTS = (
    "slow",  # answers late
    "hang",  # takes the request, and closes the connection without a word after a while
    "down",  # closes the connection at once
    "429",  # asks for fewer requests, with Retry-After
    "503",
    "garbage",  # answers what is no JSON
    "cut",  # announces a whole answer and sends half
    "stale",  # knows nothing newer than a few blocks ago
    "ahead",  # claims a head beyond the real one
    "wrong chain",  # claims another chain id
    "lost send",  # says a transaction was taken, and forwards nothing
    "mute send",  # forwards a transaction, and answers an error
)
STORE_FAULTS = ("slow", "hang", "down", "503", "cut", "lie", "empty")
"""`lie` changes a byte of what it serves, `empty` serves nothing where there was something."""

_LENGTHS = {"stale": (8, 40), "ahead": (4, 20), "wrong chain": (2, 8), "hang": (1, 2), "slow": (5, 30)}
_USUAL = (2, 10)


@dataclass(frozen=True)
class Episode:
    """Requests `first` up to but not including `end` meet a fault.

    Attributes:
        size: how late, how far behind or how far ahead, between 0 and 1.
    """

    first: int
    end: int
    kind: str
    size: float


class Script:
    """The faults of one node as one participant sees it.

    Args:
        seed: decides everything.
        kinds: of faults, each at most once; the order and the places are the seed's.
        gap: fewest and most requests between two episodes.
        start: requests that are served honestly first.
    """

    def __init__(
        self, seed: object, kinds: Sequence[str], *, gap: tuple[int, int] = (10, 80), start: int | None = None
    ) -> None:
        chance = random.Random(repr(seed))
        order = chance.sample(list(kinds), len(kinds))
        self.episodes: list[Episode] = []
        at = chance.randint(*gap) if start is None else start
        for kind in order:
            length = chance.randint(*_LENGTHS.get(kind, _USUAL))
            self.episodes.append(Episode(at, at + length, kind, chance.random()))
            at += length + chance.randint(*gap)
        self.met: Counter[str] = Counter()
        self._count = 0
        self._lock = threading.Lock()

    def next(self) -> Episode | None:
        """Count one request; return what happens to it, or None when it is served honestly."""
        with self._lock:
            number, self._count = self._count, self._count + 1
            found = next((e for e in self.episodes if e.first <= number < e.end), None)
            if found is not None:
                self.met[found.kind] += 1
            return found
