"""A seat that computes with the two others: where they meet, what each tells the others, what came out."""

from __future__ import annotations

import secrets
from abc import abstractmethod
from typing import TYPE_CHECKING, Any

from client.bench import Bench
from client.opening import included
from client.shared.meeting import Computation, Desk
from client.shared.scoring import failed_round, read_round
from marketplace.domain.errors import GradMarketError, ProtocolError
from marketplace.domain.fields import hex_text
from marketplace.domain.hashing import keccak
from marketplace.domain.scope import Purpose
from marketplace.domain.shared_documents import COMPONENTS, MeetingDocument
from marketplace.privacy.sharing.tls import Peer
from marketplace.scoring.round import Submission
from marketplace.sealing.recipients import open_text, seal_text
from marketplace.storage.canonical import decode_json, encode_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from client.log import BountyLog
    from client.participant import Participant
    from client.scorer import ScoredRound
    from client.shared.meeting import Place
    from marketplace.domain.events import Submitted
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.privacy.sharing.party import Party

__all__ = ["JointBench"]

_FINGERPRINT = 32
_SALT = 32


class JointBench(Bench):
    """Opens a round's parts for one of three seats, and makes something of them with the two others.

    Args:
        who: the validator; log: what the chain said about the bounty; terms: its checked terms document.
        place: where the seat meets the others.
    """

    def __init__(self, who: Participant, log: BountyLog, terms: TermsDocument, place: Place) -> None:
        super().__init__(who, log, terms)
        self._place = place
        self._computing: dict[bytes, Computation] = {}

    @abstractmethod
    def _handed_to(self, other: int, seat: int, shares: Mapping[int, bytes]) -> dict[int, bytes] | None:
        """Return what this seat hands to another one when it attests, by holder index; None where it tells nothing."""

    @abstractmethod
    def _work(self, round_: int, seat: int) -> Callable[[Party], bytes]:
        """Open what this seat brings to a round; return what it does with the others. Raises as `open_round`."""

    @abstractmethod
    def _common(self, result: bytes) -> bytes:
        """Return what of the work's result all three seats have in common."""

    # ------------------------------------------------------------------ attestation
    def reseal(self, round_: int, seat: int, shares: Mapping[int, bytes]) -> MeetingDocument:
        """Tell the other seats where this one computes, and hand each what it is to have."""
        who, desk = self._who, self._desk(round_)
        context = who.scope(self._log.bounty).context(Purpose.MEETING, round_, who.address)
        usable = who.usable_keys(self._log.keys_of_seats())
        here = {
            "host": self._place.known_as or self._place.host,
            "port": desk.port,
            "fingerprint": hex_text(desk.identity.fingerprint),
        }
        sealed = {}
        for other in range(COMPONENTS):
            address, handed = self._log.seats[other].validator, self._handed_to(other, seat, shares)
            if address in usable and handed is not None:
                keys = {str(index): hex_text(key) for index, key in handed.items()}
                sealed[address] = seal_text(encode_json({**here, "keys": keys}), usable[address], context)
        return MeetingDocument(round_, seat, sealed)

    # ------------------------------------------------------------------ computing
    def busy(self, round_: int) -> bool:
        """Whether the three seats are still computing; begins with it if they are not and nothing has come out yet."""
        name = self._record(round_)
        if round_ in self._scored or self._who.journal.get(name) is not None:
            return False
        ground = name.encode()
        if ground not in self._computing:
            try:
                self._computing[ground] = self._begin(round_)
            except GradMarketError as trouble:
                self._who.note(trouble)
                return False
        return self._computing[ground].busy()

    def _kept(self, round_: int) -> bytes:
        """Return what came out, from the journal; raises ProtocolError while nothing has."""
        name = self._record(round_)
        return self._who.journal.once(name, lambda: self._outcome(round_, name))

    def _read_round(self, round_: int, kept: bytes) -> ScoredRound:
        """Return the scored round that was kept."""
        return read_round(kept, self._who.scope(self._log.bounty), round_, self._nobody(round_))

    def _outcome(self, round_: int, name: str) -> bytes:
        computing = self._computing.get(name.encode())
        if computing is None or computing.busy():
            msg = f"the seats have not scored round {round_} yet: ask again"
            raise ProtocolError(msg)
        if computing.result is not None:
            return computing.result
        if computing.trouble is not None:
            self._who.note(computing.trouble)
        named, last = None, round_ == self._log.terms.rounds - 1
        salt = secrets.token_bytes(_SALT)
        if computing.verdict is not None and computing.verdict.named is not None:
            named, salt = computing.verdict.named, computing.verdict.secret
        scope = self._who.scope(self._log.bounty)
        return failed_round(scope, round_, self._log.included[round_], named, salt, last=last)

    def _begin(self, round_: int) -> Computation:
        """Open what this seat brings, and meet the others.

        Raises as `open_round`, when something is out of reach.
        """
        seat = self._seat(round_)
        work = self._work(round_, seat)
        peers = self._peers(round_, seat)
        ground = self._record(round_).encode()
        most = self._log.terms.phases.commit / 2  # a seat that is slow on purpose keeps nobody from committing
        return Computation(seat, self._place, self._desk(round_), peers, work, self._common, ground, most)

    # ------------------------------------------------------------------ details
    def _nobody(self, round_: int) -> tuple[Submission, ...]:
        """Return who submitted, without what."""
        return tuple(Submission(e.index, e.holder, None) for e in included(self._log, round_))

    def _seat(self, round_: int) -> int:
        """The seat this validator computes for."""
        for seat, event in sorted(self._log.attested[round_].items()):
            if self._log.seated(seat, event) == self._who.address:
                return seat
        msg = f"this validator had no seat when round {round_} was attested: it cannot compute"
        raise ProtocolError(msg)

    def _record(self, round_: int) -> str:
        """The name of a round's result in the journal: another one if a reorganisation left another round."""
        log = self._log
        attested = (e.document for _, e in sorted(log.attested[round_].items()))
        ground = keccak(log.base_root(round_), *attested, *(e.commitment for e in included(log, round_)))
        return f"{self._terms.privacy}/{log.bounty.hex()}/{round_}/{ground.hex()}"

    def _desk(self, round_: int) -> Desk:
        who, bounty = self._who, self._log.bounty
        password = who.derive(bounty, "desk", round_).hex().encode()
        return Desk.at(self._place, who.journal, f"desk/{bounty.hex()}/{round_}", password)

    def _peers(self, round_: int, seat: int) -> tuple[Peer, ...]:
        """Return all three seats as peers; the port of one that told this seat nothing is 0."""
        desk, peers = self._desk(round_), []
        for other in range(COMPONENTS):
            told = self._told(round_, other)
            if other == seat:
                peers.append(Peer(self._place.host, desk.port, desk.identity.fingerprint))
            elif told is None:
                peers.append(Peer("", 0, bytes(_FINGERPRINT)))
            else:
                peers.append(Peer(told["host"], told["port"], bytes.fromhex(told["fingerprint"][2:])))
        return tuple(peers)

    def _told(self, round_: int, seat: int) -> dict[str, Any] | None:
        """Return what a seat told this one when it attested, or None."""
        event = self._log.attested[round_].get(seat)
        if event is None:
            return None
        sender = self._log.seated(seat, event)
        context = self._who.scope(self._log.bounty).context(Purpose.MEETING, round_, sender)
        try:
            document = self._who.fetch(event.document, MeetingDocument)
            told = decode_json(open_text(document.sealed.get(self._who.address, ""), self._who.identity, context))
            if not isinstance(told, dict) or not isinstance(told["host"], str) or type(told["port"]) is not int:
                return None
            bytes.fromhex(told["fingerprint"].removeprefix("0x"))
        except (GradMarketError, AttributeError, KeyError, ValueError):
            return None
        return told

    def _handed(self, event: Submitted, seat: int) -> bytes | None:
        """Return what a seat handed to this one of a submission, or None."""
        told = self._told(event.round, seat)
        try:
            return None if told is None else bytes.fromhex(told["keys"][str(event.index)].removeprefix("0x"))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
