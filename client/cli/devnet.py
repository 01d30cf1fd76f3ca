"""`gradmarket devnet up|status|fund|down`: a local chain with the market on it, and IPFS nodes."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from client.devnet.life import DevnetStatus
    from client.devnet.state import DevnetState

__all__ = ["app"]

app = typer.Typer(help="A market of one's own: a local chain, the contracts, IPFS nodes.", no_args_is_help=True)

_FOLDER = Path(".gradmarket/devnet")
_Folder = Annotated[Path, typer.Option("--folder", help="Where the devnet keeps its state and logs.")]
_TOKEN = 10**18


@app.command()
def up(  # noqa: PLR0913, PLR0917 - the options of one command
    folder: _Folder = _FOLDER,
    chain: Annotated[str, typer.Option(help="anvil or ganache.")] = "anvil",
    ipfs: Annotated[int, typer.Option(help="IPFS nodes, connected with each other.")] = 0,
    port: Annotated[int, typer.Option(help="Of the chain; 0 for any that is free.")] = 0,
    holders: Annotated[
        int | None, typer.Option(help="Holders that come to each bounty; by default as many as its terms take.")
    ] = None,
    patience: Annotated[float, typer.Option(help="Seconds of silence after which time moves on all the same.")] = 60.0,
    still: Annotated[bool, typer.Option("--still", help="Do not move the chain's time.")] = False,  # noqa: FBT002
) -> None:
    """Start a devnet, unless it runs already."""
    from client.devnet.life import DevnetOptions, bring_up  # noqa: PLC0415 - may load web3

    _show(bring_up(folder, DevnetOptions(chain, ipfs, port, holders, patience, conductor=not still)), folder)


@app.command()
def status(
    folder: _Folder = _FOLDER,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,  # noqa: FBT002
) -> None:
    """Tell how the devnet is; the exit code is 0 when all of it runs, else 7."""
    from client.devnet.life import tell  # noqa: PLC0415
    from marketplace.domain.errors import NotFound  # noqa: PLC0415

    found = tell(folder)
    if as_json:
        typer.echo(json.dumps(_as_json(found), indent=1))
    elif found is not None:
        _show(found.state, folder)
        for name, runs in found.running.items():
            typer.echo(f"{name:<12} {'runs' if runs else 'ENDED'}, process {found.state.processes[name].pid}")
    if found is None or not found.up:
        msg = f"no devnet runs in {folder}: start one with gradmarket devnet up"
        raise NotFound(msg)


@app.command()
def fund(
    address: Annotated[str, typer.Argument(help="Who gets it.")],
    tokens: Annotated[int, typer.Option(help="Whole tokens.")] = 10_000,
    folder: _Folder = _FOLDER,
) -> None:
    """Give an address tokens, and coin to pay gas with."""
    from client.devnet.life import tell  # noqa: PLC0415
    from client.devnet.market import Bank  # noqa: PLC0415 - loads web3
    from marketplace.domain.errors import NotFound  # noqa: PLC0415

    found = tell(folder)
    if found is None or not found.up:
        msg = f"no devnet runs in {folder}: start one with gradmarket devnet up"
        raise NotFound(msg)
    Bank(found.state).grant(address, tokens * _TOKEN)
    typer.echo(f"{address} has {tokens} more tokens, and coin for gas")


@app.command()
def down(folder: _Folder = _FOLDER) -> None:
    """Stop what `up` started, and nothing else."""
    from client.devnet.life import take_down  # noqa: PLC0415

    typer.echo("stopped" if take_down(folder) else f"no devnet in {folder}: nothing to stop")


def _show(state: DevnetState, folder: Path) -> None:
    typer.echo(f"network      {state.network}")
    typer.echo(f"chain        {state.url}")
    for url in state.ipfs:
        typer.echo(f"ipfs         {url}")
    typer.echo(f"contracts    {folder / 'deployment.json'}")
    typer.echo(f"ten accounts {state.mnemonic}  (play money: never use these words elsewhere)")


def _as_json(found: DevnetStatus | None) -> dict[str, object]:
    if found is None:
        return {"up": False}
    state = found.state
    return {
        "up": found.up,
        "network": state.network,
        "chain": state.url,
        "ipfs": list(state.ipfs),
        "mnemonic": state.mnemonic,
        "deployment": None if state.deployment is None else asdict(state.deployment),
        "processes": {n: {"pid": state.processes[n].pid, "runs": runs} for n, runs in found.running.items()},
    }
