"""Validators that agree on a sheet in which one thing is wrong, and defend it or fall silent."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from client.disputes import Disputes
from client.scorer import ScoredRound
from client.validator import Validator
from marketplace.domain.abi import sheet_hash
from marketplace.domain.bounty import BountyState
from marketplace.domain.terms import SheetHead
from marketplace.scoring.trace.build import Trace, contents_of
from marketplace.scoring.trace.figures import Figures
from marketplace.scoring.trace.published import Published
from marketplace.storage.canonical import decode_json, encode_json
from marketplace.storage.cid import digest_of, show_cid
from marketplace.storage.unixfs import build
from tests.trace.cases import sheet
from tests.trace.liars import stage_liar

__all__ = ["Liar", "Resalting", "Stubborn", "lying", "told"]


class Stubborn(Disputes):
    """Defends its sheet, and attacks nobody's."""

    def _attack(self, *_args: object) -> bool:
        return False


class Liar(Validator):
    """Makes one figure of a scoring another one, computes honestly what follows from it, and swears to that.

    Attributes:
        stage: which figure; seed: all liars of one seed tell the same lie. answers: whether it answers demands.
        publishes: whether it publishes its trace's public part.
    """

    stage = "main.first"
    seed = 0
    answers = True
    publishes = True

    @property
    def disputes(self) -> Disputes:
        """Its part in disputes."""
        return Stubborn(self, self.bench.terms)

    def challenge(self, bounty: BountyState) -> bool:
        """Answer, or say nothing."""
        return super().challenge(bounty) if self.answers else False

    def _score(self, round_: int) -> ScoredRound | None:
        mine = super()._score(round_)
        return None if mine is None else self._lie(round_, mine)

    def _lie(self, round_: int, mine: ScoredRound) -> ScoredRound:
        trace, head = stage_liar(mine.trace, self.stage, np.random.default_rng(self.seed))
        return told(self, round_, mine, trace, head, publishes=self.publishes)


class Resalting(Liar):
    """Scores right, and hashes it with salts of its own, the next base too."""

    def _lie(self, round_: int, mine: ScoredRound) -> ScoredRound:
        traced = replace(mine.trace.figures.traced, secret=bytes([7]) * 32, next_salt=bytes([8]) * 32)
        figures = Figures(traced)
        trace = Trace(figures, contents_of(figures))
        head = replace(mine.sheet, trace_root=trace.root, next_base_root=sheet(figures, trace).next_base_root)
        return told(self, round_, mine, trace, head)


def told(
    who: Validator, round_: int, mine: ScoredRound, trace: Trace, head: SheetHead, *, publishes: bool = True
) -> ScoredRound:
    """Return a round as a seat tells it: with another trace and another sheet than the right ones.

    Args:
        who: the seat's validator.
        round_: the round.
        mine: the round as it was scored.
        trace: what is told instead.
        head: the sheet that goes with it; its document and what was included are filled in.
        publishes: whether the public part of the trace is published.
    """
    published = Published.of(trace).encode() if publishes else b"withheld"
    document = decode_json(next(c for c in mine.contents if b'"kind":"sheet"' in c))
    content = encode_json({**document, "trace": show_cid(build(published, lambda *_: None))})
    digest = digest_of(show_cid(build(content, lambda *_: None)))
    aggregate = mine.sheet.aggregate if mine.sheet.adopted else head.aggregate
    head = replace(head, included=mine.sheet.included, aggregate=aggregate, document=digest)
    contents = (*mine.contents, content, *([published] if publishes else []))
    return replace(
        mine, trace=trace, sheet=head, hash=sheet_hash(who.scope(who.log.bounty), round_, head), contents=contents
    )


def lying(stage: str, seed: int = 0, *, answers: bool = True, publishes: bool = True) -> type[Liar]:
    """Return the class of validators that tell one lie."""
    return type("SomeLiar", (Liar,), {"stage": stage, "seed": seed, "answers": answers, "publishes": publishes})
