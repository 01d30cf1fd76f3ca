"""Reading a settled round's published sheet: who is paid what, and the proof to claim it with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from marketplace.domain.documents import MAX_DOCUMENT_BYTES
from marketplace.domain.errors import InvalidSheet
from marketplace.scoring.sheet import Payout, payouts_of
from marketplace.scoring.trace.published import MAX_PUBLISHED_BYTES, Published
from marketplace.storage.cid import cid_of_digest
from marketplace.storage.store import read_bytes, read_json

if TYPE_CHECKING:
    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.events import Revealed

__all__ = ["document_of", "gain_in", "payout_in", "published_in", "sheet_in"]


def sheet_in(who: Participant, log: BountyLog, round_: int) -> dict[str, Any]:
    """Fetch the sheet document that settled `round_`."""
    return document_of(who, log.sheet_of(round_))


def payout_in(who: Participant, log: BountyLog, round_: int, holder: str) -> Payout | None:
    """Return the holder's claim in a settled round, or None when there is nothing for it."""
    head = log.sheet_of(round_).sheet
    payouts = payouts_of(sheet_in(who, log, round_), head.pool, head.payout_root)
    mine = next((p for p in payouts.values() if p.holder == holder and p.amount), None)
    return None if mine is None else replace(mine, sheet_hash=log.settled[round_].sheet_hash)


def published_in(who: Participant, revealed: Revealed) -> Published:
    """Fetch what a revealed sheet tells of its trace.

    Raises:
        NotFound, StorageError: it is out of reach.
        InvalidSheet, ProtocolError: it is not what the sheet commits to.
    """
    document: object = document_of(who, revealed)
    cid = document.get("trace") if isinstance(document, dict) else None
    if not isinstance(cid, str):
        msg = "the sheet's document names no trace: challenge the sheet"
        raise InvalidSheet(msg)
    return Published.decode(read_bytes(who.store, cid, max_bytes=MAX_PUBLISHED_BYTES), revealed.sheet.trace_root)


def gain_in(who: Participant, log: BountyLog, round_: int) -> int:
    """Return the gain of a settled round, in billionths of the clip a row: by its trace, or by a sheet without one.

    Raises as `published_in`.
    """
    if log.terms.unjudged:
        gain = sheet_in(who, log, round_).get("gain_ppb")
        if type(gain) is not int:
            msg = f"the sheet of round {round_} states no gain: ask a seat for the right document"
            raise InvalidSheet(msg)
        return gain
    return published_in(who, log.sheet_of(round_)).money.gain_ppb


def document_of(who: Participant, revealed: Revealed) -> dict[str, Any]:
    """Fetch the document of a revealed sheet; raises NotFound or StorageError when it is out of reach."""
    digest = revealed.sheet.document
    document: dict[str, Any] = read_json(who.store, cid_of_digest(digest), max_bytes=MAX_DOCUMENT_BYTES)
    return document
