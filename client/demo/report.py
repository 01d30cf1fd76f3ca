"""What a demonstration amounted to, as one JSON document: money to the smallest unit, accuracy on rows nobody used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from client.sheets import sheet_in

if TYPE_CHECKING:
    from client.demo.books import Books
    from client.demo.people import Person
    from client.demo.plan import DemoOptions
    from client.participant import Participant
    from client.training import Metrics

__all__ = ["Outcome", "Standing", "make_report", "standings"]


@dataclass(frozen=True)
class Standing:
    """What one participant gained or lost, in the token's smallest unit; gas is not counted.

    Attributes:
        role: owner, holder or validator; kind: honest, or the attack it played.
        earned: payouts and seat pay; fees: of submissions that counted; slashed: stakes lost.
        net: what it holds now less what it started with.
    """

    name: str
    role: str
    kind: str
    earned: int
    fees: int
    slashed: int
    net: int


@dataclass(frozen=True, eq=False)
class Outcome:
    """A demonstration that was played to its end.

    Attributes:
        viewer: a participant whose account, store and log the report is read from.
        people: who took part.
        books: the vault, added up.
        curve: metrics of the owner's model after each round; -1: before the first.
    """

    viewer: Participant
    people: tuple[Person, ...]
    books: Books
    curve: dict[int, Metrics]


def standings(outcome: Outcome) -> list[Standing]:
    """Return what everybody ended with, the owner first."""
    log, token = outcome.viewer.log, outcome.viewer.account.token
    return [
        Standing(
            name=person.name,
            role=person.role,
            kind=person.kind,
            earned=log.earned[person.address] if person.role != "owner" else 0,
            fees=log.terms.fee * log.fees_paid_by(person.address),
            slashed=log.lost[person.address],
            net=token.balance(person.address) - person.grant,
        )
        for person in outcome.people
    ]


def make_report(outcome: Outcome, options: DemoOptions, seconds: float) -> dict[str, Any]:
    """Return the document that `gradmarket demo --report` writes."""
    viewer, curve, kept = outcome.viewer, outcome.curve, outcome.books
    log = viewer.log
    rounds = []
    for round_ in sorted(set(log.settled) | log.void):
        head = log.sheet_of(round_).sheet if round_ in log.settled else None
        sheet = {} if head is None else sheet_in(viewer, log, round_)
        at = max(r for r in curve if r <= round_)
        rounds.append(
            {
                "round": round_,
                "gain": sheet.get("gain_ppb", 0),
                "adopted": bool(head and head.adopted),
                "pool": head.pool if head else 0,
                "accuracy": curve[at].accuracy,
                "auc": curve[at].auc,
            }
        )
    last = curve[max(curve)]
    return {
        "chain": options.chain,
        "storage": options.storage,
        "data": options.data,
        "privacy": options.privacy,
        "seed": options.seed,
        "seconds": round(seconds, 1),
        "start": asdict(curve[-1]),
        "final": asdict(last),
        "participants": [asdict(s) for s in standings(outcome)],
        "rounds": rounds,
        "conservation": {
            "in": kept.deposited,
            "out": kept.withdrawn,
            "burned": kept.burned,
            "held": kept.held,
            "exact": kept.exact,
        },
    }
