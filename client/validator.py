"""A validator: holds seats, opens updates after submissions closed, scores them, answers for the score.

Read `step` for what happens when, and the methods below it in the order of the story. One validator may hold
several seats of a bounty; each acts for itself, on the same score.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from client.bench import Bench
from client.disputes import Disputes
from client.encrypted.bench import EncryptedBench
from client.modes import ENCRYPTED, SHARED
from client.participant import Participant
from client.push import settle
from client.scorer import TracedRound, score
from client.shared.bench import SharedBench
from client.shared.meeting import Place
from client.watch import check_pace
from marketplace.chain.reverts import NothingToDo
from marketplace.domain.abi import commit_hash
from marketplace.domain.bounty import Phase
from marketplace.domain.documents import ServeDocument
from marketplace.domain.errors import GradMarketError, NotFound, StorageError
from marketplace.domain.scope import Purpose
from marketplace.domain.terms_document import TermsDocument
from marketplace.sealing.recipients import seal_to_all

if TYPE_CHECKING:
    from client.journal import Journal
    from client.log import BountyLog
    from client.scorer import ScoredRound, Scorer
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
    from marketplace.sealing.identity import EncryptionIdentity
    from marketplace.storage.store import Store

__all__ = ["Validator"]

_LAST_PART = 4
"""In the last quarter of the attesting phase a seat says what it holds, and waits for nothing any more."""


class Validator(Participant):
    """A person with staked tickets, scoring one bounty.

    Attributes:
        scorer: what scores a round it has opened.
        place: where its compute seats meet the others, in bounties that have no referee.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a participant's parts and the bounty
        self,
        name: str,
        account: Account,
        identity: EncryptionIdentity,
        store: Store,
        log: BountyLog,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(name, account, identity, store, journal)
        self.log = log
        self.scorer: Scorer = score
        self.place = Place()
        self._bench: Bench | None = None

    # ------------------------------------------------------------------ the story
    def step(self) -> bool:
        """Do the one thing that is due now; return whether there was one."""
        bounty = self.look()
        acts = {
            Phase.ACKNOWLEDGE: self.acknowledge,
            Phase.SUBMIT: self.hand_over,
            Phase.ATTEST: self.attest,
            Phase.COMMIT: self.commit,
            Phase.REVEAL: self.reveal,
            Phase.CHALLENGE: self.challenge,
            Phase.DISPUTE: self.challenge,
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
            if self.log.terms.unjudged and self.my_seats():
                return False  # with two seats one reads alone what takes two: nobody would share with them
            try:
                check_pace(self.log.terms, self.margin, self.depth)
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
        """Say which submissions are here, and hand this seat's shares of their keys to all seats.

        Not before the shard's opening is final: a share that was handed out cannot be taken back.
        """
        if not self.certain(self.log.shards[bounty.round].block) or not self.in_time(bounty.deadline):
            return False
        patient = self.in_time(bounty.deadline, self.log.terms.phases.attest // _LAST_PART)
        for seat in self.my_seats(acted=bounty.acted):
            try:
                shares = self.bench.my_shares(bounty.round, seat, patient=patient)
                opened = self.bench.shard_is_open(bounty.round, patient=patient)
            except (NotFound, StorageError) as trouble:  # what is out of reach now may be here in a moment
                self.note(trouble)
                return False
            bitmap = sum(1 << index for index in shares)
            document = self.publish(self.bench.reseal(bounty.round, seat, shares))
            self.account.attest(self.log.bounty, self.log.terms, seat, bitmap, opened, document)
            return True
        return False

    def commit(self, bounty: BountyState) -> bool:
        """Open the included updates, score them, and commit to the score sheet."""
        for seat in self.my_seats(acted=bounty.acted):
            if self.bench.busy(bounty.round):
                return True  # and ask again
            found = self._score(bounty.round)
            if found is None or not self.in_time(bounty.deadline):
                return False
            self.account.commit(self.log.bounty, seat, self._commitment(bounty.round, seat, found)[0])
            return True
        return False

    def reveal(self, bounty: BountyState) -> bool:
        """Reveal the sheet that was committed to, once no commit can be taken back any more."""
        committed = self.log.committed[bounty.round]
        if not all(self.certain(event.block) for event in committed.values()):
            return False
        for seat in self.my_seats(acted=bounty.acted if bounty.phase is Phase.REVEAL else 0):
            if seat not in committed or (bounty.phase is Phase.REVEAL and not self.in_time(bounty.deadline)):
                continue
            found = self._score(bounty.round)
            if found is None:
                return False
            commitment, salt = self._commitment(bounty.round, seat, found)
            if commitment == committed[seat].commitment:
                found.publish(self.store)
                self.account.reveal(self.log.bounty, self.log.terms, seat, found.sheet, salt)
                return True
        return False

    def challenge(self, bounty: BountyState) -> bool:
        """Bring down sheets that are wrong, defend the right one, and settle on it once the window is over."""
        if bounty.phase is Phase.CHALLENGE and self.account.now() > bounty.deadline:
            return settle(self.account, self.log, bounty)
        return self.disputes.step(bounty, self._known_score(bounty.round))

    def serve(self, bounty: BountyState) -> bool:
        """Hand the aggregate's key to the owner, once the score that says so is final."""
        settled = self.log.settled.get(bounty.round)
        if settled is None or not self.certain(settled.block) or not self.in_time(bounty.deadline):
            return False
        for seat in self.my_seats(acted=bounty.acted):
            found = self._score(bounty.round)
            if found is None or found.aggregate_key is None or found.hash != settled.sheet_hash:
                return False
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
        for seat in self.my_seats():
            if self.account.seat(self.log.bounty, seat).halves:
                with suppress(NothingToDo):  # somebody collected for it meanwhile
                    self.account.collect(self.log.bounty, self.log.terms, seat)
                return True
        return False

    # ------------------------------------------------------------------ details
    @property
    def bench(self) -> Bench:
        """This validator's working memory of the bounty, made when the terms are first needed."""
        if self._bench is None:
            terms = self.fetch(self.log.terms.document, TermsDocument)
            if terms.privacy == SHARED:
                self._bench = SharedBench(self, self.log, terms, self.place)
            elif terms.privacy == ENCRYPTED:
                self._bench = EncryptedBench(self, self.log, terms, self.place)
            else:
                self._bench = Bench(self, self.log, terms, self.scorer)
        self._bench.remember()
        return self._bench

    @property
    def disputes(self) -> Disputes:
        """This validator's part in disputes."""
        return Disputes(self, self.bench.terms)

    def forget(self) -> None:
        """Open and score again: what was included, or what was settled, may be something else now."""
        self._bench = None

    def _score(self, round_: int) -> ScoredRound | None:
        """The round's score, or None while something is missing: better no sheet than another one than the others'."""
        try:
            return self.bench.score(round_)
        except GradMarketError as trouble:
            self.note(trouble)
            return None

    def _known_score(self, round_: int) -> TracedRound | None:
        """The round's score, if there is something to compare it with or to defend, and something to show."""
        if self.log.terms.unjudged:
            return None
        revealed, mine = self.log.revealed[round_], self.bench.scored(round_)
        if not self.my_seats() or (mine is not None and set(revealed) == {mine.hash} and not self.log.disputed[round_]):
            return None
        found = self._score(round_)
        return found if isinstance(found, TracedRound) else None

    def _commitment(self, round_: int, seat: int, found: ScoredRound) -> tuple[bytes, bytes]:
        """What a seat commits to a sheet with, and the salt that opens it; the same whenever it is asked for."""
        salt = self.derive(self.log.bounty, "commit-salt", round_, seat.to_bytes(32, "big"), found.hash)
        scope = self.scope(self.log.bounty)
        return commit_hash(scope, round_, seat, self.address, found.hash, salt), salt

    def my_seats(self, acted: int = 0) -> list[int]:
        """The acknowledged seats this validator holds, without those in the bitmap `acted`."""
        held = [seat for seat, event in sorted(self.log.seats.items()) if event.validator == self.address]
        return [
            seat
            for seat in held
            if not acted >> seat & 1 and self.account.seat(self.log.bounty, seat).validator == self.address
        ]
