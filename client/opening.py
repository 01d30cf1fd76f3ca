"""From sealed submissions to opened updates: what the seats do together once submissions have closed.

Each seat first says which submissions it could fetch and open its own share of (`check_submission`), hands these
shares to all seats, and then, with everybody's shares, opens every included update (`open_update`). Honest seats
see the same public documents and so open, or fail to open, the same updates.
"""

from __future__ import annotations

from itertools import combinations, islice
from typing import TYPE_CHECKING

from client.base import max_model_bytes
from marketplace.domain.abi import submission_commitment
from marketplace.domain.commitment import update_root
from marketplace.domain.documents import SharesDocument, SubmissionDocument
from marketplace.domain.errors import GradMarketError, InvalidUpdate, ProtocolError, SealingError
from marketplace.domain.scope import Purpose
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_for, open_text
from marketplace.sealing.sharing import combine
from marketplace.storage.store import read_bytes
from marketplace.storage.tensors import load_update

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.events import Submitted
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.update import Update

__all__ = ["check_submission", "collect_shares", "open_update", "read_submission", "recover_key"]

_MAX_SHARES_BYTES = 1 << 16
_MOST_SUBSETS = 64


def read_submission(who: Participant, log: BountyLog, event: Submitted) -> SubmissionDocument:
    """Fetch a submission's document and check it against its commitment on the chain."""
    document = who.fetch(event.document, SubmissionDocument)
    commitment = submission_commitment(
        who.scope(log.bounty), event.round, event.holder, document.update_root, document.key_hash
    )
    seats = log.terms.seats
    if (document.round, document.holder, len(document.shares)) != (event.round, event.holder, seats):
        msg = f"{event.holder}'s submission names another round, holder or number of seats: it stays out"
        raise ProtocolError(msg)
    if commitment != event.commitment:
        msg = f"{event.holder}'s submission does not match its commitment on the chain: it stays out"
        raise ProtocolError(msg)
    return document


def check_submission(
    who: Participant, log: BountyLog, scoring: ScoringTerms, event: Submitted, seat: int
) -> bytes | None:
    """Return this seat's share of the submission's data key, or None when something is missing or wrong.

    Everything a seat can see alone is checked here: document, commitment, ciphertext present and not too large,
    share sealed to this seat and equal to its published hash.
    """
    try:
        document = read_submission(who, log, event)
        read_bytes(who.store, document.update_cid, max_bytes=_max_sealed(scoring))
        context = who.scope(log.bounty).context(Purpose.KEY_SHARE, event.round, event.holder)
        share = open_text(document.shares[seat].sealed, who.identity, context)
    except GradMarketError:
        return None
    return share if datakeys.share_hash(share, seat) == document.shares[seat].hash else None


def collect_shares(who: Participant, log: BountyLog, round_: int) -> dict[int, dict[int, bytes]]:
    """Open what every seat handed over in its attestation: holder index -> {seat: share}."""
    found: dict[int, dict[int, bytes]] = {}
    for seat, event in sorted(log.attested[round_].items()):
        for index, share in _shares_of(who, log, round_, seat, event.document):
            if event.bitmap >> index & 1:
                found.setdefault(index, {})[seat] = share
    return found


def _shares_of(who: Participant, log: BountyLog, round_: int, seat: int, digest: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (holder index, share) from one seat's document; nothing if it is unreadable."""
    sender = log.seats[seat].validator
    context = who.scope(log.bounty).context(Purpose.SHARES, round_, sender)
    try:
        document = who.fetch(digest, SharesDocument)
        key = open_for(document.keys, who.address, who.identity, context)
        plain = who.get_sealed(document.cid, key, context, max_bytes=_MAX_SHARES_BYTES)
    except GradMarketError:
        return  # a seat that hands over nothing readable counts as silent
    for at in range(0, len(plain) - 32, 33):  # one byte of index, 32 of share
        yield plain[at], plain[at + 1 : at + 33]


def recover_key(shares: Mapping[int, bytes], document: SubmissionDocument, threshold: int) -> bytes | None:
    """Return the data key if any `threshold` of the shares that match their published hashes make it.

    Only the holder itself can publish hashes of shares that do not belong together, so a key that is not among the
    first subsets tried is the holder's own fault; every seat tries the same ones in the same order.
    """
    good = {i: s for i, s in shares.items() if datakeys.share_hash(s, i) == document.shares[i].hash}
    for subset in islice(combinations(sorted(good), threshold), _MOST_SUBSETS):
        try:
            key = combine({i: good[i] for i in subset}, threshold)
        except SealingError:
            continue
        if datakeys.key_hash(key) == document.key_hash:
            return key
    return None


def open_update(who: Participant, log: BountyLog, scoring: ScoringTerms, event: Submitted, key: bytes) -> Update:
    """Open one update with its data key.

    Raises:
        InvalidUpdate: it contradicts its commitment, its shape or its bounds; its holder loses the stake.
    """
    document = read_submission(who, log, event)
    context = who.scope(log.bounty).context(Purpose.UPDATE, event.round, event.holder)
    try:
        plain = who.get_sealed(document.update_cid, key, context, max_bytes=max_model_bytes(scoring))
        update, (salt,) = load_update(plain)
    except (SealingError, ProtocolError) as error:
        msg = f"{event.holder}'s update does not open: {error}"
        raise InvalidUpdate(msg) from error
    update.check(scoring.shape, scoring.bounds)
    if update_root(update, salt) != document.update_root:
        msg = f"{event.holder}'s update is not the one it committed to: it counts 0 and loses its stake"
        raise InvalidUpdate(msg)
    return update


def _max_sealed(scoring: ScoringTerms) -> int:
    return max_model_bytes(scoring) + (1 << 14)
