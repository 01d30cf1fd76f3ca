"""A validator: holds seats, opens updates after submissions closed, scores them, answers for the score.

Read `step` for what happens when, and the methods below it in the order of the story. One validator may hold
several seats of a bounty; each acts for itself, on the same score.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING

from client.bench import Bench
from client.participant import Participant
from client.push import settle
from client.scorer import score
from marketplace.chain.reverts import NothingToDo
from marketplace.domain.abi import commit_hash
from marketplace.domain.bounty import Phase
from marketplace.domain.documents import ServeDocument
from marketplace.domain.errors import GradMarketError
from marketplace.domain.scope import Purpose
from marketplace.domain.terms_document import TermsDocument
from marketplace.sealing.recipients import seal_to_all

if TYPE_CHECKING:
    from client.log import BountyLog
    from client.scorer import ScoredRound
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
    from marketplace.sealing.identity import EncryptionIdentity
    from marketplace.storage.store import Store

__all__ = ["Validator"]


class Validator(Participant):
    """A person with staked tickets, scoring one bounty."""

    def __init__(self, name: str, account: Account, identity: EncryptionIdentity, store: Store, log: BountyLog) -> None:
        super().__init__(name, account, identity, store)
        self.log = log
        self._bench: Bench | None = None
        self._salts: dict[tuple[int, int], bytes] = {}
        self._scored: dict[int, ScoredRound] = {}
        self._collected = False

    # ------------------------------------------------------------------ the story
    def step(self) -> bool:
        """Do the one thing that is due now; return whether there was one."""
        # The state before the history: what it says has happened is then in the history too.
        bounty = self.account.bounty(self.log.bounty)
        self.log.refresh()
        acts = {
            Phase.ACKNOWLEDGE: self.acknowledge,
            Phase.SUBMIT: self.hand_over,
            Phase.ATTEST: self.attest,
            Phase.COMMIT: self.commit,
            Phase.REVEAL: self.reveal,
            Phase.CHALLENGE: self.settle_sheet,
            Phase.SERVE: self.serve,
            Phase.CLOSED: self.collect,
        }
        act = acts.get(bounty.phase)
        if (bounty.acted | bounty.vacant).bit_count() == self.log.terms.seats:
            # Everybody has acted: these two phases need not wait for their deadline.
            act = {Phase.COMMIT: self.reveal, Phase.SERVE: self.end_serving}.get(bounty.phase, act)
        return act(bounty) if act else False

    def acknowledge(self, bounty: BountyState) -> bool:
        """Take a seat whose turn it is, once the terms are provable and the shards' ciphertexts are here."""
        for seat in range(self.log.terms.seats):
            turn = self.account.candidate(bounty, self.log.terms, seat)
            if turn is None or turn.validator != self.address:
                continue
            try:
                self.bench.check_terms()
            except GradMarketError as trouble:  # no seat is taken on terms that cannot be kept
                self.note(trouble)
                return False
            self.account.acknowledge(self.log.bounty, self.log.terms, seat, self.publish_key())
            return True
        return False

    def hand_over(self, bounty: BountyState) -> bool:
        """Give seats drawn since the last scored round what they need of it, once a round."""
        return self.bench.hand_over(bounty.round, self.my_seats())

    def attest(self, bounty: BountyState) -> bool:
        """Say which submissions are here, and hand this seat's shares of their keys to all seats."""
        for seat in self.my_seats(acted=bounty.acted):
            shares = self.bench.my_shares(bounty.round, seat, self.log.base_root)
            bitmap = sum(1 << index for index in shares)
            opened = self.bench.shard_is_open(bounty.round)
            document = self.publish(self.bench.reseal(bounty.round, seat, shares))
            self.account.attest(self.log.bounty, self.log.terms, seat, bitmap, opened, document)
            return True
        return False

    def commit(self, bounty: BountyState) -> bool:
        """Open the included updates, score them, and commit to the score sheet."""
        for seat in self.my_seats(acted=bounty.acted):
            if bounty.round not in self._scored:
                try:
                    given, keys = self.bench.open_round(bounty.round, self.log.base_root)
                    self._scored[bounty.round] = score(self, self.log.bounty, bounty, given, keys)
                except GradMarketError as trouble:
                    self.note(trouble)  # better no sheet than another one than the others'
                    return False
            salt = self._salts.setdefault((bounty.round, seat), secrets.token_bytes(32))
            scope, found = self.scope(self.log.bounty), self._scored[bounty.round]
            commitment = commit_hash(scope, bounty.round, seat, self.address, found.hash, salt)
            self.account.commit(self.log.bounty, seat, commitment)
            return True
        return False

    def reveal(self, bounty: BountyState) -> bool:
        """Reveal the sheet that was committed to."""
        for seat in self.my_seats(acted=bounty.acted if bounty.phase is Phase.REVEAL else 0):
            salt = self._salts.get((bounty.round, seat))
            if salt is not None:
                found = self._scored[bounty.round]
                found.publish(self.store)
                self.account.reveal(self.log.bounty, self.log.terms, seat, found.sheet, salt)
                return True
        return False

    def settle_sheet(self, bounty: BountyState) -> bool:
        """Settle on the sheet that a majority revealed, once the challenge window is over."""
        return self.account.now() > bounty.deadline and settle(self.account, self.log, bounty)

    def serve(self, bounty: BountyState) -> bool:
        """Hand the aggregate's key to the owner."""
        found = self._scored.get(bounty.round)
        if found is None or found.aggregate_key is None or found.hash != self.log.settled[bounty.round].sheet_hash:
            return False
        for seat in self.my_seats(acted=bounty.acted):
            context = self.scope(self.log.bounty).context(Purpose.AGGREGATE, bounty.round, self.address)
            # An owner whose key has gone keeps itself from reading, and nobody from being paid.
            owner = self.usable_keys({self.log.terms.owner: self.log.owner_key})
            document = ServeDocument(bounty.round, seal_to_all(found.aggregate_key, owner, context))
            self.account.serve(self.log.bounty, seat, self.publish(document))
            return True
        return False

    def end_serving(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Push the bounty on once every seat has served."""
        self.account.advance(self.log.bounty, self.log.terms)
        return True

    def collect(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Collect the pay of every seat this validator held, once the bounty is closed."""
        if self._collected:
            return False
        self._collected = True
        for seat in self.my_seats():
            with suppress(NothingToDo):  # it won no round, or somebody collected for it
                self.account.collect(self.log.bounty, self.log.terms, seat)
        return True

    # ------------------------------------------------------------------ details
    @property
    def bench(self) -> Bench:
        """This validator's working memory of the bounty, made when the terms are first needed."""
        if self._bench is None:
            self._bench = Bench(self, self.log, self.fetch(self.log.terms.document, TermsDocument))
        self._bench.remember(self._scored)
        return self._bench

    def my_seats(self, acted: int = 0) -> list[int]:
        """The acknowledged seats this validator holds, without those in the bitmap `acted`."""
        held = [seat for seat, event in sorted(self.log.seats.items()) if event.validator == self.address]
        return [
            seat
            for seat in held
            if not acted >> seat & 1 and self.account.seat(self.log.bounty, seat).validator == self.address
        ]
