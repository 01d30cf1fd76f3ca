"""Opening a shard: rows the owner committed to before anybody submitted, readable only after submissions closed."""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import TYPE_CHECKING

from client.base import max_model_bytes
from marketplace.domain.commitment import rows_root, update_root
from marketplace.domain.documents import RoundDocument, ShardDocument
from marketplace.domain.errors import InvalidData, ProtocolError, WrongKey
from marketplace.domain.scope import Purpose
from marketplace.sealing import datakeys
from marketplace.sealing.envelope import open_bytes, seal_bytes
from marketplace.sealing.recipients import open_for
from marketplace.storage.tensors import load_rows, load_update

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.terms_document import TermsDocument
    from marketplace.domain.update import Update

__all__ = [
    "MAX_SHARD_BYTES",
    "check_rows",
    "final_key",
    "open_root_update",
    "open_shard",
    "root_key",
    "seal_final_key",
    "shard_key",
]

MAX_SHARD_BYTES = 1 << 26
_INT8 = 127


def shard_key(who: Participant, log: BountyLog, terms: TermsDocument, round_: int) -> bytes:
    """Return the key of the shard of `round_`, sealed to `who` or rebutted in public.

    Raises:
        ProtocolError: it is not there, or is not the key whose hash the terms hold.
    """
    if round_ in log.rebuttals:
        key = log.rebuttals[round_].key
    else:
        if round_ not in log.shards:
            msg = f"the shard of round {round_} is not open yet: wait for the owner"
            raise ProtocolError(msg)
        document = who.fetch(log.shards[round_].document, ShardDocument)
        context = who.scope(log.bounty).context(Purpose.SHARD, round_, log.terms.owner)
        key = open_for(document.keys.get(round_, {}), who.address, who.identity, context)
    _check_key(terms, round_, key)
    return key


def seal_final_key(who: Participant, bounty: bytes, number: int, last: bytes, key: bytes) -> dict[str, str]:
    """Return the final shard's key sealed under the last round's shard key, as an entry of a `ShardDocument`.

    Not to each seat: an owner could then give it to some only, these would decide about the hold-back from it and the
    others without, and some would be slashed for another sheet. This opens for everybody who can score, or for nobody.
    """
    scope = who.scope(bounty)
    sealed = seal_bytes(key, _final_wrap(last), scope.context(Purpose.SHARD, number, who.address))
    return {scope.market: b64encode(sealed).decode("ascii")}


def final_key(who: Participant, log: BountyLog, terms: TermsDocument, last: bytes) -> bytes:
    """Return the final shard's key, given that of the last round's shard.

    Raises:
        WrongKey, ProtocolError: the owner did not open it. A rebuttal publishes the round's shard key and no other, so
            after one nobody takes the final shard for open.
    """
    number, round_ = log.terms.rounds, log.terms.rounds - 1
    if round_ in log.rebuttals:
        msg = "the last round's shard was opened by a rebuttal, the final one was not: the hold-back is released"
        raise ProtocolError(msg)
    document, scope = who.fetch(log.shards[round_].document, ShardDocument), who.scope(log.bounty)
    try:
        sealed = b64decode(document.keys.get(number, {}).get(scope.market, ""), validate=True)
    except ValueError:
        msg = "the final shard's key is not base64 text: the hold-back is released"
        raise WrongKey(msg) from None
    context = scope.context(Purpose.SHARD, number, log.terms.owner)
    key = open_bytes(sealed, _final_wrap(last), context, max_bytes=datakeys.KEY_BYTES)
    _check_key(terms, number, key)
    return key


def open_shard(
    who: Participant, log: BountyLog, terms: TermsDocument, number: int, key: bytes
) -> tuple[NDArray[np.int8], NDArray[np.int64], bytes]:
    """Fetch, open and verify shard `number`.

    Returns:
        int8[n, inputs] rows, int64[n] labels, and the salt of their commitment.

    Raises:
        InvalidData: the rows are not the ones the terms commit to, or do not fit the network.
    """
    committed = terms.shards[number]
    context = who.scope(log.bounty).context(Purpose.SHARD, number, log.terms.owner)
    plain = who.get_sealed(committed.cid, key, context, max_bytes=MAX_SHARD_BYTES)
    rows, labels, salt = load_rows(plain)
    if rows_root(rows, labels, salt) != committed.root:
        msg = f"shard {number} does not match the root in the terms: attest that it is not open"
        raise InvalidData(msg)
    check_rows(terms.scoring, number, rows, labels)
    return rows, labels, salt


def check_rows(scoring: ScoringTerms, number: int, rows: NDArray[np.int8], labels: NDArray[np.int64]) -> None:
    """Raise InvalidData unless the rows of shard `number` can be scored under the terms."""
    shape, count = scoring.shape, len(labels)
    fits = rows.shape[1] == shape.inputs and 0 < count <= scoring.max_rows
    if not fits or labels.min() < 0 or labels.max() >= shape.classes or rows.min() < -_INT8:
        msg = f"shard {number} does not fit the terms' network and rows: attest that it is not open"
        raise InvalidData(msg)


def root_key(key: bytes, root: bytes) -> bytes:
    """Return the key of the round's root update, derived from its shard's key: both open together.

    The update's commitment is part of it, so that an owner whose transaction failed can train and seal another one
    without using a key twice.
    """
    return datakeys.derive(key, "root", root)


def open_root_update(
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, key: bytes
) -> tuple[Update, bytes]:
    """Fetch, open and verify the owner's root update of `round_`, given the shard's key; return it with its salt."""
    document, root = who.fetch(log.opened[round_].document, RoundDocument), log.opened[round_].root_update
    context = who.scope(log.bounty).context(Purpose.ROOT_UPDATE, round_, log.terms.owner)
    plain = who.get_sealed(document.root_cid, root_key(key, root), context, max_bytes=max_model_bytes(scoring))
    update, (salt,) = load_update(plain)
    if update_root(update, salt) != root:
        msg = f"the root update of round {round_} is not the committed one: attest that the shard is not open"
        raise ProtocolError(msg)
    update.check(scoring.shape, scoring.bounds)
    return update, salt


def _final_wrap(last: bytes) -> bytes:
    return datakeys.derive(last, "final-shard")


def _check_key(terms: TermsDocument, number: int, key: bytes) -> None:
    if datakeys.key_hash(key) != terms.shards[number].key_hash:
        msg = f"the key of shard {number} is not the one the terms commit to: attest that it is not open"
        raise ProtocolError(msg)
