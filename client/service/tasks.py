"""The three roles as tasks: find the bounty, bring the money, act, and take everything home."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Final, TypeVar

from client.holder import DataHolder
from client.log import BountyLog
from client.measured import measured_part
from client.outgoing import Outbound, Outgoing
from client.owner import ModelOwner
from client.plan_folder import load_plan
from client.service.training import FileTrainer, private_trainer
from client.shared.meeting import Place
from client.validator import Validator
from client.watch import holders_duty, owners_duty, validators_duty
from marketplace.chain.events import read_events
from marketplace.domain import events as ev
from marketplace.domain.bounty import Phase, TicketState
from marketplace.domain.errors import InvalidInput, NotEnoughTokens, NotFound, Refused
from marketplace.domain.hashing import ZERO_HASH
from marketplace.storage.disk import replace_file
from marketplace.storage.tensors import dump_network

if TYPE_CHECKING:
    from client.privacy import ChargedTrainer
    from client.service.context import Context
    from client.service.loop import Task
    from client.settings import HolderSettings, ValidatorSettings
    from client.watch import Duty
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.network import Network
    from marketplace.domain.terms import ChainTerms

__all__ = ["HolderTask", "OwnerTask", "ValidatorTask", "task_of"]

T = TypeVar("T")

_LOG = logging.getLogger("gradmarket")

_POSTING_SECONDS: Final = 86_400
_STILL_JOINABLE: Final = {Phase.DRAW, Phase.ACKNOWLEDGE, Phase.JOIN}


def task_of(context: Context) -> Task:
    """Return the task of a participant's role."""
    match context.home.settings.role:
        case "owner":
            return OwnerTask(context)
        case "holder":
            return HolderTask(context)
        case "validator":
            return ValidatorTask(context)


class OwnerTask:
    """Posts the plan in the folder, plays its rounds, keeps every model it leads to."""

    def __init__(self, context: Context) -> None:
        settings, home = context.home.settings, context.home
        plan = load_plan(home.path / _given(settings.owner).plan)
        plan = replace(plan, chain=_completed(context, plan.chain))
        self._context = context
        self._owner = ModelOwner(
            settings.name or "owner", context.account, context.keys.identity, context.store, plan, context.journal
        )
        self._owner.delivered = self._keep
        context.fit(self._owner)
        self._posted = False

    @property
    def who(self) -> ModelOwner | None:
        """The owner, once the bounty is posted."""
        return self._owner if self._posted else None

    def step(self) -> bool:
        """Post, then do what is due."""
        there = self._owner.has_posted()  # a deep reorganisation takes even that back
        if self._posted and there:
            return self._owner.step()
        if not there:
            _bring(self._context, self._owner.plan.chain.escrow)
        self._owner.post()
        self._posted = True
        return True

    def duty(self) -> Duty | None:
        """Return what costs the bond if it is not done in time."""
        if not self._posted:
            return None
        return owners_duty(self._owner, self._state(), self._owner.account.now())

    def done(self) -> bool:
        """Whether the bounty is over, what is held back is decided and here, and all money is in the wallet."""
        if not self._posted or (state := self._state()).phase is not Phase.CLOSED:
            return False
        # Hold-backs that return come with the holders' claims: after the last has left there are no more.
        return not state.joined and not _take_home(self._context)

    def _state(self) -> BountyState:
        return self._owner.account.bounty(self._owner.log.bounty)

    def _keep(self, round_: int, model: Network) -> None:
        """Write a model where the owner finds it; beside it what its shards measured of it, where that is less."""
        folder, name = self._context.home.models, f"round-{round_}"
        replace_file(folder / f"{name}.safetensors", dump_network(model, ZERO_HASH))
        part, left_out = measured_part(model, [shard.rows for shard in self._owner.plan.shards])
        if left_out:
            replace_file(folder / f"{name}-measured.safetensors", dump_network(part, ZERO_HASH))
            _LOG.info(
                "%d inputs are the same in all validation rows: nothing has measured what the model of round %d makes "
                "of them; %s-measured.safetensors is the same model without them",
                left_out,
                round_,
                name,
            )


