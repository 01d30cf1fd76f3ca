"""Every act ends in exactly one block, wherever the sender is stopped and whatever the node says."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.chain.networks import Network
from marketplace.chain.outbox import Entry
from marketplace.chain.sender import Mined, Sender
from marketplace.domain.errors import ChainError, InvalidInput, NotEnoughTokens, Refused
from marketplace.domain.hashing import keccak
from tests.chain.pool import ACTS, MARKET, RULES, WALLET, Killed, Node, Signer, Time, fee_of


@pytest.fixture
def node(monkeypatch):
    """A node that mines a block every four seconds of a clock that only moves when somebody waits."""
    return _with_time(Node(), monkeypatch)


def _with_time(node: Node, monkeypatch) -> Node:
    monkeypatch.setattr("marketplace.chain.sender.time", Time(node))
    return node


def process(node: Node, rules: Network = RULES, timeout: float = 200.0) -> Sender:
    """A sender as a process makes it when it starts."""
    sender = Sender(node, rules, timeout)
    sender.use_outbox(WALLET, node.outbox)
    return sender


def act(sender: Sender, data: bytes) -> Mined:
    """Send one act."""
    return sender.send(Signer(), MARKET, data, 0)


def work(node: Node, rules: Network = RULES) -> None:
    """What a participant does from start to end: settle, look, do what is not done."""
    sender = process(node, rules)
    sender.tend(Signer())
    for data in ACTS:
        if data.hex() not in node.acts():
            act(sender, data)


def test_an_act_is_mined_and_forgotten(node):
    """With nothing to confirm, the outbox is empty as soon as the receipt is there."""
    mined = act(process(node), ACTS[0])
    assert mined.succeeded
    assert [ACTS[0].hex()] == node.acts()
    assert () == node.outbox.entries()


def _steps_of_work() -> int:
    with pytest.MonkeyPatch.context() as patch:
        node = _with_time(Node(), patch)
        work(node, replace(RULES, confirmations=2))
        return node.steps


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_process_killed_at_any_step_does_every_act_once(monkeypatch, after):
    """Before and after each operation on the chain and on the outbox. GM-919."""
    for step in range(1, _steps_of_work() + 1):
        node = _with_time(Node(), monkeypatch)
        node.stop_at = (step, after)
        rules = replace(RULES, confirmations=2)
        try:
            work(node, rules)
        except Killed:
            node.stop_at = None
            work(node, rules)
        assert [data.hex() for data in ACTS] == node.acts(), step


@given(
    stops=st.lists(st.tuples(st.integers(1, 40), st.booleans()), max_size=4),
    words=st.lists(st.sampled_from([None, "lost: time-out", "already known", "underpriced"]), max_size=8),
    drops=st.lists(st.integers(0, 4), max_size=4),
    confirmations=st.integers(0, 4),
)
def test_any_kills_faults_and_reorganisations_leave_every_act_once(stops, words, drops, confirmations):
    """A participant that goes on working ends with each act in one block of the final chain."""
    rules = replace(RULES, confirmations=confirmations, fee_ceiling=10**9)
    with pytest.MonkeyPatch.context() as patch:
        node = _with_time(Node(), patch)
        node.words = list(words)
        for stop, drop in zip([*stops, (10**9, False)], [*drops, *[0] * 5], strict=False):
            node.stop_at = (node.steps + stop[0], stop[1])
            with suppress(Killed, ChainError):
                work(node, rules)
            node.drop(min(drop, len(node.blocks) - 1))
        node.stop_at = None
        for _ in range(3):
            work(node, rules)
        found = [data for data in node.acts() if data]
        assert sorted(data.hex() for data in ACTS) == sorted(found)
        for _ in range(confirmations):
            node.mine()
        process(node, rules).tend(Signer())
        assert () == node.outbox.entries()


def test_what_would_revert_costs_no_nonce_and_leaves_nothing(node):
    """It is refused before anything is signed. GM-918."""
    node.failing = {ACTS[0]}
    with pytest.raises(Refused):
        act(process(node), ACTS[0])
    assert ([], ()) == (node.acts(), node.outbox.entries())


def test_a_stuck_transaction_offers_more_with_the_same_nonce(node):
    """By an eighth or up to date, until it is mined; all versions share a nonce, so one is."""
    node.base_fee = 1
    sender = process(node)
    node.mines = False
    node.pool.clear()
    fees = []
    put = node.outbox.put

    def watch(entry):
        fees.append(entry.fee)
        node.base_fee = 5 if len(fees) < 4 else node.base_fee
        node.mines = len(fees) > 3
        put(entry)

    node.outbox.put = watch
    act(sender, ACTS[0])
    assert [ACTS[0].hex()] == node.acts()
    assert 4 == len(fees)
    assert all(later * 8 >= earlier * 9 for earlier, later in pairwise(fees))


def test_offers_end_at_the_ceiling_and_then_the_wait_ends(node):
    """The message says that nothing is lost; the entry is still there, and works when the network does again."""
    node.mines = False
    rules = replace(RULES, fee_ceiling=30)
    with pytest.raises(ChainError, match="sent but not mined"):
        act(process(node, rules), ACTS[0])
    (entry,) = node.outbox.entries()
    assert 30 >= entry.fee
    node.mines = True
    process(node, rules).tend(Signer())
    assert [ACTS[0].hex()] == node.acts()


def test_gas_above_the_ceiling_is_not_bought(node):
    """Nothing is signed while the network asks more than its rules allow."""
    node.base_fee = 500
    with pytest.raises(ChainError, match="fee_ceiling"):
        act(process(node), ACTS[0])
    assert () == node.outbox.entries()


def test_asking_again_for_what_is_under_way_sends_nothing_new(node):
    """The second call waits for the first one's transaction and returns its receipt."""
    node.mines = False
    sender = process(node, timeout=5)
    with pytest.raises(ChainError, match="not mined"):
        act(sender, ACTS[0])
    node.mines = True
    assert act(sender, ACTS[0]).receipt.transaction in {keccak(raw) for raw in node.all()}
    assert [ACTS[0].hex()] == node.acts()


