"""A seat's working memory where updates arrive encrypted: it decrypts with the two others, and scores by itself."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from client.encrypted.base import flat_of, open_encrypted_base, open_share, read_encrypted_base
from client.encrypted.decryption import Decryption, read_decrypted
from client.encrypted.training import FRACTION_BITS
from client.encrypted.vectors import admitted, max_vector_bytes, open_vector
from client.opening import check_submission, included, out_of_reach, read_submission, recover_key
from client.scorer import conclude_round
from client.shared.joint import JointBench
from marketplace.domain.errors import Cheated, GradMarketError, InvalidUpdate
from marketplace.scoring.round import Submission, score_round
from marketplace.sealing import datakeys

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from client.scorer import ScoredRound
    from marketplace.domain.events import Submitted
    from marketplace.privacy.sharing.party import Party

__all__ = ["EncryptedBench"]


class EncryptedBench(JointBench):
    """Opens a round's parts for one of three seats, and decrypts its updates with the two others."""

    # ------------------------------------------------------------------ attestation
    def my_shares(self, round_: int, seat: int, *, patient: bool = False) -> dict[int, bytes]:
        """Return this seat's shares of the submissions' data keys: none if it could not decrypt what they open.

        Raises as `Bench.can_score`.
        """
        who, log = self._who, self._log
        try:
            base = read_encrypted_base(who, log, round_)
            open_share(who, log, round_, base, seat)
            open_encrypted_base(who, log, self._terms.scoring, round_, base)
        except GradMarketError as error:
            if patient and out_of_reach(error):
                raise
            who.note(error)
            return {}
        return super().my_shares(round_, seat, patient=patient)

    def _share_of(self, event: Submitted, seat: int, *, patient: bool) -> bytes | None:
        largest = max_vector_bytes(self._terms.scoring)
        return check_submission(self._who, self._log, largest, event, seat, patient=patient)

    def _handed_to(self, other: int, seat: int, shares: Mapping[int, bytes]) -> dict[int, bytes]:  # noqa: ARG002 - all get the same
        """Return this seat's shares: after a restart it needs its own too."""
        return dict(shares)

    # ------------------------------------------------------------------ scoring
    def score(self, round_: int) -> ScoredRound:
        """Score what the seats decrypted: once, and again after a restart, with the same result.

        Raises:
            ProtocolError: nothing has been decrypted yet.
        """
        if round_ not in self._scored:
            self._remembers(round_)
            who, log, kept = self._who, self._log, self._kept(round_)
            decrypted, scope = read_decrypted(kept), who.scope(log.bounty)
            if decrypted is None:
                self._scored[round_] = self._read_round(round_, kept)
                return self._scored[round_]
            for seat in decrypted.left_out:
                msg = f"seat {seat} handed over wrong parts of round {round_}'s decryption: they were left out"
                who.note(Cheated(msg, frozenset({seat}), self._seat(round_)))
            opened, scoring = self.open_round(round_), self._terms.scoring
            submissions = tuple(
                replace(s, update=None if values is None else admitted(values, FRACTION_BITS, scoring))
                for s, values in zip(opened.given.submissions, decrypted.values, strict=True)
            )
            before = opened.given.last_submissions if decrypted.previous else ()
            given = replace(opened.given, submissions=submissions, last_submissions=before)
            included_, keys = log.included[round_], opened.data_keys
            self._scored[round_] = conclude_round(scope, round_, included_, given, score_round(given), keys)
        return self._scored[round_]

    def _work(self, round_: int, seat: int) -> Callable[[Party], bytes]:
        who, log, scoring = self._who, self._log, self._terms.scoring
        opened, base = self.open_round(round_), read_encrypted_base(who, log, round_)
        keys, vectors = opened.data_keys, []
        for event in included(log, round_):
            vector = None
            if event.index in keys:
                with suppress(InvalidUpdate):
                    vector = open_vector(who, log, scoring, event, keys[event.index], base.shared.key)
            vectors.append(vector)
        return Decryption(
            share=open_share(who, log, round_, base, seat),
            model=open_encrypted_base(who, log, scoring, round_, base),
            base=flat_of(opened.given.base),
            vectors=tuple(vectors),
            secret=datakeys.round_secret(list(keys.values())),
            previous=self._holds_previous(round_),
        ).run

    def _common(self, result: bytes) -> bytes:
        decrypted = read_decrypted(result)
        return b"" if decrypted is None else replace(decrypted, left_out=()).to_bytes()

    # ------------------------------------------------------------------ details
    def _open_submissions(self, round_: int) -> tuple[tuple[Submission, ...], dict[int, bytes]]:
        """Return who submitted, without the updates, and the data keys that open what is encrypted."""
        who, log, threshold = self._who, self._log, datakeys.threshold(self._log.terms.seats)
        keys = {}
        for event in included(log, round_):
            shares = {}
            for seat, attested in sorted(log.attested[round_].items()):
                share = self._handed(event, seat) if attested.bitmap >> event.index & 1 else None
                if share is not None:
                    shares[seat] = share
            key = recover_key(shares, read_submission(who, log, event), threshold)
            if key is not None:
                keys[event.index] = key
        return self._nobody(round_), keys

    def _holds_previous(self, round_: int) -> bool:
        """Whether this seat scored the round that was settled before, and so knows its updates."""
        last = self._log.last_scored(before=round_)
        scored = None if last is None else self._scored.get(last)
        return last is None or (scored is not None and scored.hash == self._log.settled[last].sheet_hash)
