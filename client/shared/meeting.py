"""Where three compute seats meet: what each tells the others, and the thread on which a seat computes with them."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from marketplace.domain.errors import Cheated, GradMarketError, ProtocolError
from marketplace.privacy.sharing.hearing import Hearing
from marketplace.privacy.sharing.identity import TlsIdentity
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.tls import Peer, TlsChannel, listen
from marketplace.storage.canonical import decode_json, encode_json

if TYPE_CHECKING:
    from client.journal import Journal
    from marketplace.privacy.sharing.hearing import Verdict

__all__ = ["REPETITIONS", "Computation", "Desk", "Place"]

REPETITIONS: Final = 2
"""How often every message of a computation is proved: a cheater is caught with probability 3/4."""

_WAIT: Final = 0.2
"""Seconds that somebody who asks waits for a computation to end, so that asking again costs nothing."""


@dataclass
class Place:
    """Where a validator's compute seats can be reached.

    Attributes:
        host: address of this machine to listen on.
        port: to listen on; 0 for any that is free.
        known_as: host that the other seats connect to; empty for `host`.
        patience: seconds within which the others have to connect, and then each message has to arrive; after trouble
            it can take three times as long until the seats know how the round ended.
    """

    host: str = "127.0.0.1"
    port: int = 0
    known_as: str = ""
    patience: float = 60.0


@dataclass(frozen=True)
class Desk:
    """A seat's certificate and port in one round, the same after a restart."""

    identity: TlsIdentity = field(repr=False)
    port: int

    @classmethod
    def at(cls, place: Place, journal: Journal, name: str, password: bytes) -> Self:
        """Return the desk that the journal knows by `name`, or a new one."""
        stored = decode_json(journal.once(name, lambda: _new_desk(place, password)))
        if not isinstance(stored, dict):
            msg = "the journal holds no desk of a compute seat under that name: it is damaged"
            raise ProtocolError(msg)
        certificate, key = (base64.b64decode(stored[part]) for part in ("certificate", "key"))
        return cls(TlsIdentity.from_bytes(certificate, key, password), stored["port"])


def _new_desk(place: Place, password: bytes) -> bytes:
    certificate, key = TlsIdentity.generate().to_bytes(password)
    with listen(place.host, place.port) as found:
        port = found.getsockname()[1]
    texts = {"certificate": base64.b64encode(certificate).decode(), "key": base64.b64encode(key).decode()}
    return encode_json({**texts, "port": port})


class Computation:
    """One seat's part in a computation of three, on a thread of its own.

    Args:
        seat: its number, which is the party's.
        place: where it listens.
        desk: its certificate and port.
        peers: all three seats, in order.
        work: computes with the two others.
        common: what of the work's result all three seats have in common.
        ground: what all three seats must have read on the chain: to who read something else an honest seat could seem
            to cheat.
        most: seconds it may take once the seats have met.

    Attributes:
        result: what came out, for all three; None if nothing did.
        trouble: what kept it from coming out, as far as this seat knows.
        verdict: how it ended for the three; None if this seat did not get so far.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - who meets whom, where, and for what
        self,
        seat: int,
        place: Place,
        desk: Desk,
        peers: Sequence[Peer],
        work: Callable[[Party], bytes],
        common: Callable[[bytes], bytes],
        ground: bytes,
        most: float,
    ) -> None:
        self._seat, self._place, self._desk, self._peers = seat, place, desk, tuple(peers)
        self._work, self._common, self._ground, self._most = work, common, ground, most
        self.result: bytes | None = None
        self.trouble: GradMarketError | None = None
        self.verdict: Verdict | None = None
        self._thread = threading.Thread(target=self._run, name=f"compute seat {seat}", daemon=True)
        self._thread.start()

    def busy(self) -> bool:
        """Whether it is still going on, after waiting for its end a moment."""
        self._thread.join(_WAIT)
        return self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._meet()
        except GradMarketError as trouble:
            self.trouble = trouble

    def _meet(self) -> None:
        """Compute once: who was about to be caught would leave, and try again."""
        try:
            listener = listen(self._place.host, self._desk.port)
        except OSError as error:
            msg = f"port {self._desk.port} of {self._place.host} cannot be listened on: free it, or name another one"
            raise ProtocolError(msg) from error
        identity, patience = self._desk.identity, self._place.patience
        channel = TlsChannel(self._seat, identity, listener, self._peers, patience, self._most, whole=False)
        try:
            hearing = Hearing(channel, identity, channel.certificates)
            result = self._compute(channel)
            known = self.trouble.known if isinstance(self.trouble, Cheated) else None
            self.verdict = hearing.hold(None if result is None else self._common(result), known)
            if self.verdict.agreed:
                self.result = result
            elif self.trouble is None:
                msg = "another seat came to no result, or to another one: the round is void"
                self.trouble = ProtocolError(msg)
        finally:
            channel.close()

    def _compute(self, channel: TlsChannel) -> bytes | None:
        self.trouble = channel.absent
        if channel.absent is not None:
            return None
        try:
            party = Party.start(channel, secrets.token_bytes(16), REPETITIONS)
            _check_same(party, self._ground)
            return self._work(party)
        except GradMarketError as trouble:
            self.trouble = trouble
        except Exception as error:  # noqa: BLE001 - a seat that is made to stumble must not seem to be silent
            msg = f"the computation broke off ({type(error).__name__}: {error}): report it, the round is void"
            self.trouble = ProtocolError(msg)
        return None


def _check_same(party: Party, ground: bytes) -> None:
    mine = np.frombuffer(sha256(ground).digest(), np.uint8)
    if not np.array_equal(party.pass_down(mine), mine) or not np.array_equal(party.pass_up(mine), mine):
        msg = "the seats do not see the same round on the chain: a node may lag behind, or was reorganised; it is void"
        raise ProtocolError(msg)