class HolderTask:
    """Joins a bounty, trains, submits, claims."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._holder: DataHolder | None = None
        self._settings: HolderSettings = _given(context.home.settings.holder)
        self._trainer = FileTrainer(context.home.path / self._settings.rows, self._settings)
        self._private: ChargedTrainer | None = None
        self._outbound = Outbound(context.home.path, review=self._settings.review)

    @property
    def who(self) -> DataHolder | None:
        """The holder, once it has found a bounty."""
        return self._holder

    def step(self) -> bool:
        """Find a bounty, bring stake and fees, then do what is due."""
        if self._holder is None:
            bounty = _find(self._context, self._settings.bounty, _STILL_JOINABLE)
            if bounty is None:
                return False
            context = self._context
            name, log = context.home.settings.name or "holder", BountyLog(context.account, bounty)
            self._private = private_trainer(self._trainer, self._settings, context.journal, bounty)
            trainer = self._private or self._trainer
            self._holder = DataHolder(
                name, context.account, context.keys.identity, context.store, log, trainer, context.journal
            )
            self._holder.turn = self._settings.turn
            self._holder.may_leave = self._may_leave
            context.fit(self._holder)
        state = self._state(self._holder)
        if state.phase in _STILL_JOINABLE and state.round == 0:
            self._bring_stake(self._holder, state)
        return self._holder.step()

    def _may_leave(self, outgoing: Outgoing) -> bool:
        """Describe a submission in the folder, with what it costs in privacy; return whether it may be sent."""
        if self._private is not None:
            outgoing = replace(outgoing, privacy=self._private.cost())
        return self._outbound.may_leave(outgoing)

    def duty(self) -> Duty | None:
        """Return what costs the stake if it is not done in time."""
        if self._holder is None:
            return None
        mine = self._holder.account.holder(self._holder.log.bounty, self._holder.address)
        return holders_duty(self._holder.log, self._state(self._holder), mine)

    def done(self) -> bool:
        """Whether the bounty is over, everything due was claimed, and all money is in the wallet."""
        if self._holder is None or self._state(self._holder).phase is not Phase.CLOSED:
            return False
        mine = self._holder.account.holder(self._holder.log.bounty, self._holder.address)
        over = not mine.joined and not mine.held and self._holder.all_claimed()
        return over and not _take_home(self._context)

    def _bring_stake(self, holder: DataHolder, state: BountyState) -> None:
        if not holder.account.holder(holder.log.bounty, holder.address).joined:
            terms = holder.log.refresh().terms
            if self._private is not None:  # whoever joins has to submit in every round
                self._private.check(terms.rounds - state.round)
            _bring(self._context, terms.holder_stake + terms.fee * (terms.rounds - state.round))

    @staticmethod
    def _state(holder: DataHolder) -> BountyState:
        return holder.account.bounty(holder.log.bounty)


class ValidatorTask:
    """Stakes tickets, serves a bounty, takes the tickets back."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._validator: Validator | None = None
        self._settings: ValidatorSettings = _given(context.home.settings.validator)

    @property
    def who(self) -> Validator | None:
        """The validator, once it has found a bounty."""
        return self._validator

    def step(self) -> bool:
        """Stake, find a bounty, do what is due, and unstake after it."""
        context = self._context
        if self._seats_are_open() and self._stake():
            return True
        if self._validator is None:
            bounty = _find(context, self._settings.bounty, set(Phase) - {Phase.NONE, Phase.CLOSED})
            if bounty is None:
                return False
            name, log = context.home.settings.name or "validator", BountyLog(context.account, bounty)
            self._validator = Validator(
                name, context.account, context.keys.identity, context.store, log, context.journal
            )
            context.fit(self._validator)
            self._validator.place = Place(**self._settings.compute.model_dump())
        return self._validator.step() or (self._state(self._validator).phase is Phase.CLOSED and self._unstake())

    def _unstake(self) -> bool:
        """Take tickets out: first they unbond, then their stakes come back."""
        registry, now = self._context.account.registry, self._context.account.now()
        for ticket, state, free_at in self._tickets():
            if state is TicketState.LIVE:
                registry.leave(self._settings.ticket_stake, ticket)
                return True
            if state is TicketState.LEAVING and now > free_at:
                registry.redeem(self._settings.ticket_stake, ticket)
                return True
        return False

    def duty(self) -> Duty | None:
        """Return what costs a part of a ticket's stake if it is not done in time."""
        return None if self._validator is None else validators_duty(self._validator, self._state(self._validator))

    def done(self) -> bool:
        """Whether the bounty is over, pay and stakes are back, and all money is in the wallet."""
        if self._validator is None or self._state(self._validator).phase is not Phase.CLOSED:
            return False
        return not self._tickets() and not _take_home(self._context)

    def _seats_are_open(self) -> bool:
        """Whether tickets are wanted: no bounty is found yet, it is being drawn, or a reorganisation took it back."""
        known = self._context.journal.get("bounty")
        try:
            return known is None or self._context.account.bounty(known).phase is Phase.DRAW
        except NotFound:
            return True

    def _stake(self) -> bool:
        """Open what is missing of the tickets; return whether something was."""
        missing = self._settings.tickets - len(self._tickets())
        if missing <= 0:
            return False
        _bring(self._context, missing * self._settings.ticket_stake)
        self._context.account.registry.stake(self._settings.ticket_stake, missing)
        return True

    def _tickets(self) -> list[tuple[int, TicketState, int]]:
        """Number, state and time of release of every ticket this validator has in its pool."""
        account, stake = self._context.account, self._settings.ticket_stake
        pool, address = account.registry.pool(stake), account.address
        registry, block = account.deployment.registry, account.deployment.block
        opened = read_events(account.chain, [registry], block, account.head(), kinds=[ev.Staked], subject=pool)
        numbers: set[int] = set()
        for event in opened:
            if isinstance(event, ev.Staked) and event.validator == address:
                numbers.update(range(event.first, event.first + event.count))
        found = [(number, account.registry.ticket(stake, number)) for number in sorted(numbers)]
        return [(n, t.state, t.free_at) for n, t in found if t.validator == address and t.state is not TicketState.NONE]

    @staticmethod
    def _state(validator: Validator) -> BountyState:
        return validator.account.bounty(validator.log.bounty)


