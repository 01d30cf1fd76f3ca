"""The encrypted base of a round: the owner's key, what it publishes, and what holders and seats make of that.

Trust model: the owner makes the key and can read whatever is encrypted under it; the base is its own, and updates are
sealed to the seats once more. Any two of the three seats of a round decrypt together. The key is dealt anew for each
round, so a share from one round is of no use with one from another.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.documents import MAX_DOCUMENT_BYTES, RoundDocument
from marketplace.domain.encrypted_documents import EncryptedBaseDocument
from marketplace.domain.errors import ProtocolError
from marketplace.domain.scope import Purpose
from marketplace.privacy.paillier.encrypt import Encrypter
from marketplace.privacy.paillier.keys import MOST_BITS, generate
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.linear import encrypt_model
from marketplace.privacy.paillier.shares import deal
from marketplace.privacy.paillier.vector import dump_vector, load_vector
from marketplace.privacy.paillier.wire import (
    dump_private,
    dump_share,
    dump_shared,
    load_private,
    load_share,
    load_shared,
)
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import open_for, seal_to_all
from marketplace.storage.store import put_json, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from client.journal import Journal
    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.bounds import Bounds
    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.privacy.paillier.keys import PrivateKey
    from marketplace.privacy.paillier.shares import KeyShare, SharedKey
    from marketplace.privacy.paillier.vector import EncryptedVector

__all__ = [
    "LANE_BITS",
    "EncryptedBase",
    "flat_of",
    "open_encrypted_base",
    "open_share",
    "private_key",
    "reach_of",
    "read_encrypted_base",
    "seal_encrypted_base",
]

LANE_BITS: Final = 64
"""Width of a lane, of the base and of updates."""

_HEAD: Final = 1 << 8
"""Bytes of a vector's file beside its ciphertexts, at most."""
_CIPHERTEXT: Final = MOST_BITS // 4
_LANES: Final = Lanes(LANE_BITS, 1)


def private_key(journal: Journal, bounty: bytes) -> PrivateKey:
    """Return the key pair of a bounty: made once, in seconds with gmpy2, minutes without."""
    return load_private(journal.once(f"paillier/{bounty.hex()}", lambda: dump_private(generate())))


def reach_of(bounds: Bounds) -> int:
    """Return the largest absolute value of a base's entry, in weight-scale units."""
    return max(bounds.weight, bounds.bias)


def flat_of(network: Network) -> NDArray[np.int64]:
    """Return int64[parameters] in the order and the units of `Update.flat`; a bias is rounded to whole units, half up.

    Only what is trained on is rounded: an update is added to the base itself.
    """
    parts = []
    for i, layer in enumerate(network.layers):
        unit = network.scales.bias_unit(i)
        parts += [layer.weight.ravel(), (2 * layer.bias + unit) // (2 * unit)]
    return np.concatenate(parts)


def seal_encrypted_base(  # noqa: PLR0913, PLR0917 - whose, of which round, what, under what, to whom
    who: Participant,
    log: BountyLog,
    round_: int,
    model: Network,
    bounds: Bounds,
    private: PrivateKey,
    recipients: Mapping[str, bytes],
) -> str:
    """Encrypt the base, deal the key to the seats, publish both; return the CID of the document.

    Args:
        private: the bounty's key pair.
        recipients: address -> public key of the seats and of everybody who trains.
    """
    scope, seats = who.scope(log.bounty), log.terms.seats
    vector = encrypt_model(flat_of(model), Encrypter(private.public), bound=reach_of(bounds))
    # Encryption is random, so every opening has a key of its own: one key never seals two contents.
    key, context = datakeys.new_key(), scope.context(Purpose.ENCRYPTED_BASE, round_, who.address)
    cid = who.put_sealed(dump_vector(vector), key, context)
    envelope = who.put_envelope(seal_to_all(key, recipients, context))

    shared, dealt = deal(private, datakeys.threshold(seats), seats)
    context = scope.context(Purpose.DECRYPTION_SHARE, round_, who.address)
    sealed: dict[str, str] = {}
    for seat, share in enumerate(dealt):
        address = log.seats[seat].validator
        if address in recipients:
            sealed |= seal_to_all(dump_share(share), {address: recipients[address]}, context)
    return put_json(who.store, EncryptedBaseDocument(round_, dump_shared(shared), cid, envelope, sealed).to_json())


@dataclass(frozen=True)
class EncryptedBase:
    """What everybody knows of a round's encrypted base."""

    document: EncryptedBaseDocument = field(repr=False)
    shared: SharedKey = field(repr=False)


def read_encrypted_base(who: Participant, log: BountyLog, round_: int) -> EncryptedBase:
    """Fetch what the owner published of a round's encrypted base.

    Raises:
        NotFound, StorageError: it is not here.
        ProtocolError, WrongKey: it is missing, malformed, or its key is none that the seats could decrypt with.
    """
    cid = who.fetch(log.opened[round_].document, RoundDocument).encrypted_base
    if not cid:
        msg = f"the owner published no encrypted base of round {round_}: there is nothing to train on"
        raise ProtocolError(msg)
    document = EncryptedBaseDocument.from_json(read_json(who.store, cid, max_bytes=MAX_DOCUMENT_BYTES))
    shared, seats = load_shared(document.key), log.terms.seats
    fits = math.gcd(shared.key.n, shared.factor) == 1  # else parts cannot be put together
    if not fits or (document.round, len(shared.checks), shared.threshold) != (round_, seats, datakeys.threshold(seats)):
        msg = (
            f"the encrypted base of round {round_} is of another round, or its key for other seats: do not train on it"
        )
        raise ProtocolError(msg)
    return EncryptedBase(document, shared)


def open_encrypted_base(
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, base: EncryptedBase
) -> EncryptedVector:
    """Open the seal around the encrypted base, which stays encrypted.

    Raises:
        SealingError: the owner left `who` out, or sealed something else.
        ProtocolError: it is no model of the terms' form.
    """
    context = who.scope(log.bounty).context(Purpose.ENCRYPTED_BASE, round_, log.terms.owner)
    envelope = who.get_envelope(base.document.envelope_cid)
    key = open_for(envelope, who.address, who.identity, context)
    length = scoring.shape.parameters
    raw = who.get_sealed(base.document.model_cid, key, context, max_bytes=_HEAD + length * _CIPHERTEXT)
    vector = load_vector(raw, base.shared.key, max_length=length)
    if (vector.length, vector.lanes, vector.bound) != (length, _LANES, reach_of(scoring.bounds)):
        msg = f"the encrypted base of round {round_} does not have the form that the terms give it: do not train on it"
        raise ProtocolError(msg)
    return vector


def open_share(who: Participant, log: BountyLog, round_: int, base: EncryptedBase, seat: int) -> KeyShare:
    """Open a seat's share of the private key; raises WrongKey if it was left out, or handed something else."""
    context = who.scope(log.bounty).context(Purpose.DECRYPTION_SHARE, round_, log.terms.owner)
    share = load_share(open_for(base.document.shares, who.address, who.identity, context), base.shared)
    if share.seat != seat:
        msg = f"the owner dealt the share of seat {share.seat} to seat {seat}: nothing can be decrypted with it"
        raise ProtocolError(msg)
    return share
