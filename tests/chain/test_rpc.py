"""Nodes that are slow, busy, gone, behind, on another chain or out of their minds."""

from __future__ import annotations

import time
from contextlib import suppress

import pytest

from marketplace.chain.networks import Network
from marketplace.chain.rpc import Nodes, connect
from marketplace.domain.errors import ChainError, GradMarketError, InvalidInput, NotFound
from tests.chain.nodes import KEYS, Script, free_port, scripted

RULES = Network(name="test", chain_id=31337)
BUSY = (429, {"Retry-After": "0"}, b"")
BROKEN = (500, {}, b"")
GARBAGE = (200, {}, b"<html>come back later</html>")
METHODS = (
    "eth_getBlockByNumber",
    "eth_getTransactionCount",
    "eth_getLogs",
    "eth_call",
    "eth_estimateGas",
    "eth_gasPrice",
    "eth_getTransactionReceipt",
    "eth_sendRawTransaction",
)
NOT_AN_ANSWER = (200, {}, b'{"hello": 1}')


def block(number: int, branch: str = "a", timestamp: int = 0) -> dict[str, object]:
    """A block as a node describes it, on a branch."""
    name = [f"0x{ord(branch):02x}{n:062x}" for n in (number, max(number - 1, 0))]
    return {"number": hex(number), "hash": name[0], "parentHash": name[1], "timestamp": hex(timestamp or number)}


def chain_of(script: Script, length: int, branch: str = "a") -> None:
    """Let a scripted node know blocks 0 .. length - 1."""

    def answer(which: str, _whole: bool) -> object:
        number = length - 1 if which == "latest" else int(which, 16)
        return block(number, branch) if number < length else None

    script.answers["eth_getBlockByNumber"] = answer


@pytest.fixture
def node():
    """A scripted node and its URL."""
    script = Script()
    chain_of(script, 8)
    with scripted(script) as url:
        script.url = url
        yield script


@pytest.fixture
def other():
    """Another scripted node of the same chain."""
    script = Script()
    chain_of(script, 8)
    with scripted(script) as url:
        script.url = url
        yield script


@pytest.mark.parametrize("fault", [BUSY, BROKEN, GARBAGE, NOT_AN_ANSWER, None], ids=str)
def test_a_request_that_fails_for_a_moment_is_made_again(node, fault):
    """Whatever the node said the first times, the caller gets the answer."""
    chain = connect(RULES, [node.url])
    node.faults = [fault] * 3
    assert 7 == chain.head()
    assert [] == node.faults


@pytest.mark.parametrize("fault", [BUSY, BROKEN, GARBAGE, NOT_AN_ANSWER, None], ids=str)
def test_another_node_is_asked_at_once(node, other, fault):
    """And is asked from then on, while the first one rests."""
    chain = connect(RULES, [node.url, other.url])
    node.faults = [fault] * 50
    started = time.monotonic()
    assert 7 == chain.head()
    assert 7 == chain.head()
    assert 1 > time.monotonic() - started
    assert 2 <= other.asked.count("eth_getBlockByNumber")


def test_a_node_that_asks_to_wait_is_left_alone_that_long(node):
    """`Retry-After` is obeyed: the next request comes after it, not before."""
    chain = connect(RULES, [node.url])
    node.faults = [(429, {"Retry-After": "1"}, b"")]
    started = time.monotonic()
    assert 7 == chain.head()
    assert 1 <= time.monotonic() - started < 3


def test_a_node_that_asks_to_wait_for_ever_is_not_waited_for(node):
    """Nobody sleeps longer than the patience for a request allows."""
    chain = connect(RULES, [node.url], patience=0.5)
    node.faults = [(429, {"Retry-After": "86400"}, b"")] * 9
    started = time.monotonic()
    with pytest.raises(ChainError, match="fewer requests"):
        chain.head()
    assert 2 > time.monotonic() - started


def test_busy_in_an_error_object_counts_too(node):
    """Some nodes answer HTTP 200 and say it inside."""
    chain = connect(RULES, [node.url], patience=0.3)
    node.answers["eth_getBlockByNumber"] = {"code": -32005, "message": "project ID request rate limit exceeded"}
    with pytest.raises(ChainError, match="fewer requests"):
        chain.head()


def test_a_node_that_is_slow_is_given_up(node, other):
    """After the time for one answer the next node is asked."""
    chain = connect(RULES, [node.url, other.url], request_timeout=0.3)
    node.delay = 1.0
    started = time.monotonic()
    assert 7 == chain.head()
    assert 1 > time.monotonic() - started


def test_a_node_that_is_gone_is_reported_after_the_patience(node):
    """The message names the host and what to check, and no more of the URL, which may hold a key."""
    gone = f"http://127.0.0.1:{free_port()}/v3/secret"
    with pytest.raises(ChainError, match="no node answers") as caught:
        connect(RULES, [gone])
    assert "secret" not in str(caught.value)
    chain = connect(RULES, [gone, node.url])
    assert 7 == chain.head()
    nodes = Nodes([gone], 31337, patience=0.3)
    with pytest.raises(ChainError, match="no connection") as caught:
        nodes.make_request("eth_blockNumber", [])
    error = caught.value
    while error is not None:
        assert "secret" not in str(error)
        error = error.__cause__


