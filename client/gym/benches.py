"""Validators that would rather not score, or that score for somebody.

What scoring costs a validator is not counted: seat pay is meant to be three times that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from client.base import max_model_bytes
from client.gym.cheat import Cheat
from client.gym.sheets import forged
from client.gym.strategy import Role, Strategy
from client.opening import check_submission, open_update, read_submission, recover_key
from client.push import settle
from client.validator import Validator
from marketplace.domain.abi import commit_hash, sheet_hash
from marketplace.domain.bounty import Phase
from marketplace.domain.hashing import ZERO_HASH, keccak
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.terms import SheetHead
from marketplace.sealing import datakeys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from client.gym.game import Game
    from client.holder import TrainingTask
    from client.participant import Participant
    from client.scorer import ScoredRound
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.update import Update

__all__ = [
    "CopiedCommit",
    "ExcludeRivals",
    "FalseUnavailability",
    "KeyLeak",
    "LazyGuess",
    "Liar",
    "MajorityLiar",
    "MajorityUnavailability",
    "MinorityLiar",
    "Mute",
    "WithheldReveal",
]


class _OneSeat(Strategy):
    """One validator of three deviates."""

    role = Role.SEAT
    rounds = 1
    kind: type[Validator]

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the first validator."""
        return [game.recast_seat(0, self.kind)]


# ---------------------------------------------------------------------- not scoring
class Mute(Validator):
    """Says nothing in disputes."""

    def challenge(self, bounty: BountyState) -> bool:
        """Do nothing but settle once the window is over."""
        if bounty.phase is Phase.CHALLENGE and self.account.now() > bounty.deadline:
            return settle(self.account, self.log, bounty)
        return False


class _Guesser(Mute):
    """Commits to the sheet that takes no work: nothing was worth anything."""

    def commit(self, bounty: BountyState) -> bool:
        """Commit to the guess."""
        for seat in self.my_seats(acted=bounty.acted):
            head = self._guess(bounty)
            commitment, _ = self._sealed(bounty.round, seat, head)
            self.account.commit(self.log.bounty, seat, commitment)
            return True
        return False

    def reveal(self, bounty: BountyState) -> bool:
        """Reveal the guess."""
        for seat in self.my_seats(acted=bounty.acted):
            head = self._guess(bounty)
            self.account.reveal(self.log.bounty, self.log.terms, seat, head, self._sealed(bounty.round, seat, head)[1])
            return True
        return False

    def _guess(self, bounty: BountyState) -> SheetHead:
        return SheetHead(
            included=bounty.included,
            breached=0,
            trace_root=ZERO_HASH,
            payout_root=PayoutTree({}).root,
            pool=0,
            next_base_root=ZERO_HASH,
            adopted=False,
            released=bounty.round == self.log.terms.rounds - 1,
            aggregate=ZERO_HASH,
            document=keccak(b"a document that nobody wrote"),
        )

    def _sealed(self, round_: int, seat: int, head: SheetHead) -> tuple[bytes, bytes]:
        scope = self.scope(self.log.bounty)
        found = sheet_hash(scope, round_, head)
        salt = self.derive(self.log.bounty, "commit-salt", round_, seat.to_bytes(32, "big"), found)
        return commit_hash(scope, round_, seat, self.address, found, salt), salt


class LazyGuess(_OneSeat):
    """Guesses."""

    name = "lazy-guess"
    kind = _Guesser
    does = "commits to a guessed sheet, that nothing was adopted, without opening an update"
    defence = (
        "a sheet's hash holds every figure, which nobody guesses; a sheet whose trace nobody can show falls, and costs"
        " the whole ticket"
    )
    residual = "none while one seat scores"


