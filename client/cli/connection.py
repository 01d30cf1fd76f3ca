"""What `init` asks of every role: which chain, which contracts, which storage."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.roles import password_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.settings import Role

__all__ = ["Confirmations", "Connection", "Deployment", "Devnet", "Ipfs", "NetworkName", "Store", "Urls", "create"]

Devnet = Annotated[
    Path | None, typer.Option(help="Folder of a running devnet: it names chain, contracts and nodes, and gives money.")
]
NetworkName = Annotated[str | None, typer.Option(help="A name of the network table, see docs/NETWORKS.md.")]
Urls = Annotated[list[str] | None, typer.Option(help="URL of a node of that chain; several are tried in order.")]
Deployment = Annotated[Path | None, typer.Option(help="The file that says where the contracts lie; it is copied.")]
Ipfs = Annotated[list[str] | None, typer.Option(help="URL of an IPFS node, your own first.")]
Store = Annotated[Path | None, typer.Option(help="Without IPFS: a folder that all participants share.")]
Confirmations = Annotated[
    int | None, typer.Option(help="Blocks on top of what an irreversible act rests on; else the network's own figure.")
]

_PLAY_MONEY = 10_000 * 10**18


@dataclass(frozen=True)
class Connection:
    """What a person typed about chain, contracts and storage."""

    devnet: Path | None
    network: str | None
    urls: list[str] | None
    deployment: Path | None
    ipfs: list[str] | None
    store: Path | None
    confirmations: int | None


def create(role: Role, home: Path, given: Connection, password_file: Path | None, table: Mapping[str, Any]) -> None:
    """Make a participant's folder and say who it is; on a devnet, give it money too."""
    from client.home import Home  # noqa: PLC0415 - loads cryptography
    from client.settings import Settings  # noqa: PLC0415 - loads pydantic
    from marketplace.domain.errors import InvalidInput  # noqa: PLC0415
    from marketplace.storage.disk import replace_file  # noqa: PLC0415

    chain, deployment, ipfs = _on_devnet(given) if given.devnet else _outside(given)
    if given.confirmations is not None:
        chain["confirmations"] = given.confirmations
    storage: dict[str, Any] = {"kind": "ipfs", "urls": ipfs} if ipfs else {"kind": "folder"}
    if not ipfs and given.store is not None:
        storage["path"] = str(given.store.resolve())
    if not ipfs and given.store is None:
        msg = "participants have to reach each other's contents: name an IPFS node, or a folder that all of them share"
        raise InvalidInput(msg)
    settings = Settings.make({"role": role, "chain": chain, "storage": storage, role: dict(table)})
    made = Home.create(home, settings, password_from(password_file, new=True))
    replace_file(home / settings.chain.deployment, deployment)
    made.deployment()
    typer.echo(f"address  {made.address()}")
    typer.echo(f"folder   {home}: copy wallet.json and identity.json to a safe place")
    if given.devnet is None:
        typer.echo(f"next     send the address tokens, and coin for gas; then: gradmarket {role} run {home}")
        return
    _give_play_money(given.devnet, made.address())
    typer.echo(f"next     it has play money already: gradmarket {role} run {home}")


def _on_devnet(given: Connection) -> tuple[dict[str, Any], bytes, list[str]]:
    from client.devnet.life import tell  # noqa: PLC0415
    from marketplace.domain.errors import NotFound  # noqa: PLC0415

    found = tell(given.devnet) if given.devnet else None
    if found is None or not found.up or found.state.deployment is None:
        msg = f"no devnet runs in {given.devnet}: start one with gradmarket devnet up"
        raise NotFound(msg)
    state = found.state
    chain: dict[str, Any] = {"network": state.network, "urls": [state.url]}
    return chain, found.state.deployment.to_json().encode(), given.ipfs or list(state.ipfs)


def _outside(given: Connection) -> tuple[dict[str, Any], bytes, list[str]]:
    from marketplace.domain.errors import InvalidInput  # noqa: PLC0415

    if not given.network or not given.urls or given.deployment is None:
        msg = "name --network, --url and --deployment, or a running --devnet"
        raise InvalidInput(msg)
    try:
        deployment = given.deployment.read_bytes()
    except OSError as error:
        msg = (
            f"the deployment file {given.deployment} cannot be read ({error.strerror}): use the one that `devnet up` "
            "or `brownie run deploy` wrote"
        )
        raise InvalidInput(msg) from error
    return {"network": given.network, "urls": given.urls}, deployment, given.ipfs or []


def _give_play_money(folder: Path, address: str) -> None:
    from client.devnet.life import tell  # noqa: PLC0415
    from client.devnet.market import Bank  # noqa: PLC0415 - loads web3

    found = tell(folder)
    if found is not None:
        Bank(found.state).grant(address, _PLAY_MONEY)
