"""A bounty's rounds as they are scored, one after the other, without a chain: what each leaves to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from marketplace.scoring.round import FinalInput, RoundInput, Submission, score_round

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.owner import Shard
    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.update import Update
    from marketplace.scoring.round import RoundScore

__all__ = ["Course"]


@dataclass
class Course:
    """Where a bounty stands.

    Attributes:
        scoring, round_budget, min_holders: of its terms.
        base: the model the next round starts from.
        known: the last adopted aggregate; previous: the submissions of the last round; gains: of the adopted rounds.
    """

    scoring: ScoringTerms
    round_budget: int
    min_holders: int
    base: Network
    known: Update | None = None
    previous: tuple[Submission, ...] = ()
    gains: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Remember where it began."""
        self._first = self.base

    def score(
        self, shard: Shard, updates: Mapping[int, Update], root_update: Update, seed: bytes, final: Shard | None = None
    ) -> RoundScore:
        """Score a round and go on to the next.

        Args:
            shard: the round's rows.
            updates: holder index -> what it submitted, in the order of submission.
            root_update: the owner's.
            seed: 32 bytes that large rounds draw their orders by.
            final: the final shard, in the last round of a bounty that has one.
        """
        given = RoundInput(
            scoring=self.scoring,
            base=self.base,
            rows=shard.rows,
            labels=shard.labels,
            submissions=tuple(Submission(i, f"holder {i}", update) for i, update in updates.items()),
            root_update=root_update,
            last_aggregate=self.known,
            last_submissions=self.previous,
            seed=seed,
            round_budget=self.round_budget,
            min_holders=self.min_holders,
            last_round=final is not None,
            final=None if final is None else FinalInput(final.rows, final.labels, self._first, self.gains),
        )
        score = score_round(given)
        self.base, self.previous = score.next_base, given.submissions
        if score.adopted:
            self.known, self.gains = score.aggregate, (*self.gains, score.gain_ppb)
        return score
