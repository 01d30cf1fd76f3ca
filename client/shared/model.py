"""A model that no seat sees: how far it is from the one the bounty was posted with, in three components.

The three seats make it of an adopted round's updates. Each component is sealed, under a key that follows from what the
two seats which hold it share, so both make the same ciphertext, and the third learns its name and nothing else. The
sheet commits to the three. Whoever has all three keys can add them up: the owner, once two of the seats have served
theirs, and from the owner whoever joined, when the next round opens. A seat gets those of its own components.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np

from client.base import check_base, open_base
from client.shared.components import load_checked, read_pair
from marketplace.domain.documents import RoundDocument, ServeDocument
from marketplace.domain.errors import GradMarketError, PeerFailed, ProtocolError, SealingError
from marketplace.domain.fields import hex_text
from marketplace.domain.scope import Purpose
from marketplace.domain.shared_documents import COMPONENTS, ModelDocument, SealedComponent
from marketplace.domain.update import Update, moved_by
from marketplace.privacy.sharing.shares import commit_component, join
from marketplace.sealing import datakeys
from marketplace.sealing.envelope import seal_bytes
from marketplace.sealing.recipients import open_text, seal_text
from marketplace.storage.canonical import decode_json, encode_json
from marketplace.storage.tensors import dump_component

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from client.log import BountyLog
    from client.participant import Participant
    from client.scorer import Shelf
    from marketplace.domain.network import Network
    from marketplace.domain.scope import Scope
    from marketplace.domain.scoring_terms import ScoringTerms
    from marketplace.privacy.sharing.party import Party
    from marketplace.privacy.sharing.shares import Shares

__all__ = [
    "ModelKeys",
    "components_of_seat",
    "open_model",
    "open_served",
    "open_shared_base",
    "seal_model",
    "seal_model_keys",
]

_SEED_WORDS: Final = 4

ModelKeys = Mapping[int, bytes]
"""Component -> the key that opens it."""


@dataclass(frozen=True)
class _Made:
    """A component that this seat holds, ready to be named by a sheet."""

    named: SealedComponent
    key: bytes = field(repr=False)


# ---------------------------------------------------------------------- what the seats make
def seal_model(party: Party, scope: Scope, round_: int, moved: Shares, shelf: Shelf) -> tuple[ModelDocument, bytes]:
    """Seal this seat's two components of the next model, and learn the name of the third; all three call it at once.

    Args:
        party: this seat.
        scope: the bounty; round_: the round.
        moved: fresh shares of int64[parameters], proven.
        shelf: where the ciphertexts go.

    Returns:
        The document, which all three seats make alike, and the keys of this seat's two components.

    Raises:
        Cheated: the two seats that hold a component do not say the same of it.
    """
    # Drawn by all three, each from both of its streams.
    seeds = [stream.take((_SEED_WORDS,), np.uint64).tobytes() for stream in (party.lower, party.upper)]
    made = [
        _sealed(scope, round_, (party.me + part) % COMPONENTS, component, seed, shelf)
        for part, (component, seed) in enumerate(zip((moved.first, moved.second), seeds, strict=True))
    ]
    names = [np.frombuffer(encode_json(m.named.to_json()), np.uint8) for m in made]
    third = party.missing(names[0], names[1], "named two versions of one component of the next model")
    components = [made[0].named, made[1].named, _named(party, third)]
    ordered = tuple(components[(index - party.me) % COMPONENTS] for index in range(COMPONENTS))
    return ModelDocument(round_, ordered), made[0].key + made[1].key


def _sealed(  # noqa: PLR0913, PLR0917 - which component, what is in it, and what hides it
    scope: Scope, round_: int, index: int, component: NDArray[np.uint64], seed: bytes, shelf: Shelf
) -> _Made:
    salt = datakeys.derive(seed, "model-salt")
    commitment = commit_component(index, component, salt)
    # The commitment pins what is sealed, so the key never seals two things.
    key = datakeys.derive(seed, "model-key", commitment)
    # No sender: both seats make this ciphertext, so the market itself stands in.
    context = scope.context(Purpose.COMPONENT, round_, scope.market)
    cid = shelf.put(seal_bytes(dump_component(component, salt), key, context))
    return _Made(SealedComponent(cid, commitment, datakeys.key_hash(key)), key)


def _named(party: Party, said: NDArray[np.uint8]) -> SealedComponent:
    try:
        return SealedComponent.from_json(decode_json(said.tobytes()), ModelDocument.kind)
    except GradMarketError as error:
        msg = f"party {party.previous} names no component of the next model: void the round, have its seat drawn anew"
        raise PeerFailed(msg, party.previous) from error


# ---------------------------------------------------------------------- who reads it
def open_served(who: Participant, log: BountyLog, round_: int) -> ModelKeys:
    """Return the keys of an adopted round's model that seats have served to `who`, the owner: all three, if two did."""
    document, scope = _read(who, log, round_), who.scope(log.bounty)
    keys: dict[int, bytes] = {}
    for seat, event in sorted(log.served[round_].items()):
        context = scope.context(Purpose.AGGREGATE, round_, log.seated(seat, event))
        try:
            served = who.fetch(event.document, ServeDocument)
            both = open_text(served.keys.get(who.address, ""), who.identity, context)
        except GradMarketError:
            continue  # one seat that serves garbage does not matter while two others serve
        keys |= read_pair(both, seat, document.components)
    return keys


