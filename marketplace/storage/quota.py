"""How many bytes of blocks a store may hold."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

from marketplace.domain.errors import StorageError

__all__ = ["Quota"]


class Quota:
    """Counts bytes against a cap; without a cap it counts nothing.

    What other processes write is seen only when the cap seems reached, because counting walks the whole store. Several
    writers can therefore exceed the cap together by what they write at the same time.
    """

    def __init__(self, cap: int | None, count: Callable[[], int]) -> None:
        self._cap = cap
        self._count = count
        self._used: int | None = None
        self._claimed = 0
        self._mutex = Lock()

    def claim(self, size: int) -> None:
        """Reserve `size` bytes.

        Raises:
            StorageError: they would exceed the cap.
        """
        if self._cap is None:
            return
        with self._mutex:
            if self._used is None or self._used + self._claimed + size > self._cap:
                self._used = self._count()
            if self._used + self._claimed + size > self._cap:
                msg = f"the store may hold {self._cap:,} bytes, and no more fits: unpin and collect, or raise the cap"
                raise StorageError(msg)
            self._claimed += size

    def settle(self, size: int, *, kept: bool) -> None:
        """End a claim: all its bytes lie in the store now, or perhaps some, which has to be counted."""
        if self._cap is None:
            return
        with self._mutex:
            self._claimed -= size
            self._used = self._used + size if kept and self._used is not None else None

    def recount(self) -> None:
        """Forget the count: blocks were deleted."""
        with self._mutex:
            self._used = None
