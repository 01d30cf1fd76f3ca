"""The score sheet: everything a round's scoring produced, as one canonical public document.

It holds no update, row or key, only figures; whoever holds the round's keys recomputes each of them
(`verify_sheet`). Integers, truth values and 0x text only, so that its bytes, and so its digest, are the same from
every seat.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from marketplace.domain.errors import InvalidInput, InvalidSheet
from marketplace.domain.fields import hex_text
from marketplace.domain.hashing import ZERO_HASH, keccak
from marketplace.domain.scoring_terms import MAX_HOLDERS
from marketplace.domain.sumtree import PayoutTree
from marketplace.domain.terms import SheetHead
from marketplace.scoring.round import RoundFigures, RoundFrame, RoundInput, RoundScore, score_round

if TYPE_CHECKING:
    from marketplace.domain.scope import Scope
    from marketplace.scoring.dots import Dots

__all__ = ["Payout", "SheetRoots", "payout_tree", "payouts_of", "sheet_document", "sheet_head", "verify_sheet"]

_VERSION = 1


@dataclass(frozen=True)
class Payout:
    """What one holder can claim: its leaf in the payout tree, the way to the root, leaf first, and whose tree it is."""

    index: int
    holder: str
    amount: int
    hashes: tuple[bytes, ...]
    sums: tuple[int, ...]
    sheet_hash: bytes = ZERO_HASH


@dataclass(frozen=True)
class SheetRoots:
    """The commitments a sheet makes beside its figures.

    Args:
        next_base: root of the model the next round starts from.
        aggregate: digest of the document that names the sealed aggregate; zero when not adopted.
        aggregate_root: commitment to the aggregate; zero when not adopted.
        trace: root of the trace a dispute opens.
        published: CID of what everybody may read of the trace; see `trace.published`.
    """

    next_base: bytes
    aggregate: bytes
    aggregate_root: bytes
    trace: bytes = ZERO_HASH
    published: str = ""


def payout_tree(given: RoundFrame, score: RoundFigures) -> PayoutTree:
    """Return the tree over the holders that are paid."""
    holders = {s.index: s.holder for s in given.submissions}
    return PayoutTree({index: (holders[index], amount) for index, amount in score.payouts.items()})


def sheet_document(
    scope: Scope, round_: int, given: RoundFrame, score: RoundFigures, roots: SheetRoots
) -> dict[str, Any]:
    """Return the sheet of a round as JSON values.

    Dot products and amounts are written as decimal text: they exceed what some JSON readers keep.
    """
    return {
        "kind": "sheet",
        "version": _VERSION,
        "chain_id": scope.chain_id,
        "market": scope.market,
        "bounty": hex_text(scope.bounty),
        "round": round_,
        "rows": len(given.labels),
        "round_budget": str(given.round_budget),
        "min_holders": given.min_holders,
        "seed": hex_text(given.seed),
        "k": score.coefficients.k,
        "clip": str(score.scale.clip),
        "shift": score.scale.shift,
        "denominator": score.denominator,
        "target": str(score.target),
        "dots": _dots(score.dots),
        "submissions": [_row(given, score, i) for i in range(len(given.submissions))],
        "gain": score.gain,
        "gain_ppb": score.gain_ppb,
        "adopted": score.adopted,
        "pool": str(score.pool),
        "payout_root": hex_text(payout_tree(given, score).root),
        "next_base_root": hex_text(roots.next_base),
        "aggregate": hex_text(roots.aggregate),
        "aggregate_root": hex_text(roots.aggregate_root),
        "trace_root": hex_text(roots.trace),
        "trace": roots.published,
        "last_round": given.last_round,
        "final_ppb": score.final_ppb,
        "released": score.released,
    }


def sheet_head(given: RoundFrame, score: RoundFigures, roots: SheetRoots, included: int, document: bytes) -> SheetHead:
    """Return what the contract reads of the sheet.

    Args:
        given: the opened round.
        score: what `score_round` made of it.
        roots: the sheet's commitments.
        included: bitmap of included holders, as the chain fixed it.
        document: digest of the stored sheet.
    """
    return SheetHead(
        included=included,
        breached=sum(1 << s.index for s, bad in zip(given.submissions, score.breached, strict=True) if bad),
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
    where = _first_difference(document, right, "")
    if where is not None:
        msg = f"the sheet of round {round_} is wrong at {where}: challenge it"
        raise InvalidSheet(msg)
    return score


def payouts_of(document: object, pool: int, payout_root: bytes) -> dict[int, Payout]:
    """Return the claim of every holder that is paid (index -> proof) from a published sheet.

    Raises:
        InvalidSheet: the payouts listed do not make the root and pool the chain settled on.
    """
    try:
        rows = document["submissions"]  # type: ignore[index]
        payouts = {int(r["index"]): (str(r["holder"]), int(r["payout"])) for r in rows}
        if any(not 0 <= index < MAX_HOLDERS for index in payouts):  # before a tree is made that wide
            raise _unreadable()
        tree = PayoutTree(payouts)
        found = (tree.root, tree.total)
    except (KeyError, TypeError, ValueError, OverflowError, InvalidInput) as error:
        raise _unreadable() from error
    if found != (payout_root, pool):
        msg = "the sheet's payouts are not the ones the chain settled on: ask a seat for the right document"
        raise InvalidSheet(msg)
    return {i: Payout(i, holder, amount, *tree.proof(i)) for i, (holder, amount) in tree.payouts.items()}


def _unreadable() -> InvalidSheet:
    return InvalidSheet("the sheet lists no readable payouts: ask a seat for the right document")


def _row(given: RoundFrame, score: RoundFigures, i: int) -> dict[str, Any]:
    """Return what the sheet says about one submission."""
    submission, chosen = given.submissions[i], score.coefficients
    return {
        "index": submission.index,
        "holder": submission.holder,
        "breached": score.breached[i],
        "norm": chosen.norms[i],
        "root_cosine": chosen.root_cosines[i],
        "trust": chosen.trusts[i],
        "copy": chosen.copies[i],
        "coefficient": chosen.values[i],
        "known": chosen.known[i],
        "contribution": score.sums[i],
        "squares": str(score.squares[i]),
        "lower_bound": score.lower_bounds[i],
        "payout": str(score.payouts.get(submission.index, 0)),
    }


def _first_difference(got: Any, right: Any, path: str) -> str | None:  # noqa: ANN401 - walks JSON
    """Return where two JSON values first differ and how; None when they do not. True is not 1."""
    if isinstance(got, dict) and isinstance(right, dict):
        for key in [*right, *sorted(map(str, got.keys() - right.keys()))]:
            where = f"{path}.{key}" if path else key
            if key not in got or key not in right:
                return f"{where} (which {'is missing' if key in right else 'does not belong there'})"
            if found := _first_difference(got[key], right[key], where):
                return found
        return None
    if isinstance(got, list) and isinstance(right, list) and len(got) == len(right):
        pairs = enumerate(zip(got, right, strict=True))
        return next((w for i, (a, b) in pairs if (w := _first_difference(a, b, f"{path}[{i}]"))), None)
    same = type(got) is type(right) and got == right
    return None if same else f"{path or 'the whole'} ({got!r} instead of {right!r})"


def _dots(dots: Dots) -> dict[str, Any]:
    """Return the dot products, none twice; those with the last round's submissions as one hash, for they are many."""
    previous = json.dumps([dots.previous, dots.previous_squares], separators=(",", ":")).encode("ascii")
    return {
        "gram": [[str(dot) for dot in row[: i + 1]] for i, row in enumerate(dots.gram)],
        "root": [str(dot) for dot in dots.root],
        "root_square": str(dots.root_square),
        "known": [str(dot) for dot in dots.known],
        "known_square": str(dots.known_square),
        "previous": hex_text(keccak(previous)),
    }
