"""Games about a sheet: two seats agree on a lie and one does not, or one seat attacks what all of them found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from client.scorer import ScoredRound
from client.validator import Validator
from marketplace.chain.referee_reverts import BadAnswer
from tests.client.liars import Stubborn, told
from tests.disputes.attackers import Attacker
from tests.disputes.lies import KINDS, changes_nothing, draw_lie

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketplace.scoring.trace.build import Trace
    from tests.disputes.courtroom import Courtroom

__all__ = ["Record", "attack", "lie"]


class Sworn(Validator):
    """Tells of a round what it agreed on with another seat, and defends that, or says nothing."""

    story: ScoredRound
    answers = True

    @property
    def disputes(self) -> Stubborn:
        """Its part in disputes."""
        return Stubborn(self, self.bench.terms)

    def challenge(self, bounty: Any) -> bool:
        """Answer, or say nothing.

        A trace that is not as large as it says cannot answer everything, and where its sums do not add up no answer is
        taken for one.
        """
        try:
            return super().challenge(bounty) if self.answers else False
        except (BadAnswer, LookupError):
            return False

    def _score(self, _round: int) -> ScoredRound:
        return self.story


@dataclass
class Record:
    """What happened in the games of one sort.

    Attributes:
        games: how many were played; kinds: of which lies, or how they were attacked.
        stood: in how many the right sheet stood.
        left_alone: kinds of lies that changed nothing which decides, and that the honest seat let stand.
        wrong: what should not have happened.
        demands, steps: what it took, added up.
    """

    games: int = 0
    stood: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    left_alone: Counter[str] = field(default_factory=Counter)
    by: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """Return the figures."""
        return {
            "games": self.games,
            "right sheet stood": self.stood,
            "left alone": dict(self.left_alone),
            "by": dict(sorted(self.by.items())),
            "kinds": dict(sorted(self.kinds.items())),
            "wrong": self.wrong,
        }


def lie(
    court: Courtroom,
    record: Record,
    rng: np.random.Generator,
    kinds: Sequence[str] = tuple(KINDS),
    *,
    resalted: bool | None = None,
) -> None:
    """Play a game in which two of three seats agree on a sheet with one random figure changed.

    Args:
        court: where; record: of what happens.
        rng: what everything is drawn from.
        kinds: of figures.
        resalted: whether the liars hash with salts of their own; by default as it is drawn. Only then may a lie be left
            alone, and only if nobody is paid otherwise, no model is another one, and nothing public differs.
    """
    court.reset()
    stage, right = court.stage, court.right
    while True:
        kind = str(rng.choice(list(kinds)))
        drawn = draw_lie(kind, right.trace, right.sheet, stage.terms.round_budget, rng)
        if drawn is not None and resalted in {None, _has_other_salts(right.trace, drawn[0])}:
            break
    trace, head = drawn
    liars = [court.validators[i] for i in rng.permutation(3)[:2]]
    answers = bool(rng.random() < 3 / 4)
    publishes = bool(rng.random() < 3 / 4) and not kind.startswith("count of")  # which makes what no reader could read
    story = told(liars[0], court.round, right, trace, head, publishes=publishes)
    for liar in liars:
        liar.__class__ = Sworn
        liar.story, liar.answers = story, answers
    (honest,) = (v for v in court.validators if v not in liars)
    before = honest.account.vault.balance()
    what = f"{kind}, {answers=}, {publishes=}, {len(record.kinds)=}"
    record.games += 1
    record.kinds[kind] += 1
    try:
        court.play()
    except Exception as trouble:  # noqa: BLE001 - whatever it is, it is what the game is about
        record.wrong.append(f"{what}: {trouble!r}")
        return
    log = stage.owner.log
    settled = log.settled.get(court.round)
    if settled is not None and settled.sheet_hash == right.hash:
        record.stood += 1
        stakes, gained = [log.lost[v.address] for v in liars], honest.account.vault.balance() - before
        if stakes != [stage.terms.ticket_stake] * 2 or gained != stage.terms.ticket_stake or log.lost[honest.address]:
            record.wrong.append(f"{what}: lost {stakes}, gained {gained}, lost itself {log.lost[honest.address]}")
        for event in log.disproved[court.round].values():
            record.by[f"step {event.at & 0xFF:#x}" if event.at else "silence"] += 1
        record.by["demands"] += sum(len(log.turns[d]) for d in log.disputed[court.round])
    elif _has_other_salts(right.trace, trace) and changes_nothing(right.trace, right.sheet, trace, story.sheet):
        record.left_alone[kind] += 1
        if log.lost[honest.address]:
            record.wrong.append(f"{what}: left alone, and lost {log.lost[honest.address]}")
    else:
        troubles = [str(t) for t in honest.troubles]
        record.wrong.append(f"{what}: {'void' if settled is None else 'the lie'} stood; {troubles}")


def _has_other_salts(right: Trace, told: Trace) -> bool:
    return right.figures.traced.secret != told.figures.traced.secret


def attack(court: Courtroom, record: Record, rng: np.random.Generator) -> None:
    """Play a game in which one seat attacks the sheet that all three found."""
    court.reset()
    attacker = court.validators[int(rng.integers(3))]
    attacker.__class__ = Attacker
    attacker.rng, attacker.moves, attacker.upheld = rng, int(rng.integers(3, 12)), []
    attacker.refused = attacker.disputes_opened = 0
    before = attacker.account.vault.balance()
    record.games += 1
    try:
        court.play()
    except Exception as trouble:  # noqa: BLE001 - as above
        record.wrong.append(repr(trouble))
        return
    log = court.stage.owner.log
    settled = log.settled.get(court.round)
    lost = before - attacker.account.vault.balance()
    record.kinds["disputes"] += attacker.disputes_opened
    record.kinds["refused"] += attacker.refused
    record.kinds["demands"] += sum(len(log.turns[d]) for d in log.disputed[court.round])
    if settled is None or settled.sheet_hash != court.right.hash or log.disproved[court.round] or attacker.upheld:
        record.wrong.append(f"{attacker.upheld}: {log.disproved[court.round]}")
        return
    record.stood += 1
    bonds = court.stage.terms.ticket_stake // 10 * sum(range(1, attacker.disputes_opened + 1))
    if lost != bonds or not bonds:
        record.wrong.append(f"the attacker lost {lost}, its bonds are {bonds}")
