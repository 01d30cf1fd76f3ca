"""What `init` asks of every role: which chain, which contracts, which IPFS nodes."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from client.cli.roles import password_from

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.settings import Role

__all__ = ["Confirmations", "Deployment", "Ipfs", "NetworkName", "Urls", "create"]

NetworkName = Annotated[str, typer.Option(help="A name of the network table, see docs/NETWORKS.md.")]
Urls = Annotated[list[str], typer.Option(help="URL of a node of that chain; several are tried in order.")]
Deployment = Annotated[Path, typer.Option(help="The file that says where the contracts lie; it is copied.")]
Ipfs = Annotated[
    list[str] | None, typer.Option(help="URL of an IPFS node, your own first; without, contents stay in a folder.")
]
Confirmations = Annotated[
    int | None, typer.Option(help="Blocks on top of what an irreversible act rests on; else the network's own figure.")
]


def create(  # noqa: PLR0913, PLR0917 - what three commands have in common
    role: Role,
    home: Path,
    network: str,
    urls: list[str],
    deployment: Path,
    ipfs: list[str] | None,
    confirmations: int | None,
    password_file: Path | None,
    table: Mapping[str, Any],
) -> None:
    """Make a participant's folder and say who it is."""
    from client.home import Home  # noqa: PLC0415 - loads cryptography
    from client.settings import Settings  # noqa: PLC0415 - loads pydantic
    from marketplace.domain.errors import InvalidInput  # noqa: PLC0415

    if not deployment.is_file():
        msg = f"there is no deployment file {deployment}: use the one that `devnet up` or `brownie run deploy` wrote"
        raise InvalidInput(msg)
    chain: dict[str, Any] = {"network": network, "urls": urls}
    if confirmations is not None:
        chain["confirmations"] = confirmations
    storage = {"kind": "ipfs", "urls": ipfs} if ipfs else {"kind": "folder"}
    settings = Settings.make({"role": role, "chain": chain, "storage": storage, role: dict(table)})
    made = Home.create(home, settings, password_from(password_file, new=True))
    shutil.copyfile(deployment, home / settings.chain.deployment)
    made.deployment()
    typer.echo(f"address  {made.address()}")
    typer.echo(f"folder   {home}: copy wallet.json and identity.json to a safe place")
    typer.echo(f"next     send the address coin for gas and tokens, then: gradmarket {role} run {home}")
