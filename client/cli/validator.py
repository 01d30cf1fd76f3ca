"""`gradmarket validator init|run`."""

from __future__ import annotations

from typing import Annotated

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

app = typer.Typer(help="Stake tickets, score updates, be paid for every right score.", no_args_is_help=True)

_TOKEN = 10**18


@app.command()
def init(  # noqa: PLR0913, PLR0917 - the options of one command
    home: Home,
    ticket_stake: Annotated[int, typer.Option(help="Whole tokens a ticket; names the pool.")],
    tickets: Annotated[int, typer.Option(help="How many to stake.")] = 1,
    bounty: Annotated[str, typer.Option(help="Its id, or `next` for the first one that is not closed.")] = "next",
    devnet: Devnet = None,
    network: NetworkName = None,
    url: Urls = None,
    deployment: Deployment = None,
    ipfs: Ipfs = None,
    store: Store = None,
    confirmations: Confirmations = None,
    password_file: PasswordFile = None,
) -> None:
    """Make a validator's folder: keys and settings."""
    table = {"ticket_stake": ticket_stake * _TOKEN, "tickets": tickets, "bounty": bounty}
    connection = Connection(devnet, network, url, deployment, ipfs, store, confirmations)
    create("validator", home, connection, password_file, table)


@app.command()
def run(
    home: Home,
    password_file: PasswordFile = None,
    verbose: Annotated[bool, typer.Option(help="Say more.")] = False,  # noqa: FBT002
) -> None:
    """Stake, score, serve, collect; ends when the bounty is over and everything is in the wallet."""
    run_role("validator", home, password_file, verbose=verbose)
