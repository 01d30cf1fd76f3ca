"""What a wallet has sent and the chain has not confirmed yet.

A transaction is put here before any node sees it and stays until enough blocks lie on top of it. Whoever starts again
with the same outbox therefore finds every transaction that may be under way, and sends the same bytes once more
instead of making another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, Self

from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak

__all__ = ["Entry", "MemoryOutbox", "Outbox"]

_NUMBERS: Final = ("nonce", "value", "gas", "fee", "first_seen")


@dataclass(frozen=True)
class Entry:
    """One transaction under way, with all its versions: they share a nonce, so at most one of them is mined.

    Attributes:
        nonce: its number among the wallet's transactions.
        to: the contract it goes to, EIP-55 text; None creates one.
        data: call data, or what creates the contract.
        value: native coin sent along, in wei.
        gas: the most gas it may use.
        fee: the most its newest version pays for a unit of gas, in wei.
        tip: the part of that for whoever makes the block; None for a transaction with a plain gas price (no EIP-1559).
        raw: its versions as signed bytes, oldest first.
        first_seen: number of the newest block when it was made.
    """

    nonce: int
    to: str | None
    data: bytes
    value: int
    gas: int
    fee: int
    tip: int | None
    raw: tuple[bytes, ...]
    first_seen: int

    @property
    def hashes(self) -> tuple[bytes, ...]:
        """The 32-byte hashes of its versions, oldest first."""
        return tuple(keccak(raw) for raw in self.raw)

    def is_act(self, to: str | None, data: bytes, value: int) -> bool:
        """Whether it does what such a transaction would do."""
        return (to, data, value) == (self.to, self.data, self.value)

    def to_json(self) -> dict[str, Any]:
        """Return it as what JSON can hold; bytes as hexadecimal digits."""
        numbers: dict[str, Any] = {name: getattr(self, name) for name in _NUMBERS}
        return numbers | {
            "to": self.to,
            "data": self.data.hex(),
            "tip": self.tip,
            "raw": [raw.hex() for raw in self.raw],
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """Read what `to_json` made; raises InvalidInput for anything else."""
        try:
            return cls(
                **{name: int(value[name]) for name in _NUMBERS},
                to=None if value["to"] is None else str(value["to"]),
                data=bytes.fromhex(value["data"]),
                tip=None if value["tip"] is None else int(value["tip"]),
                raw=tuple(bytes.fromhex(raw) for raw in value["raw"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            msg = "this is no transaction of an outbox: use the journal that this program wrote"
            raise InvalidInput(msg) from error


class Outbox(Protocol):
    """Where the transactions of one wallet wait. Entries are told apart by their nonce."""

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries by rising nonce."""

    def put(self, entry: Entry) -> None:
        """Keep an entry, in place of one with its nonce; on return it survives the end of this process."""

    def remove(self, entry: Entry) -> None:
        """Forget the entry with this one's nonce; nothing happens if there is none."""


class MemoryOutbox:
    """An outbox that ends with its process: for chains that end with it too, and for tests."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}

    def entries(self) -> tuple[Entry, ...]:
        """Return all entries by rising nonce."""
        return tuple(self._entries[nonce] for nonce in sorted(self._entries))

    def put(self, entry: Entry) -> None:
        """Keep an entry, in place of one with its nonce."""
        self._entries[entry.nonce] = entry

    def remove(self, entry: Entry) -> None:
        """Forget the entry with this one's nonce; nothing happens if there is none."""
        self._entries.pop(entry.nonce, None)