def test_the_same_act_twice_on_purpose_is_two_transactions(node):
    """Whoever has the receipt of the first one and asks again means it."""
    sender = process(node, replace(RULES, confirmations=5))
    first, second = act(sender, ACTS[0]), act(sender, ACTS[0])
    assert first.receipt.transaction != second.receipt.transaction
    assert 2 == len(node.acts())


def test_an_act_of_an_earlier_process_is_not_doubled_before_tending(node):
    """A process that forgot to settle first still finds the transaction of the one before it."""
    rules = replace(RULES, confirmations=5)
    act(process(node, rules), ACTS[0])
    act(process(node, rules), ACTS[0])
    assert 1 == len(node.acts())


def test_an_entry_stays_until_it_is_confirmed_and_is_sent_again_after_a_reorganisation(node):
    """The same bytes, so that nothing can happen twice."""
    rules = replace(RULES, confirmations=3)
    sender = process(node, rules)
    first = act(sender, ACTS[0])
    assert 1 == len(node.outbox.entries())
    node.drop(1)
    assert [] == node.acts()
    sender.tend(Signer())
    assert [ACTS[0].hex()] == node.acts()
    assert first.receipt.transaction == keccak(node.all()[0])
    for _ in range(3):
        node.mine()
    sender.tend(Signer())
    assert () == node.outbox.entries()


def test_a_reorganisation_while_an_act_is_prepared_does_not_mix_two_acts_up(node):
    """Neither its nonce nor its receipt is that of an act that was mined a moment before."""
    for confirmations in (0, 3):
        rules = replace(RULES, confirmations=confirmations)
        node.mines = False
        sender = process(node, rules, timeout=10)
        with pytest.raises(ChainError, match="not mined"):
            act(sender, ACTS[0])
        node.mines = True
        node.mine()
        gas_for = node.gas_for

        def shake(*request):
            node.drop(1)
            return gas_for(*request)  # noqa: B023 - called within this turn

        node.gas_for = shake
        mined = act(sender, ACTS[1])
        node.gas_for = gas_for
        (raw,) = (raw for raw in node.all() if keccak(raw) == mined.receipt.transaction)
        assert ACTS[1].hex() == json.loads(raw)["data"]
        if confirmations:
            sender.tend(Signer())
            assert {ACTS[0].hex(), ACTS[1].hex()} == set(node.acts())
        node.drop(len(node.blocks) - 1)
        for entry in node.outbox.entries():
            node.outbox.remove(entry)


