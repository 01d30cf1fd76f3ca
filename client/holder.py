"""A data holder: joins a bounty, trains on its own machine, submits a sealed update, is paid.

Read `step` for what happens when, and the methods below it in the order of the story.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar, runtime_checkable

from client.base import open_base
from client.encrypted.base import open_encrypted_base, read_encrypted_base
from client.encrypted.vectors import trained, unchanged, vector_root
from client.log import BountyLog
from client.modes import ENCRYPTED, SHARED, check_mode
from client.outgoing import Outgoing, describe
from client.participant import Participant
from client.shared.components import check_bench, components_size, seal_components
from client.shared.model import open_shared_base
from client.sheets import payout_in
from client.watch import check_pace
from marketplace.domain.abi import allowlist_proof, submission_commitment
from marketplace.domain.bounty import Phase
from marketplace.domain.commitment import update_root
from marketplace.domain.documents import SealedShare, SubmissionDocument
from marketplace.domain.errors import GradMarketError, InvalidTerms, NotFound, ProtocolError, StorageError
from marketplace.domain.hashing import keccak
from marketplace.domain.scope import Purpose
from marketplace.domain.terms_document import TermsDocument
from marketplace.domain.update import Update
from marketplace.sealing import datakeys
from marketplace.sealing.envelope import sealed_size
from marketplace.sealing.recipients import seal_text
from marketplace.sealing.sharing import split
from marketplace.storage.tensors import dump_update

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.journal import Journal
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.network import Network
    from marketplace.privacy.paillier.linear import LinearMap
    from marketplace.sealing.identity import EncryptionIdentity
    from marketplace.storage.store import Store

__all__ = ["BlindTask", "BlindTrainer", "DataHolder", "Trainer", "TrainingTask"]

T = TypeVar("T")

_WORD = 32
_LAST_PART = 4
"""In the last quarter of the submitting phase nobody waits for anything any more."""


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


@dataclass(frozen=True)
class BlindTask:
    """What a trainer is given where nobody here can read the model: the terms, and nothing of it."""

    terms: TermsDocument
    round: int


@runtime_checkable
class BlindTrainer(Protocol):
    """A trainer that can also say what its rows do to a linear model, whatever that is."""

    def linear_map(self, task: BlindTask) -> LinearMap:
        """Return the map; `client.encrypted.training.linear_map` makes one of rows."""


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
        journal: Journal | None = None,
    ) -> None:
        super().__init__(name, account, identity, store, journal)
        self.log = log
        self.trainer = trainer
        self.progress: Callable[[float], None] | None = None
        self.allowlist: tuple[str, ...] = ()
        """Who may join, where the terms restrict that: the list the owner gave out, in its order."""
        self.turn = 0
        """How many others join, and submit, before this holder does: where runs have to be alike (demonstrations)."""
        self.may_leave: Callable[[Outgoing], bool] | None = None
        """Asked before anything of a submission leaves this machine, again and again while it says no; None for yes."""
        self.training_seconds = 0
        """What training takes on this machine, by the chain's clock: measured each time."""
        self._claimed: set[int] = set()
        self._terms: TermsDocument | None = None
        self._waiting: tuple[str, Update | bytes] | None = None

    # ------------------------------------------------------------------ the story
    def step(self) -> bool:
        """Do the one thing that is due now; return whether there was one."""
        bounty = self.look()
        mine = self.account.holder(self.log.bounty, self.address)
        if bounty.phase is Phase.JOIN and bounty.round == 0 and not mine.joined and self.in_time(bounty.deadline):
            return bounty.joined.bit_count() >= self.turn and self.join(bounty)
        if bounty.phase is Phase.SUBMIT and mine.joined and self.in_time(bounty.deadline):
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
            terms = self.terms()
            terms.scoring.check(self.log.terms.round_budget)
            check_mode(self.log.terms, terms.privacy, terms.scoring)
            if terms.privacy == ENCRYPTED and not isinstance(self.trainer, BlindTrainer):
                msg = "this holder's way of training needs a model it can read, and this one is encrypted: do not join"
                raise InvalidTerms(msg)
            check_pace(self.log.terms, self.margin, self.depth)
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
        """Train and submit a sealed update; what was sealed once is not sealed again.

        A holder that cannot open the base (left out, or handed garbage), has no time left to train, or whose update
        the seats would refuse, submits one that changes nothing: it loses the fee and keeps the stake.
        """
        # What was made for another base, or other seats, than a reorganisation left is of no use.
        ground = keccak(self.log.base_root(bounty.round), *sorted(self.log.keys_of_seats().values())).hex()
        name = f"submission/{self.log.bounty.hex()}/{bounty.round}/{ground}"
        sealed = self.journal.get(name) or self._prepare(name, bounty)
        if sealed is None:
            return False
        if bounty.submitted.bit_count() < self.turn and self._can_wait(bounty):
            return False
        self.account.submit(self.log.bounty, sealed[:_WORD], sealed[_WORD:])
        return True

    def _prepare(self, name: str, bounty: BountyState) -> bytes | None:
        """Train and seal; None while somebody still has to agree, and what changes nothing when time runs out."""
        if self._waiting is None or self._waiting[0] != name:
            blind = self.terms().privacy == ENCRYPTED
            self._waiting = name, self.train_blind(bounty) if blind else self.train(bounty)
        update = self._waiting[1]
        if self.may_leave is not None and not self.may_leave(self.outgoing(update, bounty.round)):
            if self._can_wait(bounty):
                return None
            msg = f"nobody approved the submission of round {bounty.round} in time: one that changes nothing is made"
            self.note(ProtocolError(msg))
            update = self._unchanged(bounty.round) if isinstance(update, bytes) else self._zero()
        sealed = self.journal.once(name, lambda: b"".join(self.seal(update, bounty.round)))
        self._waiting = None
        return sealed

    def outgoing(self, update: Update | bytes, round_: int) -> Outgoing:
        """Return what a submission of `update` would let out of this machine; bytes are an encrypted one."""
        shape = self.terms().scoring.shape
        parameters, norm, largest = (shape.parameters, None, None) if isinstance(update, bytes) else describe(update)
        seats = tuple(self.log.seats[i].validator for i in range(self.log.terms.seats))
        mode = self.terms().privacy
        size = sealed_size(len(update if isinstance(update, bytes) else dump_update(update, bytes(_WORD))))
        if mode == SHARED:
            size = components_size(parameters)
        return Outgoing(
            self.log.bounty.hex(),
            round_,
            self.address,
            parameters,
            norm,
            largest,
            seats,
            datakeys.threshold(len(seats)),
            size,
            mode=mode,
        )

    def train(self, bounty: BountyState) -> Update:
        """Return the update of this round, or one that changes nothing where there can be no other.

        Raises:
            NotFound, StorageError: the base is out of reach now, and there is time to try again.
        """
        terms = self.terms()

        def make() -> Update:
            if terms.privacy == SHARED:
                check_bench(self.log)
                base = open_shared_base(self, self.log, terms.scoring, bounty.round)
            else:
                base, _ = open_base(self, self.log, terms.scoring, bounty.round, self.log.base_root(bounty.round))
            update = self.trainer(TrainingTask(base, terms, bounty.round, self.progress))
            update.check(terms.scoring.shape, terms.scoring.bounds)
            return update

        return self._in_time_or(bounty, make, self._zero)

    def train_blind(self, bounty: BountyState) -> bytes:
        """Return the encrypted update of this round, or one that changes nothing; raises as `train`."""
        terms = self.terms()

        def make() -> bytes:
            if not isinstance(self.trainer, BlindTrainer):
                msg = "this holder's way of training needs a model it can read: an update that changes nothing is made"
                raise ProtocolError(msg)
            check_bench(self.log)
            base = read_encrypted_base(self, self.log, bounty.round)
            model = open_encrypted_base(self, self.log, terms.scoring, bounty.round, base)
            return trained(model, self.trainer.linear_map(BlindTask(terms, bounty.round)))

        return self._in_time_or(bounty, make, lambda: self._unchanged(bounty.round))

    def seal(self, update: Update | bytes, round_: int) -> tuple[bytes, bytes]:
        """Seal an update under a data key of its own, share that key among the seats, store both.

        Returns:
            The commitment and the digest of the submission document, which go on the chain.
        """
        if isinstance(update, bytes):  # encrypted: its form is checked by whoever opens the seal
            return self._seal(update, vector_root(update), round_)
        if self.terms().privacy == SHARED:
            return seal_components(self, self.log, update, round_)
        salt = self.derive(self.log.bounty, "update-salt", round_)
        return self._seal(dump_update(update, salt), update_root(update, salt), round_)

    def _seal(self, content: bytes, root: bytes, round_: int) -> tuple[bytes, bytes]:
        scope, bounty = self.scope(self.log.bounty), self.log.bounty
        key = self.derive(bounty, "update-key", round_, root)
        key_hash = datakeys.key_hash(key)
        context = scope.context(Purpose.UPDATE, round_, self.address)
        cid = self.put_sealed(content, key, context)
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

    def all_claimed(self) -> bool:
        """Whether nothing of what has been settled is left to claim."""
        return set(self.log.settled) <= self._claimed

    def leave(self, joined: bool, held: int) -> bool:  # noqa: FBT001 - two facts read from the chain
        """Take back the stake, what is left of the fees, and the hold-back; withdraw everything."""
        if held:
            self.account.claim_held(self.log.bounty, self.log.terms, self.address)
            return True
        if joined:
            self.account.leave(self.log.bounty, self.log.terms, self.address)
            return True
        return False

    def forget(self) -> None:
        """Look at all settled rounds again."""
        self._claimed.clear()

    # ------------------------------------------------------------------ details
    def terms(self) -> TermsDocument:
        """The terms document of this bounty, fetched once and checked against the chain's digest."""
        if self._terms is None:
            self._terms = self.fetch(self.log.terms.document, TermsDocument)
        return self._terms

    def _in_time_or(self, bounty: BountyState, make: Callable[[], T], nothing: Callable[[], T]) -> T:
        """Return what `make` trains, remembering how long that takes; `nothing` where it cannot, or not in time."""
        began = self.account.now()
        try:
            if not self.in_time(bounty.deadline, self.training_seconds):
                msg = f"no time is left to train for round {bounty.round}: an update that changes nothing is submitted"
                raise ProtocolError(msg)
            made = make()
        except GradMarketError as trouble:
            self.note(trouble)
            if isinstance(trouble, NotFound | StorageError) and self._can_wait(bounty):
                raise
            return nothing()
        self.training_seconds = self.account.now() - began
        return made

    def _zero(self) -> Update:
        return Update.zero(self.terms().scoring.shape)

    def _unchanged(self, round_: int) -> bytes:
        """Return an encrypted update that changes nothing; nothing at all where there is no key to encrypt it under.

        The seats need that key too: without it they attest to no submission, and nobody is blamed for an empty one.
        """
        try:
            key = read_encrypted_base(self, self.log, round_).shared.key
            return unchanged(key, self.terms().scoring.shape.parameters)
        except GradMarketError as trouble:
            self.note(trouble)
            return b""

    def _can_wait(self, bounty: BountyState) -> bool:
        """Whether so much of the phase is left that whoever waits can still submit."""
        return self.in_time(bounty.deadline, self.log.terms.phases.submit // _LAST_PART + self.training_seconds)

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
