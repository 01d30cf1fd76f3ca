"""A log that followed a chain through any reorganisations says what a log that reads the last chain afresh says."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from client.log import BountyLog
from marketplace.chain.node import Block
from marketplace.domain import events as ev
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ChainError, NotFound

BOUNTY = bytes(31) + b"\x07"
HOLDERS = ("0x" + "11" * 20, "0x" + "22" * 20)


class FakeChain:
    """Blocks with events, of which the upper ones can be exchanged."""

    confirmations = 0

    def __init__(self) -> None:
        self._names = 0
        self.blocks: list[tuple[Block, tuple[ev.Event, ...]]] = []
        self.asked: list[tuple[int, int]] = []
        self.grow(((),))

    def grow(self, blocks) -> None:
        """Put blocks on top, each given by what makes its events."""
        for makers in blocks:
            self._names += 1
            number, parent = len(self.blocks), self.blocks[-1][0].hash if self.blocks else bytes(32)
            block = Block(number, self._names.to_bytes(32, "big"), parent, 1_000 + number)
            self.blocks.append((block, tuple(make(number, i) for i, make in enumerate(makers))))

    def cut(self, depth: int) -> None:
        """Take blocks away; the first one stays."""
        del self.blocks[max(1, len(self.blocks) - depth) :]

    def block(self, number: int | None = None) -> Block:
        """As of `EventSource`."""
        if number is not None and not 0 <= number < len(self.blocks):
            msg = f"no block {number}: wait"
            raise NotFound(msg)
        return self.blocks[-1 if number is None else number][0]

    def events(self, bounty: bytes, from_block: int, to_block: int) -> list[ev.Event]:
        """As of `EventSource`."""
        assert bounty == BOUNTY
        self.asked.append((from_block, to_block))
        return [event for _, events in self.blocks[from_block : to_block + 1] for event in events]


def joined(index: int):
    """What makes a `Joined` event."""
    return lambda block, position: ev.Joined(
        block=block, position=position, bounty=BOUNTY, holder=HOLDERS[index % 2], index=index, key=bytes([index]) * 32
    )


def left(index: int):
    """What makes a `Left` event."""
    return lambda block, position: ev.Left(
        block=block,
        position=position,
        bounty=BOUNTY,
        holder=HOLDERS[index % 2],
        index=index,
        returned=1,
        forfeited=index + 1,
    )


def submitted(round_: int):
    """What makes a `Submitted` event."""
    return lambda block, position: ev.Submitted(
        block=block,
        position=position,
        bounty=BOUNTY,
        round=round_,
        holder=HOLDERS[position % 2],
        index=position,
        commitment=bytes([block % 256]) * 32,
        document=bytes(32),
    )


def phase(round_: int):
    """What makes a `PhaseChanged` event."""
    return lambda block, position: ev.PhaseChanged(
        block=block, position=position, bounty=BOUNTY, round=round_, phase=Phase.JOIN, deadline=block
    )


def slashed(seat: int):
    """What makes a `SeatSlashed` event, which only fits a seat that was taken."""
    return lambda block, position: ev.SeatSlashed(
        block=block, position=position, bounty=BOUNTY, seat=seat, round=0, percent=10
    )


def said(log: BountyLog) -> dict[str, object]:
    """Everything a log says, apart from how it came to know it."""
    return {
        name: dict(value) if isinstance(value, defaultdict) else value
        for name, value in vars(log).items()
        if name not in {"reorganised", "_source", "_marks"}
    }


MAKERS = st.one_of(
    st.builds(joined, st.integers(0, 3)),
    st.builds(left, st.integers(0, 3)),
    st.builds(submitted, st.integers(0, 2)),
    st.builds(phase, st.integers(0, 2)),
)
BLOCKS = st.lists(st.lists(MAKERS, max_size=3).map(tuple), max_size=5)
TALES = st.lists(st.tuples(st.integers(0, 6), BLOCKS, st.booleans()), max_size=12)


@given(tale=TALES, confirmations=st.integers(0, 4))
def test_after_any_reorganisations_the_log_equals_a_fresh_one(tale, confirmations):
    """Longer, shorter and equally long ones, whether the log looked in between or not. GM-920."""
    chain = FakeChain()
    chain.confirmations = confirmations
    log = BountyLog(chain, BOUNTY).refresh()
    for depth, blocks, looks in tale:
        chain.cut(depth)
        chain.grow(blocks)
        if looks:
            assert said(log.refresh()) == said(BountyLog(chain, BOUNTY).refresh())
            assert chain.block() == log.head
            assert all(a.number < b.number for a, b in pairwise(log._marks))
    assert said(log.refresh()) == said(BountyLog(chain, BOUNTY).refresh())


def test_a_reorganisation_below_everything_remembered_is_read_from_the_start(monkeypatch):
    """Blocks that are no longer remembered cannot be told apart, so nothing is kept."""
    monkeypatch.setattr("client.log._MARKS", 3)
    chain = FakeChain()
    log = BountyLog(chain, BOUNTY)
    for number in range(10):
        chain.grow([(joined(number % 4),)])
        log.refresh()
    chain.cut(8)
    chain.grow([(submitted(0),)] * 9)
    chain.asked.clear()
    assert said(BountyLog(chain, BOUNTY).refresh()) == said(log.refresh())
    assert (0, 11) == chain.asked[-1]
    assert 1 == log.reorganised


def test_only_what_is_new_is_read():
    """A head that did not move costs no query of events; a block on top costs one of that block."""
    chain = FakeChain()
    chain.grow([(joined(0),)] * 5)
    log = BountyLog(chain, BOUNTY).refresh()
    log.refresh()
    chain.grow([()])
    log.refresh()
    assert [(0, 5), (6, 6)] == chain.asked


def test_blocks_that_are_not_confirmed_are_read_again():
    """A node that knew a block before its events is not believed for ever."""
    chain = FakeChain()
    chain.confirmations = 3
    chain.grow([(joined(0),), (joined(1),)])
    whole = chain.blocks[2]
    chain.blocks[2] = (whole[0], ())
    log = BountyLog(chain, BOUNTY).refresh()
    assert {0} == set(log.holders)
    chain.blocks[2] = whole
    chain.grow([()])
    assert {0, 1} == set(log.refresh().holders)
    assert 0 == log.reorganised


def test_an_event_does_not_vanish_without_a_reorganisation():
    """A node that leaves out what it said before is asked again, and in the end not believed."""
    chain = FakeChain()
    chain.confirmations = 2
    chain.grow([(joined(0),), (joined(1),)])
    log = BountyLog(chain, BOUNTY).refresh()
    chain.blocks[2] = (chain.blocks[2][0], ())
    chain.grow([()])
    with pytest.raises(ChainError, match="left events out"):
        log.refresh()
    assert {0, 1} == set(log.holders)
    assert 2 == log.head.number


def test_a_chain_that_changes_while_it_is_read_is_read_again():
    """The events of a block that is gone by the time they arrive are not taken."""
    chain = FakeChain()
    chain.grow([(joined(0),)] * 2)
    log = BountyLog(chain, BOUNTY).refresh()
    chain.grow([(joined(1),)])
    read, changes = chain.events, iter((True, True, False))

    def events(bounty, first, last):
        found = read(bounty, first, last)
        if next(changes, False):
            chain.cut(1)
            chain.grow([(submitted(1),)])
        return found

    chain.events = events
    log.refresh()
    assert {0} == set(log.holders)
    assert [1] == list(log.submissions)


def test_a_chain_that_never_rests_is_reported_and_what_was_read_stays():
    """After a bounded number of attempts somebody has to look."""
    chain = FakeChain()
    log = BountyLog(chain, BOUNTY).refresh()
    read = chain.events

    def events(bounty, first, last):
        found = read(bounty, first, last)
        chain.cut(1)
        chain.grow([(), ()])
        return found

    chain.grow([(joined(0),)])
    chain.events = events
    with pytest.raises(ChainError, match="whenever it was read"):
        log.refresh()
    assert 0 == log.head.number


def test_a_node_that_is_behind_what_it_said_before_is_not_believed():
    """Its newest block is below one that it still has: nothing is forgotten, nothing is taken."""
    chain = FakeChain()
    chain.grow([(joined(0),), (), ()])
    log = BountyLog(chain, BOUNTY).refresh()
    before, block = said(log), chain.block
    chain.block = lambda number=None: block(1 if number is None else number)
    with pytest.raises(ChainError, match="changed"):
        log.refresh()
    assert before == said(log)
    assert 3 == log.head.number


def test_an_event_without_what_it_rests_on_is_not_taken():
    """A seat that nobody took cannot be slashed: the node left its taking out, so everything is read again."""
    chain = FakeChain()
    chain.grow([(joined(0),)])
    log = BountyLog(chain, BOUNTY).refresh()
    chain.grow([(slashed(0),)])
    with pytest.raises(ChainError, match="left events out"):
        log.refresh()
    chain.cut(1)
    chain.grow([(joined(1),)])
    assert {0, 1} == set(log.refresh().holders)
    assert said(BountyLog(chain, BOUNTY).refresh()) == said(log)


def test_depth_and_start_of_a_phase_follow_the_chain():
    """The newest block has nothing on top; a phase that never began is forgotten with its block."""
    chain = FakeChain()
    log = BountyLog(chain, BOUNTY)
    with pytest.raises(ChainError, match="refresh"):
        log.depth_of(0)
    chain.grow([(phase(0),), (), (phase(1),)])
    log.refresh()
    assert (3, 0, 2) == (log.started, log.depth_of(3), log.depth_of(1))
    chain.cut(1)
    log.refresh()
    assert (1, 0, 1) == (log.started, log.depth_of(2), log.reorganised)


def test_a_node_that_fails_while_it_is_read_changes_nothing():
    """What was known stays known, and the next attempt goes on from there."""
    chain = FakeChain()
    chain.grow([(joined(0),)])
    log = BountyLog(chain, BOUNTY).refresh()
    before, read = said(log), chain.events
    chain.cut(1)
    chain.grow([(joined(1),), (joined(2),)])

    def fail(*_):
        msg = "the node is gone: start it again"
        raise ChainError(msg)

    chain.events = fail
    with pytest.raises(ChainError, match="gone"):
        log.refresh()
    assert before == said(log)
    chain.events = read
    assert {1, 2} == set(log.refresh().holders)
    assert all(a.number < b.number for a, b in pairwise(log._marks))
