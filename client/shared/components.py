"""A submission that nobody is to read: three components, each for two of the three seats.

The components add up to the update, modulo 2^64; any two look like noise. With the update four random words are
shared, the holder's coin: the coins of a round, opened once submissions have closed, are what its secret follows
from.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Final

import numpy as np

from client.opening import out_of_reach
from marketplace.domain.abi import submission_commitment
from marketplace.domain.errors import GradMarketError, ProtocolError, SealingError
from marketplace.domain.scope import Purpose
from marketplace.domain.shared_documents import COMPONENTS, ComponentsDocument, SealedComponent
from marketplace.privacy.sharing.shares import commit_component, split
from marketplace.sealing import datakeys
from marketplace.sealing.envelope import sealed_size
from marketplace.sealing.recipients import open_text, seal_text
from marketplace.storage.tensors import dump_component, load_component

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.events import Submitted
    from marketplace.domain.update import Update

__all__ = [
    "COIN_WORDS",
    "check_bench",
    "components_size",
    "fetch_component",
    "load_checked",
    "open_keys",
    "read_components",
    "read_pair",
    "seal_components",
    "seal_each",
    "seal_pairs",
]

COIN_WORDS: Final = 4
"""uint64 words of a holder's coin, shared behind its update."""

_HEAD: Final = 1 << 10
"""Bytes of a component's file beside its words, at most."""


def check_bench(log: BountyLog) -> None:
    """Raise ProtocolError where one address has two of the seats: it would read every update."""
    if len({log.seats[i].validator for i in range(COMPONENTS)}) != COMPONENTS:
        msg = "one validator has two compute seats, which together read every update: nothing is shared with them"
        raise ProtocolError(msg)


def seal_components(who: Participant, log: BountyLog, update: Update, round_: int) -> tuple[bytes, bytes]:
    """Share an update among the seats, store the components.

    Returns:
        The commitment and the digest of the document, which go on the chain.
    """
    scope = who.scope(log.bounty)
    coin = np.frombuffer(secrets.token_bytes(8 * COIN_WORDS), np.int64)
    context = scope.context(Purpose.COMPONENT, round_, who.address)
    components, keys = seal_each(who, log, np.concatenate([update.flat(), coin]), round_, "component-key", context)
    context = scope.context(Purpose.KEY_SHARE, round_, who.address)
    sealed = seal_pairs(who, log, keys, context)
    texts = tuple(sealed.get(log.seats[i].validator, "") for i in range(COMPONENTS))
    document = ComponentsDocument(round_, who.address, components, texts)
    commitment = submission_commitment(scope, round_, who.address, document.update_root, document.key_hash)
    return commitment, who.publish(document)


def seal_each(  # noqa: PLR0913, PLR0917 - whose, what, and what it is sealed under
    who: Participant, log: BountyLog, words: NDArray[np.int64], round_: int, label: str, context: bytes
) -> tuple[tuple[SealedComponent, ...], list[bytes]]:
    """Share numbers in fresh components, seal and store each; return what names them, and their keys.

    Args:
        who: whose they are; log: the bounty's history.
        words: int64[n].
        round_: the round; label: what the keys are for; context: what the ciphertexts are bound to.
    """
    sealed, keys = [], []
    for index, component in enumerate(split(words)):
        salt = secrets.token_bytes(32)
        commitment = commit_component(index, component, salt)
        # The commitment pins what is sealed, so the key never seals two things.
        key = who.derive(log.bounty, f"{label}-{index}", round_, commitment)
        cid = who.put_sealed(dump_component(component, salt), key, context)
        sealed.append(SealedComponent(cid, commitment, datakeys.key_hash(key)))
        keys.append(key)
    return tuple(sealed), keys


def seal_pairs(who: Participant, log: BountyLog, keys: Sequence[bytes], context: bytes) -> dict[str, str]:
    """Seal to each seat the keys of its two components; return {address: sealed}, without seats of unusable keys."""
    usable = who.usable_keys(log.keys_of_seats())
    return {
        event.validator: seal_text(keys[seat] + keys[(seat + 1) % COMPONENTS], usable[event.validator], context)
        for seat, event in sorted(log.seats.items())
        if event.validator in usable
    }


def read_pair(both: bytes, seat: int, components: Sequence[SealedComponent]) -> dict[int, bytes]:
    """Return the keys of a seat's two components that were sealed to it, those that fit what was published."""
    keys = {}
    for part in range(2):
        index, key = (seat + part) % COMPONENTS, both[part * datakeys.KEY_BYTES :][: datakeys.KEY_BYTES]
        if datakeys.key_hash(key) == components[index].key_hash:
            keys[index] = key
    return keys


def components_size(parameters: int) -> int:
    """Return how many bytes the ciphertexts of a shared update have together."""
    component = np.zeros(parameters + COIN_WORDS, np.uint64)
    return COMPONENTS * sealed_size(len(dump_component(component, bytes(32))))


def read_components(who: Participant, log: BountyLog, event: Submitted) -> ComponentsDocument:
    """Fetch a submission's document and check it against its commitment on the chain."""
    document = who.fetch(event.document, ComponentsDocument)
    scope = who.scope(log.bounty)
    commitment = submission_commitment(scope, event.round, event.holder, document.update_root, document.key_hash)
    if (document.round, document.holder, commitment) != (event.round, event.holder, event.commitment):
        msg = f"{event.holder}'s submission does not match its commitment on the chain: it stays out"
        raise ProtocolError(msg)
    return document


def open_keys(who: Participant, log: BountyLog, event: Submitted, seat: int) -> tuple[bytes, bytes]:
    """Open the keys of the two components that a seat gets.

    Raises:
        NotFound, StorageError: the document is not here.
        ProtocolError, SealingError: it is wrong, or the keys are not those whose hashes it publishes.
    """
    document = read_components(who, log, event)
    context = who.scope(log.bounty).context(Purpose.KEY_SHARE, event.round, event.holder)
    keys = read_pair(open_text(document.sealed[seat], who.identity, context), seat, document.components)
    if len(keys) != 2:  # noqa: PLR2004 - a pair
        msg = f"{event.holder} sealed other keys to this seat than it published: another seat may hand them over"
        raise SealingError(msg)
    return keys[seat], keys[(seat + 1) % COMPONENTS]


def fetch_component(  # noqa: PLR0913, PLR0917 - whose, which, and what it has to be
    who: Participant, log: BountyLog, event: Submitted, index: int, key: bytes, parameters: int
) -> NDArray[np.uint64] | None:
    """Return one component with its coin, uint64[parameters + 4], or None if it contradicts what was published.

    Raises:
        NotFound, StorageError: it is not here, which says nothing about the holder.
    """
    document = read_components(who, log, event)
    context = who.scope(log.bounty).context(Purpose.COMPONENT, event.round, event.holder)
    return load_checked(who, document.components[index], index, key, context, parameters + COIN_WORDS)


def load_checked(  # noqa: PLR0913, PLR0917 - whose, which, and what it has to be
    who: Participant, published: SealedComponent, index: int, key: bytes, context: bytes, words: int
) -> NDArray[np.uint64] | None:
    """Return the uint64[words] of a component, or None if it contradicts what was published.

    Raises:
        NotFound, StorageError: it is not here.
    """
    try:
        component, salt = load_component(who.get_sealed(published.cid, key, context, max_bytes=8 * words + _HEAD))
    except (SealingError, ProtocolError):
        return None
    except GradMarketError as error:
        if out_of_reach(error):
            raise
        return None
    same = component.shape == (words,) and commit_component(index, component, salt) == published.commitment
    return component if same else None
