"""A compute seat's working memory: components instead of updates, and a score that three seats make together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from client.base import max_model_bytes
from client.bench import Bench
from client.opening import included, out_of_reach
from client.participant import max_sealed_bytes
from client.shared.components import COIN_WORDS, fetch_component, open_keys, read_components
from client.shared.meeting import Computation, Desk
from client.shared.scoring import SharedRound, blamed_by, failed_round, read_round
from marketplace.domain.errors import GradMarketError, InvalidInput, PeerFailed, ProtocolError, SealingError
from marketplace.domain.fields import hex_text
from marketplace.domain.hashing import keccak
from marketplace.domain.scope import Purpose
from marketplace.domain.shared_documents import COMPONENTS, MeetingDocument
from marketplace.privacy.sharing.tls import Peer
from marketplace.scoring.round import Submission
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_text, seal_text
from marketplace.storage.canonical import decode_json, encode_json
from marketplace.storage.store import read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from client.log import BountyLog
    from client.participant import Participant
    from client.scorer import ScoredRound
    from client.shared.meeting import Place
    from marketplace.domain.events import Submitted
    from marketplace.domain.terms_document import TermsDocument

__all__ = ["SharedBench"]

_KEY = 32


class SharedBench(Bench):
    """Opens a round's parts for one compute seat, and computes with the two others.

    Args:
        who: the validator; log: what the chain said about the bounty; terms: its checked terms document.
        place: where the seat meets the others.
    """

    def __init__(self, who: Participant, log: BountyLog, terms: TermsDocument, place: Place) -> None:
        super().__init__(who, log, terms)
        self._place = place
        self._computing: dict[bytes, Computation] = {}

    # ------------------------------------------------------------------ attestation
    def _share_of(self, event: Submitted, seat: int, *, patient: bool) -> bytes | None:
        """Return the keys of this seat's two components of a submission, whose ciphertexts are here."""
        who, largest = self._who, max_sealed_bytes(max_model_bytes(self._terms.scoring))
        try:
            document, keys = read_components(who, self._log, event), open_keys(who, self._log, event, seat)
            for part in range(2):
                read_bytes(who.store, document.components[(seat + part) % COMPONENTS].cid, max_bytes=largest)
        except GradMarketError as error:
            if patient and out_of_reach(error):
                raise
            return None
        return b"".join(keys)

    def reseal(self, round_: int, seat: int, shares: Mapping[int, bytes]) -> MeetingDocument:
        """Tell the two other seats where this one computes, and hand each the keys of the component they have too."""
        who, desk = self._who, self._desk(round_)
        context = who.scope(self._log.bounty).context(Purpose.MEETING, round_, who.address)
        usable = who.usable_keys(self._log.keys_of_seats())
        here = {
            "host": self._place.known_as or self._place.host,
            "port": desk.port,
            "fingerprint": hex_text(desk.identity.fingerprint),
        }
        sealed = {}
        # The first component is the seat before's second; the second one the seat after's first.
        for other, part in (((seat - 1) % COMPONENTS, slice(_KEY)), ((seat + 1) % COMPONENTS, slice(_KEY, None))):
            address = self._log.seats[other].validator
            keys = {str(index): hex_text(both[part]) for index, both in shares.items()}
            if address in usable:
                sealed[address] = seal_text(encode_json({**here, "keys": keys}), usable[address], context)
        return MeetingDocument(round_, seat, sealed)

    # ------------------------------------------------------------------ scoring
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

    def score(self, round_: int) -> ScoredRound:
        """Return what the seats made of a round: once, and again after a restart, with the same result.

        Raises:
            ProtocolError: nothing has come out yet.
        """
        if round_ not in self._scored:
            self._remembers(round_)
            self._open_base(round_)  # for the final shard, if the bounty started from it
            who, name = self._who, self._record(round_)
            kept = who.journal.get(name) or who.journal.once(name, lambda: self._outcome(round_, name))
            submissions = tuple(Submission(e.index, e.holder, None) for e in included(self._log, round_))
            largest = max_model_bytes(self._terms.scoring)
            self._scored[round_] = read_round(kept, who.scope(self._log.bounty), round_, submissions, largest)
        return self._scored[round_]

    def _outcome(self, round_: int, name: str) -> bytes:
        computing = self._computing.get(name.encode())
        if computing is None or computing.busy():
            msg = f"the seats have not scored round {round_} yet: ask again"
            raise ProtocolError(msg)
        if computing.result is not None:
            return computing.result
        seat = self._seat(round_)
        if computing.trouble is not None:
            self._who.note(computing.trouble)
        blamed, last = blamed_by(computing.trouble, seat), round_ == self._log.terms.rounds - 1
        scope = self._who.scope(self._log.bounty)
        return failed_round(scope, round_, self._log.included[round_], seat, blamed, last=last)

    def _begin(self, round_: int) -> Computation:
        """Open what this seat brings, and meet the others.

        Raises as `open_round`, when something is out of reach.
        """
        who, log, seat = self._who, self._log, self._seat(round_)
        given = self.open_round(round_).given
        components, fine = self._components(round_, seat)
        brings = SharedRound(
            who.scope(log.bounty), round_, log.included[round_], given, components, fine, self._previous(round_, seat)
        )
        peers, missing = self._peers(round_, seat)

        def nobody(_: object) -> bytes:
            msg = f"seat {missing} told nobody where it computes: the round has no score"
            raise PeerFailed(msg, int(missing or 0))

        return Computation(seat, self._place, self._desk(round_), peers, brings.score if missing is None else nobody)

    # ------------------------------------------------------------------ details
    def _open_submissions(self, round_: int) -> tuple[tuple[Submission, ...], dict[int, bytes]]:
        return tuple(Submission(e.index, e.holder, None) for e in included(self._log, round_)), {}

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
        return f"shared/{log.bounty.hex()}/{round_}/{ground.hex()}"

    def _desk(self, round_: int) -> Desk:
        who, bounty = self._who, self._log.bounty
        password = who.derive(bounty, "desk", round_).hex().encode()
        return Desk.at(self._place, who.journal, f"desk/{bounty.hex()}/{round_}", password)

    def _peers(self, round_: int, seat: int) -> tuple[tuple[Peer, ...], int | None]:
        """Return all three seats as peers, and the first that told this one nothing."""
        desk, peers, missing = self._desk(round_), [], None
        for other in range(COMPONENTS):
            told = self._told(round_, other)
            if other == seat:
                peers.append(Peer(self._place.host, desk.port, desk.identity.fingerprint))
            elif told is None:
                missing = other if missing is None else missing
                peers.append(Peer("", 0, bytes(_KEY)))
            else:
                peers.append(Peer(told["host"], told["port"], bytes.fromhex(told["fingerprint"][2:])))
        return tuple(peers), missing

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

    def _components(self, round_: int, seat: int) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
        """Return this seat's components of a round, and which of them are what was published; see `SharedRound`.

        Raises:
            NotFound, StorageError: one is not here.
        """
        who, log, width = self._who, self._log, self._terms.scoring.shape.parameters
        events = included(log, round_)
        out = np.zeros((2, len(events), width + COIN_WORDS), np.uint64)
        fine = np.zeros(len(events), np.uint8)
        for i, event in enumerate(events):
            for part, key in enumerate(self._keys(event, seat)):
                index = (seat + part) % COMPONENTS
                component = None if key is None else fetch_component(who, log, event, index, key, width)
                if component is not None:
                    out[part, i] = component
                    fine[i] |= 1 << part
        return out, fine

    def _keys(self, event: Submitted, seat: int) -> tuple[bytes | None, bytes | None]:
        """Return the keys of this seat's components: its own, or those that the seats beside it handed over."""
        try:
            return open_keys(self._who, self._log, event, seat)
        except (InvalidInput, SealingError):
            pass  # the holder sealed something else to this seat, or nothing
        document = read_components(self._who, self._log, event)
        before, after = self._handed(event, (seat - 1) % COMPONENTS), self._handed(event, (seat + 1) % COMPONENTS)
        hashes = [document.components[(seat + part) % COMPONENTS].key_hash for part in range(2)]
        first, second = (
            key if key is not None and datakeys.key_hash(key) == right else None
            for key, right in zip((before, after), hashes, strict=True)
        )
        return first, second

    def _handed(self, event: Submitted, seat: int) -> bytes | None:
        told = self._told(event.round, seat)
        try:
            return None if told is None else bytes.fromhex(told["keys"][str(event.index)].removeprefix("0x"))
        except (AttributeError, KeyError, TypeError, ValueError):
            return None

    def _previous(self, round_: int, seat: int) -> NDArray[np.uint64] | None:
        """Return this seat's components of the last round's updates, zeros where one was breached."""
        log, width = self._log, self._terms.scoring.shape.parameters
        last = log.last_scored(before=round_)
        if last is None:
            return np.zeros((2, 0, width), np.uint64)
        event = log.attested[last].get(seat)
        if event is None or log.seated(seat, event) != self._who.address:
            return None  # somebody else had this seat
        try:
            components, _ = self._components(last, seat)
        except GradMarketError:
            return None
        breached = log.sheet_of(last).sheet.breached
        kept = np.array([not breached >> e.index & 1 for e in included(log, last)], np.uint64)
        return components[:, :, :width] * kept[None, :, None]
