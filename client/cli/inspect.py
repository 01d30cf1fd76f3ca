"""`gradmarket inspect SUBMISSION`: what would leave this machine, sealed to whom, before any of it has left."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["inspect"]


def inspect(
    submission: Annotated[Path, typer.Argument(help="A file of a holder's folder HOME/outgoing.")],
    approve: Annotated[bool, typer.Option(help="Allow this very submission, where settings ask for it.")] = False,  # noqa: FBT002
) -> None:
    """Say what a submission lets out of this machine, to whom, with which norm and epsilon."""
    from client.outgoing import approve as allow  # noqa: PLC0415 - loads numpy
    from client.outgoing import read_outgoing  # noqa: PLC0415

    for heading, sentence in read_outgoing(submission).lines():
        typer.echo(f"{heading:<11} {sentence}")
    if approve:
        allow(submission)
        typer.echo("approved    it is sent when the holder's process looks again")
