"""Opening a round's base model: what holders and validators do first, in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from marketplace.domain.commitment import network_root
from marketplace.domain.documents import RoundDocument
from marketplace.domain.errors import InvalidInput, ProtocolError
from marketplace.domain.scope import Purpose
from marketplace.domain.update import check_network
from marketplace.sealing.recipients import open_for
from marketplace.storage.tensors import load_network

if TYPE_CHECKING:
    from client.log import BountyLog
    from client.participant import Participant
    from marketplace.domain.network import Network
    from marketplace.domain.scoring_terms import ScoringTerms

__all__ = ["check_base", "max_model_bytes", "open_base", "open_base_key"]

_HEADER_BYTES = 1 << 13


def max_model_bytes(scoring: ScoringTerms) -> int:
    """The largest file a model or update of this shape can be (64-bit integers and a header)."""
    return 8 * scoring.shape.parameters + _HEADER_BYTES


def open_base_key(who: Participant, log: BountyLog, round_: int, document: RoundDocument) -> bytes:
    """Open the base key the owner sealed to `who`; raises WrongKey if it was left out."""
    context = who.scope(log.bounty).context(Purpose.BASE, round_, log.terms.owner)
    return open_for(who.get_envelope(document.envelope_cid), who.address, who.identity, context)


def open_base(  # noqa: PLR0913 - whose base, of which round, and what it has to be
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, base_root: bytes, *, key: bytes | None = None
) -> tuple[Network, bytes]:
    """Fetch, open and verify the base model of `round_`; return it with the salt of its commitment.

    Args:
        base_root: the commitment the chain holds for this round.
        key: the base key, when it is known already; otherwise it is taken from the owner's envelope.

    Raises:
        WrongKey: the owner left `who` out of the envelope, or sealed something else.
        ProtocolError: what was opened is not the model the chain commits to, or not one of the terms' shape and bounds.
    """
    document = who.fetch(log.opened[round_].document, RoundDocument)
    key = open_base_key(who, log, round_, document) if key is None else key
    context = who.scope(log.bounty).context(Purpose.BASE, round_, log.terms.owner)
    plain = who.get_sealed(document.base_cid, key, context, max_bytes=max_model_bytes(scoring))
    network, salt = load_network(plain, scoring.scales)
    if network_root(network, salt) != base_root:
        msg = f"the base of round {round_} is not the one the chain commits to: do not train on it"
        raise ProtocolError(msg)
    check_base(network, scoring, round_)
    return network, salt


def check_base(network: Network, scoring: ScoringTerms, round_: int) -> None:
    """Raise ProtocolError unless the network can be trained and scored: the owner may have committed to anything."""
    msg = f"the base of round {round_} does not fit the terms: do not train on it"
    if tuple(layer.weight.shape for layer in network.layers) != scoring.shape.layers:
        raise ProtocolError(msg)
    try:
        check_network(network, scoring.shape, scoring.bounds)
    except InvalidInput as error:
        raise ProtocolError(msg) from error
