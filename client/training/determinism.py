"""Bit-for-bit the same training twice on one machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["reproducible"]


@contextmanager
def reproducible() -> Iterator[None]:
    """Let torch compute with one thread and deterministic algorithms; restore both settings on leaving.

    Warning: both settings belong to the whole process, so other torch work in it is slowed down meanwhile. Randomness
    is not touched: callers draw from generators of their own.
    """
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(mode=strict)
