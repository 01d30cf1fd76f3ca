"""The score sheet: everything a round's scoring produced, as one canonical public document.

It holds no update, row or key, only figures; whoever holds the round's keys recomputes each of them
(`verify_sheet`). Integers, text and hex only, so that its bytes, and so its digest, are the same from every seat.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from marketplace.domain.errors import InvalidInput, InvalidSheet
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.terms import SheetHead
from marketplace.scoring.round import RoundInput, RoundScore, score_round

if TYPE_CHECKING:
    from collections.abc import Sequence

    from marketplace.domain.scope import Scope

__all__ = ["Payout", "SheetRoots", "payout_tree", "payouts_of", "sheet_document", "sheet_head", "verify_sheet"]

_KIND, _VERSION = "sheet", 1


@dataclass(frozen=True)
class Payout:
    """What one holder can claim: its leaf in the payout tree, and the way to the root, leaf first."""

    index: int
    holder: str
    amount: int
    hashes: tuple[bytes, ...]
    sums: tuple[int, ...]


@dataclass(frozen=True)
class SheetRoots:
    """The commitments a sheet makes beside its figures.

    Attributes:
        next_base: root of the model the next round starts from.
        aggregate: digest of the document that names the sealed aggregate; zero when not adopted.
        aggregate_root: commitment to the aggregate; zero when not adopted.
        trace: root of the trace a dispute opens; zero until sheets carry one.
    """

    next_base: bytes
    aggregate: bytes
    aggregate_root: bytes
    trace: bytes = bytes(32)


def payout_tree(given: RoundInput, score: RoundScore) -> PayoutTree:
    """Return the tree over every included holder's payout, zeros included."""
    pairs = zip(given.submissions, score.payouts, strict=True)
    return PayoutTree({s.index: (s.holder, amount) for s, amount in pairs})


def sheet_document(
    scope: Scope, round_: int, given: RoundInput, score: RoundScore, roots: SheetRoots
) -> dict[str, Any]:
    """Return the sheet of a round as JSON values."""
    chosen = score.coefficients
    rows = [
        {
            "index": s.index,
            "holder": s.holder,
            "breached": s.update is None,
            "norm": chosen.norms[i],
            "trust": chosen.trust[i],
            "copy": chosen.copies[i],
            "coefficient": chosen.values[i],
            "projection": score.projections[i],
            "total": score.evidence[i].total,
            "squares": str(score.evidence[i].squares),
            "bound": score.bounds[i],
            "payout": str(score.payouts[i]),
        }
        for i, s in enumerate(given.submissions)
    ]
    tree = payout_tree(given, score)
    return {
        "kind": _KIND,
        "version": _VERSION,
        "chain_id": scope.chain_id,
        "market": scope.market,
        "bounty": _hex(scope.bounty),
        "round": round_,
        "rows": len(given.labels),
        "k": chosen.k,
        "denominator": score.denominator,
        "geometry": _texts(asdict(score.geometry)),
        "submissions": rows,
        "gain": score.gain,
        "gain_ppb": score.gain_ppb,
        "adopted": score.adopted,
        "pool": str(score.pool),
        "payout_root": _hex(tree.root),
        "next_base_root": _hex(roots.next_base),
        "aggregate_root": _hex(roots.aggregate_root),
        "trace_root": _hex(roots.trace),
        "final_ppb": score.final_ppb,
        "released": score.released,
    }


def sheet_head(given: RoundInput, score: RoundScore, roots: SheetRoots, included: int, document: bytes) -> SheetHead:
    """Return what the contract reads of the sheet.

    Args:
        included: bitmap of included holders, as the chain fixed it.
        document: digest of the stored sheet.
    """
    breached = sum(1 << s.index for s in given.submissions if s.update is None)
    return SheetHead(
        included=included,
        breached=breached,
        trace_root=roots.trace,
        payout_root=payout_tree(given, score).root,
        pool=score.pool,
        next_base_root=roots.next_base,
        adopted=score.adopted,
        released=score.released,
        aggregate=roots.aggregate,
        document=document,
    )


def verify_sheet(document: object, scope: Scope, round_: int, given: RoundInput, roots: SheetRoots) -> RoundScore:
    """Recompute a sheet from the opened round; raises InvalidSheet naming the first figure that differs."""
    score = score_round(given)
    right = sheet_document(scope, round_, given, score, roots)
    if not isinstance(document, dict) or set(document) != set(right):
        msg = "the sheet has missing or unknown fields: challenge it"
        raise InvalidSheet(msg)
    for name, value in right.items():
        if document[name] != value:
            where = _first_difference(document[name], value, name)
            msg = f"the sheet of round {round_} is wrong at {where}: challenge it"
            raise InvalidSheet(msg)
    return score


def payouts_of(document: object, pool: int, payout_root: bytes) -> dict[int, Payout]:
    """Return every holder's claim (index -> proof) from a published sheet.

    Raises:
        InvalidSheet: the payouts listed do not make the root and pool the chain settled on.
    """
    try:
        rows: Sequence[dict[str, Any]] = document["submissions"]  # type: ignore[index]
        tree = PayoutTree({int(r["index"]): (str(r["holder"]), int(r["payout"])) for r in rows})
    except (KeyError, TypeError, ValueError, InvalidInput) as error:
        msg = "the sheet lists no readable payouts: ask a seat for the right document"
        raise InvalidSheet(msg) from error
    if (tree.root, tree.total) != (payout_root, pool):
        msg = "the sheet's payouts are not the ones the chain settled on: ask a seat for the right document"
        raise InvalidSheet(msg)
    return {i: Payout(i, holder, amount, *tree.proof(i)) for i, (holder, amount) in tree.payouts.items()}


def _first_difference(got: object, right: object, path: str) -> str:
    if isinstance(got, dict) and isinstance(right, dict):
        for key in right:
            if got.get(key) != right[key]:
                return _first_difference(got.get(key), right[key], f"{path}.{key}")
    if isinstance(got, list) and isinstance(right, list) and len(got) == len(right):
        for i, (a, b) in enumerate(zip(got, right, strict=True)):
            if a != b:
                return _first_difference(a, b, f"{path}[{i}]")
    return f"{path} ({got!r} instead of {right!r})"


def _texts(value: Any) -> Any:  # noqa: ANN401 - walks JSON
    """Write integers as text (they exceed what some JSON readers keep) and tuples as lists."""
    if isinstance(value, dict):
        return {k: _texts(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(v) for v in value]
    return str(value)


def _hex(raw: bytes) -> str:
    return "0x" + raw.hex()
