"""What Brownie asks before it compiles a source."""

from __future__ import annotations

from pathlib import Path

__all__ = ["brownie_load_source"]

_TESTS = Path(__file__).parent / "contracts" / "test"


def brownie_load_source(path: Path, source: str) -> str:
    """Return what Brownie compiles instead of `source`: nothing of forge's tests, which would take it four minutes."""
    return "" if _TESTS in path.parents else source
