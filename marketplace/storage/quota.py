"""How many bytes a store may hold."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from marketplace.domain.errors import StorageError

__all__ = ["Quota"]


class Quota:
    """Counts bytes against a cap; without a cap it counts nothing.

    What other processes write is seen only when the cap seems reached, because counting walks the whole store. Several
    writers can therefore exceed the cap together by what they write at the same time.

    Args:
        cap: the most bytes; None for no cap.
        count: counts what is there.
    """

    def __init__(self, cap: int | None, count: Callable[[], int]) -> None:
        self._cap = cap
        self._count = count
        self._used: int | None = None
        self._claimed = 0
        self._mutex = Lock()

    def claim(self, size: int) -> None:
        """Reserve `size` bytes; every claim is settled in the end, granted or not.

        Raises:
            StorageError: they would exceed the cap.
        """
        if self._cap is None:
            return
        with self._mutex:
            self._claimed += size
            if self._used is None or self._used + self._claimed > self._cap:
                self._used = self._count()
            if self._used + self._claimed > self._cap:
                msg = f"the store may hold {self._cap:,} bytes, and no more fits: unpin and collect, or raise the cap"
                raise StorageError(msg)

    def settle(self, size: int, *, kept: bool) -> None:
        """End claims of `size` bytes: they lie in the store now, or were given up."""
        if self._cap is None:
            return
        with self._mutex:
            self._claimed -= size
            # This counts twice what was replaced, which the recount before any refusal puts right.
            if kept and self._used is not None:
                self._used += size

    def recount(self) -> None:
        """Forget the count: contents were deleted."""
        with self._mutex:
            self._used = None
