"""From sealed submissions to opened updates: what the seats do together once submissions have closed.

Each seat first says which submissions it could fetch and open its own share of (`check_submission`), hands these
shares to all seats, and then, with everybody's shares, opens every included update (`open_update`). Honest seats
see the same public documents and so open, or fail to open, the same updates.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from client.base import max_model_bytes
from client.participant import max_sealed_bytes
from marketplace.domain.abi import submission_commitment
from marketplace.domain.commitment import update_root
from marketplace.domain.documents import SharesDocument, SubmissionDocument
from marketplace.domain.errors import (
    ContentTooLarge,
    GradMarketError,
    InvalidUpdate,
    NotFound,
    ProtocolError,
    SealingError,
    StorageError,
)
from marketplace.domain.scope import Purpose
from marketplace.scoring.round import Submission
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_for, open_text
from marketplace.sealing.sharing import SHARE_BYTES, combine
from marketplace.storage.store import read_bytes
from marketplace.storage.tensors import load_update

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.events import Submitted
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.update import Update

__all__ = [
    "check_submission",
    "collect_shares",
    "included",
    "open_content",
    "open_included",
    "open_update",
    "out_of_reach",
    "pack_shares",
    "read_submission",
    "recover_key",
]

_MAX_SHARES_BYTES = 1 << 16
_ENTRY_BYTES = 1 + SHARE_BYTES  # the holder's index, the share


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


def out_of_reach(error: GradMarketError) -> bool:
    """Whether trying again may help: a store did not answer, or does not have it yet."""
    return isinstance(error, NotFound | StorageError) and not isinstance(error, ContentTooLarge)


def check_submission(  # noqa: PLR0913 - whose, which, and whether to hope
    who: Participant, log: BountyLog, max_bytes: int, event: Submitted, seat: int, *, patient: bool = False
) -> bytes | None:
    """Return this seat's share of the submission's data key, or None when something is missing or wrong.

    Everything a seat can see alone is checked here: document, commitment, ciphertext present and of content of at most
    `max_bytes`, share sealed to this seat and equal to its published hash.

    Raises:
        NotFound, StorageError: if `patient`, where something is out of reach that may be there later.
    """
    try:
        document = read_submission(who, log, event)
        read_bytes(who.store, document.update_cid, max_bytes=max_sealed_bytes(max_bytes))
        context = who.scope(log.bounty).context(Purpose.KEY_SHARE, event.round, event.holder)
        share = open_text(document.shares[seat].sealed, who.identity, context)
    except GradMarketError as error:
        if patient and out_of_reach(error):
            raise
        return None
    # The length matters: a longer or shorter one would shift everybody else's share in what is handed to the seats.
    fits = len(share) == SHARE_BYTES and datakeys.share_hash(share, seat) == document.shares[seat].hash
    return share if fits else None


def pack_shares(shares: Mapping[int, bytes]) -> bytes:
    """Return the content of a seat's shares document: 33 bytes each, the holder's index and the share."""
    return b"".join(bytes([index]) + share for index, share in sorted(shares.items()))


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
    sender = log.seated(seat, log.attested[round_][seat])
    context = who.scope(log.bounty).context(Purpose.SHARES, round_, sender)
    try:
        document = who.fetch(digest, SharesDocument)
        key = open_for(document.keys, who.address, who.identity, context)
        plain = who.get_sealed(document.cid, key, context, max_bytes=_MAX_SHARES_BYTES)
    except GradMarketError:
        return  # a seat that hands over nothing readable counts as silent
    for at in range(0, len(plain) - SHARE_BYTES, _ENTRY_BYTES):
        yield plain[at], plain[at + 1 : at + _ENTRY_BYTES]


def recover_key(shares: Mapping[int, bytes], document: SubmissionDocument, threshold: int) -> bytes | None:
    """Return the data key, or None if the holder's sharing contradicts what it published.

    Any `threshold` shares that match their published hashes decide the shares of all seats and the key; the sharing is
    good if all of these have the published hashes. So the verdict is the same from whichever shares a seat was given,
    and a seat that hands its shares to some and not to others cannot make honest seats differ.

    Raises:
        ProtocolError: too few shares to tell, which need not be the holder's fault.
    """
    good = {i: s for i, s in shares.items() if datakeys.share_hash(s, i) == document.shares[i].hash}
    if len(good) < threshold:
        msg = f"seats handed over {len(good)} of the {threshold} shares of {document.holder}'s key: nobody can tell why"
        raise ProtocolError(msg)
    used = dict(sorted(good.items())[:threshold])
    try:
        shared = all(
            datakeys.share_hash(_share_at(seat, used, threshold), seat) == published.hash
            for seat, published in enumerate(document.shares)
            if seat not in used
        )
        key = combine(used, threshold)
    except SealingError:  # a share of the wrong length, under a hash of its own
        return None
    return key if shared and datakeys.key_hash(key) == document.key_hash else None


def _share_at(seat: int, used: Mapping[int, bytes], threshold: int) -> bytes:
    """Return the share of a seat that is not among `used`.

    Seat i holds the polynomial at i + 1 over a field whose sum is XOR, and `combine` evaluates it at 0: moving every
    point by the seat's own moves the seat there.
    """
    return combine({((i + 1) ^ (seat + 1)) - 1: share for i, share in used.items()}, threshold)


def open_content(
    who: Participant, log: BountyLog, event: Submitted, key: bytes, *, max_bytes: int
) -> tuple[bytes, bytes]:
    """Open what a submission seals, with its data key; return it with the root it committed to.

    Raises:
        InvalidUpdate: it does not open, or is larger than `max_bytes`; its holder loses the stake.
        NotFound, StorageError: its ciphertext is not here.
    """
    document = read_submission(who, log, event)
    context = who.scope(log.bounty).context(Purpose.UPDATE, event.round, event.holder)
    try:
        return who.get_sealed(document.update_cid, key, context, max_bytes=max_bytes), document.update_root
    except (NotFound, StorageError) as error:
        if not isinstance(error, ContentTooLarge):
            raise  # it is not here, which says nothing about the holder
        msg = f"{event.holder}'s update is larger than any the terms allow: {error}"
        raise InvalidUpdate(msg) from error
    except (SealingError, ProtocolError) as error:
        msg = f"{event.holder}'s update does not open: {error}"
        raise InvalidUpdate(msg) from error


def open_update(
    who: Participant, log: BountyLog, scoring: ScoringTerms, event: Submitted, key: bytes
) -> tuple[Update, bytes]:
    """Open one update with its data key; return it with the salt of its commitment.

    Raises:
        InvalidUpdate: it contradicts its commitment, its shape or its bounds; its holder loses the stake.
        NotFound, StorageError: its ciphertext is not here.
    """
    plain, root = open_content(who, log, event, key, max_bytes=max_model_bytes(scoring))
    try:
        update, (salt,) = load_update(plain)
    except ProtocolError as error:
        msg = f"{event.holder}'s update does not open: {error}"
        raise InvalidUpdate(msg) from error
    update.check(scoring.shape, scoring.bounds)
    if update_root(update, salt) != root:
        msg = f"{event.holder}'s update is not the one it committed to: it counts 0 and loses its stake"
        raise InvalidUpdate(msg)
    return update, salt


def included(log: BountyLog, round_: int) -> list[Submitted]:
    """Return the submissions the chain included in a round, in the order they were submitted."""
    return [event for event in log.submissions[round_] if log.included[round_] >> event.index & 1]


def open_included(
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, keys: Mapping[int, bytes]
) -> tuple[Submission, ...]:
    """Open a round's included updates with their data keys (holder index -> key).

    One without a key, or that contradicts what it committed to, counts 0, and the sheet says so.
    """
    out = []
    for event in included(log, round_):
        found = Submission(event.index, event.holder, None)
        if event.index in keys:
            with suppress(InvalidUpdate):
                update, salt = open_update(who, log, scoring, event, keys[event.index])
                found = Submission(event.index, event.holder, update, salt)
        out.append(found)
    return tuple(out)
