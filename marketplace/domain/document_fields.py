"""Taking the small public documents apart: whatever is malformed is a `ProtocolError` that says where."""

from __future__ import annotations

from typing import Any

from marketplace.domain.errors import ProtocolError

__all__ = ["Reader", "malformed", "read_digest", "read_sealed"]


class Reader:
    """Takes a document apart field by field, and refuses anything else than what was asked for."""

    def __init__(self, value: object, kind: str) -> None:
        if not isinstance(value, dict) or value.get("kind") != kind:
            raise malformed(kind, "kind")
        self._left: dict[str, Any] = {k: v for k, v in value.items() if k != "kind"}
        self._kind = kind

    def has(self, name: str) -> bool:
        """Whether a field that may be left out is there."""
        return name in self._left

    def integer(self, name: str) -> int:
        """Take a number that is not negative."""
        value = self._take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise malformed(self._kind, name)
        return value

    def text(self, name: str) -> str:
        """Take a text."""
        value = self._take(name)
        if not isinstance(value, str):
            raise malformed(self._kind, name)
        return value

    def digest(self, name: str) -> bytes:
        """Take 32 bytes."""
        return read_digest(self._take(name), self._kind, name)

    def sealed(self, name: str) -> dict[str, str]:
        """Take sealed keys by address."""
        return read_sealed(self._take(name), self._kind, name)

    def raw(self, name: str) -> Any:  # noqa: ANN401 - the caller takes it apart
        """Take whatever is there."""
        return self._take(name)

    def end(self) -> None:
        """Refuse what was not asked for."""
        if self._left:
            raise malformed(self._kind, ", ".join(sorted(self._left)))

    def _take(self, name: str) -> Any:  # noqa: ANN401 - typed by the callers above
        if name not in self._left:
            raise malformed(self._kind, name)
        return self._left.pop(name)


def malformed(kind: str, field: str) -> ProtocolError:
    """Return the error that says where a document is malformed."""
    return ProtocolError(f"a {kind} document is malformed at {field!r}: treat its sender as silent this round")


def read_digest(value: object, kind: str, name: str) -> bytes:
    """Return 32 bytes from 0x text."""
    try:
        raw = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != 32:  # noqa: PLR2004 - a digest
        raise malformed(kind, name)
    return raw


def read_sealed(value: object, kind: str, name: str) -> dict[str, str]:
    """Return sealed keys by address."""
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise malformed(kind, name)
    return dict(value)
