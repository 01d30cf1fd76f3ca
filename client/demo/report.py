"""What a demonstration amounted to, as one JSON document: money to the smallest unit, accuracy on rows nobody used."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from client.holder import DataHolder
from client.owner import ModelOwner
from client.sheets import sheet_in
from client.validator import Validator

if TYPE_CHECKING:
    from client.demo.plan import DemoOptions
    from client.demo.world import Cast
    from client.training import Metrics

__all__ = ["Conservation", "Standing", "conservation", "make_report", "standings"]


_ROLES = {ModelOwner: "owner", Validator: "validator", DataHolder: "holder"}


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


@dataclass(frozen=True)
class Conservation:
    """What went into the vault and what became of it.

    Attributes:
        deposited, withdrawn: sums over everybody; burned: the account nobody can empty; held: still owed to somebody.
        exact: whether the four add up, and equal the tokens the vault really has.
    """

    deposited: int
    withdrawn: int
    burned: int
    held: int
    exact: bool


def conservation(cast: Cast) -> Conservation:
    """Add up every token that entered, left or stayed in the vault."""
    books = cast.chain.books()
    exact = books.deposited == books.withdrawn + books.burned + books.held
    exact = exact and books.tokens_in_vault == books.burned + books.held
    return Conservation(books.deposited, books.withdrawn, books.burned, books.held, exact)


def standings(cast: Cast) -> list[Standing]:
    """Return what everybody ended with, the owner first."""
    log, fee = cast.owner.log, cast.owner.log.terms.fee
    out = []
    for person in cast.everybody:
        role = _ROLES[type(person)]
        out.append(
            Standing(
                name=person.name,
                role=role,
                kind=cast.kinds[person.name],
                earned=log.earned[person.address] if role != "owner" else 0,
                fees=fee * log.fees_paid_by(person.address),
                slashed=log.lost[person.address],
                net=person.account.token.balance() - cast.grants[person.name],
            )
        )
    return out


def make_report(cast: Cast, options: DemoOptions, curve: dict[int, Metrics], seconds: float) -> dict[str, Any]:
    """Return the document that `gradmarket demo --report` writes."""
    log, kept = cast.owner.log, conservation(cast)
    rounds = []
    for round_ in sorted(set(log.settled) | log.void):
        event, sheet = log.settled.get(round_), {}
        if event is not None:
            sheet = sheet_in(cast.owner, log, round_)
        at = max(r for r in curve if r <= round_)
        rounds.append(
            {
                "round": round_,
                "gain": sheet.get("gain_ppb", 0),
                "adopted": bool(event and event.adopted),
                "pool": event.pool if event else 0,
                "accuracy": curve[at].accuracy,
                "auc": curve[at].auc,
            }
        )
    last = curve[max(curve)]
    return {
        "chain": "embedded",
        "storage": "embedded",
        "data": options.data,
        "privacy": "sealed",
        "seed": options.seed,
        "seconds": round(seconds, 1),
        "start": asdict(curve[-1]),
        "final": asdict(last),
        "participants": [asdict(s) for s in standings(cast)],
        "rounds": rounds,
        "conservation": {
            "in": kept.deposited,
            "out": kept.withdrawn,
            "burned": kept.burned,
            "held": kept.held,
            "exact": kept.exact,
        },
    }
