"""One content key sealed to many people: `{address: sealed key}`, ready for a JSON document."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from marketplace.domain.errors import WrongKey
from marketplace.sealing.identity import seal_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marketplace.sealing.identity import EncryptionIdentity

__all__ = ["open_for", "open_text", "seal_text", "seal_to_all"]


def seal_text(secret: bytes, recipient: bytes, context: bytes) -> str:
    """Return `secret` sealed to one public key, as base64 text."""
    return b64encode(seal_key(secret, recipient, context)).decode("ascii")


def open_text(sealed: str, identity: EncryptionIdentity, context: bytes) -> bytes:
    """Return what `seal_text` sealed to `identity`; raises WrongKey otherwise."""
    try:
        raw = b64decode(sealed, validate=True)
    except ValueError as error:
        msg = "a sealed key is not base64: its sender wrote something else"
        raise WrongKey(msg) from error
    return identity.open_key(raw, context)


def seal_to_all(secret: bytes, recipients: Mapping[str, bytes], context: bytes) -> dict[str, str]:
    """Return `secret` sealed to every public key (address -> 1,216 bytes), in order of addresses."""
    return {address: seal_text(secret, recipients[address], context) for address in sorted(recipients)}


def open_for(sealed: Mapping[str, str], address: str, identity: EncryptionIdentity, context: bytes) -> bytes:
    """Return the key sealed to `address`; raises WrongKey if it was left out or does not open."""
    if address not in sealed:
        msg = f"{address} is not among those this was sealed to: its sender left you out"
        raise WrongKey(msg)
    return open_text(sealed[address], identity, context)
