"""A validator's working memory of one bounty: what it has opened, and what it carries from round to round."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.base import max_model_bytes, open_base, open_base_key
from client.handover import read_handover, seal_handover
from client.modes import check_mode
from client.opening import (
    check_submission,
    collect_shares,
    included,
    open_included,
    out_of_reach,
    pack_shares,
    read_submission,
    recover_key,
)
from client.participant import max_sealed_bytes
from client.scorer import Memory, OpenedRound, Salts, permutation_seed, score
from client.shards import MAX_SHARD_BYTES, final_key, open_root_update, open_shard, shard_key
from client.sheets import gain_in
from marketplace.domain import terms_tree
from marketplace.domain.documents import RoundDocument, SharesDocument
from marketplace.domain.errors import (
    ContentTooLarge,
    GradMarketError,
    InvalidInput,
    ProtocolError,
    SealingError,
)
from marketplace.domain.hashing import keccak
from marketplace.domain.scope import Purpose
from marketplace.scoring.round import FinalInput, RoundFrame, RoundInput, Submission
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import seal_to_all
from marketplace.storage.store import read_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from client.log import BountyLog
    from client.participant import Participant
    from client.scorer import ScoredRound, Scorer
    from marketplace.domain.events import Submitted
    from marketplace.domain.network import Network
    from marketplace.domain.shared_documents import MeetingDocument
    from marketplace.domain.terms_document import TermsDocument

__all__ = ["Bench"]


class Bench:
    """Opens a round's parts for one validator.

    Args:
        who: the validator; log: what the chain said about the bounty; terms: its checked terms document.
        scorer: what scores an opened round.
    """

    def __init__(self, who: Participant, log: BountyLog, terms: TermsDocument, scorer: Scorer = score) -> None:
        self._who, self._log, self._terms, self._scorer = who, log, terms, scorer
        self.memory = Memory()
        self._scored: dict[int, ScoredRound] = {}

    @property
    def terms(self) -> TermsDocument:
        """The bounty's terms document."""
        return self._terms

    # ------------------------------------------------------------------ before the rounds
    def check_terms(self) -> None:
        """Raise unless the terms are provable and every sealed shard can be fetched.

        Provable means that no integer of a round can overflow, whatever holders submit within the bounds, and that
        whatever a dispute turns on fits a transaction: else a right sheet could not be defended.
        """
        chain, terms = self._log.terms, self._terms
        terms.scoring.check(chain.round_budget)
        check_mode(chain, terms.privacy, terms.scoring)
        if len(terms.shards) != chain.rounds + 1 or terms.scoring.max_submissions < chain.max_holders:
            msg = "the terms document does not fit the terms on the chain: do not take this seat"
            raise ProtocolError(msg)
        if terms_tree.root_of(terms) != chain.shards_root:
            msg = "the chain's terms commit to other shards or scoring terms than the document: do not take this seat"
            raise ProtocolError(msg)
        for shard in terms.shards:
            read_bytes(self._who.store, shard.cid, max_bytes=max_sealed_bytes(MAX_SHARD_BYTES))
        self._who.key_named(self._log.owner_key)

    # ------------------------------------------------------------------ attestation
    def can_score(self, round_: int, *, patient: bool = False) -> bool:
        """Whether everything is here that scoring the round takes, but for the submissions and what the shard opens.

        A seat that lacks some of it attests to no submission: it can then not be slashed for not committing, and an
        owner that withholds the base from seats gets a void round instead of their stakes.

        Raises:
            NotFound, StorageError: if `patient`, where something is out of reach that may be there later.
        """
        who, log = self._who, self._log
        try:
            who.account.check_submissions(log.bounty, log.terms.owner, log.every_step())
            self._open_base(round_)
            if not self._remembers(round_):
                return False
            self._adopted_gains(round_)
            if round_ == log.terms.rounds - 1:
                read_bytes(who.store, self._terms.shards[-1].cid, max_bytes=max_sealed_bytes(MAX_SHARD_BYTES))
        except GradMarketError as error:
            if patient and out_of_reach(error):
                raise
            return False
        return True

    def shard_is_open(self, round_: int, *, patient: bool = False) -> bool:
        """Whether the round's shard and root update opened and match their commitments; raises as `can_score`."""
        try:
            key = shard_key(self._who, self._log, self._terms, round_)
            open_shard(self._who, self._log, self._terms, round_, key)
            self._check_root(round_, key)
        except GradMarketError as error:
            if patient and out_of_reach(error):
                raise
            return False
        return True

    def my_shares(self, round_: int, seat: int, *, patient: bool = False) -> dict[int, bytes]:
        """Return this seat's share of every submission's data key that it could open, by holder index.

        Raises as `can_score`.
        """
        if not self.can_score(round_, patient=patient):
            return {}
        found = {}
        for event in self._log.submissions[round_]:
            share = self._share_of(event, seat, patient=patient)
            if share is not None:
                found[event.index] = share
        return found

    def reseal(self, round_: int, seat: int, shares: Mapping[int, bytes]) -> SharesDocument | MeetingDocument:
        """Seal this seat's shares to all seats."""
        packed, bounty = pack_shares(shares), self._log.bounty
        key = self._who.derive(bounty, "shares-key", round_, seat.to_bytes(32, "big"), keccak(packed))
        context = self._who.scope(bounty).context(Purpose.SHARES, round_, self._who.address)
        cid = self._who.put_sealed(packed, key, context)
        seats = self._who.usable_keys(self._log.keys_of_seats())
        return SharesDocument(round_, seat, cid, seal_to_all(key, seats, context))

    # ------------------------------------------------------------------ scoring
    def busy(self, round_: int) -> bool:  # noqa: ARG002 - seats that compute together are, see `client.shared`
        """Whether the round's score is being computed beside this program, and to be asked for again."""
        return False

    def score(self, round_: int) -> ScoredRound:
        """Open and score a round: once, or again after a restart, with the same result.

        Raises:
            NotFound, StorageError: something is out of reach now.
            ProtocolError: an included submission could not be opened, or this seat lacks the last round.
        """
        if round_ not in self._scored:
            self._scored[round_] = self._scorer(self._who, self._log, round_, self.open_round(round_))
        return self._scored[round_]

    def scored(self, round_: int) -> ScoredRound | None:
        """Return the round's score if there is one already."""
        return self._scored.get(round_)

    def open_round(self, round_: int) -> OpenedRound:
        """Open everything the round's score depends on."""
        if not self._remembers(round_):
            msg = "nobody handed the last round over to this seat: it cannot score this one"
            raise ProtocolError(msg)
        base, base_salt = self._open_base(round_)
        key = shard_key(self._who, self._log, self._terms, round_)
        root_update, root_salt = open_root_update(self._who, self._log, self._terms.scoring, round_, key)
        frame, keys, (rows_salt, final_salt) = self._open_frame(round_, key)
        memory = self.memory
        given = RoundInput(**vars(frame), base=base, root_update=root_update, last_aggregate=memory.last_aggregate)
        salts = Salts(
            base_salt, root_salt, rows_salt, memory.last_aggregate_salt, memory.first_base_salt or bytes(32), final_salt
        )
        return OpenedRound(given, keys, salts, sum(self._adopted_gains(round_)))

    def _open_frame(self, round_: int, key: bytes) -> tuple[RoundFrame, dict[int, bytes], tuple[bytes, bytes | None]]:
        """Open what a round's score depends on beside its model and the root update; `key` is the shard's.

        Returns:
            It, the data keys of submissions that opened, and the salts of rows and final rows.
        """
        who, log, terms = self._who, self._log, self._terms
        rows, labels, rows_salt = open_shard(who, log, terms, round_, key)
        submissions, keys = self._open_submissions(round_)
        final, final_salt = self._final(key) if round_ == log.terms.rounds - 1 else (None, None)
        frame = RoundFrame(
            scoring=terms.scoring,
            rows=rows,
            labels=labels,
            submissions=submissions,
            last_submissions=self._last_submissions(round_),
            seed=permutation_seed(list(keys.values())),
            round_budget=log.terms.round_budget,
            min_holders=log.terms.min_holders,
            last_round=round_ == log.terms.rounds - 1,
            final=final,
        )
        return frame, keys, (rows_salt, final_salt)

    def remember(self) -> None:
        """Carry what the chain settled into the next round."""
        last = self._log.last_scored()
        if last is not None and self.memory.last_round != last and last in self._scored:
            self._carry(last)

    def _carry(self, last: int) -> bool:
        """Take a settled round that this seat scored into its memory; return whether it scored what was settled."""
        mine, memory = self._scored[last], self.memory
        if mine.hash != self._log.settled[last].sheet_hash:
            return False  # the others opened something else: this seat no longer knows what they know
        self._scored = {r: scored for r, scored in self._scored.items() if r >= last}  # traces are large
        memory.last_round, memory.last_submissions = last, mine.submissions
        memory.last_keys = mine.data_keys
        if mine.sheet.adopted:
            memory.aggregate_key, memory.last_aggregate = mine.aggregate_key, mine.aggregate
            memory.last_aggregate_salt = mine.aggregate_salt
        return True

    # ------------------------------------------------------------------ seats that lack the last round
    def hand_over(self, round_: int, seats: Sequence[int]) -> bool:
        """Seal the last round's keys to seats that did not score it; return whether that was due."""
        who, log, last = self._who, self._log, self._log.last_scored(before=round_)
        said = any(event.seat in seats for event in log.handed_over[round_])
        if not seats or said or last is None or not self._remembers(round_):
            return False
        winners = log.settled[last].winners
        lacking = {
            event.validator: event.key
            for seat, event in log.seats.items()
            if not winners >> seat & 1 or who.account.seat(log.bounty, seat).since_round > last
        }
        lacking.pop(who.address, None)
        keys = who.usable_keys(lacking)
        if not keys:
            return False
        document = seal_handover(who, log.bounty, round_, self.memory, keys)
        who.account.hand_over(log.bounty, seats[0], who.publish(document))
        return True

    def _remembers(self, round_: int) -> bool:
        """Whether this seat knows the round that was settled before `round_`.

        From its own scoring; after a restart by scoring it again, and what was before it; or from a handover.
        """
        last = self._log.last_scored(before=round_)
        if last is None or self.memory.last_round == last:
            return True
        if self._scored_by_me(last):
            self.score(last)
            if self._carry(last):
                return True
        for event in self._log.handed_over[round_]:
            memory = read_handover(self._who, self._log, self._terms.scoring, event)
            if memory is not None:
                self.memory = memory
                return True
        return False

    def _scored_by_me(self, round_: int) -> bool:
        """Whether this validator held a seat that committed to a sheet of `round_`."""
        log = self._log
        return any(log.seated(s, event) == self._who.address for s, event in log.committed[round_].items())

    # ------------------------------------------------------------------ details
    def _share_of(self, event: Submitted, seat: int, *, patient: bool) -> bytes | None:
        largest = max_model_bytes(self._terms.scoring)
        return check_submission(self._who, self._log, largest, event, seat, patient=patient)

    def _open_base(self, round_: int) -> tuple[Network, bytes]:
        """Open the round's base, with its salt; the one the bounty was posted with is kept for the final shard."""
        who, log, memory = self._who, self._log, self.memory
        base_root = log.base_root(round_)
        document = who.fetch(log.opened[round_].document, RoundDocument)
        key = open_base_key(who, log, round_, document)
        base, salt = open_base(who, log, self._terms.scoring, round_, base_root, key=key)
        if base_root == log.terms.base_root:
            memory.first_base, memory.first_base_salt = base, salt
            memory.first_base_round, memory.first_base_key = round_, key
        return base, salt

    def _open_submissions(self, round_: int) -> tuple[tuple[Submission, ...], dict[int, bytes]]:
        who, log = self._who, self._log
        shares, threshold = collect_shares(who, log, round_), datakeys.threshold(log.terms.seats)
        keys = {}
        for event in included(log, round_):
            key = recover_key(shares.get(event.index, {}), read_submission(who, log, event), threshold)
            if key is not None:
                keys[event.index] = key
        return open_included(who, log, self._terms.scoring, round_, keys), keys

    def _check_root(self, round_: int, key: bytes) -> None:
        """Raise unless the root update opened, with the shard's key, and matches its commitment."""
        open_root_update(self._who, self._log, self._terms.scoring, round_, key)

    def _last_submissions(self, round_: int) -> tuple[Submission, ...]:  # noqa: ARG002 - others ask the log
        """Return those of the last scored round, to tell copies of them."""
        return self.memory.last_submissions

    def _final(self, last_key: bytes) -> tuple[FinalInput, bytes] | tuple[None, None]:
        """The final shard and its salt, if the owner opened it with the last round, whose shard's key is `last_key`."""
        who, log, terms, first = self._who, self._log, self._terms, self.memory.first_base
        if first is None:
            msg = "this seat never opened the model the bounty started from: it cannot score the final shard"
            raise ProtocolError(msg)
        try:
            key = final_key(who, log, terms, last_key)
            rows, labels, salt = open_shard(who, log, terms, log.terms.rounds, key)
        except (ContentTooLarge, SealingError, ProtocolError, InvalidInput):
            # And for every other seat too, because what they read has the same names. What is merely not here
            # (NotFound, StorageError) says nothing about the others, and keeps this seat from scoring.
            return None, None
        return FinalInput(rows, labels, first, self._adopted_gains(log.terms.rounds - 1)), salt

    def _adopted_gains(self, before: int) -> tuple[int, ...]:
        return tuple(gain_in(self._who, self._log, round_) for round_ in self._log.adopted if round_ < before)