def test_a_refused_key_is_named_as_that(node):
    """HTTP 401 and 403 do not get better by waiting for seconds."""
    node.faults = [(401, {}, b"")]
    with pytest.raises(ChainError, match="401, check the URL and its key"):
        connect(RULES, [node.url])


def test_a_node_of_another_chain_is_refused(node):
    """Whether it is the only one or the second one. GM-921."""
    with scripted(Script(chain_id=1)) as url:
        for urls in ([url], [node.url, url]):
            with pytest.raises(ChainError, match="is on chain 1 and not on 31337"):
                connect(RULES, urls)


def test_a_node_that_comes_back_as_another_chain_is_refused(node):
    """It was away, so it is asked again who it is before anything it says is used."""
    chain = connect(RULES, [node.url])
    node.faults = [BROKEN]
    node.answers["eth_chainId"] = "0x1"
    with pytest.raises(ChainError, match="is on chain 1"):
        chain.head()


def test_nodes_without_a_known_chain_have_to_agree(node):
    """The first one decides."""
    rules = Network(name="any", chain_id=None)
    assert 31337 == connect(rules, [node.url]).chain_id
    with scripted(Script(chain_id=2)) as url, pytest.raises(ChainError, match="on chain 2 and not on 31337"):
        connect(rules, [node.url, url])


@pytest.mark.parametrize("urls", [[], ["ftp://there"], ["localhost:8545"], ["http://"]], ids=str)
def test_urls_that_are_none_are_refused(urls):
    """Before anything is asked."""
    with pytest.raises(InvalidInput):
        connect(RULES, urls)


def test_what_changes_a_local_node_is_not_sent_twice(node):
    """Mining a block is not repeated when the answer got lost."""
    chain = connect(RULES, [node.url])
    node.faults = [BROKEN]
    with pytest.raises(ChainError, match="evm_mine"):
        chain.w3.provider.make_request("evm_mine", [])
    assert 1 == node.asked.count("evm_mine")


def test_an_answer_without_end_is_cut_off(node):
    """A body that never stops does not fill the memory or hold the caller."""
    chain = connect(RULES, [node.url], request_timeout=0.5, patience=0.3)
    node.faults = [(200, {"Content-Length": str(1 << 40)}, b"[" * 1000)] * 9
    started = time.monotonic()
    with pytest.raises(ChainError, match="no node answers"):
        chain.head()
    assert 4 > time.monotonic() - started


JUNK = [
    None,
    True,
    -1,
    "",
    "0x",
    "0xzz",
    "latest",
    [],
    [None],
    {},
    {"number": "0x1"},
    {"a": [{"b": 1}]},
    "0x" + "f" * 200,
]


@pytest.mark.parametrize("junk", JUNK, ids=repr)
def test_answers_to_another_question_end_in_one_of_our_errors(node, junk):
    """Whatever well-formed nonsense a node says to whichever request, nobody gets an exception of a library."""
    chain = connect(RULES, [node.url], patience=0.2)
    address = KEYS[0].address
    node.answers = {"eth_chainId": node.answers["eth_chainId"]} | dict.fromkeys(METHODS, junk)
    requests = [
        chain.block,
        lambda: chain.block(3),
        lambda: chain.nonce(address),
        lambda: chain.logs([address], [], 0, 3),
        lambda: chain.gas_for(address, address, b"", 0),
        chain.fees,
        lambda: chain.mined(bytes(32)),
        lambda: chain.broadcast(b"x"),
    ]
    for request in requests:
        with suppress(GradMarketError):
            request()
    chain_of(node, 8)
    for request in (lambda: chain.call(address, b""), lambda: chain.mined_count(address)):
        with suppress(GradMarketError):
            request()


# ---------------------------------------------------------------------- heads
def test_a_node_that_is_behind_is_passed_over(node, other):
    """A block below one that was seen, on the same branch, is no step back: the other node is asked. GM-922."""
    chain_of(node, 5)
    chain_of(other, 9)
    chain = connect(RULES, [other.url, node.url])
    assert 8 == chain.head()
    chain.w3.provider.rotate()
    assert 8 == chain.head()


def test_a_lone_node_that_is_behind_for_a_moment_is_asked_again(node):
    """As with many machines behind one URL."""
    chain = connect(RULES, [node.url])
    assert 7 == chain.head()
    answer, times = node.answers["eth_getBlockByNumber"], iter((True, True, False))
    node.answers["eth_getBlockByNumber"] = lambda which, whole: (
        block(4) if which == "latest" and next(times, False) else answer(which, whole)
    )
    assert 7 == chain.head()


def test_a_chain_that_got_shorter_is_believed_in_the_end(node):
    """When the node insists, the upper blocks are gone."""
    chain = connect(RULES, [node.url])
    assert 7 == chain.head()
    chain_of(node, 5)
    assert 4 == chain.head()
    assert 4 == chain.head()


