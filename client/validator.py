"""A validator: holds seats, opens updates after submissions closed, scores them, answers for the score.

Read `step` for what happens when, and the methods below it in the order of the story. One validator may hold
several seats of a bounty; each acts for itself.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from client.base import max_model_bytes, open_base
from client.opening import check_submission, collect_shares, open_update, read_submission, recover_key
from client.participant import Participant
from client.scorer import Memory, ScoredRound, score
from client.shards import open_shard
from marketplace.domain.abi import commit_hash, sheet_hash
from marketplace.domain.bounty import BountyState, Phase
from marketplace.domain.documents import ServeDocument, SharesDocument
from marketplace.domain.errors import GradMarketError, InvalidUpdate, ProtocolError
from marketplace.domain.scope import Purpose
from marketplace.domain.terms import TermsDocument
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import seal_to_all
from marketplace.storage.store import read_bytes
from marketplace.storage.cid import cid_of_digest

if TYPE_CHECKING:
    from client.log import BountyLog
    from marketplace.chain.account import Account
    from marketplace.domain.update import Update
    from marketplace.sealing.identity import EncryptionIdentity
    from marketplace.storage.store import Store

__all__ = ["Validator"]


class Validator(Participant):
    """A person with staked tickets, scoring one bounty."""

    def __init__(
        self, name: str, account: Account, identity: EncryptionIdentity, store: Store, log: BountyLog
    ) -> None:
        super().__init__(name, account, identity, store)
        self.log = log
        self.memory = Memory()
        self._salts: dict[tuple[int, int], bytes] = {}
        self._shares: dict[int, dict[int, dict[int, bytes]]] = {}
        self._scored: dict[int, ScoredRound] = {}

    # ------------------------------------------------------------------ the story
    def step(self) -> bool:
        """Do the one thing that is due now; return whether there was one."""
        bounty = self.account.bounty(self.log.refresh().bounty)
        due = {
            Phase.ACKNOWLEDGE: self.acknowledge,
            Phase.SUBMIT: self.hand_over,
            Phase.ATTEST: self.attest,
            Phase.COMMIT: self.commit,
            Phase.REVEAL: self.reveal,
            Phase.CHALLENGE: self.settle,
            Phase.SERVE: self.serve,
            Phase.CLOSED: self.collect,
        }.get(bounty.phase)
        return due(bounty) if due else False

    def acknowledge(self, bounty: BountyState) -> bool:
        """Take a drawn seat, once the terms are provable and base and shards are there."""
        for seat in range(self.log.terms.seats):
            state = self.account.seat(self.log.bounty, seat)
            if state.acknowledged or state.validator != self.address or bounty.acted >> seat & 1:
                continue
            self.check_bounty()
            self.account.acknowledge(self.log.bounty, self.log.terms, seat, self.publish_key())
            return True
        return False

    def attest(self, bounty: BountyState) -> bool:
        """Say which submissions are here, and hand this seat's shares of their keys to all seats."""
        for seat in self.my_seats(bounty):
            shares = self.my_shares(bounty, seat)
            bitmap = sum(1 << index for index in shares)
            opened = self.shard_opened(bounty.round)
            document = self.publish(self.reseal(seat, bounty.round, shares))
            self.account.attest(self.log.bounty, self.log.terms, seat, bitmap, opened, document)
            return True
        return False

    def commit(self, bounty: BountyState) -> bool:
        """Open the included updates, score them, and commit to the score sheet."""
        for seat in self.my_seats(bounty):
            try:
                scored = self.scored(bounty)
            except GradMarketError:
                return False  # what it lacks it has not attested to; staying silent is not slashed then
            salt = self._salts.setdefault((bounty.round, seat), secrets.token_bytes(32))
            commitment = commit_hash(self.scope(self.log.bounty), bounty.round, seat, self.address, scored.hash, salt)
            self.account.commit(self.log.bounty, seat, commitment)
            return True
        return False

    def reveal(self, bounty: BountyState) -> bool:
        """Reveal the sheet that was committed to."""
        for seat in self.my_seats(bounty):
            salt = self._salts.get((bounty.round, seat))
            if salt is None:
                continue
            sheet = self._scored[bounty.round].sheet
            self.account.reveal(self.log.bounty, self.log.terms, seat, sheet, salt)
            return True
        return False

    def settle(self, bounty: BountyState) -> bool:
        """Settle on the sheet, once the challenge window is over."""
        scored = self._scored.get(bounty.round)
        if scored is None or self.account.now() <= bounty.deadline:
            return False
        if bounty.vacant or scored.hash not in self.log.revealed[bounty.round]:
            return False
        self.account.settle(self.log.bounty, self.log.terms, scored.sheet)
        return True

    def serve(self, bounty: BountyState) -> bool:
        """Hand the aggregate's key to the owner."""
        scored = self._scored.get(bounty.round)
        for seat in self.my_seats(bounty):
            if scored is None or scored.aggregate_key is None:
                return False
            context = self.scope(self.log.bounty).context(Purpose.AGGREGATE, bounty.round, self.address)
            owner = {self.log.terms.owner: self.key_named(self.log.owner_key)}
            keys = seal_to_all(scored.aggregate_key, owner, context)
            self.account.serve(self.log.bounty, seat, self.publish(ServeDocument(bounty.round, keys)))
            return True
        return False

    def collect(self, bounty: BountyState) -> bool:
        """Collect the pay of all seats this validator held, once the bounty is closed."""
        return any(self.account.collect(self.log.bounty, self.log.terms, seat) for seat in self.my_seats(bounty, all_=True))
