"""Transactions on real nodes: killed processes, fees that rise, reorganisations. Each act ends in one block."""

from __future__ import annotations

import time

import pytest
from web3 import HTTPProvider, Web3

from marketplace.chain import reverts
from marketplace.chain.networks import NETWORKS, Network
from marketplace.chain.node import Block
from marketplace.chain.outbox import MemoryOutbox
from marketplace.chain.rpc import connect
from marketplace.chain.signer import KeySigner
from marketplace.chain.web3chain import Web3Chain
from marketplace.domain import events as ev
from marketplace.domain.abi import sheet_hash
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ChainError, NotEnoughTokens
from tests.chain.nodes import KEYS, DevChain, anvil, ask, ganache
from tests.chain.stage import Stage, digest

SIGNER = KEYS[0]
DEEP = Network(name="deep", chain_id=31337, confirmations=3)


@pytest.fixture(scope="module")
def url():
    """An anvil for all tests of this file."""
    with anvil() as found:
        yield found


@pytest.fixture
def manual(url):
    """The same one, which makes blocks only when it is told to."""
    ask(url, "evm_setAutomine", False)
    yield url
    ask(url, "anvil_dropAllTransactions")
    ask(url, "evm_setAutomine", True)


@pytest.fixture
def chain(url):
    """A connection that keeps transactions until three blocks lie on top."""
    return connect(DEEP, [url], timeout=20)


def somebody(*words: object) -> str:
    """An address nothing was ever sent to."""
    return KeySigner(digest("somebody", *words)).address


def coins(url: str, address: str) -> int:
    """What it has, in wei."""
    return int(ask(url, "eth_getBalance", address, "latest"), 16)


def test_blocks_name_their_parents(chain, url):
    """The newest block's parent is the block below it, and time is its time."""
    ask(url, "anvil_mine", "0x3")
    newest = chain.block()
    assert Block is type(newest)
    assert newest.parent == chain.block(newest.number - 1).hash
    assert newest.timestamp == chain.clock.now()
    assert 3 == chain.confirmations


def test_a_process_that_ends_after_signing_is_carried_on_by_the_next(manual):
    """The bytes that were never broadcast are broadcast; nothing is signed again."""
    to, outbox = somebody("signed"), MemoryOutbox()
    first = connect(DEEP, [manual], timeout=0.2)
    first.use_outbox(SIGNER.address, outbox)
    first.broadcast = lambda _raw: None
    with pytest.raises(ChainError, match="sent but not mined"):
        first.send(SIGNER, to, b"", 5)
    (entry,) = outbox.entries()
    ask(manual, "evm_setAutomine", True)
    second = connect(DEEP, [manual], timeout=20)
    second.use_outbox(SIGNER.address, outbox)
    second.tend(SIGNER)
    assert 5 == coins(manual, to)
    assert entry.hashes == outbox.entries()[0].hashes
    assert second.send(SIGNER, somebody("next"), b"", 1).block == second.head()


def test_a_transaction_in_the_pool_is_resumed_and_not_sent_again(manual):
    """Asking again for the same act after the time was over waits for the same transaction."""
    to = somebody("resumed")
    chain = connect(DEEP, [manual], timeout=0.3)
    with pytest.raises(ChainError, match="sent but not mined"):
        chain.send(SIGNER, to, b"", 7)
    ask(manual, "evm_mine")
    assert 7 == coins(manual, to)
    receipt = chain.send(SIGNER, to, b"", 7)
    assert 7 == coins(manual, to)
    assert receipt.block == chain.head()


def test_a_dropped_transaction_is_sent_again(manual):
    """The node forgot it; the same bytes arrive a second time."""
    to, outbox = somebody("dropped"), MemoryOutbox()
    chain = connect(DEEP, [manual], timeout=0.2)
    chain.use_outbox(SIGNER.address, outbox)
    with pytest.raises(ChainError, match="sent but not mined"):
        chain.send(SIGNER, to, b"", 3)
    ask(manual, "anvil_dropAllTransactions")
    ask(manual, "evm_setAutomine", True)
    chain.tend(SIGNER)
    assert 3 == coins(manual, to)