def test_a_lower_block_of_another_branch_is_believed_at_once(node):
    """Its hash is not the one that was seen at that height, so this is a reorganisation."""
    chain = connect(RULES, [node.url])
    for length in range(1, 9):
        chain_of(node, length)
        assert length - 1 == chain.head()
    chain_of(node, 6, "b")
    started = time.monotonic()
    assert 5 == chain.head()
    assert 0.2 > time.monotonic() - started


def test_an_abandoned_branch_is_not_taken_for_the_present_one(node):
    """Hashes above a reorganisation are forgotten: they would make a node that is behind look like another one."""
    chain = connect(RULES, [node.url])
    for length, branch in ((7, "a"), (8, "a"), (6, "b"), (8, "b")):
        chain_of(node, length, branch)
        assert length - 1 == chain.head()
    answer, times = node.answers["eth_getBlockByNumber"], iter((True, True, False))
    node.answers["eth_getBlockByNumber"] = lambda which, whole: (
        block(6, "b") if which == "latest" and next(times, False) else answer(which, whole)
    )
    assert 7 == chain.head()


def test_a_node_that_is_stuck_is_reported(node, monkeypatch):
    """No new block for many times what one takes."""
    monkeypatch.setattr("marketplace.chain.rpc_heads._STUCK_SECONDS", 0.3)
    rules = Network(name="test", chain_id=31337, block_seconds=0.01)
    chain = connect(rules, [node.url])
    assert 7 == chain.head()
    time.sleep(0.35)
    with pytest.raises(ChainError, match="is stuck"):
        chain.head()
    chain_of(node, 9)
    assert 8 == chain.head()


def test_views_are_asked_at_the_newest_block_and_once(node):
    """A node that does not know that block yet is asked again; a remembered answer costs no view."""
    answers = iter(({"code": -32000, "message": "header not found"}, "0x05"))
    at = []

    def view(_fields, which):
        at.append(which)
        return next(answers)

    node.answers["eth_call"] = view
    chain = connect(RULES, [node.url])
    assert b"\x05" == chain.call(KEYS[0].address, b"x")
    assert b"\x05" == chain.call(KEYS[0].address, b"x")
    assert ["0x7", "0x7"] == at


def test_an_unknown_block_is_not_found(node):
    """Whether the node says null or an error."""
    chain = connect(RULES, [node.url])
    with pytest.raises(NotFound, match="block 99"):
        chain.block(99)
    node.answers["eth_getBlockByNumber"] = {"code": -32602, "message": "BlockOutOfRangeError: block height is 7"}
    with pytest.raises(NotFound, match="block 99"):
        chain.block(99)


def test_queries_of_logs_shrink_until_the_node_takes_them(node):
    """And stay small, so that it is asked in vain only once for each size."""
    spans = []

    def logs(query):
        first, last = int(query["fromBlock"], 16), int(query["toBlock"], 16)
        spans.append(last - first + 1)
        if last - first + 1 > 3:
            return {"code": -32005, "message": "query returned more than 10000 results"}
        return [
            {
                "address": KEYS[0].address,
                "topics": [],
                "data": "0x",
                "blockNumber": hex(number),
                "logIndex": "0x0",
                "blockHash": block(number)["hash"],
                "transactionHash": "0x" + "11" * 32,
                "transactionIndex": "0x0",
            }
            for number in range(first, last + 1)
        ]

    node.answers["eth_getLogs"] = logs
    chain = connect(RULES, [node.url])
    assert list(range(2, 12)) == [log.block for log in chain.logs([], [], 2, 11)]
    assert [10, 5, 2, 2, 2, 2, 2] == spans
    node.answers["eth_getLogs"] = lambda _query: {"code": -32005, "message": "query returned more than 10000 results"}
    with pytest.raises(ChainError, match="more than 10000"):
        chain.logs([], [], 2, 11)


# ---------------------------------------------------------------------- time
def test_time_is_that_of_the_newest_block(node):
    """The clock of this machine has no say."""
    node.answers["eth_getBlockByNumber"] = lambda _which, _whole: block(7, timestamp=4_000_000_000)
    assert 4_000_000_000 == connect(RULES, [node.url]).clock.now()


def test_waiting_ends_when_the_block_comes(node):
    """For a time and for a number."""
    chain = connect(RULES, [node.url])
    lengths = iter(range(9, 100))

    def grow(_which, _whole):
        return block(next(lengths))

    node.answers["eth_getBlockByNumber"] = grow
    chain.clock.wait_until(12)
    assert 12 <= chain.clock.now()
    chain.clock.wait_for_block(17)
    assert 17 <= chain.head()


def test_waiting_does_not_last_for_ever(node):
    """The error names what did not come."""
    chain = connect(RULES, [node.url])
    chain.clock._patience = 0.2
    with pytest.raises(ChainError, match="block 8 did not come"):
        chain.clock.wait_for_block(8)
    with pytest.raises(ChainError, match="second 8 did not come"):
        chain.clock.wait_until(8)
