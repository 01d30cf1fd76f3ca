"""A data holder: joins a bounty, trains on its own machine, submits a sealed update, is paid.

Read `step` for what happens when, and the methods below it in the order of the story.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from client.base import open_base
from client.log import BountyLog
from client.participant import Participant
from client.sheets import payout_in
from marketplace.domain.abi import allowlist_proof, submission_commitment
from marketplace.domain.bounty import Phase
from marketplace.domain.commitment import update_root
from marketplace.domain.documents import SealedShare, SubmissionDocument
from marketplace.domain.errors import GradMarketError
from marketplace.domain.scope import Purpose
from marketplace.domain.terms_document import TermsDocument
from marketplace.domain.update import Update
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import seal_text
from marketplace.sealing.sharing import split
from marketplace.storage.tensors import dump_update

if TYPE_CHECKING:
    from collections.abc import Callable

    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.network import Network
    from marketplace.sealing.identity import EncryptionIdentity
    from marketplace.storage.store import Store

__all__ = ["DataHolder", "Trainer", "TrainingTask"]


@dataclass(frozen=True)
class TrainingTask:
    """What a trainer is given: the opened base model, the terms' recipe, and whom to tell how far it is.

    Attributes:
        progress: called with the share of the work that is done, 0 to 1; None when nobody watches.
    """

    base: Network
    terms: TermsDocument
    round: int
    progress: Callable[[float], None] | None = None


class Trainer(Protocol):
    """Turns a task into an update, on the holder's own machine and data."""

    def __call__(self, task: TrainingTask) -> Update:
        """Return the update; it must keep the terms' bounds."""


class DataHolder(Participant):
    """A person with data, taking part in one bounty."""

    def __init__(  # noqa: PLR0913, PLR0917 - a participant's four parts, the bounty, and what makes this role
        self,
        name: str,
        account: Account,
        identity: EncryptionIdentity,
        store: Store,
        log: BountyLog,
        trainer: Trainer,
    ) -> None:
        super().__init__(name, account, identity, store)
        self.log = log
        self.trainer = trainer
        self.progress: Callable[[float], None] | None = None
        self.allowlist: tuple[str, ...] = ()
        """Who may join, where the terms restrict that: the list the owner gave out, in its order."""
        self._claimed: set[int] = set()
        self._terms: TermsDocument | None = None

    # ------------------------------------------------------------------ the story
    def step(self) -> bool:
        """Do the one thing that is due now; return whether there was one."""
        # The state before the history: what it says has happened is then in the history too.
        bounty = self.account.bounty(self.log.bounty)
        self.log.refresh()
        now = self.account.now()
        mine = self.account.holder(self.log.bounty, self.address)
        if bounty.phase is Phase.JOIN and now <= bounty.deadline and not mine.joined and bounty.round == 0:
            return self.join(bounty)
        if bounty.phase is Phase.SUBMIT and now <= bounty.deadline and mine.joined:
            bit = 1 << mine.index
            if bounty.expected & bit and not bounty.submitted & bit:
                return self.submit(bounty)
        if self.claim():
            return True
        if bounty.phase is Phase.CLOSED:
            return self.leave(mine.joined, mine.held)
        return False

    def join(self, bounty: BountyState) -> bool:
        """Check the terms, name an encryption key, lock the stake and the fees of all rounds."""
        try:
            self.terms().scoring.check(self.log.terms.round_budget)
        except GradMarketError as trouble:
            self.note(trouble)
            return False
        free = next((i for i in range(self.log.terms.max_holders) if not bounty.joined >> i & 1), None)
        if free is None:
            return False
        proof = allowlist_proof(self.allowlist, self.address)
        self.account.join(self.log.bounty, self.log.terms, free, self.publish_key(), proof)
        return True

    def submit(self, bounty: BountyState) -> bool:
        """Train and submit a sealed update.

        A holder that cannot open the base (left out, or handed garbage), or whose update the seats would refuse,
        submits one that changes nothing: it loses the fee and keeps the stake.
        """
        terms = self.terms()
        try:
            base = open_base(self, self.log, terms.scoring, bounty.round, self.log.base_root)
            update = self.trainer(TrainingTask(base, terms, bounty.round, self.progress))
            update.check(terms.scoring.shape, terms.scoring.bounds)
        except GradMarketError as trouble:
            self.note(trouble)
            update = Update.zero(terms.scoring.shape)
        commitment, document = self.seal(update, bounty.round)
        self.account.submit(self.log.bounty, commitment, document)
        return True

    def seal(self, update: Update, round_: int) -> tuple[bytes, bytes]:
        """Seal an update under a fresh data key, share that key among the seats, store both.

        Returns:
            The commitment and the digest of the submission document, which go on the chain.
        """
        key, salt = datakeys.new_key(), secrets.token_bytes(32)
        scope, root, key_hash = self.scope(self.log.bounty), update_root(update, salt), datakeys.key_hash(key)
        context = scope.context(Purpose.UPDATE, round_, self.address)
        cid = self.put_sealed(dump_update(update, salt), key, context)
        document = SubmissionDocument(round_, self.address, cid, root, key_hash, self._shares(key, round_))
        commitment = submission_commitment(scope, round_, self.address, root, key_hash)
        return commitment, self.publish(document)

    def claim(self) -> bool:
        """Claim the payout of a settled round that was not claimed yet; if its sheet is not here, try again later."""
        for round_ in sorted(set(self.log.settled) - self._claimed):
            try:
                payout = payout_in(self, self.log, round_, self.address)
            except GradMarketError as trouble:
                self.note(trouble)
                continue
            # Anybody may have claimed it for this holder.
            if payout is not None and not self.account.claimed(self.log.bounty, self.address, round_):
                self.account.claim(self.log.bounty, self.log.terms, round_, payout)
                return True
            self._claimed.add(round_)
        return False

    def leave(self, joined: bool, held: int) -> bool:  # noqa: FBT001 - two facts read from the chain
        """Take back the stake, what is left of the fees, and the hold-back; withdraw everything."""
        if held:
            self.account.claim_held(self.log.bounty, self.log.terms, self.address)
            return True
        if joined:
            self.account.leave(self.log.bounty, self.log.terms, self.address)
            return True
        return False

    # ------------------------------------------------------------------ details
    def terms(self) -> TermsDocument:
        """The terms document of this bounty, fetched once and checked against the chain's digest."""
        if self._terms is None:
            self._terms = self.fetch(self.log.terms.document, TermsDocument)
        return self._terms

    def _shares(self, key: bytes, round_: int) -> tuple[SealedShare, ...]:
        seats = [self.log.seats[i] for i in range(self.log.terms.seats)]
        parts = split(key, datakeys.threshold(len(seats)), len(seats))
        context = self.scope(self.log.bounty).context(Purpose.KEY_SHARE, round_, self.address)
        keys = self.usable_keys(self.log.keys_of_seats())
        return tuple(
            SealedShare(
                datakeys.share_hash(part, i),
                # A seat whose own key is unusable gets nothing, and will not be among those that open the update.
                seal_text(part, keys[seat.validator], context) if seat.validator in keys else "",
            )
            for i, (part, seat) in enumerate(zip(parts, seats, strict=True))
        )
