"""The score sheet: canonical, complete, and caught at any single changed figure."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from marketplace.domain.documents import MAX_DOCUMENT_BYTES
from marketplace.domain.errors import InvalidSheet
from marketplace.domain.hashing import keccak
from marketplace.domain.network import Shape
from marketplace.domain.scope import Scope
from marketplace.domain.sumtree import verify_payout
from marketplace.domain.update import Update
from marketplace.scoring.round import FinalInput, RoundInput, Submission, score_round
from marketplace.scoring.sheet import SheetRoots, payout_tree, payouts_of, sheet_document, sheet_head, verify_sheet
from tests.scoring.test_scoring_round import good_round
from tests.scoring.worlds import address, plus, rounds, update_of

SCOPE = Scope(1337, "0x" + "42" * 20, keccak(b"bounty"))
ROOTS = SheetRoots(keccak(b"next"), keccak(b"aggregate"), keccak(b"root"))


def json_of(drawn: RoundInput) -> Any:
    """Return a round's sheet as it is fetched: through JSON text."""
    document = sheet_document(SCOPE, 2, drawn, score_round(drawn), ROOTS)
    return json.loads(json.dumps(document))


def last_round() -> RoundInput:
    """Return a round with everything in it: a last aggregate, a breach, a copy, a final shard."""
    drawn = good_round()
    shape = drawn.scoring.shape
    known = update_of(shape, np.random.default_rng(9), 3)
    extra = (Submission(5, address(5), None), Submission(9, address(9), drawn.submissions[1].update))
    return replace(
        drawn,
        submissions=drawn.submissions + extra,
        last_aggregate=known,
        last_submissions=drawn.submissions[:2],
        last_round=True,
        final=FinalInput(drawn.rows, drawn.labels, drawn.base, (5,)),
    )


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[tuple[Any, ...], Any]]:
    """Return (path, value) of every figure of a document."""
    if isinstance(value, dict):
        return [leaf for key, v in value.items() for leaf in leaves(v, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, v in enumerate(value) for leaf in leaves(v, (*path, i))]
    return [(path, value)]


def altered(value: Any) -> Any:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 1
    if value is None:
        return 0
    if value.startswith("0x"):
        return value[:-1] + ("1" if value[-1] == "0" else "0")
    return str(int(value) + 1) if value.lstrip("-").isdigit() else value + "s"


def put(document: Any, path: tuple[Any, ...], value: Any) -> Any:
    """Return a copy of the document with another value at `path`."""
    out = copy.deepcopy(document)
    at = out
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return out


@settings(max_examples=30, deadline=None)
@given(rounds)
def test_a_sheet_survives_json_and_verifies(drawn: RoundInput) -> None:
    """Whoever holds the round's keys recomputes the fetched sheet, every figure of it. GM-415."""
    score = verify_sheet(json_of(drawn), SCOPE, 2, drawn, ROOTS)
    assert score_round(drawn).payouts == score.payouts


def test_a_sheet_holds_integers_truth_values_and_text_alone() -> None:
    """No float, so one canonical spelling; the same round gives the same bytes."""
    document = json_of(last_round())
    assert {int, bool, str} == {type(value) for _, value in leaves(document)}
    assert json.dumps(document, sort_keys=True) == json.dumps(json_of(last_round()), sort_keys=True)


@pytest.mark.parametrize("path", [path for path, _ in leaves(json_of(last_round()))], ids=str)
def test_any_single_changed_figure_is_caught_and_named(path: tuple[Any, ...]) -> None:
    """One altered figure, wherever it stands, raises InvalidSheet with its place. GM-415."""
    drawn = last_round()
    document = json_of(drawn)
    value = document
    for key in path:
        value = value[key]
    with pytest.raises(InvalidSheet) as caught:
        verify_sheet(put(document, path, altered(value)), SCOPE, 2, drawn, ROOTS)
    place = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in path).lstrip(".")
    assert f"wrong at {place} (" in str(caught.value)


@pytest.mark.parametrize("value", [None, 7, [], "sheet", {}])
def test_what_is_no_sheet_is_refused(value: Any) -> None:
    """Whatever the store returns, checking it raises one of our errors."""
    with pytest.raises(InvalidSheet):
        verify_sheet(value, SCOPE, 2, good_round(), ROOTS)
    with pytest.raises(InvalidSheet):
        payouts_of(value, 1, bytes(32))


