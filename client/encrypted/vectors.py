"""Encrypted updates: what a holder submits without knowing it, and what a seat makes of a submission."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from client.encrypted.base import LANE_BITS
from client.opening import open_content
from marketplace.domain.errors import InvalidUpdate, SealingError, StorageError
from marketplace.domain.hashing import keccak, tag
from marketplace.domain.update import Update
from marketplace.privacy.differential import clip
from marketplace.privacy.paillier.encrypt import Encrypter
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.linear import train
from marketplace.privacy.paillier.vector import dump_vector, load_vector

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.events import Submitted
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.privacy.paillier.keys import PublicKey
    from marketplace.privacy.paillier.linear import LinearMap
    from marketplace.privacy.paillier.vector import EncryptedVector

__all__ = ["admitted", "max_vector_bytes", "open_vector", "trained", "unchanged", "vector_root"]

_FEWEST_LANES: Final = 15
"""In one ciphertext, of at most 1,024 bytes, with the shortest key that anything here is tested with."""
_CIPHERTEXT: Final = 1 << 10


def max_vector_bytes(scoring: ScoringTerms) -> int:
    """The largest file an encrypted update of this shape can be."""
    return (scoring.shape.parameters // _FEWEST_LANES + 2) * _CIPHERTEXT


def vector_root(raw: bytes) -> bytes:
    """Return what the chain's commitment has in the place of an update's: encryption is random, and needs no salt."""
    return keccak(tag("encrypted-update"), raw)


def trained(model: EncryptedVector, step: LinearMap) -> bytes:
    """Return the encrypted difference that a map makes of an encrypted base; raises InvalidInput for an overflow."""
    return dump_vector(train(model, step, Encrypter(model.key), lane_bits=LANE_BITS))


def unchanged(key: PublicKey, parameters: int) -> bytes:
    """Return an encrypted update that changes nothing, and that looks like any other."""
    lanes = Lanes.of(LANE_BITS, key.n)
    nothing = np.zeros(parameters, np.int64)
    return dump_vector(Encrypter(key).encrypt(nothing, bound=lanes.limit, lanes=lanes))


def open_vector(  # noqa: PLR0913, PLR0917 - whose, which, under what
    who: Participant, log: BountyLog, scoring: ScoringTerms, event: Submitted, data_key: bytes, key: PublicKey
) -> EncryptedVector:
    """Open the seal around an encrypted update, which stays encrypted.

    Raises:
        InvalidUpdate: it contradicts its commitment, or is no vector of the terms' form under the round's key; its
            holder loses the stake.
        NotFound, StorageError: its ciphertext is not here.
    """
    raw, root = open_content(who, log, event, data_key, max_bytes=max_vector_bytes(scoring))
    length, lanes = scoring.shape.parameters, Lanes.of(LANE_BITS, key.n)
    try:
        vector = load_vector(raw, key, max_length=length)
    except (SealingError, StorageError) as error:
        msg = f"{event.holder}'s encrypted update is none: {error}"
        raise InvalidUpdate(msg) from error
    if (vector.length, vector.lanes, vector.bound) != (length, lanes, lanes.limit):
        msg = f"{event.holder}'s encrypted update does not have the form that the terms give it"
        raise InvalidUpdate(msg)
    if vector_root(raw) != root:
        msg = f"{event.holder}'s encrypted update is not the one it committed to: it counts 0 and loses its stake"
        raise InvalidUpdate(msg)
    return vector


def admitted(values: NDArray[np.int64], fraction_bits: int, scoring: ScoringTerms) -> Update:
    """Return the update that decrypted values stand for, brought into the bounds.

    Its holder could not measure it, so exceeding the bounds is no fault: entries are rounded, half up, and clipped, and
    an update that is still too long is scaled down towards zero. In integers, so that all seats get the same.
    """
    bounds = scoring.bounds
    whole = (values >> fraction_bits) + (values >> (fraction_bits - 1) & 1)
    return Update.from_flat(clip(np.clip(whole, -bounds.entry, bounds.entry), bounds.norm), scoring.shape)
