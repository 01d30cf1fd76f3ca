"""Opening a shard: rows the owner committed to before anybody submitted, readable only after submissions closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.base import max_model_bytes
from marketplace.domain.commitment import rows_root, update_root
from marketplace.domain.documents import RoundDocument, ShardDocument
from marketplace.domain.errors import InvalidData, ProtocolError
from marketplace.domain.scope import Purpose
from marketplace.sealing import datakeys
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

__all__ = ["MAX_SHARD_BYTES", "open_root_update", "open_shard", "root_key", "shard_key"]

MAX_SHARD_BYTES = 1 << 26


def shard_key(who: Participant, log: BountyLog, terms: TermsDocument, round_: int, number: int) -> bytes:
    """Return the key of shard `number` that the owner opened with `round_`, sealed to `who` or rebutted in public.

    Raises:
        ProtocolError: it is not there, or is not the key whose hash the terms hold.
    """
    if number == round_ and round_ in log.rebuttals:
        key = log.rebuttals[round_].key
    else:
        if round_ not in log.shards:
            msg = f"the shard of round {round_} is not open yet: wait for the owner"
            raise ProtocolError(msg)
        document = who.fetch(log.shards[round_].document, ShardDocument)
        context = who.scope(log.bounty).context(Purpose.SHARD, number, log.terms.owner)
        key = open_for(document.keys.get(number, {}), who.address, who.identity, context)
    if datakeys.key_hash(key) != terms.shards[number].key_hash:
        msg = f"the key of shard {number} is not the one the terms commit to: attest that it is not open"
        raise ProtocolError(msg)
    return key


def open_shard(
    who: Participant, log: BountyLog, terms: TermsDocument, number: int, key: bytes
) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """Fetch, open and verify shard `number`.

    Returns:
        int8[n, inputs] rows and int64[n] labels.

    Raises:
        InvalidData: the rows are not the ones the terms commit to, or do not fit the network.
    """
    committed = terms.shards[number]
    context = who.scope(log.bounty).context(Purpose.SHARD, number, log.terms.owner)
    plain = who.get_sealed(committed.cid, key, context, max_bytes=MAX_SHARD_BYTES)
    rows, labels, salt = load_rows(plain)
    shape = terms.scoring.shape
    if rows_root(rows, labels, salt) != committed.root:
        msg = f"shard {number} does not match the root in the terms: attest that it is not open"
        raise InvalidData(msg)
    if rows.shape[1] != shape.inputs or not len(labels) or labels.min() < 0 or labels.max() >= shape.classes:
        msg = f"shard {number} does not fit the terms' network: attest that it is not open"
        raise InvalidData(msg)
    return rows, labels


def root_key(key: bytes) -> bytes:
    """Return the key of the round's root update, derived from its shard's key: both open together."""
    return datakeys.derive(key, "root")


def open_root_update(who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, key: bytes) -> Update:
    """Fetch, open and verify the owner's root update of `round_`, given the shard's key."""
    document = who.fetch(log.opened[round_].document, RoundDocument)
    context = who.scope(log.bounty).context(Purpose.ROOT_UPDATE, round_, log.terms.owner)
    plain = who.get_sealed(document.root_cid, root_key(key), context, max_bytes=max_model_bytes(scoring))
    update, (salt,) = load_update(plain)
    if update_root(update, salt) != log.opened[round_].root_update:
        msg = f"the root update of round {round_} is not the committed one: attest that the shard is not open"
        raise ProtocolError(msg)
    update.check(scoring.shape, scoring.bounds)
    return update
