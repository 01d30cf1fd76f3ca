"""The embedded chain: its time, its blocks, its memory, and the signers on it."""

import time

import pytest

from marketplace.chain import reverts
from marketplace.chain.embedded import EmbeddedChain
from marketplace.chain.signer import KeySigner
from marketplace.domain.errors import ChainError
from tests.chain.stage import TOKEN, digest


@pytest.fixture
def chain():
    """A chain on which nothing happened."""
    return EmbeddedChain()


def test_time_moves_as_far_as_it_is_told(chain):
    """The next transaction sees exactly the second that was waited for."""
    target = chain.clock.now() + 12_345
    chain.clock.wait_until(target)
    assert target == chain.clock.now()
    block = chain.send(chain.signer(), chain.signer(1).address, b"").block
    assert target == chain.w3.eth.get_block(block)["timestamp"]


def test_waiting_for_the_past_does_nothing(chain):
    """Neither a block nor a second passes."""
    before = (chain.head(), chain.clock.now())
    chain.clock.wait_until(chain.clock.now() - 10)
    chain.clock.wait_for_block(0)
    assert before == (chain.head(), chain.clock.now())


def test_time_does_not_go_back(chain):
    """A negative advance is refused."""
    with pytest.raises(ChainError, match="back"):
        chain.advance_time(-1)


def test_waiting_for_a_block_mines_up_to_it(chain):
    """That block is the newest one then."""
    chain.clock.wait_for_block(5)
    assert 5 == chain.head()
    chain.mine(2)
    assert 7 == chain.head()


def test_blocks_have_room_for_thirty_million_gas(chain):
    """As on the chains it stands for, at shanghai."""
    assert 30_000_000 == chain.w3.eth.get_block("latest")["gasLimit"]
    assert "ShanghaiVM" == type(chain._tester.backend.chain.get_vm()).__name__


def test_views_are_remembered_until_the_next_block(stage, monkeypatch):
    """The same question in the same block costs the chain nothing, and a new block forgets the answer."""
    asked = []
    ask = stage.chain._run
    monkeypatch.setattr(stage.chain, "_run", lambda view: (asked.append(view), ask(view))[1])
    assert stage.owner.vault.balance() == stage.owner.vault.balance()
    assert 1 == len(asked)
    before = stage.owner.vault.balance()
    stage.owner.vault.withdraw(TOKEN)
    assert before - TOKEN == stage.owner.vault.balance()


def test_a_snapshot_undoes_everything(stage):
    """Balances, blocks, nonces, time and logs are those of the moment that was remembered."""
    owner = stage.owner

    def moment():
        logs = list(owner.money_events(0, 10_000))
        return owner.vault.balance(), stage.chain.head(), stage.chain.nonce(owner.address), owner.now(), logs

    before, snapshot = moment(), stage.chain.snapshot()
    for _ in range(2):
        owner.vault.withdraw(TOKEN)
        stage.chain.advance_time(1_000)
        assert before != moment()
        stage.chain.restore(snapshot)
        assert before == moment()


def test_a_restored_moment_is_the_same_however_long_ago_it_was(chain, monkeypatch):
    """The machine's clock has no say in it."""
    moment, before = chain.snapshot(), chain.clock.now()
    monkeypatch.setattr("eth._utils.headers.eth_now", lambda: before + 1_000)
    chain.mine()
    chain.restore(moment)
    assert before == chain.clock.now()


def test_logs_that_others_caused_are_found_too(stage):
    """A transaction sent past this room, through web3 itself, is read like any other."""
    token = stage.owner.token
    fields = {
        "type": 2,
        "chainId": stage.chain.chain_id,
        "nonce": stage.chain.nonce(stage.owner.address),
        "gas": 200_000,
        "maxFeePerGas": 2 * 10**9,
        "maxPriorityFeePerGas": 1,
        "value": 0,
        "to": token.contract_address,
        "data": token._interface.encode("approve", [stage.deployment.vault, 5]),
    }
    stage.chain.w3.eth.send_raw_transaction(stage.owner.signer.sign_transaction(fields))
    head = stage.chain.head()
    (log,) = stage.chain.logs([token.contract_address], [], head, head)
    assert (head, token.contract_address) == (log.block, log.address)
    assert 5 == token.allowance(stage.owner.address, stage.deployment.vault)


def test_deposits_work_with_and_without_a_permit(stage):
    """Both credit the same account; the plain one approves no more than it takes."""
    owner = stage.owner
    before = owner.vault.balance()
    owner.vault.withdraw(30 * TOKEN)
    owner.vault.deposit(10 * TOKEN)
    assert 0 == owner.token.allowance(owner.address, stage.deployment.vault)
    owner.vault.deposit_with_permit(20 * TOKEN)
    assert (before, 0) == (owner.vault.balance(), owner.token.balance())
    assert ("GRAD", 18) == (owner.token.symbol(), owner.token.decimals())


def test_a_signer_shows_its_address_and_nothing_else():
    """The key is in neither the repr nor the attributes a log would print."""
    signer = KeySigner(digest("secret"))
    assert f"KeySigner({signer.address})" == repr(signer)
    assert digest("secret").hex() not in str(vars(signer)).lower()


def test_a_transaction_that_fails_and_then_would_not_is_a_chain_error(stage, monkeypatch):
    """When the replay of a failed transaction goes through, nobody is told a wrong reason."""
    monkeypatch.setattr(EmbeddedChain, "gas_limit", 60_000)
    with pytest.raises(ChainError, match="more gas") as caught:
        stage.owner.registry.stake(7 * TOKEN, 3)
    assert not isinstance(caught.value, reverts.Revert)


def test_a_transaction_takes_a_fraction_of_a_second(stage):
    """Forty take less than six seconds of one core, so that the four hundred of a demo stay below a minute."""
    started = time.process_time()
    for _ in range(40):
        stage.owner.token.approve(stage.deployment.vault, 1)
    assert 6 > time.process_time() - started
