"""Deploying: the contracts know each other, nobody rules them, and a file remembers where they lie."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web3.utils.address import get_create_address

from marketplace.chain import reverts
from marketplace.chain.account import Account
from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import encode
from marketplace.chain.contract import Contract
from marketplace.chain.deploy import JUDGES, PLAY_MONEY, Deployment, created_address, deploy
from marketplace.chain.embedded import EmbeddedChain
from marketplace.domain.errors import ChainError, InvalidInput, NotFound


@given(creator=st.binary(min_size=20, max_size=20), nonce=st.integers(0, 2**40))
def test_the_address_of_a_contract_is_known_before_it_exists(creator, nonce):
    """created_address equals web3's for any creator and nonce."""
    assert get_create_address("0x" + creator.hex(), nonce) == created_address("0x" + creator.hex(), nonce)


def test_the_four_contracts_name_each_other(stage):
    """Vault, registry, referee and market were told the others' addresses, and these are right."""
    place, chain, signer = stage.deployment, stage.chain, stage.owner.signer
    vault = Contract(chain, "Vault", place.vault, signer)
    registry = Contract(chain, "Registry", place.registry, signer)
    referee = Contract(chain, "Referee", place.referee, signer)
    market = Contract(chain, "Market", place.market, signer)
    assert (place.market, place.registry, place.referee) == tuple(map(vault.view, ("market", "registry", "referee")))
    assert (place.market, place.vault) == (registry.view("market"), registry.view("vault"))
    assert (place.market, place.vault) == (referee.view("market"), referee.view("vault"))
    assert (place.vault, place.registry, place.referee) == tuple(map(market.view, ("vault", "registry", "referee")))


def test_the_referee_asks_the_judges_that_ship(stage):
    """Behind each number lies the code of the judge that the deployment names, and behind the next one nobody."""
    referee = Contract(stage.chain, "Referee", stage.deployment.referee, stage.owner.signer)
    for number, name in enumerate(JUDGES):
        assert artefact(name).deployed_bytecode == bytes(stage.chain.w3.eth.get_code(referee.view("judgeOf", number)))
    assert f"0x{0:040x}" == referee.view("judgeOf", len(JUDGES))


def test_what_was_deployed_is_what_ships(stage):
    """The code at each address is the artefact's, immutables aside."""
    for name in ("vault", "registry", "referee", "market", "token", "faucet"):
        shipped = {"token": "RewardToken"}.get(name, name.capitalize())
        code = bytes(stage.chain.w3.eth.get_code(getattr(stage.deployment, name)))
        assert len(artefact(shipped).deployed_bytecode) == len(code)


def test_a_market_that_belongs_to_others_is_not_deployed(stage):
    """Its constructor refuses vault, registry and referee of another deployment."""
    place = stage.deployment
    arguments = encode(["address"] * 3, [place.vault, place.registry, place.referee])
    with pytest.raises(reverts.BadDeployment):
        stage.chain.send(stage.chain.signer(), None, artefact("Market").bytecode + arguments)


def test_a_chain_can_be_deployed_to_without_play_money():
    """Then there is neither token nor faucet, and an account must name its currency."""
    chain = EmbeddedChain()
    place = deploy(chain, chain.signer(), faucet=False)
    assert (None, None) == (place.token, place.faucet)
    with pytest.raises(InvalidInput, match="name the one to pay with"):
        Account(chain, place, chain.signer())
    account = Account(chain, place, chain.signer(), token=place.vault)
    with pytest.raises(ChainError, match="faucet"):
        _ = account.faucet


def test_two_deployments_share_a_chain(stage):
    """Each has its own contracts, and the second starts where the first ended."""
    second = deploy(stage.chain, stage.chain.signer(1))
    assert set() == set(vars(second).values()) & set(vars(stage.deployment).values()) - {stage.chain.chain_id}
    assert second.block > stage.deployment.block
    assert PLAY_MONEY == Account(stage.chain, second, stage.owner.signer).token.balance(second.faucet)


def test_a_deployer_that_does_something_else_meanwhile_is_told(monkeypatch):
    """An address that came out differently is noticed at once."""
    chain = EmbeddedChain()
    monkeypatch.setattr(chain, "nonce", lambda _address: 5)
    with pytest.raises(ChainError):
        deploy(chain, chain.signer())


def test_a_deployment_survives_its_file(stage):
    """from_json(to_json(d)) = d."""
    assert stage.deployment == Deployment.from_json(stage.deployment.to_json())


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: "{",
        lambda d: "[]",
        lambda d: json.dumps({**d, "more": 1}),
        lambda d: json.dumps({k: v for k, v in d.items() if k != "market"}),
        lambda d: json.dumps({**d, "market": d["market"].lower()}),
        lambda d: json.dumps({**d, "vault": None}),
        lambda d: json.dumps({**d, "token": "0x12"}),
        lambda d: json.dumps({**d, "chain_id": "1"}),
    ],
)
def test_a_damaged_deployment_file_is_invalid_input(stage, damage):
    """Anything but what `to_json` wrote is refused in one line."""
    with pytest.raises(InvalidInput, match="deployment file"):
        Deployment.from_json(damage(json.loads(stage.deployment.to_json())))


def test_an_account_of_another_chain_is_refused(stage):
    """A deployment file does not fit a chain it was not made on."""
    elsewhere = Deployment.from_json(stage.deployment.to_json().replace(str(stage.chain.chain_id), "1"))
    with pytest.raises(ChainError, match="connect to the other chain"):
        Account(stage.chain, elsewhere, stage.owner.signer)


def test_a_contract_that_does_not_ship_is_not_found():
    """The message says to install the package again."""
    with pytest.raises(NotFound, match="install the package again"):
        artefact("Nothing")