def test_a_transaction_that_pays_too_little_offers_more(url, monkeypatch):
    """The base fee rose above its offer; a version with the same nonce replaces it and is mined."""
    monkeypatch.setattr("marketplace.chain.sender._AGAIN_SECONDS", 0.2)
    ask(url, "evm_setAutomine", False)
    try:
        to, outbox = somebody("bumped"), MemoryOutbox()
        chain = connect(DEEP, [url], timeout=0.3)
        chain.use_outbox(SIGNER.address, outbox)
        with pytest.raises(ChainError, match="sent but not mined"):
            chain.send(SIGNER, to, b"", 9)
        (stuck,) = outbox.entries()
        for _ in range(DEEP.bump_blocks):
            ask(url, "anvil_setNextBlockBaseFeePerGas", hex(2 * stuck.fee))
            ask(url, "evm_mine")
        assert 0 == coins(url, to)
        with pytest.raises(ChainError, match="sent but not mined"):
            chain.tend(SIGNER)
        ask(url, "evm_mine")
        chain.tend(SIGNER)
        (entry,) = outbox.entries()
        assert 9 == coins(url, to)
        assert stuck.nonce == entry.nonce
        assert 2 <= len(entry.raw)
        assert entry.fee * 8 >= stuck.fee * 9
        assert entry.tip * 8 >= stuck.tip * 9
    finally:
        ask(url, "evm_setAutomine", True)
        ask(url, "anvil_setNextBlockBaseFeePerGas", hex(10**9))
        ask(url, "evm_mine")


def test_a_nonce_taken_by_another_program_is_told(manual):
    """The same wallet elsewhere, with a higher fee: the caller is told to look again, nothing is sent twice."""
    to, other = somebody("ours"), somebody("theirs")
    chain = connect(DEEP, [manual], timeout=0.3)
    with pytest.raises(ChainError, match="sent but not mined"):
        chain.send(SIGNER, to, b"", 2)
    (entry,) = chain._sender.outbox(SIGNER.address).entries()
    fields = {"type": 2, "chainId": 31337, "nonce": entry.nonce, "gas": 21000, "value": 4, "to": other, "data": b""}
    dearer = {"maxFeePerGas": 3 * entry.fee, "maxPriorityFeePerGas": 3 * entry.tip}
    chain.broadcast(SIGNER.sign_transaction(fields | dearer))
    ask(manual, "evm_mine")
    chain._sender._timeout = 20
    with pytest.raises(ChainError, match="took nonce"):
        chain.send(SIGNER, to, b"", 2)
    assert (0, 4) == (coins(manual, to), coins(manual, other))


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_reorganisation_does_not_undo_an_act(chain, url, depth):
    """The same bytes are sent again, so the act happens once, whatever branch wins."""
    to = somebody("reorganised", depth)
    first = chain.send(SIGNER, to, b"", 11)
    for _ in range(depth - 1):
        ask(url, "evm_mine")
    ask(url, "anvil_reorg", depth, [])
    assert 0 == coins(url, to)
    chain.tend(SIGNER)
    assert 11 == coins(url, to)
    again = chain.send(SIGNER, somebody("later", depth), b"", 1)
    ask(url, "anvil_mine", "0x4")
    chain.tend(SIGNER)
    assert 11 == coins(url, to)
    assert first.block < again.block
    assert () == chain._sender.outbox(SIGNER.address).entries()


def test_a_chain_that_went_back_is_followed(url):
    """With a snapshot restored the chain is shorter: what was under way is sent again, once."""
    chain = connect(DEEP, [url], timeout=20)
    moment = ask(url, "evm_snapshot")
    to = somebody("restored")
    chain.send(SIGNER, somebody("before"), b"", 1)
    chain.send(SIGNER, to, b"", 13)
    ask(url, "anvil_mine", "0x2")
    seen = chain.head()
    ask(url, "evm_revert", moment)
    assert seen > chain.head()
    chain.tend(SIGNER)
    assert (1, 13) == (coins(url, somebody("before")), coins(url, to))


def test_a_wallet_without_coin_leaves_an_empty_outbox(chain):
    """With a fixed gas limit nothing is estimated, so the node refuses the signed bytes."""
    broke = KeySigner(digest("no coin"))
    chain.gas_limit = 50_000
    with pytest.raises(NotEnoughTokens):
        chain.send(broke, somebody("x"), b"", 0)
    assert () == chain._sender.outbox(broke.address).entries()


def test_the_second_node_takes_over_when_the_first_one_ends(url):
    """The connection goes on; a transaction sent before is found and not repeated."""
    with anvil() as gone:
        chain = connect(NETWORKS["devnet-anvil"], [gone, url], timeout=20, patience=5)
        chain.send(SIGNER, somebody("on the first"), b"", 1)
    started = time.monotonic()
    assert chain.head() >= 0
    assert 5 > time.monotonic() - started
    to = somebody("on the second")
    chain.send(SIGNER, to, b"", 1)
    assert 1 == coins(url, to)


