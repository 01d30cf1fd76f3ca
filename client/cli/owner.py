"""`gradmarket owner init|run`."""

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

app = typer.Typer(help="Post a bounty for a better model, and receive its aggregates.", no_args_is_help=True)


@app.command()
def init(  # noqa: PLR0913, PLR0917 - the options of one command
    home: Home,
    data: Annotated[str, typer.Option(help="Your validation rows: a .csv, .parquet or .npz file; support2 or digits.")],
    label: Annotated[str, typer.Option(help="The column to predict.")] = "label",
    categorical: Annotated[str, typer.Option(help="Columns of texts, comma-separated.")] = "",
    drop: Annotated[str, typer.Option(help="Columns to leave out, comma-separated.")] = "",
    title: Annotated[str, typer.Option(help="One line for those who may join.")] = "A better model",
    hidden: Annotated[int, typer.Option(help="Width of the network's hidden layer; 0 for a linear model.")] = 32,
    rounds: Annotated[int, typer.Option(help="Each needs validation rows of its own.")] = 5,
    holders: Annotated[int, typer.Option(help="At most so many may join.")] = 16,
    budget: Annotated[int, typer.Option(help="Whole tokens a round pays at most.")] = 1000,
    ticket_stake: Annotated[int, typer.Option(help="Whole tokens a ticket; names the pool of validators.")] = 1200,
    seats: Annotated[int, typer.Option(help="Validators that score; odd, 3 to 15.")] = 3,
    privacy: Annotated[
        str,
        typer.Option(
            help="sealed: seats open updates. shared: nobody sees one. encrypted-model: holders cannot read the base."
        ),
    ] = "sealed",
    hours: Annotated[float, typer.Option(help="Length of the submitting phase; the others follow from it.")] = 24.0,
    devnet: Devnet = None,
    network: NetworkName = None,
    url: Urls = None,
    deployment: Deployment = None,
    ipfs: Ipfs = None,
    store: Store = None,
    confirmations: Confirmations = None,
    password_file: PasswordFile = None,
) -> None:
    """Make an owner's folder: keys, settings, and the plan of a bounty from your own rows."""
    from client.drafting import Draft, draft_plan  # noqa: PLC0415 - loads numpy
    from client.plan_folder import save_plan  # noqa: PLC0415

    draft = Draft(
        data=data,
        label=label,
        categorical=_list(categorical),
        drop=_list(drop),
        title=title,
        hidden=hidden,
        rounds=rounds,
        max_holders=holders,
        budget=budget,
        ticket_stake=ticket_stake,
        seats=seats,
        submit_seconds=int(hours * 3600),
        privacy=privacy,
    )
    plan = draft_plan(draft)  # before anything is written: a wrong file leaves no folder
    connection = Connection(devnet, network, url, deployment, ipfs, store, confirmations)
    create("owner", home, connection, password_file, {"plan": "plan"})
    save_plan(home / "plan", plan)


@app.command()
def run(
    home: Home,
    password_file: PasswordFile = None,
    verbose: Annotated[bool, typer.Option(help="Say more.")] = False,  # noqa: FBT002
) -> None:
    """Post, open rounds, receive aggregates; ends when the bounty is over and what is left is in the wallet."""
    run_role("owner", home, password_file, verbose=verbose)


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
