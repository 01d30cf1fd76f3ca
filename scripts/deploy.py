"""Put the contracts on a chain with Brownie: `brownie run deploy --network NETWORK`; see docs/BROWNIE.md.

Writes deployments/NETWORK.json, which the client reads. Runs in Brownie's own environment, without the product.

Environment:
    GRADMARKET_DEPLOYER: name of the Brownie account that pays, on chains that are not local; its password is asked for.
    GRADMARKET_DEPLOYMENTS: another folder than deployments/.
    GRADMARKET_DEPLOY_AGAIN: anything, to replace the file of a deployment that still lives.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from brownie import accounts, chain, network, project, web3  # type: ignore[import-not-found]  # lives elsewhere

if TYPE_CHECKING:
    from brownie.network.account import LocalAccount  # type: ignore[import-not-found]

__all__ = ["FAUCET_CHAINS", "FIELDS", "PLAY_MONEY", "create", "main", "save"]

ROOT = Path(__file__).resolve().parents[1]
FAUCET_CHAINS = {1337, 31_337}
"""Chain ids of Ganache and anvil: the local chains that Brownie starts, and that contracts/token/Faucet.sol knows."""
FIELDS = ("chain_id", "vault", "registry", "referee", "market", "token", "faucet", "block")
"""What a deployment file holds, in this order: those of `Deployment` in marketplace/chain/deploy.py."""
JUDGES = ("AnswerJudge", "ActivationJudge", "SumJudge", "ModelJudge", "MoneyJudge", "InputJudge")
"""Who the referee asks, in the order of its constructor: `JUDGES` in marketplace/chain/deploy.py."""
PLAY_MONEY = 10**27
"""Supply of the reward token on local chains, in its smallest unit."""


def create(account: LocalAccount, *, faucet: bool) -> dict[str, object]:
    """Deploy the judges, vault, registry, referee and market, in this order, and with `faucet` the play money.

    Each is told the others' addresses before they exist; the market's constructor compares them, and so does this.

    Args:
        account: Brownie account that pays. It keeps no power: the contracts have no owner.
        faucet: whether to deploy the reward token and its faucet.

    Raises:
        SystemExit: an address came out differently because the account sent something else meanwhile.
    """
    compiled = project.get_loaded_projects()[0]
    judges = [account.deploy(compiled[name]).address for name in JUDGES]
    nonce = account.nonce
    vault_, registry_, referee_, market_ = (account.get_deployment_address(nonce + i) for i in range(4))
    vault = account.deploy(compiled["Vault"], market_, registry_, referee_)
    registry = account.deploy(compiled["Registry"], market_, vault_)
    referee = account.deploy(compiled["Referee"], market_, vault_, judges)
    market = account.deploy(compiled["Market"], vault_, registry_, referee_)
    links = {
        "vault": (vault.address, registry.vault(), referee.vault(), market.vault(), vault_),
        "referee": (referee.address, vault.referee(), market.referee(), referee_),
        "registry": (registry.address, vault.registry(), market.registry(), registry_),
        "market": (market.address, vault.market(), registry.market(), referee.market(), market_),
    }
    wrong = [name for name, seen in links.items() if len({str(address) for address in seen}) != 1]
    if wrong:
        sys.exit(
            f"the contracts do not agree on {', '.join(wrong)}: send nothing else while deploying, and deploy again"
        )
    source = account.deploy(compiled["Faucet"], PLAY_MONEY) if faucet else None
    return {
        "chain_id": int(chain.id),
        "vault": vault.address,
        "registry": registry.address,
        "referee": referee.address,
        "market": market.address,
        "token": str(source.token()) if source else None,
        "faucet": source.address if source else None,
        "block": int(vault.tx.block_number),
    }


def save(deployment: dict[str, object], path: Path) -> None:
    """Write a deployment file: whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, delete=False) as draft:
        json.dump({field: deployment[field] for field in FIELDS}, draft, indent=2)
        draft.write("\n")
        draft.flush()
        os.fsync(draft.fileno())
    Path(draft.name).chmod(0o644)
    Path(draft.name).replace(path)


def main() -> None:
    """Deploy on the network Brownie is connected to; raises SystemExit when that must not or cannot be."""
    name = network.show_active()
    path = Path(os.environ.get("GRADMARKET_DEPLOYMENTS", ROOT / "deployments")) / f"{name}.json"
    local = chain.id in FAUCET_CHAINS
    _require_free(path, local=local)
    deployment = create(accounts[0] if local else _deployer(name), faucet=local)
    save(deployment, path)
    print(f"market {deployment['market']} on chain {deployment['chain_id']}: wrote {path}")


def _require_free(path: Path, *, local: bool) -> None:
    """Refuse to forget a deployment that may hold money; one whose local chain is gone is forgotten."""
    if not path.exists() or os.environ.get("GRADMARKET_DEPLOY_AGAIN"):
        return
    if local and not web3.eth.get_code(json.loads(path.read_text(encoding="utf-8"))["market"]):
        return
    sys.exit(f"{path} names a deployment already: use that one, or set GRADMARKET_DEPLOY_AGAIN=1 to replace the file")


def _deployer(name: str) -> LocalAccount:
    """Unlock the account that pays on a chain that is not local; Brownie asks for its password."""
    account = os.environ.get("GRADMARKET_DEPLOYER")
    if account is None:
        sys.exit(f"{name} is no local chain: name the Brownie account that pays in GRADMARKET_DEPLOYER")
    try:
        return accounts.load(account)
    except FileNotFoundError:
        sys.exit(f"Brownie knows no account {account}: make it with `brownie accounts new {account}`")
