"""Who signs: the one thing the chain needs of a wallet.

Trust model: whoever can read this process's memory has the key; it is never written, logged or shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from eth_account import Account as EthAccount

__all__ = ["KeySigner", "Signer"]


@runtime_checkable
class Signer(Protocol):
    """Signs for one address."""

    @property
    def address(self) -> str:
        """The address it signs for, EIP-55 text."""

    def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        """Return the signed transaction, ready to be sent."""

    def sign_typed_data(self, message: Mapping[str, Any]) -> tuple[int, bytes, bytes]:
        """Return (v, r, s) over an EIP-712 message."""


class KeySigner:
    """A signer that holds its private key in memory."""

    def __init__(self, key: bytes) -> None:
        self._account = EthAccount.from_key(key)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.address})"

    @property
    def address(self) -> str:
        """The address it signs for, EIP-55 text."""
        return str(self._account.address)

    def sign_transaction(self, fields: Mapping[str, Any]) -> bytes:
        """Return the signed transaction, ready to be sent."""
        return bytes(self._account.sign_transaction(dict(fields)).raw_transaction)

    def sign_typed_data(self, message: Mapping[str, Any]) -> tuple[int, bytes, bytes]:
        """Return (v, r, s) over an EIP-712 message."""
        signed = self._account.sign_typed_data(full_message=dict(message))
        return signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
