"""A log on a real node, through reorganisations of the real contracts' blocks."""

from __future__ import annotations

import pytest

from client.log import BountyLog
from marketplace.chain.networks import Network
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import NotFound
from tests.chain.nodes import DevChain, anvil, ask
from tests.chain.stage import Stage
from tests.client.test_log_reorg import said

DEEP = Network(name="deep", chain_id=31337, confirmations=4)


@pytest.fixture(scope="module")
def _deployed():
    with anvil() as url:
        yield Stage(DevChain(url, DEEP))


@pytest.fixture
def stage(_deployed):
    """A bounty that was posted, drawn and joined on anvil; undone at the end."""
    url = _deployed.chain.url
    moment = ask(url, "evm_snapshot")
    _deployed.start()
    _deployed.join()
    yield _deployed
    ask(url, "evm_revert", moment)
    _deployed.chain._sender._outboxes.clear()


def fresh(stage) -> BountyLog:
    """A log that reads the chain as it is now."""
    return BountyLog(stage.owner, stage.bounty).refresh()


@pytest.mark.parametrize("depth", range(1, 9))
def test_a_log_follows_a_reorganisation_of_any_depth(stage, depth):
    """Joins, seats and even the posting vanish with their blocks, and nothing else does."""
    log = fresh(stage)
    assert 3 == len(log.holders)
    ask(stage.chain.url, "anvil_reorg", depth, [])
    assert said(fresh(stage)) == said(log.refresh())
    assert 3 - min(depth, 3) == len(log.holders)
    assert 1 == log.reorganised
    assert stage.chain.block() == log.head


def test_a_log_follows_a_chain_that_got_shorter(stage):
    """As after a restored snapshot: what was read above is forgotten."""
    url = stage.chain.url
    before, moment = said(fresh(stage)), ask(url, "evm_snapshot")
    stage.open_round()
    log = fresh(stage)
    assert Phase.SUBMIT == stage.state().phase
    assert {0} == set(log.opened)
    ask(url, "evm_revert", moment)
    assert Phase.JOIN == stage.state().phase
    assert before == said(log.refresh())


def test_what_was_under_way_comes_back_after_a_reorganisation(stage):
    """Each wallet sends its bytes again, and the log says what it said before, at other blocks."""
    url = stage.chain.url
    log = fresh(stage)
    ask(url, "anvil_reorg", 3, [])
    assert {} == log.refresh().holders
    for holder in stage.holders[:3]:
        stage.chain.tend(holder.signer)
    assert {stage.index(i): stage.holders[i].address for i in range(3)} == {
        index: event.holder for index, event in log.refresh().holders.items()
    }
    assert said(fresh(stage)) == said(log)


def test_a_bounty_that_was_never_posted_after_all_is_not_found(stage):
    """State and history say the same: there is none."""
    log = fresh(stage)
    ask(stage.chain.url, "anvil_reorg", log.depth_of(log._posted.block) + 1, [])
    with pytest.raises(NotFound):
        _ = log.refresh().terms
    with pytest.raises(NotFound):
        stage.state()
