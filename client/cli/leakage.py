"""`gradmarket leakage`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["leakage"]


def leakage(  # noqa: PLR0913, PLR0917 - the options of one command
    only: Annotated[
        str | None, typer.Option(help="Names, comma-separated: of what is held, of attacks, of data.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the split, the models and all attacks.")] = 0,
    shadows: Annotated[int, typer.Option(help="Models that membership inference learns from, at least 8.")] = 64,
    targets: Annotated[int, typer.Option(help="Models that it attacks, for each of these: more are more exact.")] = 2,
    jobs: Annotated[int, typer.Option(help="Processes that share the data sets.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,  # noqa: FBT002
    report: Annotated[Path | None, typer.Option(help="Write the report to this file.")] = None,
    write: Annotated[Path | None, typer.Option(help="Page whose figures are written anew: docs/PRIVACY.md.")] = None,
) -> None:
    """Attack what each party holds of an update, and print what it gives away of the rows behind it."""
    from client.leakage.command import LeakageOptions, run_leakage  # noqa: PLC0415 - loads torch

    run_leakage(LeakageOptions(only, seed, shadows, jobs, json, report, write, targets))
