"""Raw logs become domain events: all of them, whole, in order, however many blocks a query spans."""

import dataclasses

import pytest

from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import encode
from marketplace.chain.events import BLOCKS_A_QUERY, CONTRACTS, decode_log, known_events, read_events
from marketplace.chain.node import Log
from marketplace.domain import dispute
from marketplace.domain import events as ev
from marketplace.domain.bounty import CloseReason, Phase
from marketplace.domain.errors import ChainError, InvalidInput
from marketplace.domain.terms import ChainTerms, SheetHead
from tests.chain.stage import TOKEN, digest

SAMPLES = {
    "address": "0x" + "ab" * 20,
    "bytes32": digest("word"),
    "bytes": b"some bytes",
    "bool": True,
    "uint8": 4,
}


def sample(kind: str) -> object:
    """A value of an ABI type."""
    if kind.startswith("("):
        return tuple(sample(part) for part in _split(kind[1:-1]))
    return SAMPLES.get(kind, 5)


def _split(inner: str) -> list[str]:
    parts, depth = [""], 0
    for letter in inner:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return parts


def test_every_event_of_the_contracts_has_its_class_and_every_class_its_event():
    """None is missing, none is left over."""
    named = {getattr(module, name) for module in (ev, dispute) for name in module.__all__}
    classes = {kind for kind in named if isinstance(kind, type) and issubclass(kind, ev.Event)}
    classes -= {ev.Event, ev.BountyEvent}
    found = [kind for kind, _ in known_events().values()]
    assert sum(len(artefact(name).interface.events) for name in CONTRACTS) == len(found)
    assert classes == set(found)
    assert len(classes) == len(found)


@pytest.mark.parametrize("topic", known_events(), ids=lambda topic: known_events()[topic][0].__name__)
def test_every_event_is_decoded_whole(topic):
    """Each parameter of the log arrives in the field of its name, enums and structs as the domain's values."""
    kind, codec = known_events()[topic]
    plain = [t for _, t, indexed in codec.parameters if not indexed]
    indexed = [t for _, t, is_indexed in codec.parameters if is_indexed]
    topics = (topic, *(encode([t], [sample(t)]) for t in indexed))
    event = decode_log(Log("0x", topics, encode(plain, [sample(t) for t in plain]), 7, 2))
    assert kind is type(event)
    assert (7, 2) == (event.block, event.position)
    values = dataclasses.asdict(event)
    assert 2 + len(codec.parameters) == len(values)
    expected = {"phase": Phase(4), "reason": CloseReason(4)}
    for name, type_ in [(f.name, f.type) for f in dataclasses.fields(event)]:
        value = getattr(event, name)
        if name in expected:
            assert expected[name] is value
        elif type_ == "str":
            assert value.lower() == SAMPLES["address"]
            assert value != value.lower()
        elif type_ == "ChainTerms":
            assert ChainTerms is type(value)
        elif type_ == "SheetHead":
            assert SheetHead is type(value)


def test_a_strangers_log_is_no_event():
    """Neither an unknown topic nor a log without topics is mistaken for one."""
    assert decode_log(Log("0x", (digest("Transfer"),), b"", 0, 0)) is None
    assert decode_log(Log("0x", (), b"", 0, 0)) is None


def test_a_log_that_does_not_fit_its_event_is_a_chain_error():
    """A node that cuts data short is found out."""
    topic = next(t for t, (kind, _) in known_events().items() if kind is ev.Submitted)
    with pytest.raises(ChainError, match="interface"):
        decode_log(Log("0x", (topic, digest("b")), b"short", 0, 0))


def test_a_long_history_is_read_in_bounded_ranges(stage):
    """No query spans more than the limit, every block is asked for exactly once, in order."""
    asked: list[tuple[int, int]] = []

    class Recorder:
        def logs(self, _addresses, _topics, first, last):
            asked.append((first, last))
            return []

    assert [] == list(read_events(Recorder(), ["0x"], 10, 10 + 2 * BLOCKS_A_QUERY))
    assert [
        (10, 9 + BLOCKS_A_QUERY),
        (10 + BLOCKS_A_QUERY, 9 + 2 * BLOCKS_A_QUERY),
        (10 + 2 * BLOCKS_A_QUERY, 10 + 2 * BLOCKS_A_QUERY),
    ] == asked


def test_only_events_can_be_asked_for(stage):
    """A class that is none is refused before anything is read."""
    with pytest.raises(InvalidInput, match="no event"):
        list(stage.owner.events(digest("b"), 0, 1, kinds=[ev.BountyEvent]))


def test_the_events_of_two_bounties_do_not_mix(stage):
    """Each reads its own, though both were announced by the same contract."""
    stage.stake()
    first = stage.post()
    second = stage.owner.post(stage.terms, digest("salt"), digest("other key"))
    head = stage.owner.head()
    for bounty in (first, second):
        assert {bounty} == {event.bounty for event in stage.owner.events(bounty, 0, head)}


def test_the_money_events_add_up_to_the_vault(stage):
    """Deposits less withdrawals are what the vault owes, to the unit. GM-101."""
    stage.holders[0].vault.withdraw(17)
    stage.stake()
    stage.post()
    found = list(stage.owner.money_events(0, stage.owner.head()))
    entered = sum(e.amount for e in found if isinstance(e, ev.Deposited))
    left = sum(e.amount for e in found if isinstance(e, ev.Withdrawn))
    assert entered - left == stage.owner.token.balance(stage.deployment.vault)
    staked = [e for e in found if isinstance(e, ev.Staked)]
    assert [v.address for v in stage.validators] == [e.validator for e in staked]
    posted = [e for e in found if isinstance(e, ev.Moved) and e.target == stage.bounty]
    assert [stage.terms.escrow] == [e.amount for e in posted]


def test_a_redeemed_ticket_is_told_apart_from_a_holder_that_left(stage):
    """Both contracts call their event `Left`; the domain does not."""
    validator = stage.validators[0]
    (ticket,) = validator.registry.stake(stage.terms.ticket_stake, 1)
    validator.registry.leave(stage.terms.ticket_stake, ticket)
    stage.chain.advance_time(validator.registry.unbonding())
    block = validator.registry.redeem(stage.terms.ticket_stake, ticket).block
    found = [e for e in stage.owner.money_events(block, block) if isinstance(e, ev.TicketLeft)]
    assert [200 * TOKEN] == [e.stake for e in found]
