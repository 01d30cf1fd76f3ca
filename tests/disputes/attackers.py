"""A seat that attacks a right sheet: with false proofs, with demands for anything, and then with silence."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from client.inputs import InputEvidence
from client.scorer import ScoredRound
from client.validator import Validator
from marketplace.chain.referee import Case
from marketplace.domain.bounty import BountyState, Phase
from marketplace.domain.dispute import FRAME_DEMAND, Answered
from marketplace.domain.errors import GradMarketError, NotFound, Refused
from marketplace.scoring.trace.demands import demand_of
from marketplace.scoring.trace.evidence import Ask, LeafAsk, NeuronAsk, NodeAsk, SaltAsk, proof_of
from marketplace.scoring.trace.layout import FINAL, Model, Section
from marketplace.scoring.trace.places import At, Kind
from tests.trace.places import blob_of, finish

__all__ = ["INPUTS", "Attacker"]

INPUTS = tuple(kind for kind in Kind if Kind.TERMS <= kind <= Kind.FIRST_BASE and kind != Kind.SEED)
_STEPS = tuple(kind for kind in Kind if not Kind.TERMS <= kind <= Kind.FIRST_BASE)


class Attacker(Validator):
    """Reveals the right sheet and attacks it.

    Attributes:
        rng: what its attacks are drawn from; moves: how many it makes before it falls silent.
        refused: how many of its proofs and demands were refused; disputes_opened: how many disputes it opened.
        upheld: what it disproved, which should be nothing.
    """

    rng: np.random.Generator
    moves = 0
    refused = 0
    disputes_opened = 0
    upheld: list[At]

    def challenge(self, bounty: BountyState) -> bool:
        """Attack; settle nothing, close nothing."""
        mine = self._score(bounty.round)
        if mine is None or bounty.phase not in {Phase.CHALLENGE, Phase.DISPUTE} or self.moves <= 0:
            return False
        self.moves -= 1
        case = Case(self.log.bounty, bounty.round, mine.sheet, mine.trace.frame.packed())
        if not self.disputes_opened or self.rng.random() < 1 / 2:
            return self._demand(case, mine, bounty)
        return self._disprove(case, mine)

    def _demand(self, case: Case, mine: ScoredRound, bounty: BountyState) -> bool:
        """Go on in a dispute of its own whose turn it is, or open one."""
        referee, what = self.account.referee, self._what(mine)
        for dispute, opened in self.log.disputed[bounty.round].items():
            turn = self.log.turns[dispute][-1]
            if opened.challenger == self.address and isinstance(turn, Answered) and self.in_time(turn.deadline):
                return self._try(partial(referee.demand, case, dispute, turn.what, what))
        if not self.in_time(bounty.deadline):
            return False
        if self._try(partial(referee.dispute, case, self.log.terms, what)):
            self.disputes_opened += 1
            return True
        return False

    def _disprove(self, case: Case, mine: ScoredRound) -> bool:
        """Show a step that is right, with its own openings or with changed ones."""
        at, blob = self._step(mine)
        if self.rng.random() < 1 / 2:
            changed = bytearray(blob or b"\0")
            changed[self.rng.integers(len(changed))] ^= int(self.rng.integers(1, 256))
            blob = bytes(changed)
        if self._try(partial(self.account.referee.disprove, case, at.packed(), blob)):
            self.upheld = [*self.upheld, at]
            return True
        return False

    def _try(self, act: Any) -> bool:
        """Do something that may be refused; return whether it was not."""
        try:
            act()
        except Refused:
            self.refused += 1
            return False
        return True

    def _what(self, mine: ScoredRound) -> int:
        """Draw a demand: of the frame, of something the trace has, or of something it has not."""
        rng, counts = self.rng, mine.trace.frame.counts
        if not self.disputes_opened:
            return demand_of(LeafAsk(Section.STATES, int(rng.integers(counts.size(Section.STATES)))), counts)
        if rng.random() < 1 / 8:
            return FRAME_DEMAND | int(rng.choice([0, 5, 1 << 96]))  # with anything beside it, it is none
        if rng.random() < 1 / 8:
            return int.from_bytes(rng.bytes(17), "big")
        sections = [s for s in range(2 * FINAL) if counts.size(s)]
        section = int(rng.choice(sections))
        tree = int(rng.choice([s for s in (Section.SUMS, Section.DOTS, FINAL + Section.SUMS) if counts.size(s)]))
        figure, depth = int(rng.integers(counts.size(tree))), counts.sum_depth(tree)
        level = int(rng.integers(depth))
        model = int(rng.choice([Model.NEXT, Model.AGGREGATE]))
        asks: list[Ask] = [
            LeafAsk(section, int(rng.integers(counts.size(section)))),
            NodeAsk(
                tree, figure, level, int(rng.integers(1 << level)), int(rng.integers(1, min(8, depth - level) + 1))
            ),
            SaltAsk(tree, figure, int(rng.integers(1 << depth))),
            NeuronAsk(model, int(rng.integers(counts.neurons))),
        ]
        return demand_of(asks[rng.integers(len(asks))], counts)

    def _step(self, mine: ScoredRound) -> tuple[At, bytes]:
        """Draw a step that there is, and its openings."""
        rng, trace = self.rng, mine.trace
        counts = trace.frame.counts
        while True:
            try:
                if rng.random() < 1 / 4:
                    inputs = InputEvidence(
                        self, self.log, self.bench.terms, mine, self.log_round, trace.frame, mine.sheet
                    )
                    kind, g = rng.choice(INPUTS), int(rng.integers(counts.submissions))
                    at, evidence = finish(inputs.of(At(int(kind), g=g, p=int(rng.integers(2)))), trace)
                    return at, evidence.encode()
                at = At(
                    int(rng.choice(_STEPS)),
                    e=int(rng.integers(counts.evaluations)),
                    r=int(rng.integers(counts.rows)),
                    g=int(rng.integers(counts.neurons)),
                    k=int(rng.integers(max(counts.inputs, counts.figures))),
                    p=int(rng.integers(Model.UPDATES + counts.submissions)),
                    level=int(rng.integers(3)),
                )
                return at, proof_of(mine.sheet, at, blob_of(trace, at))
            except (ArithmeticError, GradMarketError, LookupError, NotFound, ValueError):
                continue

    @property
    def log_round(self) -> int:
        """The round it is in."""
        return max(self.log.revealed)
