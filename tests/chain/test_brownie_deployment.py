"""What `brownie run deploy` writes, the product's client reads; its contracts carry a whole bounty on Ganache."""

import ast
import dataclasses
import json
import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from web3 import HTTPProvider, Web3

from marketplace.chain.account import Account
from marketplace.chain.deploy import PLAY_MONEY, Deployment
from marketplace.chain.signer import KeySigner
from marketplace.chain.web3chain import Web3Chain
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ChainError, InvalidInput
from tests.chain import stage as stages
from tests.chain.stage import TOKEN, Stage, digest

ROOT = Path(__file__).parents[2]
WRITTEN = """\
{
  "chain_id": 1337,
  "vault": "0x9E4c14403d7d9A8A782044E86a93CAE09D7B2ac9",
  "registry": "0xcCB53c9429d32594F404d01fbe9E65ED1DCda8D9",
  "referee": "0x420b1099B9eF5baba6D92029594eF45E19A04A4A",
  "market": "0xa3B53dDCd2E3fC28e8E130288F2aBD8d5EE37472",
  "token": "0x4c6eFE62303a582b4cD84035283BC90Ea171727f",
  "faucet": "0xb6286fAFd0451320ad6A8143089b216C2152c025",
  "block": 7
}
"""
"""deployments/ganache7.json as Brownie 1.22.2 wrote it on Ganache 7.9.2."""


