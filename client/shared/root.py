"""The owner's root update where nobody is to see it: what it was trained from is a model that no seat sees either.

It is committed to and published in three components when the round opens. Each seat gets the keys of its two together
with the shard, when submitting is over: until then nobody can align with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from client.shared.components import load_checked, read_pair, seal_each, seal_pairs
from marketplace.domain.documents import MAX_DOCUMENT_BYTES, RoundDocument, ShardDocument
from marketplace.domain.errors import ProtocolError, SealingError
from marketplace.domain.scope import Purpose
from marketplace.domain.shared_documents import COMPONENTS, ComponentsDocument
from marketplace.sealing.recipients import open_text
from marketplace.storage.store import put_json, read_json

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.domain.update import Update

__all__ = ["open_root_components", "seal_root", "seal_root_keys"]

_KEY: Final = "root-component-key"


def seal_root(who: Participant, log: BountyLog, update: Update, round_: int) -> tuple[bytes, str]:
    """Share a root update, store its components.

    Returns:
        Its commitment, which goes on the chain, and the CID of the document that names the components.
    """
    context = who.scope(log.bounty).context(Purpose.ROOT_UPDATE, round_, who.address)
    components, _ = seal_each(who, log, update.flat(), round_, _KEY, context)
    document = ComponentsDocument(round_, who.address, components, ("",) * COMPONENTS)
    return document.update_root, put_json(who.store, document.to_json())


def seal_root_keys(who: Participant, log: BountyLog, round_: int) -> dict[str, str]:
    """Seal to each seat the keys of its components of the root update that `who`, the owner, opened a round with."""
    document, keys = _read(who, log, round_), []
    for index, component in enumerate(document.components):
        keys.append(who.derive(log.bounty, f"{_KEY}-{index}", round_, component.commitment))
    context = who.scope(log.bounty).context(Purpose.ROOT_KEYS, round_, who.address)
    return seal_pairs(who, log, keys, context)


def open_root_components(
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, seat: int
) -> NDArray[np.uint64]:
    """Return uint64[2, parameters], a seat's components of a round's root update.

    Raises:
        NotFound, StorageError: one is not here.
        SealingError, ProtocolError: the owner sealed something else than it committed to, or nothing: the shard is not
            open.
    """
    document, scope, owner = _read(who, log, round_), who.scope(log.bounty), log.terms.owner
    shard = who.fetch(log.shards[round_].document, ShardDocument)
    sealed, context = shard.root_keys.get(who.address, ""), scope.context(Purpose.ROOT_KEYS, round_, owner)
    keys = read_pair(open_text(sealed, who.identity, context), seat, document.components)
    if len(keys) != 2:  # noqa: PLR2004 - a pair
        msg = f"the owner sealed no two keys of the root update of round {round_}: attest that the shard is not open"
        raise SealingError(msg)
    context, found = scope.context(Purpose.ROOT_UPDATE, round_, owner), []
    for index, key in keys.items():  # the seat's first, then its second
        component = load_checked(who, document.components[index], index, key, context, scoring.shape.parameters)
        if component is None:
            msg = (
                f"component {index} of the root update of round {round_} is not the committed one: attest that the "
                "shard is not open"
            )
            raise ProtocolError(msg)
        found.append(component)
    return np.stack(found)


def _read(who: Participant, log: BountyLog, round_: int) -> ComponentsDocument:
    opened = log.opened[round_]
    cid = who.fetch(opened.document, RoundDocument).root_cid
    document = ComponentsDocument.from_json(read_json(who.store, cid, max_bytes=MAX_DOCUMENT_BYTES))
    if (document.round, document.holder, document.update_root) != (round_, log.terms.owner, opened.root_update):
        msg = f"the components named as the root update of round {round_} are not the committed ones: leave them alone"
        raise ProtocolError(msg)
    return document
