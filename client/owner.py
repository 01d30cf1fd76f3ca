"""A model owner: posts a bounty, opens its rounds and shards, receives the aggregates and nothing else.

Read `step` for what happens when, and the methods below it in the order of the story.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from client.base import max_model_bytes
from client.encrypted.base import private_key, seal_encrypted_base
from client.log import BountyLog
from client.modes import ENCRYPTED, SHARED, check_mode, is_unjudged
from client.participant import Participant
from client.shards import check_rows, root_key, seal_final_key
from client.shared.model import open_model, open_served, seal_model_keys
from client.shared.root import seal_root, seal_root_keys
from client.watch import check_pace
from marketplace.domain import terms_tree
from marketplace.domain.abi import bounty_id
from marketplace.domain.bounty import Phase
from marketplace.domain.commitment import network_root, rows_root, update_root
from marketplace.domain.documents import AggregateDocument, RoundDocument, ServeDocument, ShardDocument
from marketplace.domain.errors import GradMarketError, NotFound, ProtocolError
from marketplace.domain.scope import Purpose
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms import ChainTerms
from marketplace.domain.terms_document import RecipeTerms, SealedRoot, TermsDocument
from marketplace.domain.update import apply, check_network, difference
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_for, seal_to_all
from marketplace.storage.tensors import dump_network, dump_rows, dump_update, load_update

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from client.journal import Journal
    from client.shared.model import ModelKeys
    from marketplace.chain.account import Account
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update
    from marketplace.sealing.identity import EncryptionIdentity
    from marketplace.storage.store import Store

__all__ = ["BountyPlan", "ModelOwner", "Shard"]


@dataclass(frozen=True, eq=False)
class Shard:
    """Validation rows of one round: int8[n, inputs] rows and int64[n] labels."""

    rows: NDArray[np.int8]
    labels: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class BountyPlan:
    """What an owner wants to buy.

    Attributes:
        title: one line for people.
        base: the starting model.
        shards: one per round, then the final one; nobody else may have seen them.
        train_root: makes the round's root update from the current base, on rows nobody else uses.
        scoring, recipe, public_prior, class_names, feature_names, preparation: see `TermsDocument`.
        chain: the money and the phases; its owner, roots, document and whether it is judged are filled in when posting.
        privacy: who sees single updates, see `client.modes`.
    """

    title: str
    base: Network
    shards: tuple[Shard, ...]
    train_root: Callable[[Network, int], Update]
    scoring: ScoringTerms
    recipe: RecipeTerms
    public_prior: tuple[int, ...]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    preparation: Sequence[Mapping[str, Any]]
    chain: ChainTerms
    privacy: str = "sealed"


@dataclass
class _Secrets:
    """Keys and salts of one bounty; never in a log, a repr or a traceback."""

    base_salt: bytes = field(repr=False)
    shard_keys: list[bytes] = field(repr=False)


class ModelOwner(Participant):
    """A person who wants a better model, with one bounty."""

    def __init__(  # noqa: PLR0913, PLR0917 - a participant's parts, and what this one wants to buy
        self,
        name: str,
        account: Account,
        identity: EncryptionIdentity,
        store: Store,
        plan: BountyPlan,
        journal: Journal | None = None,
    ) -> None:
        super().__init__(name, account, identity, store, journal)
        self.plan = plan
        self.model = plan.base
        self.aggregates: dict[int, Update] = {}
        self._model_keys: dict[int, ModelKeys] = {}
        self.delivered: Callable[[int, Network], None] | None = None
        """Called with a round and the model it led to, in order; again after a restart."""
        self._secrets: _Secrets | None = None
        self._terms: TermsDocument | None = None

    # ------------------------------------------------------------------ the story
    def post(self) -> bytes:
        """Seal the shards, commit to them and to the base, escrow the money; return the bounty's id.

        The same bounty for ever: an owner that was stopped half-way posts what it was about to, or goes on with it.
        """
        plan = self.plan
        plan.scoring.check(plan.chain.round_budget)
        chain = replace(plan.chain, unjudged=is_unjudged(plan.privacy))
        check_mode(chain, plan.privacy, plan.scoring)
        check_pace(plan.chain, self.margin, self.depth)
        salt = self.journal.once("post", lambda: secrets.token_bytes(32))
        bounty = bounty_id(self.account.chain_id, self.account.deployment.market, self.address, salt)
        numbers = range(len(plan.shards))
        sealed = [self._seal_shard(bounty, i) for i in numbers]
        hidden = _Secrets(self.derive(bounty, "base-salt", 0), [key for key, _ in sealed])
        shards = tuple(shard for _, shard in sealed)
        terms = TermsDocument(
            title=plan.title,
            scoring=plan.scoring,
            recipe=plan.recipe,
            public_prior=plan.public_prior,
            class_names=plan.class_names,
            feature_names=plan.feature_names,
            preparation=plan.preparation,
            shards=shards,
            privacy=plan.privacy,
        )
        chain = replace(
            chain,
            owner=self.address,
            base_root=network_root(plan.base, hidden.base_salt),
            shards_root=terms_tree.root_of(terms),
            document=self.publish(terms),
        )
        key = self.publish_key()
        if plan.privacy == ENCRYPTED:
            check_network(plan.base, plan.scoring.shape, plan.scoring.bounds)
            private_key(self.journal, bounty)  # before there is a deadline: it may take minutes
        if not self.has_posted() and self.account.post(chain, salt, key) != bounty:
            msg = "the market gave the bounty another id than it was sealed for: is this the right chain and market?"
            raise ProtocolError(msg)
        self._secrets, self._terms = hidden, terms
        self._log = BountyLog(self.account, bounty).refresh()
        return bounty

    def has_posted(self) -> bool:
        """Whether the bounty is on the chain already: posted by this process, or by one before it."""
        salt = self.journal.get("post")
        if salt is None:
            return False
        try:
            market = self.account.deployment.market
            self.account.bounty(bounty_id(self.account.chain_id, market, self.address, salt))
        except NotFound:
            return False
        return True

    def step(self) -> bool:
        """Do the one thing that is due now; return whether there was one."""
        if self._log is None:
            return False
        bounty = self.look()
        self.receive()
        terms, acted = self.log.terms, False
        over = self.certainly_after(bounty.deadline)
        if bounty.phase is Phase.DRAW and self.account.can_draw(bounty):
            self.account.draw(self.log.bounty, terms)
            acted = True
        elif bounty.phase is Phase.JOIN and over and self.in_time(bounty.deadline + terms.phases.open):
            ready = (bounty.joined & ~bounty.forfeited).bit_count() >= terms.min_holders
            acted = ready and self.open_round(bounty)
        elif bounty.phase is Phase.SUBMIT and over and self.in_time(bounty.deadline + terms.phases.shard):
            acted = bounty.submitted.bit_count() >= terms.min_holders and self.open_shard(bounty)
        elif bounty.phase is Phase.REBUT and self.in_time(bounty.deadline) and self.certain(self.log.started):
            acted = self.rebut(bounty)
        elif bounty.phase is Phase.CLOSED:
            acted = self.take_held()
        return acted

    def open_round(self, bounty: BountyState) -> bool:
        """Publish the base, sealed to the seats and to everybody who joined, and commit to the root update.

        Where holders are not to read it, they get it encrypted instead. Where seats are not to, everybody gets the
        model the bounty was posted with, holders the keys of all components of how far this round's is from it, and
        seats those of their own.

        Also when this owner does not know the base, because nobody served the last aggregate: then nobody can open it,
        the round is void and fees return, while not opening it would cost the bond.
        """
        round_, scope, base_root = bounty.round, self.scope(self.log.bounty), self.log.base_root(bounty.round)
        sent, model_keys = self.plan.base if self.plan.privacy == SHARED else self.model, ""
        known = network_root(sent, self.secrets.base_salt)
        base_key = self.derive(self.log.bounty, "base-key", round_, known)
        context = scope.context(Purpose.BASE, round_, self.address)
        base_cid = self.put_sealed(dump_network(sent, self.secrets.base_salt), base_key, context)
        recipients, sealed_to = self._recipients(bounty)
        if self.plan.privacy == SHARED and self.log.last_adopted(before=round_) is not None:
            model_keys = self.put_envelope(seal_model_keys(self, self.log, round_, self._model_keys))
        encrypted = ""
        if self.plan.privacy == ENCRYPTED:
            private, bounds = private_key(self.journal, self.log.bounty), self.plan.scoring.bounds
            encrypted = seal_encrypted_base(self, self.log, round_, self.model, bounds, private, recipients)
            seats = self.log.keys_of_seats()  # the base itself is for them alone
            recipients = {address: key for address, key in recipients.items() if address in seats}
        envelope = self.put_envelope(seal_to_all(base_key, recipients, context))

        update = self.plan.train_root(self.model, round_)
        if self.plan.privacy == SHARED:
            root, root_cid = seal_root(self, self.log, update, round_)
        else:
            root, root_cid = self._seal_root(update, self.derive(self.log.bounty, "root-salt", round_, known), round_)
        document = RoundDocument(round_, base_cid, base_root, envelope, root_cid, root, encrypted, model_keys)
        self.account.open_round(self.log.bounty, self.log.terms, sealed_to, root, self.publish(document))
        return True

    def open_shard(self, bounty: BountyState) -> bool:
        """Open the round's shard to the seats; with the last round the final shard too."""
        round_, final, hidden = bounty.round, self.log.terms.rounds, self.secrets.shard_keys
        context = self.scope(self.log.bounty).context(Purpose.SHARD, round_, self.address)
        keys = {round_: seal_to_all(hidden[round_], self.usable_keys(self.log.keys_of_seats()), context)}
        if round_ == final - 1:
            keys[final] = seal_final_key(self, self.log.bounty, final, hidden[round_], hidden[final])
        root_keys = seal_root_keys(self, self.log, round_) if self.plan.privacy == SHARED else {}
        document = self.publish(ShardDocument(bounty.round, keys, root_keys))
        self.account.open_shard(self.log.bounty, self.log.terms, document)
        return True

    def rebut(self, bounty: BountyState) -> bool:
        """Answer "shard not opened" by publishing the round's shard key for everybody to see."""
        shard, proof = self.terms.shards[bounty.round], terms_tree.proof_in(self.terms, bounty.round)
        key = self.secrets.shard_keys[bounty.round]
        self.account.rebut(self.log.bounty, self.log.terms, key, shard.root, terms_tree.name_of(shard), proof)
        return True

    def receive(self) -> None:
        """Open the aggregate of every adopted round that was served, in order, and move the model on.

        What cannot be opened, or is not what the sheet commits to, is a trouble of this owner, and later aggregates
        have to wait for it: each is a step from the model before.
        """
        for round_ in self.log.adopted:
            if round_ not in self.aggregates and self.log.served[round_]:
                try:
                    self._receive_shared(round_) if self.plan.privacy == SHARED else self._receive(round_)
                except GradMarketError as trouble:
                    self.note(trouble)
                    return

    def take_held(self) -> bool:
        """Take what was held back of payouts, if the final shard decided that it returns."""
        last = self.log.settled.get(self.log.terms.rounds - 1)
        if last is None or self.log.sheet_of(last.round).sheet.released:
            return False
        submitted = {event.holder for events in self.log.submissions.values() for event in events}
        for holder in sorted(submitted):
            if self.account.holder(self.log.bounty, holder).held:
                self.account.claim_held(self.log.bounty, self.log.terms, holder)
                return True
        return False

    # ------------------------------------------------------------------ details
    def forget(self) -> None:
        """Start again from the model the bounty was posted with: aggregates come from the history."""
        self.model, self.aggregates, self._model_keys = self.plan.base, {}, {}
        if self._secrets is not None:
            self._secrets.base_salt = self.derive(self.log.bounty, "base-salt", 0)

    @property
    def terms(self) -> TermsDocument:
        """The terms document this owner posted."""
        if self._terms is None:
            msg = "this owner has not posted a bounty yet: call post() first"
            raise ProtocolError(msg)
        return self._terms

    @property
    def secrets(self) -> _Secrets:
        """Keys and salts of the bounty."""
        if self._secrets is None:
            msg = "this owner has not posted a bounty yet: call post() first"
            raise ProtocolError(msg)
        return self._secrets

    def _seal_root(self, update: Update, salt: bytes, round_: int) -> tuple[bytes, str]:
        """Seal a root update so that it opens with its round's shard; return its commitment and the CID."""
        root = update_root(update, salt)
        context = self.scope(self.log.bounty).context(Purpose.ROOT_UPDATE, round_, self.address)
        key = root_key(self.secrets.shard_keys[round_], root)
        return root, self.put_sealed(dump_update(update, salt), key, context)

    def _receive(self, round_: int) -> None:
        document = self.fetch(self.log.sheet_of(round_).sheet.aggregate, AggregateDocument)
        scope = self.scope(self.log.bounty)
        context = scope.context(Purpose.AGGREGATE, round_, scope.market)
        for seat, event in sorted(self.log.served[round_].items()):
            sender = scope.context(Purpose.AGGREGATE, round_, self.log.seated(seat, event))
            try:
                served = self.fetch(event.document, ServeDocument)
                key = open_for(served.keys, self.address, self.identity, sender)
                plain = self.get_sealed(document.cid, key, context, max_bytes=max_model_bytes(self.plan.scoring))
            except GradMarketError:
                continue  # one seat that serves garbage does not matter while another serves
            update, (salt, next_salt) = load_update(plain, salts=2)
            if update_root(update, salt) != document.root:
                msg = f"the sealed aggregate of round {round_} is not the one its document names: challenge its sheet"
                raise ProtocolError(msg)
            model = apply(self.model, update, self.plan.scoring.bounds)
            if network_root(model, next_salt) != self.log.sheet_of(round_).sheet.next_base_root:
                msg = f"the aggregate of round {round_} does not lead to the model its sheet commits to: challenge it"
                raise ProtocolError(msg)
            self.secrets.base_salt = next_salt
            self._take_over(round_, model, update)
            return
        msg = f"no seat served a key that opens the aggregate of round {round_}: later models build on it"
        raise ProtocolError(msg)

    def _receive_shared(self, round_: int) -> None:
        keys = open_served(self, self.log, round_)
        model = open_model(self, self.log, self.plan.scoring, round_, self.plan.base, keys)
        self._model_keys[round_] = keys
        self._take_over(round_, model, difference(model, self.model))

    def _take_over(self, round_: int, model: Network, aggregate: Update) -> None:
        self.model, self.aggregates[round_] = model, aggregate
        if self.delivered is not None:
            self.delivered(round_, model)

    def _recipients(self, bounty: BountyState) -> tuple[dict[str, bytes], int]:
        """Everybody who gets the base key, and the bitmap of the holders that have to submit.

        A holder that lost its stake cannot submit and gets no base. One whose key is unusable is left out, and keeps
        its stake: unless too few would be left to open the round, which must not cost the owner's bond.
        """
        joined = {i: event for i, event in self.log.holders.items() if not bounty.forfeited >> i & 1}
        holders = self.usable_keys({event.holder: event.key for event in joined.values()})
        order = sorted(joined, key=lambda i: (joined[i].holder not in holders, i))
        expected = order[: max(len(holders), self.log.terms.min_holders)]
        sealed_to = sum(1 << index for index in expected)
        return {**self.usable_keys(self.log.keys_of_seats()), **holders}, sealed_to

    def _seal_shard(self, bounty: bytes, number: int) -> tuple[bytes, SealedRoot]:
        """Seal one shard; return its key, and what the terms say about it."""
        shard, salt = self.plan.shards[number], self.derive(bounty, "shard-salt", number)
        check_rows(self.plan.scoring, number, shard.rows, shard.labels)
        root = rows_root(shard.rows, shard.labels, salt)
        key = self.derive(bounty, "shard-key", number, root)
        context = self.scope(bounty).context(Purpose.SHARD, number, self.address)
        cid = self.put_sealed(dump_rows(shard.rows, shard.labels, salt), key, context)
        return key, SealedRoot(root, cid, datakeys.key_hash(key))
