"""`gradmarket`: arguments in, one line of reason and an exit code out. Heavy libraries load inside the commands."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from marketplace.domain.errors import GradMarketError

__all__ = ["app", "main"]

app = typer.Typer(
    name="gradmarket",
    help="Train models on data nobody can look at, and pay for what it was worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _root() -> None:
    """Keep `demo` a subcommand while it is the only one."""


@app.command()
def demo(  # noqa: PLR0913, PLR0917 - the options of one command
    data: Annotated[str, typer.Option(help="support2 or digits.")] = "support2",
    holders: Annotated[int, typer.Option(help="Honest data holders.")] = 8,
    attackers: Annotated[
        str,
        typer.Option(help="Cheats, comma-separated: noise, sign-flip, zero, copy, stale, label-flip. Empty for none."),
    ] = "noise,copy,zero",
    rounds: Annotated[int | None, typer.Option(help="Rounds to play; by default what suits the data.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same split, same training.")] = 0,
    report: Annotated[Path | None, typer.Option(help="Write the result as JSON.")] = None,
) -> None:
    """Play a whole bounty on this machine: real contracts, real training, real cryptography."""
    from client.demo.plan import DemoOptions  # noqa: PLC0415 - loads numpy

    cheats = tuple(name.strip() for name in attackers.split(",") if name.strip())
    options = DemoOptions(data, holders, cheats, rounds, seed)

    from client.demo.command import run_demo  # noqa: PLC0415 - loads torch and an EVM; wrong options are refused before

    run_demo(options, report)


def main() -> None:
    """Run the command line; a known error is one line and its own exit code."""
    try:
        app()
    except GradMarketError as error:
        typer.echo(f"gradmarket: {error}", err=True)
        sys.exit(error.exit_code)