# ---------------------------------------------------------------------- details
def _given(settings: T | None) -> T:
    """Return the table of the role; raises InvalidInput where it is missing."""
    if settings is None:
        msg = "the settings have no table for this role: add it"
        raise InvalidInput(msg)
    return settings


def _completed(context: Context, terms: ChainTerms) -> ChainTerms:
    """Fill in what a plan leaves open: the currency, and a last moment to post, which stays the same for ever."""
    if not terms.token:
        terms = replace(terms, token=context.account.token.contract_address)
    if not terms.post_before:
        limit = context.journal.once("post-before", lambda: str(context.account.now() + _POSTING_SECONDS).encode())
        terms = replace(terms, post_before=int(limit))
    return terms


def _find(context: Context, wanted: str, phases: set[Phase]) -> bytes | None:
    """Return the bounty to take part in: the same one for ever, once it was found."""
    known = context.journal.get("bounty")
    if known is None:
        known = bytes.fromhex(wanted[2:]) if wanted != "next" else _next(context, phases)
        if known is not None:
            context.journal.put("bounty", known)
    return known


def _next(context: Context, phases: set[Phase]) -> bytes | None:
    account = context.account
    market, block = account.deployment.market, account.deployment.block
    for event in read_events(account.chain, [market], block, account.head(), kinds=[ev.Posted]):
        if isinstance(event, ev.Posted) and account.bounty(event.bounty).phase in phases:
            return event.bounty
    return None


def _bring(context: Context, amount: int) -> None:
    """Have at least `amount` in the vault, bringing what is missing from the wallet."""
    vault, token = context.account.vault, context.account.token
    missing = amount - vault.balance()
    if missing <= 0:
        return
    if token.balance() < missing:
        msg = f"the wallet lacks {missing - token.balance()} of the token's smallest unit: send it some"
        raise NotEnoughTokens(msg)
    try:
        vault.deposit_with_permit(missing)
    except Refused:  # a token without EIP-2612, or its signature came too late
        vault.deposit(missing)


def _take_home(context: Context) -> bool:
    """Withdraw what the vault holds; return whether there was something."""
    balance = context.account.vault.balance()
    if balance:
        context.account.vault.withdraw(balance)
    return bool(balance)