def open_model(  # noqa: PLR0913, PLR0917 - whose, of which round, from where, with what
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, first: Network, keys: ModelKeys
) -> Network:
    """Return the model that an adopted round led to.

    Args:
        who: whose store it is in; log: the bounty's history; scoring: its terms.
        round_: the adopted round.
        first: the model the bounty was posted with.
        keys: of all three components.

    Raises:
        NotFound, StorageError: a component is not here.
        SealingError: a key is missing.
        ProtocolError: what was opened is not what the sheet commits to, or no model of the terms.
    """
    document, width = _read(who, log, round_), scoring.shape.parameters
    components = [_open(who, log, round_, document, index, keys, width) for index in range(COMPONENTS)]
    model = moved_by(first, Update.from_flat(join(components), scoring.shape))
    check_base(model, scoring, round_ + 1)
    return model


def seal_model_keys(who: Participant, log: BountyLog, round_: int, keys: Mapping[int, ModelKeys]) -> dict[str, str]:
    """Seal the owner's keys of the latest models to those who need them in a round.

    A seat gets those of its components of the last two models: the round's, and the one before, because of the last
    aggregate. Whoever joined gets all of the round's.

    Args:
        who: the owner; log: the bounty's history.
        round_: the round that opens.
        keys: adopted round -> the keys of the model it led to.
    """
    latest = _latest(log, round_)
    shown: dict[str, dict[int, ModelKeys]] = {}
    for seat, event in log.seats.items():
        mine = {(seat + part) % COMPONENTS for part in range(2)}
        shown[event.validator] = {r: {i: key for i, key in keys[r].items() if i in mine} for r in latest if r in keys}
    for joined in log.holders.values():
        theirs = shown.setdefault(joined.holder, {})
        theirs |= {r: keys[r] for r in latest[-1:] if r in keys}
    named = log.keys_of_seats() | {joined.holder: joined.key for joined in log.holders.values()}
    context = who.scope(log.bounty).context(Purpose.MODEL_KEYS, round_, who.address)
    return {
        address: seal_text(encode_json(_shown(shown[address])), key, context)
        for address, key in sorted(who.usable_keys(named).items())
    }


def open_shared_base(who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int) -> Network:
    """Return the model that a round of a shared bounty starts from, for somebody who joined.

    Raises:
        NotFound, StorageError: a part of it is not here.
        SealingError: the owner left `who` out, or sealed something else.
        ProtocolError: it is not the model the chain commits to, or not one of the terms' shape and bounds.
    """
    first, _ = open_base(who, log, scoring, round_, log.terms.base_root)
    latest = _latest(log, round_)
    if not latest:
        return first
    return open_model(who, log, scoring, latest[-1], first, _keys(who, log, round_).get(latest[-1], {}))


def components_of_seat(
    who: Participant, log: BountyLog, scoring: ScoringTerms, round_: int, seat: int
) -> NDArray[np.uint64] | None:
    """Return uint64[2, 2, parameters], a seat's two components of what `SharedInput.model` is; None before an adoption.

    Raises as `open_shared_base`.
    """
    latest = _latest(log, round_)
    if not latest:
        return None
    keys, width, models = _keys(who, log, round_), scoring.shape.parameters, []
    for adopted in latest:
        document = _read(who, log, adopted)
        mine = (
            _open(who, log, adopted, document, (seat + p) % COMPONENTS, keys.get(adopted, {}), width) for p in (0, 1)
        )
        models.append(np.stack(list(mine)))
    last = models[-1] - models[0] if len(models) > 1 else models[-1]
    return np.stack([models[-1], last], axis=1)


# ---------------------------------------------------------------------- details
def _latest(log: BountyLog, round_: int) -> list[int]:
    """The last two rounds before one whose aggregate was adopted, in order."""
    return [r for r in log.adopted if r < round_][-2:]


def _read(who: Participant, log: BountyLog, round_: int) -> ModelDocument:
    sheet = log.sheet_of(round_).sheet
    document = who.fetch(sheet.aggregate, ModelDocument)
    if (document.round, document.root) != (round_, sheet.next_base_root):
        msg = f"the components named for round {round_} are not those its sheet commits to: leave them alone"
        raise ProtocolError(msg)
    return document


def _open(  # noqa: PLR0913, PLR0917 - which component of which model, and what opens it
    who: Participant, log: BountyLog, round_: int, document: ModelDocument, index: int, keys: ModelKeys, width: int
) -> NDArray[np.uint64]:
    if index not in keys:
        msg = f"nobody handed over the key of component {index} of the model that round {round_} led to: ask the owner"
        raise SealingError(msg)
    scope = who.scope(log.bounty)
    context = scope.context(Purpose.COMPONENT, round_, scope.market)
    component = load_checked(who, document.components[index], index, keys[index], context, width)
    if component is None:
        msg = f"component {index} of the model that round {round_} led to is not what its sheet commits to"
        raise ProtocolError(msg)
    return component


def _shown(keys: Mapping[int, ModelKeys]) -> dict[str, dict[str, str]]:
    return {str(r): {str(i): hex_text(key) for i, key in sorted(of.items())} for r, of in sorted(keys.items())}


def _keys(who: Participant, log: BountyLog, round_: int) -> dict[int, dict[int, bytes]]:
    """Return what the owner sealed to `who` when it opened a round: adopted round -> component -> key."""
    document = who.fetch(log.opened[round_].document, RoundDocument)
    if not document.model_keys:
        msg = f"the owner handed out no keys of the model that round {round_} starts from: nobody can train on it"
        raise SealingError(msg)
    context = who.scope(log.bounty).context(Purpose.MODEL_KEYS, round_, log.terms.owner)
    sealed = who.get_envelope(document.model_keys).get(who.address, "")
    try:
        told = decode_json(open_text(sealed, who.identity, context))
        return {int(r): {int(i): bytes.fromhex(key[2:]) for i, key in of.items()} for r, of in told.items()}
    except (AttributeError, TypeError, ValueError) as error:
        msg = f"the owner sealed something else than the keys of the model that round {round_} starts from"
        raise SealingError(msg) from error