def _script(name: str) -> ModuleType:
    spec = spec_from_file_location(f"gradmarket_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def deploy_script(monkeypatch):
    """scripts/deploy.py without Brownie, which this environment does not have."""
    stub = ModuleType("brownie")
    for name in ("accounts", "chain", "network", "project", "web3"):
        setattr(stub, name, None)
    monkeypatch.setitem(sys.modules, "brownie", stub)
    return _script("deploy")


def test_the_client_reads_what_brownie_wrote():
    """And would have written the same, byte for byte. GM-927."""
    deployment = Deployment.from_json(WRITTEN)
    assert (1337, 7) == (deployment.chain_id, deployment.block)
    assert deployment.to_json() == WRITTEN


@pytest.mark.parametrize("faucet", [True, False])
def test_brownies_script_writes_every_field_of_a_deployment(deploy_script, tmp_path, faucet):
    """Whatever it deployed comes back from the file, without play money too; nothing else is left in the folder."""
    place = Deployment.from_json(WRITTEN)
    place = place if faucet else dataclasses.replace(place, token=None, faucet=None)
    deploy_script.save(dataclasses.asdict(place), tmp_path / "deployments" / "here.json")
    (path,) = (tmp_path / "deployments").iterdir()
    assert place == Deployment.from_json(path.read_text())
    assert deploy_script.FIELDS == tuple(field.name for field in dataclasses.fields(Deployment))


def test_both_ways_of_deploying_give_the_same_play_money(deploy_script):
    """The supply, and the chains that Faucet.sol knows: of those, Brownie's and the embedded one."""
    source = (ROOT / "contracts" / "token" / "Faucet.sol").read_text()
    known = {int(number.replace("_", "")) for number in re.findall(r"uint256 private constant \w+ = ([\d_]+);", source)}
    assert PLAY_MONEY == deploy_script.PLAY_MONEY
    assert deploy_script.FAUCET_CHAINS == {number for number in known if number < 10**6} != known


def test_no_key_stands_in_the_script(deploy_script):
    """Whoever pays is named by an account of Brownie's: no text in the script is as long as a key."""
    texts = [
        n.value
        for n in ast.walk(ast.parse((ROOT / "scripts" / "deploy.py").read_text()))
        if isinstance(n, ast.Constant)
    ]
    assert [] == [text for text in texts if isinstance(text, str) and re.search(r"[0-9a-fA-F]{64}", text)]
    assert "accounts.add" not in (ROOT / "scripts" / "deploy.py").read_text()


def test_brownies_networks_are_local_and_what_the_contracts_are_compiled_for():
    """Both listen on 127.0.0.1, at shanghai, under the chain ids of the faucet; nothing of anybody's own is in it."""
    found = json.loads(_script("run_brownie").networks(1001, 1002))
    assert [] == found["live"]
    assert {"development": 31_337, "ganache7": 1337} == {
        n["id"]: n["cmd_settings"]["chain_id"] for n in found["development"]
    }
    assert {"http://127.0.0.1"} == {n["host"] for n in found["development"]}
    assert {"shanghai"} == {n["cmd_settings"]["evm_version"] for n in found["development"]}
    assert [1001, 1002] == [n["cmd_settings"]["port"] for n in found["development"]]


class GanacheClock:
    """Moves Ganache's time instead of waiting for it."""

    def __init__(self, w3: Web3) -> None:
        self._w3 = w3

    def now(self) -> int:
        """The newest block's time."""
        return self._w3.eth.get_block("latest")["timestamp"]

    def wait_until(self, timestamp: int) -> None:
        """Mine a block at that second or a little later."""
        if timestamp > self.now():
            self._w3.provider.make_request("evm_increaseTime", [timestamp - self.now()])
            self._w3.provider.make_request("evm_mine", [])

    def wait_for_block(self, number: int) -> None:
        """Mine up to it."""
        while self._w3.eth.block_number < number:
            self._w3.provider.make_request("evm_mine", [])


class GanacheChain(Web3Chain):
    """What `Stage` needs beyond a chain."""

    def signer(self) -> KeySigner:
        """An account that Ganache gives native coin."""
        self.fund(KeySigner(digest("banker")).address, 10**19)
        return KeySigner(digest("banker"))

    def fund(self, address: str, wei: int) -> None:
        """Give native coin."""
        self.w3.provider.make_request("evm_setAccountBalance", [address, hex(wei)])


@pytest.fixture(scope="module")
def deployed(tmp_path_factory):
    """A Ganache on which `brownie run deploy` ran: the product's chain, and the file it left."""
    runner = _script("run_brownie")
    if not runner.BROWNIE.exists():
        pytest.skip("Brownie has an environment of its own: make brownie")
    folder, port = tmp_path_factory.mktemp("deployments"), runner.free_port()
    with runner.ganache(port):
        command = [sys.executable, "scripts/run_brownie.py", "run", "deploy", "--network", "ganache7"]
        told = {"GRADMARKET_GANACHE_PORT": str(port), "GRADMARKET_DEPLOYMENTS": str(folder)}
        subprocess.run(command, cwd=ROOT, env=os.environ | told, check=True, timeout=280)  # noqa: S603 - no input
        w3 = Web3(HTTPProvider(f"http://127.0.0.1:{port}", request_kwargs={"timeout": 60}))
        yield GanacheChain(w3, GanacheClock(w3)), (folder / "ganache7.json").read_text()


@pytest.mark.slow
def test_a_bounty_runs_on_what_brownie_deployed(deployed, monkeypatch):
    """The product's own calls, on contracts that Brownie compiled and put on Ganache, from posting to claiming."""
    chain, written = deployed
    monkeypatch.setattr(stages, "deploy", lambda _chain, _signer: Deployment.from_json(written))
    stage = Stage(chain)
    stage.start()
    stage.join()
    sheet = stage.play_round()
    stage.claim(0)
    assert (Phase.JOIN, 1) == (stage.state().phase, stage.state().round)
    assert 85 * TOKEN == sheet.pool
    spent = stage.terms.holder_stake + 2 * stage.terms.fee
    assert 48 * TOKEN + 2_000 * TOKEN - spent == stage.holders[0].vault.balance()


@pytest.mark.slow
def test_a_deployment_file_of_another_chain_is_refused(deployed):
    """The file names its chain, so that nobody pays into nothing."""
    chain, written = deployed
    elsewhere = Deployment.from_json(written.replace("1337", "31337"))
    with pytest.raises(ChainError, match="connect to the other chain"):
        Account(chain, elsewhere, KeySigner(digest("owner")))
    with pytest.raises(InvalidInput):
        Deployment.from_json(written.replace('"block"', '"height"'))
