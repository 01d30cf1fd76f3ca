"""A holder's privacy budget: what its updates have given away, written down before the next one leaves.

The budget is of the home, so of all bounties that are played from it. Before an update is made private, the journal
says so, and what is in the journal counts whether or not the update ever left. The noise follows from a secret and from
all that it hides: an update that is trained again after a crash gets the same noise, so nothing is spent twice and no
average takes the noise off; another update gets noise of its own and is counted.

Trust model: see `marketplace.privacy.differential`. Whoever puts an older journal in the place of this one makes it
forget what was spent.

Laws: epsilon of everything spent never exceeds the budget; a refusal changes nothing and gives nothing away; spending
for the same update again is free.
"""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Final

from client.journal import secret_of
from client.outgoing import Privacy
from client.training.accounting import epsilon_of
from client.training.fit import check_fit
from client.training.private import train_private
from client.training.quantise import to_update
from marketplace.domain.errors import BudgetSpent
from marketplace.domain.hashing import keccak, tag
from marketplace.privacy.randomness import RandomStream
from marketplace.sealing.datakeys import derive

if TYPE_CHECKING:
    from collections.abc import Callable

    from client.holder import Trainer, TrainingTask
    from client.journal import Journal
    from client.training.private import RowPrivacy
    from marketplace.datasets import Rows
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.domain.update import Update
    from marketplace.privacy.differential import Mechanism

__all__ = ["ChargedTrainer", "PrivacyLedger", "PrivateTrainer", "RowTrainer", "Spending"]

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


class ChargedTrainer(ABC):
    """A trainer whose updates are charged to a privacy budget.

    Args:
        ledger: what updates are charged to.
        journal: of the holder; bounty: the id of the bounty.
    """

    def __init__(self, ledger: PrivacyLedger, journal: Journal, bounty: bytes) -> None:
        self.ledger = ledger
        self._journal, self._bounty = journal, bounty

    @abstractmethod
    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update, within the bounds of the terms; raises BudgetSpent if there can be none."""

    @property
    @abstractmethod
    def multiplier(self) -> float:
        """The noise of one update over what it hides."""

    @property
    @abstractmethod
    def how(self) -> str:
        """What is done to an update, and what that hides."""

    def check(self, rounds: int) -> float:
        """Return epsilon after so many more rounds; raises BudgetSpent if that is more than the budget."""
        return self.ledger.check(self.multiplier, rounds)

    def cost(self) -> Privacy:
        """Return what the updates made so far have cost, and how."""
        return Privacy(self.how, self.ledger.epsilon(), self.ledger.budget, self.ledger.delta)

    def _charge(self, round_: int, name: bytes, *about: bytes) -> RandomStream:
        """Write down what is about to be made private, say what that costs, and return its noise's stream.

        Args:
            name: of the kind of thing; about: everything that the update before its noise follows from.
        """
        digest = keccak(name, self._bounty, round_.to_bytes(32, "big"), *(keccak(part) for part in about))
        spent = self.ledger.spend(self._bounty, round_, digest, self.multiplier)
        _LOG.info(
            "round %d: %s; epsilon %.2f of %g at delta %g",
            *(round_, self.how, spent.epsilon, self.ledger.budget, self.ledger.delta),
        )
        return RandomStream(derive(secret_of(self._journal, self._bounty), "privacy-noise", digest))


class PrivateTrainer(ChargedTrainer):
    """Lets another trainer train, and hides in noise what comes out: all of the holder's rows at once.

    Args:
        trainer: whose updates nobody else may see as they are.
        mechanism: how they are made private.
    """

    def __init__(
        self, trainer: Trainer, mechanism: Mechanism, ledger: PrivacyLedger, journal: Journal, bounty: bytes
    ) -> None:
        super().__init__(ledger, journal, bounty)
        self._trainer, self.mechanism = trainer, mechanism

    @property
    def multiplier(self) -> float:
        """That of the mechanism."""
        return self.mechanism.multiplier

    @property
    def how(self) -> str:
        """Clip and noise of the update."""
        clip, sigma = self.mechanism.clip, float(self.mechanism.sigma)
        return f"clipped to a norm of {clip:,}, noise of {sigma:,.1f} on every entry, which hides all rows together"

    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update with noise; bringing it back into the bounds costs no privacy."""
        if not self.ledger.has_spent(self._bounty, task.round):  # else it may be the same update again
            self.check(1)  # before an hour of training
        mechanism, scoring = self.mechanism, task.terms.scoring
        update = self._trainer(task).flat()
        how = f"{mechanism.clip} {mechanism.noise}".encode()
        stream = self._charge(task.round, tag("private-update"), how, update.astype(">i8").tobytes())
        return to_update(mechanism.release(update, stream), scoring.shape, scoring.bounds)


class RowTrainer(ChargedTrainer):
    """Trains so that no single row shows, whatever the others are.

    Args:
        rows_of: returns the holder's rows, prepared as the terms say.
        privacy: how gradients are clipped and hidden.
    """

    def __init__(
        self,
        rows_of: Callable[[TermsDocument], Rows],
        privacy: RowPrivacy,
        ledger: PrivacyLedger,
        journal: Journal,
        bounty: bytes,
    ) -> None:
        super().__init__(ledger, journal, bounty)
        self._rows_of, self.privacy = rows_of, privacy

    @property
    def multiplier(self) -> float:
        """That of all steps together."""
        return self.privacy.multiplier

    @property
    def how(self) -> str:
        """Clip and noise of the steps."""
        p = self.privacy
        noise = float(p.noise) * p.clip
        return (
            f"every row's gradient clipped to {p.clip:g}, noise of {noise:g} at each of {p.steps} steps, "
            "which hides any single row"
        )

    def __call__(self, task: TrainingTask) -> Update:
        """Return the round's update."""
        terms, p = task.terms, self.privacy
        rows = self._rows_of(terms)
        check_fit(rows, terms.scoring.shape)  # before anything is charged
        stream = self._charge(
            task.round,
            tag("private-rows"),
            f"{p.clip} {p.noise} {p.steps} {p.rate} {terms.public_prior} {terms.recipe.prior_offset_percent}".encode(),
            *(part.astype(">i8").tobytes() for layer in task.base.layers for part in (layer.weight, layer.bias)),
            rows.features.astype(">f8").tobytes(),
            rows.labels.astype(">i8").tobytes(),
        )
        return train_private(
            task.base,
            rows,
            p,
            public_prior=terms.public_prior,
            prior_offset=terms.recipe.prior_offset_percent / 100,
            bounds=terms.scoring.bounds,
            stream=stream,
        )
