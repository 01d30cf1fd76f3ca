"""What a seat drawn later needs of the rounds before, handed over by the seats that scored them.

Nothing in it is believed: the updates have to match their commitments and the breaches of the sheet that settled, the
aggregate that sheet, and the first base the terms. A seat that hands over something else hands over nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from client.base import max_model_bytes, open_base
from client.opening import included, open_included
from client.scorer import Memory
from marketplace.domain.documents import AggregateDocument, HandoverDocument
from marketplace.domain.errors import GradMarketError, ProtocolError
from marketplace.domain.fields import Fields, hex_text
from marketplace.domain.scope import Purpose
from marketplace.scoring.round import Submission
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_for, seal_to_all
from marketplace.storage.canonical import decode_json, encode_json
from marketplace.storage.tensors import load_update

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.events import HandedOver
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.update import Update

__all__ = ["read_handover", "seal_handover"]

_MAX_BYTES = 1 << 16


def seal_handover(
    who: Participant, bounty: bytes, round_: int, memory: Memory, keys: Mapping[str, bytes]
) -> HandoverDocument:
    """Seal what `memory` holds to the public keys (address -> key) of seats about to score `round_`.

    Args:
        who: the seat's validator.
        bounty: its id.
        round_: the round about to be scored.
        memory: knows a settled round.
        keys: who gets it.
    """
    key = datakeys.new_key()
    context = who.scope(bounty).context(Purpose.HANDOVER, round_, who.address)
    cid = who.put_sealed(encode_json(_content(memory)), key, context)
    return HandoverDocument(round_, cid, seal_to_all(key, keys, context))


def read_handover(who: Participant, log: BountyLog, scoring: ScoringTerms, event: HandedOver) -> Memory | None:
    """Return what one seat handed over, or None if it is not for `who` or not true."""
    try:
        document = who.fetch(event.document, HandoverDocument)
        context = who.scope(log.bounty).context(Purpose.HANDOVER, event.round, log.seated(event.seat, event))
        key = open_for(document.keys, who.address, who.identity, context)
        content = who.get_sealed(document.cid, key, context, max_bytes=_MAX_BYTES)
        return _read(who, log, scoring, Fields(decode_json(content), "a handover"))
    except GradMarketError:
        return None


def _content(memory: Memory) -> dict[str, Any]:
    return {
        "round": memory.last_round,
        "keys": [{"index": index, "key": hex_text(key)} for index, key in sorted(memory.last_keys.items())],
        "aggregate_key": None if memory.aggregate_key is None else hex_text(memory.aggregate_key),
        "first_base_round": memory.first_base_round,
        "first_base_key": None if memory.first_base_key is None else hex_text(memory.first_base_key),
    }


def _read(who: Participant, log: BountyLog, scoring: ScoringTerms, content: Fields) -> Memory:
    last, adopted = log.last_scored(), log.last_adopted()
    first = content.integer("first_base_round", high=log.terms.rounds)
    if last is None or content.integer("round") != last or first not in log.opened:
        msg = "a seat handed over another round than the last one: take it from another seat"
        raise ProtocolError(msg)
    keys = {item.integer("index"): item.digest("key") for item in content.items("keys")}
    submissions = tuple(Submission(e.index, e.holder, None) for e in included(log, last))
    wrong = False
    if not log.terms.unjudged:  # else nobody opened an update
        submissions = open_included(who, log, scoring, last, keys)
        wrong = sum(1 << s.index for s in submissions if s.update is None) != log.sheet_of(last).sheet.breached
    if wrong:
        msg = "a seat handed over keys that open other updates than those which were scored: take it from another seat"
        raise ProtocolError(msg)
    aggregate_key = None if adopted is None else content.digest("aggregate_key")
    base_key = content.digest("first_base_key")
    first_base, first_salt = open_base(who, log, scoring, first, log.terms.base_root, key=base_key)
    aggregate, aggregate_salt = (
        (None, None) if aggregate_key is None else _open_aggregate(who, log, scoring, aggregate_key)
    )
    return Memory(
        first_base=first_base,
        first_base_salt=first_salt,
        first_base_round=first,
        first_base_key=base_key,
        last_round=last,
        last_keys=keys,
        last_submissions=submissions,
        aggregate_key=aggregate_key,
        last_aggregate=aggregate,
        last_aggregate_salt=aggregate_salt,
    )


def _open_aggregate(
    who: Participant, log: BountyLog, scoring: ScoringTerms, key: bytes
) -> tuple[Update, bytes] | tuple[None, None]:
    round_ = log.last_adopted()
    if round_ is None:
        return None, None
    document = who.fetch(log.sheet_of(round_).sheet.aggregate, AggregateDocument)
    scope = who.scope(log.bounty)
    context = scope.context(Purpose.AGGREGATE, round_, scope.market)
    # No other key opens it, and the sheet names this ciphertext: there is nothing more to check.
    plain = who.get_sealed(document.cid, key, context, max_bytes=max_model_bytes(scoring))
    update, (salt, _) = load_update(plain, salts=2)
    return update, salt
