"""The same bindings on a real node: what the embedded chain accepts and refuses, anvil accepts and refuses alike."""

import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from web3 import HTTPProvider, Web3

from marketplace.chain import reverts
from marketplace.chain.account import Account
from marketplace.chain.deploy import deploy
from marketplace.chain.signer import KeySigner
from marketplace.chain.web3chain import Web3Chain
from marketplace.domain import events as ev
from marketplace.domain.abi import sheet_hash
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ChainError, NotEnoughTokens, NotFound
from tests.chain.stage import TOKEN, Stage, digest

ANVIL = Path(__file__).parents[2] / "node_modules" / ".bin" / "anvil"
FIRST_KEY = bytes.fromhex("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80")
"""The first account of anvil's public test mnemonic."""


class AnvilClock:
    """Moves anvil's time instead of waiting for it."""

    def __init__(self, w3: Web3) -> None:
        self._w3 = w3

    def now(self) -> int:
        """The newest block's time: the next one may have the same."""
        return self._w3.eth.get_block("latest")["timestamp"]

    def wait_until(self, timestamp: int) -> None:
        """Mine a block at that second."""
        if timestamp > self.now():
            self._w3.provider.make_request("evm_setNextBlockTimestamp", [timestamp])
            self._w3.provider.make_request("evm_mine", [])

    def wait_for_block(self, number: int) -> None:
        """Mine up to it."""
        while self._w3.eth.block_number < number:
            self._w3.provider.make_request("evm_mine", [])


class AnvilChain(Web3Chain):
    """What `Stage` needs beyond a chain."""

    def signer(self) -> KeySigner:
        """The account anvil funds."""
        return KeySigner(FIRST_KEY)

    def fund(self, address: str, wei: int) -> None:
        """Send native coin."""
        self.send(self.signer(), address, b"", wei)


@pytest.fixture(scope="module")
def anvil():
    """A node on a free port of this machine, stopped at the end."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(ANVIL), "--host", "127.0.0.1", "--port", str(port), "--hardfork", "shanghai", "--silent"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - no input
    try:
        w3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}", request_kwargs={"timeout": 20}))
        until = time.monotonic() + 30
        while not w3.is_connected():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield AnvilChain(w3, AnvilClock(w3), timeout=20)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def real(anvil):
    """The contracts and everybody's money on that node."""
    return Stage(anvil)


def test_a_bounty_runs_on_anvil(real):
    """Posting, drawing, joining, a round and its claims, with the same calls as on the embedded chain."""
    real.start()
    real.join()
    sheet = real.play_round()
    real.claim(0)
    assert (Phase.JOIN, 1) == (real.state().phase, real.state().round)
    settled = [e for e in real.owner.events(real.bounty, 0, real.owner.head()) if isinstance(e, ev.Settled)]
    assert [sheet_hash(real.scope, 0, sheet)] == [e.sheet_hash for e in settled]
    assert 48 * TOKEN + 2_000 * TOKEN - real.terms.holder_stake - 2 * real.terms.fee == real.holders[0].vault.balance()


def test_a_refusal_on_anvil_is_the_same_exception_and_costs_nothing(real):
    """It is found while the gas is estimated, so no transaction is sent."""
    before = real.chain.nonce(real.owner.address)
    with pytest.raises(NotEnoughTokens) as caught:
        real.owner.vault.withdraw(10**30)
    assert reverts.InsufficientBalance is type(caught.value)
    assert 10**30 == caught.value.values["amount"]
    with pytest.raises(reverts.ZeroAmount):
        real.owner.vault.withdraw(0)
    with pytest.raises(NotFound):
        real.owner.commit(digest("nothing"), 0, digest("c"))
    assert before == real.chain.nonce(real.owner.address)


def test_a_transaction_that_reverts_on_anvil_says_why(real, monkeypatch):
    """With a gas limit of its own nothing is estimated, and the reason comes from a replay."""
    monkeypatch.setattr(AnvilChain, "gas_limit", 500_000)
    with pytest.raises(reverts.ZeroAmount):
        real.owner.vault.withdraw(0)


def test_a_wallet_without_coin_on_anvil_cannot_send(real):
    """As on the embedded chain."""
    broke = Account(real.chain, real.deployment, KeySigner(digest("broke")))
    with pytest.raises(NotEnoughTokens, match="gas"):
        broke.faucet.drip(1)


def test_a_transaction_nobody_mines_is_told_apart_from_a_refusal(anvil):
    """After the time that was given the message says that it was sent, so that nobody sends it twice."""
    anvil.w3.provider.make_request("evm_setAutomine", [False])
    try:
        with pytest.raises(ChainError, match="sent but not mined"):
            Web3Chain(anvil.w3, anvil.clock, timeout=0.3).send(anvil.signer(), anvil.signer().address, b"")
    finally:
        anvil.w3.provider.make_request("evm_setAutomine", [True])
        anvil.w3.provider.make_request("evm_mine", [])


def test_a_node_that_is_gone_is_a_chain_error():
    """The message says to check the address."""
    w3 = Web3(HTTPProvider("http://127.0.0.1:9", request_kwargs={"timeout": 1}, exception_retry_configuration=None))
    with pytest.raises(ChainError, match="check its address"):
        deploy(Web3Chain(w3, AnvilClock(w3)), KeySigner(FIRST_KEY))
