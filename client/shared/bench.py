"""A compute seat's working memory: components instead of updates, and a score that three seats make together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from client.base import max_model_bytes, open_base
from client.opening import included, out_of_reach
from client.participant import max_sealed_bytes
from client.shards import shard_key
from client.shared.components import COIN_WORDS, fetch_component, open_keys, read_components
from client.shared.joint import JointBench
from client.shared.model import components_of_seat
from client.shared.root import open_root_components
from client.shared.scoring import SharedRound, sheet_of
from marketplace.domain.errors import GradMarketError, InvalidInput, SealingError
from marketplace.domain.shared_documents import COMPONENTS
from marketplace.sealing import datakeys
from marketplace.storage.store import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from client.scorer import ScoredRound
    from marketplace.domain.events import Submitted
    from marketplace.domain.network import Network
    from marketplace.privacy.sharing.party import Party
    from marketplace.scoring.round import Submission

__all__ = ["SharedBench"]


class SharedBench(JointBench):
    """Opens a round's parts for one compute seat, and computes with the two others."""

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

    def _handed_to(self, other: int, seat: int, shares: Mapping[int, bytes]) -> dict[int, bytes] | None:
        """Return the keys of the component that both have: the first is the seat before's second, and so on."""
        parts = {
            (seat - 1) % COMPONENTS: slice(datakeys.KEY_BYTES),
            (seat + 1) % COMPONENTS: slice(datakeys.KEY_BYTES, None),
        }
        return {index: both[parts[other]] for index, both in shares.items()} if other in parts else None

    # ------------------------------------------------------------------ scoring
    def score(self, round_: int) -> ScoredRound:
        """Return what the seats made of a round: once, and again after a restart, with the same result.

        Raises:
            ProtocolError: nothing has come out yet.
        """
        if round_ not in self._scored:
            self._scored[round_] = self._read_round(round_, self._kept(round_))
        return self._scored[round_]

    def _work(self, round_: int, seat: int) -> Callable[[Party], bytes]:
        who, log, scoring = self._who, self._log, self._terms.scoring
        base, _ = self._open_base(round_)
        model = components_of_seat(who, log, scoring, round_, seat)
        root = open_root_components(who, log, scoring, round_, seat)
        frame, _, _ = self._open_frame(round_, shard_key(who, log, self._terms, round_))
        components, fine = self._components(round_, seat)
        scope, included_, previous = who.scope(log.bounty), log.included[round_], self._previous(round_, seat)
        return SharedRound(scope, round_, included_, frame, base, model, root, components, fine, previous).score

    def _common(self, result: bytes) -> bytes:
        return sheet_of(result)

    # ------------------------------------------------------------------ what this seat needs of rounds before
    def hand_over(self, round_: int, seats: Sequence[int]) -> bool:  # noqa: ARG002 - others do
        """Nothing: what a seat that was drawn later needs, the owner seals to it when the round opens."""
        return False

    def _remembers(self, round_: int) -> bool:
        """Whether this seat has its components of the round's model; raises where they cannot be opened."""
        seat = self._held()
        if seat is not None:
            components_of_seat(self._who, self._log, self._terms.scoring, round_, seat)
        return True

    def _open_base(self, round_: int) -> tuple[Network, bytes]:
        """Open the model the bounty was posted with, which every round of a shared bounty is counted from."""
        who, log, memory = self._who, self._log, self.memory
        memory.first_base, memory.first_base_salt = open_base(
            who, log, self._terms.scoring, round_, log.terms.base_root
        )
        return memory.first_base, memory.first_base_salt

    def _check_root(self, round_: int, key: bytes) -> None:  # noqa: ARG002 - its components have keys of their own
        seat = self._held()
        if seat is not None:
            open_root_components(self._who, self._log, self._terms.scoring, round_, seat)

    def _held(self) -> int | None:
        """The seat this validator holds now, if any."""
        return next((s for s in range(COMPONENTS) if self._log.seats[s].validator == self._who.address), None)

    def _last_submissions(self, round_: int) -> tuple[Submission, ...]:
        last = self._log.last_scored(before=round_)
        return () if last is None else self._nobody(last)

    # ------------------------------------------------------------------ details
    def _open_submissions(self, round_: int) -> tuple[tuple[Submission, ...], dict[int, bytes]]:
        return self._nobody(round_), {}

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
