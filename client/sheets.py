"""Reading a settled round's published sheet: who is paid what, and the proof to claim it with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from marketplace.domain.documents import MAX_DOCUMENT_BYTES
from marketplace.scoring.sheet import Payout, payouts_of
from marketplace.storage.cid import cid_of_digest
from marketplace.storage.store import read_json

if TYPE_CHECKING:
    from client.log import BountyLog
    from client.participant import Participant

__all__ = ["gain_in", "payout_in", "sheet_in"]


def sheet_in(who: Participant, log: BountyLog, round_: int) -> dict[str, Any]:
    """Fetch the sheet document that settled `round_`."""
    digest = log.sheet_of(round_).sheet.document
    document: dict[str, Any] = read_json(who.store, cid_of_digest(digest), max_bytes=MAX_DOCUMENT_BYTES)
    return document


def payout_in(who: Participant, log: BountyLog, round_: int, holder: str) -> Payout | None:
    """Return the holder's claim in a settled round, or None when there is nothing for it."""
    head = log.sheet_of(round_).sheet
    payouts = payouts_of(sheet_in(who, log, round_), head.pool, head.payout_root)
    mine = next((p for p in payouts.values() if p.holder == holder and p.amount), None)
    return None if mine is None else replace(mine, sheet_hash=log.settled[round_].sheet_hash)


def gain_in(who: Participant, log: BountyLog, round_: int) -> int:
    """Return the gain a settled round's sheet tells, in billionths of the clip a row.

    0 if it tells none, which only a majority of seats can bring about: honest ones after them still have to agree.
    """
    document: object = sheet_in(who, log, round_)
    gain = document.get("gain_ppb") if isinstance(document, dict) else None
    return gain if type(gain) is int else 0
