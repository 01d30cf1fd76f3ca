"""`gradmarket holder init|run`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from client.cli.connection import (
    Confirmations,
    Connection,
    Deployment,
    Devnet,
    Ipfs,
    NetworkName,
    Store,
    Urls,
    create,
)
from client.cli.roles import Home, PasswordFile, run_role

__all__ = ["app"]

app = typer.Typer(help="Train on your own data, and be paid for what it was worth.", no_args_is_help=True)


@app.command()
def init(  # noqa: PLR0913, PLR0917 - the options of one command
    home: Home,
    rows: Annotated[Path, typer.Option(help="Your data: .csv, .parquet, .npz, or .safetensors of prepared rows.")],
    label: Annotated[str, typer.Option(help="The column to predict.")] = "label",
    bounty: Annotated[str, typer.Option(help="Its id, or `next` for the first one that can be joined.")] = "next",
    clip: Annotated[float | None, typer.Option(help="With noise: the longest gradient of one row.")] = None,
    noise: Annotated[
        float | None, typer.Option(help="Its standard deviation at a step, as a multiple of the clip.")
    ] = None,
    epsilon: Annotated[float | None, typer.Option(help="The privacy budget of all updates together.")] = None,
    review: Annotated[bool, typer.Option(help="Approve each submission with `gradmarket inspect --approve`.")] = False,  # noqa: FBT002
    devnet: Devnet = None,
    network: NetworkName = None,
    url: Urls = None,
    deployment: Deployment = None,
    ipfs: Ipfs = None,
    store: Store = None,
    confirmations: Confirmations = None,
    password_file: PasswordFile = None,
) -> None:
    """Make a holder's folder: keys, settings, and where its data is."""
    table: dict[str, Any] = {"rows": str(rows.resolve()), "label": label, "bounty": bounty, "review": review}
    privacy = {"clip": clip, "noise": noise, "budget": epsilon}
    if any(value is not None for value in privacy.values()):  # with one of them missing the settings are refused
        table["privacy"] = {name: value for name, value in privacy.items() if value is not None}
    connection = Connection(devnet, network, url, deployment, ipfs, store, confirmations)
    create("holder", home, connection, password_file, table)


@app.command()
def run(
    home: Home,
    password_file: PasswordFile = None,
    verbose: Annotated[bool, typer.Option(help="Say more.")] = False,  # noqa: FBT002
) -> None:
    """Join, train, submit, claim; ends when the bounty is over and everything is in the wallet."""
    run_role("holder", home, password_file, verbose=verbose)
