"""Wrong score sheets, made as a lying seat would make them: right in everything but who is paid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from marketplace.domain.abi import sheet_hash
from marketplace.domain.fields import hex_text
from marketplace.domain.sumtree import PayoutTree
from marketplace.storage.canonical import decode_json, encode_json
from marketplace.storage.cid import digest_of, show_cid
from marketplace.storage.unixfs import build

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.participant import Participant
    from client.scorer import ScoredRound

__all__ = ["forged"]


def forged(who: Participant, round_: int, found: ScoredRound, payouts: Mapping[int, int]) -> ScoredRound:
    """Return a scored round with other payouts, whose sheet, roots and document fit each other.

    Args:
        who: a seat that scored the round honestly.
        round_: the round.
        found: what it scored.
        payouts: holder index -> amount; empty pays nobody.
    """
    document = decode_json(found.contents[-1])
    holders = {row["index"]: row["holder"] for row in document["submissions"]}
    tree = PayoutTree({index: (holders[index], amount) for index, amount in payouts.items()})
    for row in document["submissions"]:
        row["payout"] = str(payouts.get(row["index"], 0))
    document["pool"], document["payout_root"] = str(tree.total), hex_text(tree.root)
    content = encode_json(document)
    digest = digest_of(show_cid(build(content, lambda _cid, _block: None)))
    head = replace(found.sheet, pool=tree.total, payout_root=tree.root, document=digest)
    hashed = sheet_hash(who.scope(who.log.bounty), round_, head)
    return replace(found, sheet=head, hash=hashed, contents=(*found.contents[:-1], content))
