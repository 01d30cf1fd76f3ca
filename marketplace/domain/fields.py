"""Reading JSON from strangers: field by field, by type, and nothing left over."""

from __future__ import annotations

from typing import Any

from marketplace.domain.errors import InvalidTerms

__all__ = ["Fields", "hex_text"]

_MAX_INTEGER = 1 << 256
_MAX_TEXT = 4096


class Fields:
    """Takes a JSON object of a terms document apart; raises InvalidTerms naming the first field that is wrong."""

    def __init__(self, value: object, where: str) -> None:
        self._where = where
        if not isinstance(value, dict):
            name = "its braces"
            raise self.malformed(name)
        self._left: dict[str, Any] = dict(value)

    def integer(self, name: str, *, low: int = 0, high: int = _MAX_INTEGER) -> int:
        """Return an integer of low..high."""
        value = self.take(name)
        if type(value) is not int or not low <= value <= high:
            raise self.malformed(name)
        return value

    def integers(self, name: str, *, low: int = 0, high: int = _MAX_INTEGER) -> tuple[int, ...]:
        """Return a list of integers of low..high."""
        value = self.take(name)
        if not isinstance(value, list) or not all(type(v) is int and low <= v <= high for v in value):
            raise self.malformed(name)
        return tuple(value)

    def text(self, name: str) -> str:
        """Return a text of at most 4,096 characters."""
        value = self.take(name)
        if not isinstance(value, str) or len(value) > _MAX_TEXT:
            raise self.malformed(name)
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of such texts."""
        value = self.take(name)
        if not isinstance(value, list) or not all(isinstance(v, str) and len(v) <= _MAX_TEXT for v in value):
            raise self.malformed(name)
        return tuple(value)

    def digest(self, name: str) -> bytes:
        """Return 32 bytes written as 0x and 64 hexadecimal digits."""
        text = self.text(name)
        try:
            raw = bytes.fromhex(text.removeprefix("0x"))
        except ValueError:
            raw = b""
        if len(raw) != 32 or hex_text(raw) != text:  # noqa: PLR2004 - a digest, in its one spelling
            raise self.malformed(name)
        return raw

    def fields(self, name: str) -> Fields:
        """Return a nested object."""
        return Fields(self.take(name), f"{self._where}.{name}")

    def items(self, name: str) -> list[Fields]:
        """Return a list of nested objects."""
        value = self.take(name)
        if not isinstance(value, list):
            raise self.malformed(name)
        return [Fields(v, f"{self._where}.{name}[{i}]") for i, v in enumerate(value)]

    def take(self, name: str) -> Any:  # noqa: ANN401 - typed by the callers
        """Return a field as it is."""
        if name not in self._left:
            raise self.malformed(name)
        return self._left.pop(name)

    def end(self) -> None:
        """Refuse fields nobody asked for."""
        if self._left:
            raise self.malformed(", ".join(sorted(map(str, self._left))))

    def malformed(self, name: str) -> InvalidTerms:
        """Return the error that blames `name`."""
        return InvalidTerms(f"{self._where} is malformed at {name!r}: ask the owner for the document the chain names")


def hex_text(raw: bytes) -> str:
    """Return bytes as 0x and lower-case hexadecimal digits."""
    return "0x" + raw.hex()
