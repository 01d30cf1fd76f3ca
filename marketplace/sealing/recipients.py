"""One content key sealed to many people: `{address: sealed key}`, ready for a JSON document.

Trust model: each recipient opens its own entry alone. That all entries hold the same secret is not proved here: the
hash of the secret is published elsewhere, and whoever opens compares.

Law: open_for(seal_to_all(s, {a: i.public_key, ...}, c), a, i, c) = s for every recipient a; anybody else gets WrongKey.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from marketplace.domain.errors import WrongKey
from marketplace.sealing.identity import seal_key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from marketplace.sealing.identity import EncryptionIdentity

__all__ = ["open_for", "open_text", "seal_text", "seal_to_all"]


def seal_text(secret: bytes, recipient_public_key: bytes, context: bytes) -> str:
    """Return `secret` sealed to one public key, as base64 text."""
    return b64encode(seal_key(secret, recipient_public_key, context)).decode("ascii")


def open_text(sealed: str, identity: EncryptionIdentity, context: bytes) -> bytes:
    """Return what `seal_text` sealed to `identity`; raises WrongKey otherwise."""
    try:
        raw = b64decode(sealed, validate=True)
    except (TypeError, ValueError):  # documents come from strangers: it may not even be text
        msg = "a sealed key is not base64 text: its sender wrote something else, ask for it again"
        raise WrongKey(msg) from None
    return identity.open_key(raw, context)


def seal_to_all(secret: bytes, recipients: Mapping[str, bytes], context: bytes) -> dict[str, str]:
    """Return `secret` sealed to every public key (address -> 1,216 bytes), in order of addresses.

    Raises:
        WrongKey: names the first address whose public key nobody can seal to.
    """
    sealed = {}
    for address in sorted(recipients):
        try:
            sealed[address] = seal_text(secret, recipients[address], context)
        except WrongKey as error:
            msg = f"nothing can be sealed to {address}: {error}"
            raise WrongKey(msg) from None
    return sealed


def open_for(sealed: Mapping[str, str], address: str, identity: EncryptionIdentity, context: bytes) -> bytes:
    """Return the key sealed to `address`.

    Raises:
        WrongKey: it was left out, or its entry does not open for this identity under this context.
    """
    if address not in sealed:
        msg = f"not sealed to you: {address} is not among the recipients; ask its sender to include you"
        raise WrongKey(msg)
    return open_text(sealed[address], identity, context)
