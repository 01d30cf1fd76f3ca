"""A validator's working memory of one bounty: what it has opened, and what it carries from round to round."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from client.base import max_model_bytes, open_base, open_base_key
from client.opening import check_submission, collect_shares, open_update, read_submission, recover_key
from client.scorer import Memory, permutation_seed
from client.shards import open_root_update, open_shard, shard_key
from client.sheets import sheet_in
from marketplace.domain.documents import AggregateDocument, HandoverDocument, RoundDocument, SharesDocument
from marketplace.domain.errors import GradMarketError, InvalidUpdate, ProtocolError
from marketplace.domain.scope import Purpose
from marketplace.scoring.round import FinalInput, RoundInput, Submission
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_for, seal_to_all
from marketplace.storage.store import read_bytes
from marketplace.storage.tensors import load_update

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from client.log import BountyLog
    from client.participant import Participant
    from client.scorer import ScoredRound
    from marketplace.domain.events import Submitted
    from marketplace.domain.network import Network
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.domain.update import Update

__all__ = ["Bench"]

_MAX_SEALED_SHARD_BYTES = 1 << 27
_MAX_HANDOVER_BYTES = 1 << 16


class Bench:
    """Opens a round's parts for one validator.

    Args:
        who: the validator; log: what the chain said about the bounty; terms: its checked terms document.
    """

    def __init__(self, who: Participant, log: BountyLog, terms: TermsDocument) -> None:
        self._who, self._log, self._terms = who, log, terms
        self.memory = Memory()
        self._handed: set[int] = set()

    # ------------------------------------------------------------------ before the rounds
    def check_terms(self) -> None:
        """Raise unless the terms are provable and every sealed shard can be fetched.

        Provable means that no integer of a round can overflow, whatever holders submit within the bounds.
        """
        chain, terms = self._log.terms, self._terms
        terms.scoring.check(chain.round_budget)
        if len(terms.shards) != chain.rounds + 1 or terms.scoring.max_submissions < chain.max_holders:
            msg = "the terms document does not fit the terms on the chain: do not take this seat"
            raise ProtocolError(msg)
        for shard in terms.shards:
            read_bytes(self._who.store, shard.cid, max_bytes=_MAX_SEALED_SHARD_BYTES)

    # ------------------------------------------------------------------ attestation
    def shard_is_open(self, round_: int) -> bool:
        """Whether the round's shard and root update opened and match their commitments."""
        try:
            key = shard_key(self._who, self._log, self._terms, round_, round_)
            open_shard(self._who, self._log, self._terms, round_, key)
            open_root_update(self._who, self._log, self._terms.scoring, round_, key)
        except GradMarketError:
            return False
        return True

    def my_shares(self, round_: int, seat: int) -> dict[int, bytes]:
        """This seat's share of every submission's data key that it could open: holder index -> share."""
        if not self._remembers(round_):
            return {}
        found = {}
        for event in self._log.submissions[round_]:
            share = check_submission(self._who, self._log, self._terms.scoring, event, seat)
            if share is not None:
                found[event.index] = share
        return found

    def reseal(self, round_: int, seat: int, shares: Mapping[int, bytes]) -> SharesDocument:
        """Seal this seat's shares to all seats: 33 bytes each, the holder's index and the share."""
        key = datakeys.new_key()
        context = self._who.scope(self._log.bounty).context(Purpose.SHARES, round_, self._who.address)
        plain = b"".join(bytes([index]) + share for index, share in sorted(shares.items()))
        cid = self._who.put_sealed(plain, key, context)
        return SharesDocument(round_, seat, cid, seal_to_all(key, self._keys_of_seats(), context))

    # ------------------------------------------------------------------ scoring
    def open_round(self, round_: int, base_root: bytes) -> tuple[RoundInput, dict[int, bytes]]:
        """Open everything the round's score depends on.

        Returns:
            The input of `score_round`, and the data key of every submission that opened (holder index -> key).

        Raises:
            ProtocolError: an included submission could not be fetched, or this seat lacks the last round.
        """
        who, log, terms = self._who, self._log, self._terms
        if not self._remembers(round_):
            msg = "nobody handed the last round over to this seat: it cannot score this one"
            raise ProtocolError(msg)
        base = open_base(who, log, terms.scoring, round_, base_root)
        key = shard_key(who, log, terms, round_, round_)
        rows, labels = open_shard(who, log, terms, round_, key)
        submissions, keys = self._open_submissions(round_)
        if round_ == min(log.opened):
            document = who.fetch(log.opened[round_].document, RoundDocument)
            self.memory.first_base_key = open_base_key(who, log, round_, document)
        given = RoundInput(
            scoring=terms.scoring,
            base=base,
            rows=rows,
            labels=labels,
            submissions=submissions,
            root_update=open_root_update(who, log, terms.scoring, round_, key),
            last_aggregate=self.memory.last_aggregate,
            last_submissions=self.memory.last_submissions,
            seed=permutation_seed(list(keys.values())),
            round_budget=log.terms.round_budget,
            min_holders=log.terms.min_holders,
            last_round=round_ == log.terms.rounds - 1,
            final=self._final(round_, base),
        )
        return given, keys

    def remember(self, scored: Mapping[int, ScoredRound]) -> None:
        """Carry what the chain settled into the next round."""
        last, memory = self._log.last_scored(), self.memory
        if last is None or memory.last_round == last or last not in scored:
            return
        mine = scored[last]
        if mine.hash != self._log.settled[last].sheet_hash:
            return  # the others opened something else: this seat no longer knows what they know
        memory.last_round, memory.last_submissions = last, mine.given.submissions
        memory.last_keys = mine.data_keys
        if mine.score.adopted:
            memory.aggregate_round, memory.aggregate_key = last, mine.aggregate_key
            memory.last_aggregate = mine.score.aggregate

    # ------------------------------------------------------------------ seats drawn later
    def hand_over(self, round_: int, seats: Sequence[int]) -> bool:
        """Seal the last round's keys to seats that were drawn since; return whether that was due."""
        new = self._who.usable_keys(
            {
                event.validator: event.key
                for seat, event in self._log.seats.items()
                if self.memory.last_round is not None
                and self._who.account.seat(self._log.bounty, seat).since_round > self.memory.last_round
            }
        )
        if not new or not seats or round_ in self._handed or self._who.address in new:
            return False
        self._handed.add(round_)
        memory, key = self.memory, datakeys.new_key()
        context = self._who.scope(self._log.bounty).context(Purpose.HANDOVER, round_, self._who.address)
        content = {
            "round": memory.last_round,
            "keys": {str(index): data_key.hex() for index, data_key in memory.last_keys.items()},
            "aggregate_round": memory.aggregate_round,
            "aggregate_key": None if memory.aggregate_key is None else memory.aggregate_key.hex(),
            "first_base_key": None if memory.first_base_key is None else memory.first_base_key.hex(),
        }
        cid = self._who.put_sealed(json.dumps(content, sort_keys=True).encode(), key, context)
        document = HandoverDocument(round_, cid, seal_to_all(key, new, context))
        self._who.account.hand_over(self._log.bounty, seats[0], self._who.publish(document))
        return True

    def _remembers(self, round_: int) -> bool:
        """Whether this seat knows the last settled round, from its own scoring or from a handover."""
        last = self._log.last_scored()
        if last is None or self.memory.last_round == last:
            return True
        return any(self._take_over(event.seat, event.document) for event in self._log.handed_over[round_])

    def _take_over(self, seat: int, digest: bytes) -> bool:
        """Open one seat's handover; everything in it is checked against what the chain committed to."""
        who, log = self._who, self._log
        try:
            document = who.fetch(digest, HandoverDocument)
            context = who.scope(log.bounty).context(Purpose.HANDOVER, document.round, log.seats[seat].validator)
            key = open_for(document.keys, who.address, who.identity, context)
            content = json.loads(who.get_sealed(document.cid, key, context, max_bytes=_MAX_HANDOVER_BYTES))
            last = int(content["round"])
            keys = {int(index): bytes.fromhex(text) for index, text in content["keys"].items()}
            submissions = self._open_with(last, keys)
            aggregate = None
            if content["aggregate_round"] is not None:
                aggregate_key = bytes.fromhex(content["aggregate_key"])
                aggregate = self._open_aggregate(int(content["aggregate_round"]), aggregate_key)
        except (GradMarketError, ValueError, KeyError, TypeError, AttributeError):
            return False
        if last != log.last_scored() or content["aggregate_round"] != log.last_adopted():
            return False
        self.memory.last_round, self.memory.last_keys = last, keys
        self.memory.last_submissions, self.memory.last_aggregate = submissions, aggregate
        self.memory.aggregate_round = content["aggregate_round"]
        self.memory.aggregate_key = None if aggregate is None else aggregate_key
        if content["first_base_key"] is not None:
            self.memory.first_base_key = bytes.fromhex(content["first_base_key"])
        return True

    def _open_aggregate(self, round_: int, key: bytes) -> Update:
        who, log = self._who, self._log
        document = who.fetch(log.sheet_of(round_).sheet.aggregate, AggregateDocument)
        scope = who.scope(log.bounty)
        context = scope.context(Purpose.AGGREGATE, round_, scope.market)
        plain = who.get_sealed(document.cid, key, context, max_bytes=max_model_bytes(self._terms.scoring))
        return load_update(plain, salts=2)[0]

    # ------------------------------------------------------------------ details
    def _included(self, round_: int) -> list[Submitted]:
        bitmap = self._log.included[round_]
        return [event for event in self._log.submissions[round_] if bitmap >> event.index & 1]

    def _open_submissions(self, round_: int) -> tuple[tuple[Submission, ...], dict[int, bytes]]:
        shares = collect_shares(self._who, self._log, round_)
        threshold = datakeys.threshold(self._log.terms.seats)
        keys = {}
        for event in self._included(round_):
            document = read_submission(self._who, self._log, event)
            key = recover_key(shares.get(event.index, {}), document, threshold)
            if key is not None:
                keys[event.index] = key
        return self._open_with(round_, keys), keys

    def _open_with(self, round_: int, keys: Mapping[int, bytes]) -> tuple[Submission, ...]:
        out = []
        for event in self._included(round_):
            update: Update | None = None
            if event.index in keys:
                try:
                    update = open_update(self._who, self._log, self._terms.scoring, event, keys[event.index])
                except InvalidUpdate:
                    update = None  # it contradicts what it committed to: counts 0, and the sheet says so
            out.append(Submission(event.index, event.holder, update))
        return tuple(out)

    def _final(self, round_: int, base: Network) -> FinalInput | None:
        """The final shard, in the last round and if the owner opened it."""
        log, terms = self._log, self._terms
        if round_ != log.terms.rounds - 1:
            return None
        first = base if round_ == min(log.opened) else self._first_base()
        try:
            key = shard_key(self._who, log, terms, round_, log.terms.rounds)
            rows, labels = open_shard(self._who, log, terms, log.terms.rounds, key)
        except GradMarketError:
            return None
        gains = tuple(
            int(sheet_in(self._who, log, r)["gain_ppb"]) for r, event in sorted(log.settled.items()) if event.adopted
        )
        return FinalInput(rows, labels, first, gains)

    def _first_base(self) -> Network:
        log = self._log
        return open_base(
            self._who, log, self._terms.scoring, min(log.opened), log.terms.base_root, key=self.memory.first_base_key
        )

    def _keys_of_seats(self) -> dict[str, bytes]:
        return self._who.usable_keys(self._log.keys_of_seats())
