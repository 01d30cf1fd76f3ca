"""Deploying with Brownie: contracts that know each other, and a file that says where they are."""

from __future__ import annotations

import json

import brownie
import pytest

from scripts import deploy
from tests.brownie.stage import refusal


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Where deployment files go."""
    monkeypatch.setenv("GRADMARKET_DEPLOYMENTS", str(tmp_path / "deployments"))
    monkeypatch.delenv("GRADMARKET_DEPLOY_AGAIN", raising=False)
    return tmp_path / "deployments"


def test_the_four_contracts_name_each_other(deployment, Vault, Registry, Referee, Market):  # noqa: N803 - fixtures
    """All four were told the others' addresses before these existed, and all came out right."""
    kinds = (Vault, Registry, Referee, Market)
    vault, registry, referee, market = (kind.at(deployment[kind._name.lower()]) for kind in kinds)
    assert (registry.address, referee.address, market.address) == (vault.registry(), vault.referee(), vault.market())
    assert (vault.address, market.address) == (registry.vault(), registry.market())
    assert (vault.address, market.address) == (referee.vault(), referee.market())
    assert (vault.address, registry.address, referee.address) == (market.vault(), market.registry(), market.referee())


def test_the_faucet_holds_all_play_money(deployment, RewardToken):  # noqa: N803
    """The supply is a billion tokens, and nobody was given any."""
    token = RewardToken.at(deployment["token"])
    assert deploy.PLAY_MONEY == token.totalSupply() == token.balanceOf(deployment["faucet"])


def test_a_market_refuses_the_vault_of_another_deployment(deployment, accounts, Market):  # noqa: N803
    """Nobody can put a second market in front of somebody's money."""
    theirs = deployment["vault"], deployment["registry"], deployment["referee"]
    with brownie.reverts(refusal("Market_BadDeployment", *theirs)):
        accounts[0].deploy(Market, *theirs)


LINKS = [
    "vault.market",
    "vault.registry",
    "vault.referee",
    "registry.market",
    "registry.vault",
    "referee.market",
    "referee.vault",
]


@pytest.mark.parametrize("wrong", range(len(LINKS)), ids=LINKS)
def test_a_market_refuses_contracts_that_do_not_name_each_other(
    deployment,
    accounts,
    Vault,  # noqa: N803
    Registry,  # noqa: N803
    Referee,  # noqa: N803
    Market,  # noqa: N803
    wrong,
):
    """One of the names is another contract's, and that is enough."""
    maker = accounts[8]
    judges = [Referee.at(deployment["referee"]).judgeOf(i) for i in range(len(deploy.JUDGES))]
    vault, registry, referee, market = (maker.get_deployment_address(maker.nonce + i) for i in range(4))
    named = [market, registry, referee, market, vault, market, vault]
    named[wrong] = str(accounts[9])
    maker.deploy(Vault, *named[:3])
    maker.deploy(Registry, *named[3:5])
    maker.deploy(Referee, *named[5:], judges)
    with brownie.reverts(refusal("Market_BadDeployment", str(vault), str(registry), str(referee))):
        maker.deploy(Market, vault, registry, referee)


def test_two_deployments_share_nothing(deployment, accounts):
    """The same account deploys again, elsewhere, and later."""
    second = deploy.create(accounts[0], faucet=True)
    assert {deployment["chain_id"]} == set(deployment.values()) & set(second.values())
    assert deployment["block"] < second["block"]


def test_the_file_says_where_everything_lies(folder, deployment):
    """`main` writes one file, named by the network, with the documented fields in order."""
    deploy.main()
    (path,) = folder.iterdir()
    found = json.loads(path.read_text())
    assert f"{brownie.network.show_active()}.json" == path.name
    assert list(deploy.FIELDS) == list(found)
    assert brownie.chain.id == found["chain_id"]
    assert all(
        brownie.web3.eth.get_code(found[name]) for name in ("vault", "registry", "referee", "market", "token", "faucet")
    )


def test_a_living_deployment_is_not_forgotten(folder, monkeypatch):
    """A second run refuses and changes nothing, unless it is told to; and then it deploys anew."""
    deploy.main()
    (path,) = folder.iterdir()
    before, height = path.read_text(), brownie.chain.height
    with pytest.raises(SystemExit, match="names a deployment already"):
        deploy.main()
    assert (before, height) == (path.read_text(), brownie.chain.height)
    monkeypatch.setenv("GRADMARKET_DEPLOY_AGAIN", "1")
    deploy.main()
    assert json.loads(before)["market"] != json.loads(path.read_text())["market"]


def test_a_deployment_whose_local_chain_is_gone_is_replaced(folder):
    """Its file would only be in the way."""
    acts = len(brownie.history)
    deploy.main()
    (path,) = folder.iterdir()
    before = path.read_text()
    brownie.chain.undo(len(brownie.history) - acts)
    deploy.main()
    assert [path] == list(folder.iterdir())
    assert before == path.read_text()  # the same account and nonces


def test_another_chain_than_a_local_one_needs_an_account_by_name(folder, monkeypatch):
    """Whoever pays is one of Brownie's own accounts; no key is in a file or an argument."""
    monkeypatch.setattr(deploy, "FAUCET_CHAINS", set())
    monkeypatch.delenv("GRADMARKET_DEPLOYER", raising=False)
    with pytest.raises(SystemExit, match="GRADMARKET_DEPLOYER"):
        deploy.main()
    monkeypatch.setenv("GRADMARKET_DEPLOYER", "nobody")
    with pytest.raises(SystemExit, match="knows no account nobody"):
        deploy.main()
    assert not folder.exists()
