"""What every role has: a wallet, an encryption identity, a view of the chain, a store.

Nothing else passes between participants: whatever one tells another is a transaction, or content in the store that
a transaction names.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from marketplace.domain.documents import MAX_DOCUMENT_BYTES
from marketplace.domain.errors import GradMarketError, ProtocolError
from marketplace.domain.scope import Scope
from marketplace.sealing.envelope import open_bytes, seal_bytes
from marketplace.sealing.identity import PUBLIC_KEY_BYTES, is_public_key
from marketplace.storage.cid import cid_of_digest, digest_of
from marketplace.storage.store import Store, put_json, read_bytes, read_json

if TYPE_CHECKING:
    from marketplace.chain.account import Account
    from marketplace.sealing.identity import EncryptionIdentity

__all__ = ["Participant", "max_sealed_bytes"]

_SEAL_OVERHEAD = 1 << 12
_MAX_ENVELOPE_BYTES = 1 << 20

D = TypeVar("D")


def max_sealed_bytes(max_bytes: int) -> int:
    """The largest ciphertext of content of `max_bytes`; whoever checks a ciphertext unopened has to use it too."""
    return max_bytes + max_bytes // 1024 + _SEAL_OVERHEAD


class Participant:
    """One person on the marketplace.

    Args:
        name: what this participant is called in logs and reports.
        account: the wallet bound to the contracts; sends transactions and reads state.
        identity: the encryption key pair others seal to; kept apart from the wallet's key.
        store: where sealed content and documents are put and fetched.

    Attributes:
        troubles: what others did, or did not do, that kept this participant from acting.
    """

    def __init__(self, name: str, account: Account, identity: EncryptionIdentity, store: Store) -> None:
        self.name = name
        self.account = account
        self.identity = identity
        self.store = store
        self.troubles: list[GradMarketError] = []

    @property
    def address(self) -> str:
        """The wallet's address, EIP-55 text."""
        return str(self.account.address)

    def scope(self, bounty: bytes) -> Scope:
        """The scope that everything sealed for `bounty` is bound to."""
        return Scope(self.account.chain_id, self.account.deployment.market, bounty)

    def note(self, trouble: GradMarketError) -> None:
        """Remember what kept this participant from acting, once in a row: the others' faults do not stop it."""
        if not self.troubles or str(self.troubles[-1]) != str(trouble):
            self.troubles.append(trouble)

    # ------------------------------------------------------------------ documents and keys
    def publish(self, document: object) -> bytes:
        """Store a JSON document and return the digest the chain names it by."""
        value = document.to_json() if hasattr(document, "to_json") else document
        return digest_of(put_json(self.store, value))

    def fetch(self, digest: bytes, kind: type[D]) -> D:
        """Fetch and read the document the chain names by `digest`."""
        value = read_json(self.store, cid_of_digest(digest), max_bytes=MAX_DOCUMENT_BYTES)
        return kind.from_json(value)  # type: ignore[attr-defined,no-any-return]

    def publish_key(self) -> bytes:
        """Store the public encryption key and return the digest that joins, seats and posts name."""
        return digest_of(self.store.put(self.identity.public_key))

    def key_named(self, digest: bytes) -> bytes:
        """Fetch the 1,216-byte public encryption key named by `digest`."""
        key = read_bytes(self.store, cid_of_digest(digest), max_bytes=PUBLIC_KEY_BYTES)
        if not is_public_key(key):
            msg = "a registered encryption key is not one: whoever registered it is left out"
            raise ProtocolError(msg)
        return key

    def usable_keys(self, named: Mapping[str, bytes]) -> dict[str, bytes]:
        """Fetch many keys (address -> digest); those that are missing or no keys are left out.

        One participant with an unusable key must not stop everybody else: it only keeps itself from reading.
        """
        found = {}
        for address, digest in named.items():
            with suppress(GradMarketError):
                found[address] = self.key_named(digest)
        return found

    # ------------------------------------------------------------------ sealed content
    def put_sealed(self, plain: bytes, key: bytes, context: bytes) -> str:
        """Seal `plain` and store it; returns the CID of the ciphertext."""
        return self.store.put(seal_bytes(plain, key, context))

    def get_sealed(self, cid: str, key: bytes, context: bytes, *, max_bytes: int) -> bytes:
        """Fetch a ciphertext and open it; neither it nor the content may exceed `max_bytes` (plus the seal)."""
        sealed = read_bytes(self.store, cid, max_bytes=max_sealed_bytes(max_bytes))
        return open_bytes(sealed, key, context, max_bytes=max_bytes)

    def put_envelope(self, keys: Mapping[str, str]) -> str:
        """Store one key sealed to many, {address: sealed key}, and return its CID."""
        return put_json(self.store, dict(keys))

    def get_envelope(self, cid: str) -> dict[str, Any]:
        """Fetch an envelope; raises ProtocolError unless it is one."""
        value = read_json(self.store, cid, max_bytes=_MAX_ENVELOPE_BYTES)
        if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
            msg = "an envelope is not {address: sealed key}: its sender wrote something else"
            raise ProtocolError(msg)
        return value