def test_a_network_with_one_gas_price_is_served_too(url, monkeypatch):
    """Without EIP-1559 a transaction names one price, and a stuck one a higher one."""
    monkeypatch.setattr("marketplace.chain.sender._AGAIN_SECONDS", 0.2)
    plain = Network(name="plain", chain_id=31337, confirmations=2, eip1559=False, bump_blocks=1)
    chain, to = connect(plain, [url], timeout=20), somebody("plain")
    receipt = chain.send(SIGNER, to, b"", 6)
    assert "0x0" == ask(url, "eth_getTransactionByHash", f"0x{receipt.transaction.hex()}")["type"]
    ask(url, "evm_setAutomine", False)
    try:
        impatient = connect(plain, [url], timeout=0.3)
        with pytest.raises(ChainError, match="not mined"):
            impatient.send(SIGNER, to, b"", 1)
        (stuck,) = impatient._sender.outbox(SIGNER.address).entries()
        ask(url, "anvil_setNextBlockBaseFeePerGas", hex(2 * stuck.fee))
        ask(url, "evm_mine")
        with pytest.raises(ChainError, match="not mined"):
            impatient.tend(SIGNER)
        ask(url, "evm_mine")
        impatient.tend(SIGNER)
        (entry,) = impatient._sender.outbox(SIGNER.address).entries()
        assert entry.tip is None
        assert entry.fee * 8 >= stuck.fee * 9
        assert 7 == coins(url, to)
    finally:
        ask(url, "evm_setAutomine", True)
        ask(url, "anvil_setNextBlockBaseFeePerGas", hex(10**9))
        ask(url, "evm_mine")


def test_a_fixed_gas_limit_is_tried_first(url):
    """What would revert is refused as with an estimate: no nonce is used."""
    real = Stage(DevChain(url, Network(name="fixed", chain_id=31337, gas_limit=15_000_000)))
    before = real.chain.nonce(real.owner.address)
    with pytest.raises(reverts.ZeroAmount):
        real.owner.vault.withdraw(0)
    assert before == real.chain.nonce(real.owner.address)
    real.owner.vault.withdraw(1)
    assert before + 1 == real.chain.nonce(real.owner.address)


@pytest.mark.slow
def test_a_bounty_runs_on_ganache():
    """The same calls and refusals as on anvil and on the embedded chain."""
    with ganache() as url:
        real = Stage(DevChain(url, NETWORKS["devnet-ganache"]))
        real.start()
        real.join()
        with pytest.raises(reverts.ZeroAmount):
            real.owner.vault.withdraw(0)
        sheet = real.play_round()
        real.claim(0)
        assert (Phase.JOIN, 1) == (real.state().phase, real.state().round)
        settled = [e for e in real.owner.events(real.bounty, 0, real.owner.head()) if isinstance(e, ev.Settled)]
        assert [sheet_hash(real.scope, 0, sheet)] == [e.sheet_hash for e in settled]


@pytest.mark.slow
def test_ganache_mines_prices_and_refuses_as_the_others_do():
    """A transfer, a refusal without coin, a replacement, a repeated act, and a process that carries on."""
    rules = Network(name="g", chain_id=1337, confirmations=2, gas_limit=1_000_000)
    with ganache() as url:
        chain = connect(rules, [url], timeout=30)
        to = somebody("ganache")
        chain.send(SIGNER, to, b"", 21)
        assert 21 == coins(url, to)
        with pytest.raises(NotEnoughTokens):
            chain.send(KeySigner(digest("poor")), to, b"", 1)
        ask(url, "miner_stop")
        slow, outbox = connect(rules, [url], timeout=1), MemoryOutbox()
        slow.use_outbox(SIGNER.address, outbox)
        with pytest.raises(ChainError, match="not mined"):
            slow.send(SIGNER, to, b"", 4)
        ask(url, "miner_start")
        after = connect(rules, [url], timeout=30)
        after.use_outbox(SIGNER.address, outbox)
        after.tend(SIGNER)
        after.send(SIGNER, to, b"", 4)
        assert 29 == coins(url, to)
        ask(url, "evm_mine")
        ask(url, "evm_mine")
        after.tend(SIGNER)
        assert () == outbox.entries()


def test_a_bare_connection_of_web3_works_too(url):
    """Without a network's rules it is a chain of one's own."""
    chain = Web3Chain(Web3(HTTPProvider(url)), timeout=20)
    assert (31337, 0) == (chain.chain_id, chain.confirmations)
    assert chain.send(SIGNER, somebody("bare"), b"", 1).block == chain.head()
