"""What bringing a sheet down costs: at once, and in turns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from marketplace.chain.artefacts import artefact
from marketplace.chain.referee import Case
from marketplace.domain.bounty import Phase
from marketplace.domain.network import Shape
from marketplace.scoring.trace.blame import blame
from marketplace.scoring.trace.demands import answer_bytes, demand_of, read_answer
from marketplace.scoring.trace.evidence import Ask, LeafAsk, proof_of
from marketplace.scoring.trace.layout import Section
from marketplace.scoring.trace.published import Published
from tests.chain.lies import PLACE, hidden_lie, neuron_proof
from tests.trace.cases import sheet
from tests.trace.places import blob_of

if TYPE_CHECKING:
    from marketplace.domain.terms import SheetHead
    from tests.chain.gas import GasStage, Meter

__all__ = ["measure_disputes"]

SHAPES = (Shape(59, 32, 2), Shape(784, 64, 10))
FEW, DEFAULT, MOST = 3, 16, 128
_TRANSACTION, _TOKEN, _NONZERO_TOKENS = 21_000, 10, 4


def floor_of(data: bytes) -> int:
    """Return the least that a transaction with these data costs from Prague on: EIP-7623."""
    return _TRANSACTION + _TOKEN * sum(_NONZERO_TOKENS if byte else 1 for byte in data)


def measure_disputes(stage: GasStage, meter: Meter) -> None:
    """Measure all of them on a round that stands at committing."""
    before = stage.chain.snapshot()
    for shape in SHAPES:
        for submissions in (FEW, DEFAULT, MOST):
            name = f"disprove_{shape.inputs}" + ("" if submissions == DEFAULT else f"_of_{submissions}")
            _disprove(stage, meter, name, shape, submissions)
            stage.chain.restore(before)
    honest, lie = hidden_lie()
    said = replace(sheet(lie.figures, lie), included=stage.state().included)
    right = replace(sheet(honest.figures, honest), included=said.included, document=said.document)
    for name, leads in (("in_turns", True), ("by_sums", False), ("unanswered", None)):
        case = Case(stage.bounty, stage.state().round, _revealed(stage, said), lie.frame.packed())
        play = _Play(stage, meter, case)
        if leads is None:
            play.wait()
        elif leads:
            counts, (r, j, _) = lie.frame.counts, (PLACE.r, PLACE.g, PLACE.p)
            play.answered(LeafAsk(Section.STATES, counts.full * counts.rows + r))
            play.answered(LeafAsk(Section.FIRST, r * counts.first + j))
            play.disprove(PLACE.packed(), blob_of(lie, PLACE))
        else:
            found = play.walk(honest, right)
            play.disprove(found.at.packed(), proof_of(said, found.at, found.blob))
        play.close(f"dispute_{name}")
        stage.chain.restore(before)


class _Play:
    """One dispute about `hidden_lie`."""

    def __init__(self, stage: GasStage, meter: Meter, case: Case) -> None:
        self._stage, self._meter, self._case = stage, meter, case
        self._challenger, self._defender = (stage.holders[i].referee for i in (0, 1))
        self._lie, self._start = hidden_lie()[1], len(stage.chain.used)
        self._dispute, self._last = b"", 0

    def demand(self, what: int) -> None:
        """Demand, in a new dispute or in this one."""
        if self._dispute:
            self._challenger.demand(self._case, self._dispute, self._last, what)
            self._meter.note("demand")
        else:
            self._dispute = self._challenger.dispute(self._case, self._stage.terms, what)
            self._meter.note("dispute")
        self._last = what

    def answered(self, ask: Ask) -> bytes:
        """Demand, and have the lie's defender answer."""
        self.demand(demand_of(ask, self._lie.frame.counts))
        content = answer_bytes(self._lie, ask)
        self._defender.answer(self._case, self._dispute, self._last, content)
        if isinstance(ask, LeafAsk) and ask.section == Section.STATES:
            self._meter.note("answer")
        return content

    def walk(self, honest, right: SheetHead):
        """Look for the wrong step from public figures on, which the sheet's document names: the trace is withheld."""
        published, counts = Published.of(self._lie), self._lie.frame.counts
        walk, reply = blame(honest, right, self._lie.frame, self._case.sheet), None
        while True:
            try:
                ask = walk.send(reply)
            except StopIteration as end:
                return end.value
            reply = published.leaf(ask.section, ask.index) if isinstance(ask, LeafAsk) else None
            if reply is None:
                reply = read_answer(ask, counts, self.answered(ask))

    def wait(self) -> None:
        """Demand one leaf, and let the time for an answer pass."""
        self.demand(demand_of(LeafAsk(Section.STATES, 0), self._lie.frame.counts))
        self._stage.chain.advance_time(2 * self._stage.terms.phases.reveal)

    def disprove(self, at: int, blob: bytes) -> None:
        """Show what the answers led to."""
        self._challenger.disprove(self._case, at, blob)

    def close(self, name: str) -> None:
        """Get the bond back, and note everything together."""
        self._challenger.close(self._case, self._dispute, self._last)
        self._meter.note("close")
        used = self._stage.chain.used[self._start :]
        self._meter.figures[name] = sum(used)
        self._meter.figures[f"{name}_transactions"] = len(used)


def _disprove(stage: GasStage, meter: Meter, name: str, shape: Shape, submissions: int) -> None:
    """One call with the proof that a neuron is wrong."""
    proof = neuron_proof(shape, submissions)
    head = _revealed(stage, stage.sheet(trace_root=proof.frame.trace_root))
    case = Case(stage.bounty, stage.state().round, head, proof.frame.packed())
    stage.holders[0].referee.disprove(case, proof.at.packed(), proof.blob)
    meter.note(name)
    data = artefact("Referee").interface.encode("disprove", (case.as_tuple(), proof.at.packed(), proof.blob))
    meter.figures[f"{name}_floor"] = floor_of(data)


def _revealed(stage: GasStage, head: SheetHead) -> SheetHead:
    """Have all seats commit to a sheet and reveal it."""
    for seat in stage.seated():
        stage.commit_seat(seat, head)
    for seat in stage.seated():
        stage.reveal_seat(seat, head)
    assert stage.state().phase is Phase.CHALLENGE
    return head
