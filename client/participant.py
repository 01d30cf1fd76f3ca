"""What every role has: a wallet, an encryption identity, a view of the chain, a store.

Nothing else passes between participants: whatever one tells another is a transaction, or content in the store that
a transaction names.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

from client.journal import Journal, MemoryJournal, secret_of
from marketplace.domain.documents import MAX_DOCUMENT_BYTES
from marketplace.domain.errors import GradMarketError, ProtocolError
from marketplace.domain.scope import Scope
from marketplace.sealing import datakeys
from marketplace.sealing.envelope import open_bytes, seal_bytes
from marketplace.sealing.identity import PUBLIC_KEY_BYTES, is_public_key
from marketplace.storage.cid import cid_of_digest, digest_of
from marketplace.storage.store import Store, put_json, read_bytes, read_json

if TYPE_CHECKING:
    from client.log import BountyLog
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
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
        journal: what survives the process; None for one that does not have to.

    Attributes:
        margin: seconds until a transaction is mined, 0 where a block is made at once.
        depth: seconds until a block is deep enough to build something irreversible on it.
        troubles: what others did, or did not do, that kept this participant from acting.
    """

    def __init__(
        self,
        name: str,
        account: Account,
        identity: EncryptionIdentity,
        store: Store,
        journal: Journal | None = None,
    ) -> None:
        self.name = name
        self.account = account
        self.identity = identity
        self.store = store
        self.journal = MemoryJournal() if journal is None else journal
        self.margin = 0
        self.depth = 0
        self._reorganised = 0
        self._log: BountyLog | None = None
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

    # ------------------------------------------------------------------ the chain
    @property
    def log(self) -> BountyLog:
        """What the chain has said about this participant's bounty."""
        if self._log is None:
            msg = "this participant takes part in no bounty yet: post one, or choose one"
            raise ProtocolError(msg)
        return self._log

    @log.setter
    def log(self, log: BountyLog) -> None:
        self._log = log

    def look(self) -> BountyState:
        """Read where the bounty stands and what has happened, and forget what a reorganisation took back."""
        # The state before the history: what it says has happened is then in the history too.
        bounty = self.account.bounty(self.log.bounty)
        self.log.refresh()
        if self.log.reorganised != self._reorganised:
            self._reorganised = self.log.reorganised
            self.forget()
            bounty = self.account.bounty(self.log.bounty)  # it may have been read on the branch that is gone
        return bounty

    def forget(self) -> None:
        """Drop everything that follows from the history: it will be worked out again from what the chain says now."""

    # ------------------------------------------------------------------ secrets
    def derive(self, bounty: bytes, label: str, round_: int, *content: bytes) -> bytes:
        """Return 32 bytes, this participant's alone, for one purpose in a round: the same after a crash.

        Args:
            bounty: its id.
            label: the purpose.
            round_: the round, or the number of a shard.
            content: 32-byte words. Of a key: what commits to all it will seal, so that it never seals two things.
        """
        return datakeys.derive(secret_of(self.journal, bounty), label, round_.to_bytes(32, "big") + b"".join(content))

    # ------------------------------------------------------------------ time
    def in_time(self, deadline: int, work: int = 0) -> bool:
        """Whether something that takes `work` seconds can still be mined before `deadline`, by the chain's clock."""
        return self.account.now() + work + self.margin <= deadline

    def certain(self, block: int) -> bool:
        """Whether a block is deep enough to build something on it that cannot be taken back."""
        return self.account.head() - block >= self.account.chain.confirmations

    def certainly_after(self, deadline: int) -> bool:
        """Whether a deadline has passed, also if the chain were to reorganise as deep as it ordinarily does."""
        depth = self.account.chain.confirmations
        if not depth:
            return self.account.now() > deadline
        return self.account.chain.block(max(0, self.account.head() - depth)).timestamp > deadline

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
