"""Disputes from a validator's seat: bringing wrong sheets down, defending its own, closing what is over.

Everything is told from the chain: which demands were made about a sheet and how they were answered. The walk that
looks for a contradiction starts anew with each step and asks for what nobody has shown yet, so a restart forgets
nothing.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from client.inputs import InputEvidence
from client.push import close_dispute
from client.sheets import published_in
from marketplace.chain.referee import Case
from marketplace.chain.referee_reverts import NoMajorityYet, UnknownSheet, WrongTurn
from marketplace.domain.bounty import Phase
from marketplace.domain.dispute import FRAME_DEMAND, Answered, Decided, Demanded
from marketplace.domain.errors import GradMarketError, InvalidInput, NotFound, StorageError
from marketplace.scoring.trace.blame import blame
from marketplace.scoring.trace.demands import answer_bytes, ask_of, demand_of, read_answer
from marketplace.scoring.trace.evidence import Ask, LeafAsk, Walk, proof_of
from marketplace.scoring.trace.layout import Counts, Frame
from marketplace.scoring.trace.places import Kind

if TYPE_CHECKING:
    from client.scorer import TracedRound
    from client.validator import Validator
    from marketplace.domain.bounty import BountyState
    from marketplace.domain.events import Revealed
    from marketplace.domain.terms import SheetHead
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.scoring.trace.openings import Opening
    from marketplace.scoring.trace.published import Published

__all__ = ["Disputes"]

_WORD = 32
_PATIENCE = 2
"""In the first half of the window a seat waits for what others do about a wrong sheet, and for what is out of reach."""


class Disputes:
    """What one validator does about the sheets of a round while these can be challenged."""

    def __init__(self, who: Validator, terms: TermsDocument) -> None:
        self._who, self._terms = who, terms

    def step(self, bounty: BountyState, mine: TracedRound | None) -> bool:
        """Do the one thing that is due about disputes; return whether there was one.

        Args:
            bounty: where it stands.
            mine: the round as this seat scored it; without that it can only close what is over.
        """
        if close_dispute(self._who.account, self._who.log, bounty):
            return True
        if mine is None:
            return False
        if bounty.phase is Phase.DISPUTE and self._defend(bounty.round, mine):
            return True
        others = self._others(bounty.round, mine)
        return any(self._attack(bounty, mine, e) for e in others) or any(self._excuse(mine, e) for e in others)

    def bring_bond(self, round_: int) -> None:
        """Have the bond of a round's next dispute in the vault."""
        account, log = self._who.account, self._who.log
        missing = account.referee.bond(log.bounty, round_, log.terms) - account.vault.balance()
        if missing > 0:
            account.vault.deposit(missing)

    # ------------------------------------------------------------------ defence
    def _defend(self, round_: int, mine: TracedRound) -> bool:
        """Answer a demand for a part of the sheet this seat stands for."""
        log, account = self._who.log, self._who.account
        for dispute, opened in log.disputed[round_].items():
            turn = log.turns[dispute][-1]
            if opened.sheet_hash != mine.hash or not isinstance(turn, Demanded):
                continue
            if account.now() > turn.deadline:
                continue
            try:
                content = b"" if turn.what == FRAME_DEMAND else answer_bytes(mine.trace, ask_of(turn.what))
            except InvalidInput as trouble:  # a demand that nobody understands must not keep others from their answers
                self._who.note(trouble)
                continue
            case = Case(log.bounty, round_, mine.sheet, mine.trace.frame.packed())
            with suppress(WrongTurn, UnknownSheet):  # another seat was faster, or the sheet fell by another dispute
                account.referee.answer(case, dispute, turn.what, content)
            return True
        return False

    # ------------------------------------------------------------------ attack
    def _others(self, round_: int, mine: TracedRound) -> list[Revealed]:
        """Sheets of the round that differ from this seat's and still stand."""
        log = self._who.log
        return [e for h, e in log.revealed[round_].items() if h != mine.hash and h not in log.disproved[round_]]

    def _attack(self, bounty: BountyState, mine: TracedRound, event: Revealed) -> bool:
        """Go on against one sheet: disprove it, or demand what is missing for that."""
        who, case = self._who, Case(event.bounty, bounty.round, event.sheet)
        told = self._told(bounty, event)
        if told is None:
            return False  # it may come yet
        frame, published, answers = told
        if frame is None:
            return self._demand(bounty, case, event, FRAME_DEMAND)
        case = Case(case.bounty, case.round, case.sheet, frame.packed())
        try:
            ask, found = self._walk(bounty.round, mine, event, frame, published, answers)
        except (NotFound, StorageError, InvalidInput) as trouble:
            who.note(trouble)
            return False
        if ask is not None:
            return self._demand(bounty, case, event, demand_of(ask, frame.counts))
        if found is None:
            return False  # the sheets differ in nothing that matters
        with suppress(UnknownSheet):
            who.account.referee.disprove(case, *found)
        return True

    def _walk(  # noqa: PLR0913, PLR0917 - a walk's surroundings
        self,
        round_: int,
        mine: TracedRound,
        event: Revealed,
        frame: Frame,
        published: Published | None,
        answers: dict[int, bytes],
    ) -> tuple[Ask | None, tuple[int, bytes] | None]:
        """Walk as far as what was told leads; return what to ask for next, or what disproves the sheet, if anything."""
        walk = self._finding(round_, mine, event, frame)
        reply: Opening | bytes | None = None
        while True:
            try:
                ask = walk.send(reply)
            except StopIteration as end:
                return None, end.value
            reply = None
            if published is not None and isinstance(ask, LeafAsk):
                reply = published.leaf(ask.section, ask.index)
            if reply is None:
                what = demand_of(ask, frame.counts)
                if what not in answers:
                    return ask, None
                reply = read_answer(ask, frame.counts, answers[what])

    def _finding(self, round_: int, mine: TracedRound, event: Revealed, frame: Frame) -> Walk[tuple[int, bytes] | None]:
        """Look for a step that contradicts; return its place and proof."""
        who = self._who
        found = yield from blame(mine.trace, mine.sheet, frame, event.sheet, thorough=False)
        if found is None:
            return None
        if found.at.kind & ~0x80 < Kind.TERMS:
            return found.at.packed(), proof_of(event.sheet, found.at, found.blob)
        inputs = InputEvidence(who, who.log, self._terms, mine, round_, frame, event.sheet)
        at, evidence = yield from inputs.of(found.at)
        return at.packed(), evidence.encode()

    def _told(
        self, bounty: BountyState, event: Revealed
    ) -> tuple[Frame | None, Published | None, dict[int, bytes]] | None:
        """Return what is known of a sheet's trace: its frame, its public part, and answers by what was demanded.

        None while the public part is out of reach and there is time to wait for it.
        """
        who, log = self._who, self._who.log
        answers = {
            turn.what: turn.content
            for dispute, opened in log.disputed[bounty.round].items()
            if opened.sheet_hash == event.sheet_hash
            for turn in log.turns[dispute]
            if isinstance(turn, Answered)
        }
        try:
            published = published_in(who, event)
        except GradMarketError as trouble:
            who.note(trouble)
            raw = answers.get(FRAME_DEMAND)
            if raw is not None:
                return _frame(raw), None, answers
            out_of_reach = isinstance(trouble, NotFound | StorageError)
            return None if out_of_reach and self._may_wait(bounty) else (None, None, answers)
        return published.frame, published, answers

    def _demand(self, bounty: BountyState, case: Case, event: Revealed, what: int) -> bool:
        """Demand a part of a sheet's trace: in a dispute of one's own, or in a new one."""
        who, log, referee = self._who, self._who.log, self._who.account.referee
        own = [d for d, o in log.disputed[bounty.round].items() if o.sheet_hash == event.sheet_hash]
        live = [d for d in own if not isinstance(log.turns[d][-1], Decided)]
        for dispute in live:
            turn = log.turns[dispute][-1]
            if log.disputed[bounty.round][dispute].challenger != who.address:
                continue
            if isinstance(turn, Answered) and who.in_time(turn.deadline):
                referee.demand(case, dispute, turn.what, what)
                return True
            return False  # the defence's turn, or over and to be closed
        if not who.in_time(bounty.deadline) or (live and self._may_wait(bounty)):
            return False
        self.bring_bond(bounty.round)
        referee.dispute(case, log.terms, what)
        return True

    def _excuse(self, mine: TracedRound, event: Revealed) -> bool:
        """Have this seat excused if a majority pays the same under other salts, which nobody can disprove."""
        log, sheet = self._who.log, event.sheet
        if (
            not _pay_the_same(sheet, mine.sheet)
            or mine.hash in log.excused[event.round]
            or mine.hash not in log.revealed[event.round]
        ):
            return False
        with suppress(NoMajorityYet, UnknownSheet):
            self._who.account.referee.excuse(Case(event.bounty, event.round, sheet), log.terms, mine.sheet)
            return True
        return False

    def _may_wait(self, bounty: BountyState) -> bool:
        """Whether enough of the window is left to see first what others do."""
        return self._who.in_time(bounty.deadline, self._who.log.terms.phases.challenge // _PATIENCE)


def _pay_the_same(one: SheetHead, other: SheetHead) -> bool:
    """Whether two sheets differ in nothing but hashes that have salts in them; see `IReferee.excuse`."""
    salted = ("trace_root", "next_base_root", "aggregate", "document")
    return replace(one, **{name: getattr(other, name) for name in salted}) == other


def _frame(raw: bytes) -> Frame | None:
    """Read a frame that was demanded; None if its counts are none."""
    try:
        counts = Counts.unpacked(int.from_bytes(raw[:_WORD], "big"))
    except InvalidInput:
        return None
    return Frame(counts, raw[_WORD : 2 * _WORD], raw[2 * _WORD :])
