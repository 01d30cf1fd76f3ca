"""`gradmarket`: arguments in, one line of reason and an exit code out. Heavy libraries load inside the commands."""

from __future__ import annotations

import sys

import typer

from client.cli import devnet, holder, owner, validator
from client.cli.demo import demo
from client.cli.gym import gym
from client.cli.inspect import inspect
from client.cli.leakage import leakage
from client.dumps import leave_no_dump
from marketplace.domain.errors import GradMarketError

__all__ = ["app", "main"]

app = typer.Typer(
    name="gradmarket",
    help="Train models on data nobody can look at, and pay for what it was worth.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(demo)
app.command()(gym)
app.command()(inspect)
app.command()(leakage)
app.add_typer(owner.app, name="owner")
app.add_typer(holder.app, name="holder")
app.add_typer(validator.app, name="validator")
app.add_typer(devnet.app, name="devnet")


def main() -> None:
    """Run the command line; a known error is one line and its own exit code."""
    if not leave_no_dump():  # before any key is read
        typer.echo("gradmarket: should this process crash, the system may write its memory, keys included", err=True)
    try:
        app()
    except GradMarketError as error:
        typer.echo(f"gradmarket: {error}", err=True)
        sys.exit(error.exit_code)
