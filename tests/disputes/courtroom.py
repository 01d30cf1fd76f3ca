"""A bounty that stands where its seats commit, to which every game goes back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from client.log import BountyLog
from client.validator import Validator
from marketplace.domain.bounty import BountyState, Phase
from tests.client.stage import TOKEN, Stage

if TYPE_CHECKING:
    from pathlib import Path

    from client.scorer import ScoredRound

__all__ = ["Courtroom"]

PURSE = 400 * TOKEN
_GAME = frozenset({Phase.COMMIT, Phase.REVEAL, Phase.CHALLENGE, Phase.DISPUTE})


class Courtroom:
    """Three seats that have opened a round and scored it; nobody has committed yet.

    Args:
        folder: of the store.
        rounds: of the bounty.
        round_: the one that is played, again and again; those before it are played honestly, once.
        holders: who submit.
    """

    def __init__(self, folder: Path, *, rounds: int, round_: int, holders: int = 3) -> None:
        self.round = round_
        self.stage = Stage(folder, rounds=rounds, purse=PURSE, honest=holders)
        self.stage.post()
        self.stage.play(until=lambda b: b.phase is Phase.COMMIT and b.round == round_)
        self.validators = self.stage.validators
        self.stage.silent |= {p.name for p in (self.stage.owner, *self.stage.holders)}
        self.stage.owner.log.refresh()
        self.right: ScoredRound = self.validators[0].bench.score(round_)
        for validator in self.validators:
            assert validator.bench.score(round_).hash == self.right.hash
        self._memories = [replace(v.bench.memory) for v in self.validators]
        self._moment = self.stage.net.chain.snapshot()

    def reset(self) -> None:
        """Go back, and have three honest seats again."""
        self.stage.net.chain.restore(self._moment)
        log = BountyLog(self.stage.owner.account, self.stage.bounty).refresh()
        for person in (self.stage.owner, *self.validators, *self.stage.holders):
            person.log = log
        for validator, memory in zip(self.validators, self._memories, strict=True):
            validator.__class__ = Validator
            validator.troubles.clear()
            bench = validator._bench
            bench._log, bench.memory, bench._scored = log, replace(memory), {self.round: self.right}

    def play(self) -> None:
        """Let the seats act until the round is settled or void."""
        self.stage.play(until=self._is_over)
        self.stage.owner.log.refresh()

    def balances(self) -> list[int]:
        """What each validator has in the vault."""
        return [v.account.vault.balance() for v in self.validators]

    def _is_over(self, bounty: BountyState) -> bool:
        return bounty.phase not in _GAME or bounty.round != self.round
