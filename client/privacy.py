"""A holder's privacy budget: what its updates have given away, written down before the next one leaves.

The budget is of the home, so of all bounties that are played from it. Before an update is made private, the journal
says so, and what is in the journal counts whether or not the update ever left. The noise follows from a secret and from
the update itself: an update that is trained again after a crash gets the same noise, so nothing is spent twice and no
average takes the noise off; another update gets noise of its own and is counted.

Trust model: see `marketplace.privacy.differential`. Whoever puts an older journal in the place of this one makes it
forget what was spent.

Laws: epsilon of everything spent never exceeds the budget; a refusal changes nothing and gives nothing away; spending
for the same update again is free.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from client.journal import secret_of
from client.outgoing import Privacy
from client.training.accounting import epsilon_of
from client.training.quantise import to_update
from marketplace.domain.errors import BudgetSpent
from marketplace.domain.hashing import keccak, tag
from marketplace.privacy.randomness import RandomStream
from marketplace.sealing.datakeys import derive

if TYPE_CHECKING:
    from client.holder import Trainer, TrainingTask
    from client.journal import Journal
    from marketplace.domain.update import Update
    from marketplace.privacy.differential import Mechanism

__all__ = ["PrivacyLedger", "PrivateTrainer", "Spending"]

_LOG = logging.getLogger("gradmarket")
_PREFIX: Final = "privacy/"


@dataclass(frozen=True)
class Spending:
    """One update that was made private.

    Args:
        bounty: its id, in hexadecimal.
        round: the round.
        multiplier: of the noise; see `Mechanism.multiplier`.
        epsilon: of everything spent so far, this included, at the delta of that time.
    """

    bounty: str
    round: int
    multiplier: float
    epsilon: float


class PrivacyLedger:
    """What was spent of a budget, kept in a journal.

    Args:
        journal: of the holder.
        budget: the largest epsilon of all updates together.
        delta: the chance that the promise does not hold.
    """

    def __init__(self, journal: Journal, budget: float, delta: float) -> None:
        self._journal = journal
        self.budget, self.delta = budget, delta

    def spendings(self) -> list[Spending]:
        """Return everything that was spent, the oldest first."""
        raw = (self._journal.get(name) for name in self._journal.names(_PREFIX))
        return [Spending(**json.loads(value)) for value in raw if value is not None]

    def has_spent(self, bounty: bytes, round_: int) -> bool:
        """Whether an update of that round was made private already."""
        return any((s.bounty, s.round) == (bounty.hex(), round_) for s in self.spendings())

    def epsilon(self, multiplier: float = 0.0, times: int = 0) -> float:
        """Return epsilon of everything spent, and of `times` more updates with noise of that multiplier."""
        return epsilon_of([*(s.multiplier for s in self.spendings()), *[multiplier] * times], self.delta)

    def check(self, multiplier: float, times: int) -> float:
        """Return epsilon after `times` more updates; raises BudgetSpent if that is more than the budget."""
        after = self.epsilon(multiplier, times)
        if after > self.budget:
            msg = (
                f"{times} more private update(s) would bring epsilon from {self.epsilon():.2f} to {after:.2f}, above "
                f"the budget of {self.budget:g}: add more noise, or raise the budget if your data allows it"
            )
            raise BudgetSpent(msg)
        return after

    def spend(self, bounty: bytes, round_: int, digest: bytes, multiplier: float) -> Spending:
        """Write down that an update is about to be made private; when this returns, no crash makes it undone.

        Args:
            digest: 32 bytes that name the update and how it is made private; spending for it again is free.

        Raises:
            BudgetSpent: the budget does not allow it; nothing was written.
            StorageError: it could not be written.
        """
        name = f"{_PREFIX}{digest.hex()}"
        if self._journal.get(name) is None:
            spending = Spending(bounty.hex(), round_, multiplier, self.check(multiplier, 1))
            self._journal.put(name, json.dumps(asdict(spending)).encode())
        return Spending(**json.loads(self._journal.get(name) or b"{}"))


class PrivateTrainer:
    """Lets another trainer train, and makes private what comes out.

    Args:
        trainer: whose updates nobody else may see as they are.
        mechanism: how they are made private.
        ledger: what that is charged to.
        journal: of the holder; bounty: the id of the bounty.
    """

    def __init__(
        self, trainer: Trainer, mechanism: Mechanism, ledger: PrivacyLedger, journal: Journal, bounty: bytes
    ) -> None:
        self._trainer, self.mechanism, self.ledger = trainer, mechanism, ledger
        self._journal, self._bounty = journal, bounty

    def check(self, rounds: int) -> float:
        """Return epsilon after so many more rounds; raises BudgetSpent if that is more than the budget."""
        return self.ledger.check(self.mechanism.multiplier, rounds)

    def cost(self) -> Privacy:
        """Return what the updates made so far have cost, and how."""
        ledger, mechanism = self.ledger, self.mechanism
        return Privacy(mechanism.clip, float(mechanism.sigma), ledger.epsilon(), ledger.budget, ledger.delta)

    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update with noise, within the bounds of the terms, which cost no privacy.

        Raises:
            BudgetSpent: the budget does not allow another update.
        """
        mechanism, scoring = self.mechanism, task.terms.scoring
        if not self.ledger.has_spent(self._bounty, task.round):  # else it may be the same update again
            self.check(1)  # before an hour of training
        update = self._trainer(task).flat()
        digest = keccak(
            tag("private-update"),
            self._bounty,
            task.round.to_bytes(32, "big"),
            mechanism.clip.to_bytes(32, "big"),
            str(mechanism.noise).encode().ljust(64),
            update.astype(">i8").tobytes(),
        )
        spent = self.ledger.spend(self._bounty, task.round, digest, mechanism.multiplier)
        _LOG.info(
            "round %d: the update is clipped to a norm of %d, with noise of %.1f; epsilon %.2f of %g at delta %g",
            *(task.round, mechanism.clip, mechanism.sigma, spent.epsilon, self.ledger.budget, self.ledger.delta),
        )
        stream = RandomStream(derive(secret_of(self._journal, self._bounty), "privacy-noise", digest))
        return to_update(mechanism.release(update, stream), scoring.shape, scoring.bounds)