def test_tending_costs_one_request_until_there_is_another_block(node):
    """And none at all when nothing is under way."""
    sender = process(node, replace(RULES, confirmations=3))
    sender.tend(Signer())
    assert 0 == node.steps
    for data in ACTS:
        act(sender, data)
    sender.tend(Signer())
    before = node.steps
    sender.tend(Signer())
    assert 1 == node.steps - before
    node.mine()
    sender.tend(Signer())
    assert 1 < node.steps - before - 1


def test_nonces_that_a_deep_reorganisation_freed_are_filled(node):
    """What was confirmed and is gone is for its owner to decide; what is still under way must not wait for it."""
    rules = replace(RULES, confirmations=2)
    sender = process(node, rules)
    act(sender, ACTS[0])
    for _ in range(3):
        node.mine()
    act(sender, ACTS[1])
    node.drop(len(node.blocks) - 1)
    sender.tend(Signer())
    assert ["", ACTS[1].hex()] == node.acts()


def test_a_nonce_that_somebody_else_used_is_told(node):
    """Another program with the same wallet: nothing of ours is mined, and the caller has to look again."""
    sender = process(node)
    node.mines = False
    broadcast = node.broadcast

    def steal(raw):
        broadcast(raw)
        node.blocks.append([json.dumps({"nonce": 0, "data": "ff", "maxFeePerGas": 99}).encode()])

    node.broadcast = steal
    with pytest.raises(ChainError, match="took nonce 0"):
        act(sender, ACTS[0])
    assert () == node.outbox.entries()


@pytest.mark.parametrize(
    "word",
    [
        "already known",
        "transaction already imported",
        "ALREADY_EXISTS: already known",
        "lost: the connection broke",
        "nonce too low",
        "the tx doesn't have the correct nonce. account has nonce of: 1 tx has nonce of: 0",
        "Transaction nonce is too low. Try incrementing the nonce.",
    ],
)
def test_words_that_say_nothing_final_are_followed_by_looking(node, word):
    """The transaction reached the node all the same, so its receipt comes."""
    broadcast = node.broadcast

    def say(raw):
        broadcast(raw)
        raise ChainError(word) from ValueError(word)

    node.broadcast = say
    act(process(node), ACTS[0])
    assert [ACTS[0].hex()] == node.acts()


@pytest.mark.parametrize(
    "word",
    [
        "replacement transaction underpriced",
        "max fee per gas less than block base fee",
        "Transaction gasPrice is too low for the next block",
        "transaction underpriced: gas tip cap 1, minimum needed 1000",
    ],
)
def test_words_that_ask_for_more_are_answered_with_more(node, word):
    """The first version was not taken; a dearer one is made at once."""
    node.words = [word]
    act(process(node), ACTS[0])
    assert [ACTS[0].hex()] == node.acts()
    assert 2 * 10 + 1 < fee_of(node.all()[0])


def test_a_wallet_that_cannot_pay_leaves_nothing_behind(node):
    """The node took nothing, so nothing is kept."""
    node.words = ["insufficient funds for gas * price + value"]
    sender = process(node)
    broadcast = node.broadcast

    def poor(raw):
        try:
            broadcast(raw)
        except ChainError as error:
            raise NotEnoughTokens(str(error)) from error

    node.broadcast = poor
    with pytest.raises(NotEnoughTokens):
        act(sender, ACTS[0])
    assert () == node.outbox.entries()
    act(sender, ACTS[0])
    assert [ACTS[0].hex()] == node.acts()


def test_an_entry_survives_json_and_nothing_else_becomes_one():
    """from_json(to_json(e)) = e, with and without a tip or a contract."""
    entry = Entry(3, MARKET, b"\x01", 4, 5, 6, 1, (b"\x07", b"\x08"), 9)
    for case in (entry, replace(entry, to=None, tip=None)):
        assert case == Entry.from_json(json.loads(json.dumps(case.to_json())))
    good = entry.to_json()
    for bad in ({}, {**good, "data": "0xzz"}, {**good, "nonce": None}, {k: v for k, v in good.items() if k != "raw"}):
        with pytest.raises(InvalidInput):
            Entry.from_json(bad)