class _Copier(Validator):
    """Commits to what another seat committed to."""

    def commit(self, bounty: BountyState) -> bool:
        """Wait for somebody's commitment and take it."""
        others = self.log.committed[bounty.round]
        for seat in self.my_seats(acted=bounty.acted):
            for other, event in sorted(others.items()):
                if other != seat:
                    self.account.commit(self.log.bounty, seat, event.commitment)
                    return True
        return False

    def reveal(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """There is nothing to reveal: the salt is the other's, and the hash covers the other's seat and address."""
        return False


class CopiedCommit(_OneSeat):
    """Copies."""

    name = "copied-commit"
    kind = _Copier
    does = "commits to what another seat committed to, to reveal what that seat reveals"
    defence = "a commitment covers seat and sender, so a copied one cannot be revealed: 30 %"
    residual = "none"


class _Withholder(Validator):
    """Scores, commits, and does not reveal."""

    def reveal(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Do nothing."""
        return False


class WithheldReveal(_OneSeat):
    """Falls silent."""

    name = "withheld-reveal"
    kind = _Withholder
    does = "commits to the right sheet and does not reveal it"
    defence = "the others' sheet stands without it; not revealing costs 30 % of the ticket and the seat"
    residual = "one seat of three costs nobody a round; two of three void it at 30 % of two tickets"


class _Unable(Validator):
    """Says that nothing was there."""

    def attest(self, bounty: BountyState) -> bool:
        """Attest that no submission is here and the shard did not open."""
        for seat in self.my_seats(acted=bounty.acted):
            document = self.publish(self.bench.reseal(bounty.round, seat, {}))
            self.account.attest(self.log.bounty, self.log.terms, seat, 0, shard_opened=False, document=document)
            return True
        return False

    def commit(self, bounty: BountyState) -> bool:  # noqa: ARG002 - every act takes the state it acts on
        """Do nothing: whoever had nothing need not score."""
        return False


class FalseUnavailability(_OneSeat):
    """Says that it could not."""

    name = "false-unavailability"
    kind = _Unable
    does = "attests that nothing could be fetched and the shard did not open, so as not to have to score"
    defence = "two of three shares still open every update; whoever reveals nothing is paid nothing, and loses its seat"
    residual = "it is not slashed, because nobody can tell it from a seat whose node was down"


class MajorityUnavailability(Strategy):
    """Two say that they could not."""

    name = "majority-unavailability"
    role = Role.SEAT
    rounds = 1
    does = "two seats of three attest that nothing could be fetched and the shard did not open"
    defence = "the owner answers by publishing the shard's key; the round is void and everybody's fees return"
    residual = "two of three can void a round at the price of their pay: the bounty loses time, nobody loses money"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play two validators."""
        return [game.recast_seat(0, _Unable), game.recast_seat(1, _Unable)]


# ---------------------------------------------------------------------- lying
class Liar(Validator):
    """Scores honestly, and then says something else.

    Attributes:
        lie: from a round and its honest score to what is said; None for the truth.
    """

    lie: Callable[[int, ScoredRound], ScoredRound] | None = None

    def _score(self, round_: int) -> ScoredRound | None:
        found = super()._score(round_)
        if found is None or self.lie is None or not found.sheet.adopted:
            return found
        return self.lie(round_, found)


class _Lie(Strategy):
    """Some seats pay the whole budget to the last holder, who is in it with them."""

    role = Role.SEAT
    rounds = 1
    liars: int

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the first validators, and the last holder."""
        liars = [game.recast_seat(number, Liar) for number in range(self.liars)]
        for liar in liars:
            liar.lie = lambda round_, found, who=liar: self._all_to(game, who, round_, found)
        return [*liars, game.deviator]

    def _all_to(self, game: Game, who: Liar, round_: int, found: ScoredRound) -> ScoredRound:
        index = game.deviator.account.holder(who.log.bounty, game.deviator.address).index
        return forged(who, round_, found, {index: game.terms.round_budget})


class MinorityLiar(_Lie):
    """One lies."""

    name = "minority-liar"
    liars = 1
    does = "one seat reveals a sheet that pays the whole budget to a holder who is in it with it"
    defence = "any seat that scored disproves it on the chain by one step: the whole ticket, half of it for that seat"
    residual = "who disproves its own sheet first gets half of the ticket back: see self-challenge"


class MajorityLiar(_Lie):
    """Two lie."""

    name = "majority-liar"
    liars = 2
    does = "two seats of three reveal a sheet that pays the whole budget to a holder who is in it with them"
    defence = "the third seat disproves the sheet on the chain by one step, and its own stands: both tickets are lost"
    residual = "where all seats lie nobody disproves; a round's budget is at most half of what a majority has staked"


class ExcludeRivals(Strategy):
    """Two leave others out."""

    name = "exclude-rivals"
    role = Role.SEAT
    rounds = 1
    does = "two seats of three leave two holders out of what they attest, for the good of a third"
    defence = "the excluded get their fees back; at least three submissions have to be left"
    residual = "a corrupt majority can exclude; where the budget is used up anyway the others share what is left"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play two validators, and the last holder."""
        seats = [game.recast_seat(number, _Excluder) for number in range(2)]
        for seat in seats:
            seat.unwanted = [holder.address for holder in game.holders[1:3]]
        return [*seats, game.deviator]


class _Excluder(Validator):
    """Does not see some submissions."""

    unwanted: Sequence[str] = ()

    def attest(self, bounty: BountyState) -> bool:
        """Attest to the others alone."""
        for seat in self.my_seats(acted=bounty.acted):
            shares = self.bench.my_shares(bounty.round, seat)
            for event in self.log.submissions[bounty.round]:
                if event.holder in self.unwanted:
                    shares.pop(event.index, None)
            document = self.publish(self.bench.reseal(bounty.round, seat, shares))
            bitmap = sum(1 << index for index in shares)
            self.account.attest(self.log.bounty, self.log.terms, seat, bitmap, shard_opened=True, document=document)
            return True
        return False


# ---------------------------------------------------------------------- telling
class KeyLeak(Cheat):
    """Two seats read early."""

    name = "key-leak"
    role = Role.SEAT
    does = "two seats of three open all updates before the close, for a holder who submits their mean last"
    defence = "one seat alone learns nothing: it takes the threshold, 2 of 3, 5 of 7, 10 of 15"
    residual = "a threshold of seats that colludes cannot be seen on the chain; draw more seats where that matters"

    def enter(self, game: Game) -> Sequence[Participant]:
        """Play the last holder, and two validators who score honestly."""
        holder = super().enter(game)
        self._spies = game.validators[:2]
        return [*holder, *self._spies]

    def train(self, task: TrainingTask) -> Update:
        """Return the mean of everything that has been submitted, opened with the two seats' own shares."""
        log = self.game.owner.log.refresh()
        scoring, threshold = task.terms.scoring, datakeys.threshold(log.terms.seats)
        flats = []
        for event in log.submissions[task.round]:
            shares = {}
            for spy in self._spies:
                for seat in spy.my_seats():
                    share = check_submission(spy, log, max_model_bytes(scoring), event, seat)
                    if share is not None:
                        shares[seat] = share
            who = self._spies[0]
            key = recover_key(shares, read_submission(who, log, event), threshold)
            if key is not None:
                flats.append(open_update(who, log, scoring, event, key)[0].flat())
        return self.made(np.mean(flats, axis=0)) if flats else self.own(task)