def test_missing_unknown_and_reordered_entries_are_caught() -> None:
    """A figure that is not there, one too many, a row too few, and 1 in place of true."""
    drawn = good_round()
    document = json_of(drawn)
    lacking = {k: v for k, v in document.items() if k != "gain"}
    for wrong, words in (
        (lacking, "gain .which is missing"),
        (document | {"extra": 1}, "extra .which does not belong"),
        (document | {"submissions": document["submissions"][1:]}, "submissions"),
        (document | {"submissions": document["submissions"][::-1]}, r"submissions\[0\].index"),
        (document | {"adopted": 1}, "adopted"),
    ):
        with pytest.raises(InvalidSheet, match=words):
            verify_sheet(wrong, SCOPE, 2, drawn, ROOTS)


def test_another_place_makes_another_sheet() -> None:
    """A sheet of one bounty or round is none of another."""
    drawn = good_round()
    document = json_of(drawn)
    with pytest.raises(InvalidSheet, match="round"):
        verify_sheet(document, SCOPE, 3, drawn, ROOTS)
    with pytest.raises(InvalidSheet, match="bounty"):
        verify_sheet(document, replace(SCOPE, bounty=bytes(32)), 2, drawn, ROOTS)
    with pytest.raises(InvalidSheet, match="next_base_root"):
        verify_sheet(document, SCOPE, 2, drawn, replace(ROOTS, next_base=bytes(32)))


def test_the_head_says_what_the_sheet_says() -> None:
    """What the contract reads: bitmaps, payout root and pool, adoption and the named documents."""
    drawn = last_round()
    score = score_round(drawn)
    head = sheet_head(drawn, score, ROOTS, 0b1000101111, keccak(b"document"))
    tree = payout_tree(drawn, score)
    assert (0b1000101111, 1 << 5) == (head.included, head.breached)
    assert (tree.root, tree.total, score.pool) == (head.payout_root, head.pool, head.pool)
    assert (score.adopted, score.released) == (head.adopted, head.released)
    assert (ROOTS.next_base, ROOTS.aggregate, ROOTS.trace) == (head.next_base_root, head.aggregate, head.trace_root)


def test_every_payout_can_be_claimed_from_the_published_sheet() -> None:
    """Reading the sheet gives each paid holder a proof the contract accepts; nobody else is listed. GM-416."""
    drawn = last_round()
    score = score_round(drawn)
    tree = payout_tree(drawn, score)
    found = payouts_of(json_of(drawn), score.pool, tree.root)
    assert score.payouts == {i: p.amount for i, p in found.items()}
    for payout in found.values():
        claim = payout.index, payout.holder, payout.amount, payout.hashes, payout.sums
        assert verify_payout(tree.root, tree.total, *claim)


def test_payouts_that_are_not_the_settled_ones_are_refused() -> None:
    """A sheet that lists other amounts than the chain settled on is no basis for a claim."""
    drawn = good_round()
    score = score_round(drawn)
    root = payout_tree(drawn, score).root
    document = json_of(drawn)
    for wrong in ("1", "-1", "many", None, str(10**60)):
        with pytest.raises(InvalidSheet):
            payouts_of(put(document, ("submissions", 0, "payout"), wrong), score.pool, root)
    with pytest.raises(InvalidSheet):
        payouts_of(document, score.pool + 1, root)


def test_the_sheet_of_the_largest_round_fits_one_block() -> None:
    """128 submissions of the longest updates, and as many in the last round: at most 256 KiB. GM-608."""
    drawn = good_round()
    shape = Shape(4, 3, 3)
    rng = np.random.default_rng(1)
    group = tuple(Submission(i, address(i), plus(drawn.root_update, update_of(shape, rng, 20))) for i in range(128))
    terms = replace(drawn.scoring, max_submissions=128)
    small = score_round(replace(drawn, submissions=group, last_submissions=group, scoring=terms))
    wide = 2**61  # as long as a dot product can be
    dots = replace(
        small.dots,
        gram=((-wide,) * 128,) * 128,
        root=(-wide,) * 128,
        known=(-wide,) * 128,
        previous=((-wide,) * 128,) * 128,
    )
    document = sheet_document(SCOPE, 2, replace(drawn, submissions=group), replace(small, dots=dots), ROOTS)
    assert len(json.dumps(document, separators=(",", ":"))) <= MAX_DOCUMENT_BYTES


def test_an_unpaid_round_has_an_empty_tree() -> None:
    """Nobody paid: the zero root, no claims."""
    drawn = good_round()
    idle = replace(drawn, submissions=tuple(Submission(s.index, s.holder, None) for s in drawn.submissions))
    assert {} == payouts_of(json_of(idle), 0, bytes(32))
    assert Update.zero(drawn.scoring.shape) == score_round(idle).aggregate
