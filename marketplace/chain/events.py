"""From raw logs to the domain's events, and the queries that find them.

Which class stands for which event is decided by name; the parameters keep their names in snake case, except those
that Python or another word claims (`RENAMED`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import EventCodec
from marketplace.domain import events as ev
from marketplace.domain.abi import OPENED, submissions_step
from marketplace.domain.bounty import CloseReason, Phase
from marketplace.domain.dispute import Answered, Decided, Demanded, Disproved, Disputed, Excused
from marketplace.domain.errors import ChainError, InvalidInput
from marketplace.domain.terms import ChainTerms, SheetHead

if TYPE_CHECKING:
    from marketplace.chain.node import Chain, Log
    from marketplace.domain.bounty import BountyState

__all__ = [
    "BLOCKS_A_QUERY",
    "CONTRACTS",
    "check_submissions",
    "decode_log",
    "known_events",
    "read_events",
    "submissions_hash",
]

CONTRACTS: Final = ("Market", "Referee", "Registry", "Vault")
BLOCKS_A_QUERY: Final = 2_000
"""Most blocks one query spans; public nodes refuse wider ones."""

_RENAMED: Final = {("Deposited", "from"): "sender", ("Moved", "from"): "source", ("Moved", "to"): "target"}
_CLASSES: Final[dict[tuple[str, str], type[ev.Event]]] = {
    ("Registry", "Left"): ev.TicketLeft,
    **{("Referee", kind.__name__): kind for kind in (Answered, Decided, Demanded, Disproved, Disputed, Excused)},
}


def _chain_terms(value: Sequence[Any]) -> ChainTerms:
    """Return the terms that a decoded `IMarket.PostedTerms` holds."""
    packed, roots = value
    return ChainTerms.unpacked(packed, roots)


_VALUES: Final[dict[tuple[str, str], Callable[[Any], Any]]] = {
    ("Posted", "terms"): _chain_terms,
    ("Revealed", "sheet"): lambda value: SheetHead(*value),
    ("PhaseChanged", "phase"): Phase,
    ("Closed", "reason"): CloseReason,
}


@cache
def known_events() -> dict[bytes, tuple[type[ev.Event], EventCodec]]:
    """First topic -> the class of an event and how its logs are read.

    Raises:
        ChainError: an event of the compiled contracts has no class here, or two share a topic.
    """
    known: dict[bytes, tuple[type[ev.Event], EventCodec]] = {}
    for contract in CONTRACTS:
        for topic, codec in artefact(contract).interface.events.items():
            kind = _CLASSES.get((contract, codec.name)) or getattr(ev, codec.name, None)
            if kind is None or topic in known:
                msg = f"this version cannot read {contract}'s event {codec.name}: install the package again"
                raise ChainError(msg)
            known[topic] = (kind, codec)
    return known


@lru_cache(maxsize=1 << 14)
def decode_log(log: Log) -> ev.Event | None:
    """Return the event a log announces, or None for one that is not ours (a token's transfer).

    Remembered, because in one process every role reads the same logs.
    """
    if not log.topics or log.topics[0] not in known_events():
        return None
    kind, codec = known_events()[log.topics[0]]
    values = {}
    for name, value in codec.decode(log.topics, log.data).items():
        convert = _VALUES.get((codec.name, name))
        values[_RENAMED.get((codec.name, name)) or _snake(name)] = value if convert is None else convert(value)
    return kind(block=log.block, position=log.position, **values)


def read_events(  # noqa: PLR0913 - where, who, what, and from when to when
    chain: Chain,
    addresses: Sequence[str],
    first: int,
    last: int,
    *,
    kinds: Iterable[type[ev.Event]] | None = None,
    subject: bytes | None = None,
) -> Iterator[ev.Event]:
    """Yield the contracts' events of blocks `first .. last`, in order, however many blocks these are.

    Args:
        chain: where to read.
        addresses: of the contracts.
        first: number of the first block.
        last: number of the last block.
        kinds: classes of events to return; None for all.
        subject: the value of the first indexed parameter: a bounty, or a pool; None for all.
    """
    names = None if kinds is None else _topics(kinds)
    topics = [names] if subject is None else [names, [subject]]
    for start in range(first, last + 1, BLOCKS_A_QUERY):
        for log in chain.logs(addresses, topics, start, min(start + BLOCKS_A_QUERY - 1, last)):
            event = decode_log(log)
            if event is not None:
                yield event


def submissions_hash(bounty: bytes, owner: str, steps: Iterable[ev.RoundOpened | ev.Submitted]) -> bytes:
    """Return the running hash over all openings and submissions of a bounty, in order, as the market keeps it."""
    running = bounty
    for e in steps:
        if isinstance(e, ev.RoundOpened):
            running = submissions_step(running, e.round, owner, OPENED, e.root_update, e.document)
        else:
            running = submissions_step(running, e.round, e.holder, e.index, e.commitment, e.document)
    return running


def check_submissions(
    bounty: bytes, owner: str, state: BountyState, steps: Sequence[ev.RoundOpened | ev.Submitted]
) -> None:
    """Check that `steps` are all openings and submissions of a bounty that is in this state, unaltered and in order.

    The market starts to count when the first round opens.

    Raises:
        ChainError: a node left one out, made one up, or is not in step.
    """
    if submissions_hash(bounty, owner, steps) != state.submissions:
        msg = (
            f"the {len(steps)} openings and submissions read from the chain are not the ones the market counted: read "
            "them anew or from another node"
        )
        raise ChainError(msg)


def _topics(kinds: Iterable[type[ev.Event]]) -> list[bytes]:
    wanted = set(kinds)
    topics = [topic for topic, (kind, _) in known_events().items() if kind in wanted]
    if len(topics) != len(wanted):
        msg = "one of the kinds asked for is no event of the contracts: name classes of marketplace.domain.events"
        raise InvalidInput(msg)
    return topics


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
