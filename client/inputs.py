"""What the chain knows of a round's inputs, as evidence against a trace that starts from something else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.opening import included, read_submission
from client.sheets import published_in
from marketplace.chain.evidence import Evidence, Record, ShardProof
from marketplace.chain.referee import Case
from marketplace.domain import terms_tree
from marketplace.domain.abi import OPENED, submissions_step
from marketplace.domain.commitment import row_leaves, rows_root_of
from marketplace.domain.errors import InvalidInput
from marketplace.domain.merkle import merkle_root
from marketplace.scoring.trace.evidence import LeafAsk, Walk, proof_of
from marketplace.scoring.trace.layout import Model, Section
from marketplace.scoring.trace.places import At, Kind
from marketplace.scoring.trace.public import Params, People

if TYPE_CHECKING:
    from client.log import BountyLog
    from client.participant import Participant
    from client.scorer import TracedRound
    from marketplace.domain.terms import SheetHead
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.scoring.trace.layout import Frame
    from marketplace.scoring.trace.published import Published

__all__ = ["InputEvidence"]


class InputEvidence:
    """Evidence about the inputs of one round.

    Args:
        who: whoever disputes; log: what the chain said; terms: the bounty's terms document.
        mine: the round as `who` scored it.
        frame: of the disputed trace.
        sheet: the disputed one.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what there is to know
        self,
        who: Participant,
        log: BountyLog,
        terms: TermsDocument,
        mine: TracedRound,
        round_: int,
        frame: Frame,
        sheet: SheetHead,
    ) -> None:
        self._who, self._log, self._terms, self._mine = who, log, terms, mine
        self._round, self._counts, self._rows_root, self._sheet = round_, frame.counts, frame.rows_root, sheet

    def of(self, at: At) -> Walk[tuple[At, Evidence]]:
        """Return what the judge of inputs is shown against an input; asks for openings of the disputed trace.

        Args:
            at: the input that a walk found to be another one, as `blame` names it.

        Raises:
            InvalidInput: nothing on the chain contradicts it.
            NotFound, StorageError: an earlier round's trace is out of reach.
        """
        at = yield from self._precisely(at)
        return at, (yield from self._evidence(at))

    def _precisely(self, at: At) -> Walk[At]:
        """Return the judge's name for an input: which shard, which submission, which model."""
        mine, n = self._mine.trace.frame.counts, self._counts.submissions
        if at.kind == Kind.SHARD:
            same = (mine.rows, self._mine.trace.frame.rows_root) == (self._counts.rows, self._rows_root)
            return At(Kind.SHARD, p=int(same))
        if at.kind == Kind.SUBMISSIONS and n != mine.submissions:
            return At(Kind.TERMS)
        if at.kind == Kind.BASE and at.p == Model.FIRST:
            return At(Kind.FIRST_BASE)
        if at.kind == Kind.PREVIOUS and at.p == 0 and self._previous_fits():
            opening = yield LeafAsk(Section.PEOPLE, 0)
            said = People.decode(opening.content, self._counts).previous
            right = [s.holder for s in self._mine.given.last_submissions]
            return At(Kind.PREVIOUS, g=next((i for i, who in enumerate(right) if said[i] != who), 0))
        return At(at.kind, g=at.g)

    def _evidence(self, at: At) -> Walk[Evidence]:
        opened, places = proof_of(self._sheet, at, b""), self._openings(at)
        if at.kind == Kind.PREVIOUS and not (yield from self._names_the_last(at)):
            places = places[:1]  # the judge looks no further than at the round that is named
        for section, index in places:
            opening = yield LeafAsk(section, index)
            opened += opening.encode()
        terms, adopted = self._log.terms, self._log.last_adopted(before=self._round)
        match at.kind:
            case Kind.TERMS:
                proof = ShardProof(terms_tree.proof_in(self._terms, terms.rounds + 1))
                found = Evidence(opened, terms, self._terms.scoring.words(), proof)
            case Kind.SHARD:
                found = Evidence(opened, terms, shard=self._shard(final=bool(at.p)))
            case Kind.SUBMISSIONS:
                found = self._submission(opened, at.g)
            case Kind.ROOT:
                before, records = self._history()
                found = Evidence(opened, before=before, records=records)
            case Kind.HEAD | Kind.FIRST_BASE:
                found = Evidence(opened, terms)
            case Kind.BASE | Kind.KNOWN:
                found = self._earlier(opened, at, adopted)
            case Kind.PREVIOUS:
                found = self._earlier(opened, at, self._log.last_scored(before=self._round))
            case _:
                msg = f"nothing on the chain contradicts an input of kind {at.kind:#x}"
                raise InvalidInput(msg)
        return found

    def _openings(self, at: At) -> list[tuple[int, int]]:
        """Leaves of the disputed trace that the judge reads, in its order."""
        params, people, models = (Section.PARAMS, 0), (Section.PEOPLE, 0), Section.MODELS
        earlier = (models, Model.UPDATES + self._counts.submissions + at.g)
        found: dict[int, list[tuple[int, int]]] = {
            Kind.TERMS: [params],
            Kind.SHARD: [params] if at.p else [],
            Kind.SUBMISSIONS: [people, (models, Model.UPDATES + at.g)],
            Kind.BASE: [params, (models, Model.BASE)],
            Kind.KNOWN: [params, (models, Model.KNOWN)],
            Kind.PREVIOUS: [params, *([people, earlier] if self._previous_fits() else [])],
            Kind.ROOT: [(models, Model.ROOT)],
            Kind.HEAD: [people],
            Kind.FIRST_BASE: [(models, Model.FIRST)],
        }
        return found.get(at.kind, [])

    def _names_the_last(self, at: At) -> Walk[bool]:
        """Return whether the disputed trace names the last settled round, and so many submissions of it."""
        opening = yield LeafAsk(Section.PARAMS, 0)
        last = self._log.last_scored(before=self._round)
        named = Params.decode(opening.content).previous_from
        return last is not None and named == last + 1 and self._previous_fits() and at.g < self._counts.previous

    def _previous_fits(self) -> bool:
        """Whether the disputed trace has as many earlier submissions as there were."""
        return self._counts.previous == len(self._mine.given.last_submissions)

    def _shard(self, *, final: bool) -> ShardProof:
        given, salts = self._mine.given, self._mine.salts
        position = self._log.terms.rounds if final else self._round
        shard = self._terms.shards[position]
        if not final:
            rows, labels, salt = given.rows, given.labels, salts.rows
        elif given.final is not None and salts.final_rows is not None:
            rows, labels, salt = given.final.rows, given.final.labels, salts.final_rows
        else:
            msg = "the final shard was not opened here: nothing shows how many rows it has"
            raise InvalidInput(msg)
        merkle = merkle_root(row_leaves(rows, labels, salt))
        assert rows_root_of(len(labels), merkle) == shard.root  # noqa: S101 - it was checked when it was opened
        name, path = terms_tree.name_of(shard), terms_tree.proof_in(self._terms, position)
        return ShardProof(path, shard.root, name, shard.key_hash, len(labels), merkle)

    def _history(self) -> tuple[bytes, tuple[Record, ...]]:
        """Return the running hash before this round, and what it took in since."""
        log, owner, running = self._log, self._log.terms.owner, self._log.bounty
        for round_, opening in sorted(log.opened.items()):
            records = [Record(owner, OPENED, opening.root_update, opening.document)]
            records += [Record(e.holder, e.index, e.commitment, e.document) for e in log.submissions[round_]]
            if round_ == self._round:
                return running, tuple(records)
            for r in records:
                running = submissions_step(running, round_, r.who, r.index, r.commitment, r.document)
        msg = f"round {self._round} was not opened"
        raise InvalidInput(msg)

    def _submission(self, opened: bytes, which: int) -> Evidence:
        before, records = self._history()
        events = included(self._log, self._round)
        if which >= len(events):
            return Evidence(opened, before=before, records=records)
        document = read_submission(self._who, self._log, events[which])
        return Evidence(
            opened,
            before=before,
            records=records,
            update_root=document.update_root,
            key_hash=document.key_hash,
        )

    def _earlier(self, opened: bytes, at: At, round_: int | None) -> Evidence:
        """Evidence from the sheet that an earlier round was settled on; from the terms if there is none."""
        log = self._log
        if round_ is None:
            return Evidence(opened, log.terms)
        revealed = log.sheet_of(round_)
        told = published_in(self._who, revealed)
        return Evidence(
            opened,
            earlier=Case(log.bounty, round_, revealed.sheet, told.frame.packed()),
            earlier_openings=self._of_earlier(told, at),
            token=log.terms.token,
        )

    def _of_earlier(self, told: Published, at: At) -> bytes:
        """Openings of the earlier trace that the judge reads, in its order; all of them are public."""
        leaves: list[tuple[int, int]] = []
        if at.kind == Kind.KNOWN:
            leaves = [(Section.PARAMS, 0), (Section.MODELS, Model.AGGREGATE), (Section.MONEY, 0)]
        elif at.kind == Kind.PREVIOUS and self._previous_fits():
            leaves = [(Section.PEOPLE, 0), (Section.MODELS, Model.UPDATES + at.g)]
        found = [told.leaf(*place) for place in leaves]
        return b"".join(opening.encode() for opening in found if opening is not None)
