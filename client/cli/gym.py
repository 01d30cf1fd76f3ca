"""`gradmarket gym`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["gym"]


def gym(  # noqa: PLR0913, PLR0917 - the options of one command
    only: Annotated[
        str | None, typer.Option(help="Strategies, comma-separated; `cheap` for the five that take no data.")
    ] = None,
    games: Annotated[int, typer.Option(help="Games of each strategy, at least 2.")] = 10,
    seed: Annotated[int, typer.Option(help="Of the first game; the next one has the next seed.")] = 0,
    jobs: Annotated[int, typer.Option(help="Processes that share the games.")] = 1,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,  # noqa: FBT002
    robustness: Annotated[  # noqa: FBT002
        bool, typer.Option("--robustness", help="Also measure models under 20 and 40 % attackers: minutes.")
    ] = False,
    chain: Annotated[  # noqa: FBT002
        bool,
        typer.Option("--chain/--no-chain", help="Without: score what holders submit, and add payouts up. Fast."),
    ] = True,
    report: Annotated[Path | None, typer.Option(help="JSON file that keeps figures from run to run.")] = None,
    write: Annotated[Path | None, typer.Option(help="Page whose figures are written anew: docs/THREATS.md.")] = None,
) -> None:
    """Play attacks against honest people on the real contracts, and print what each earned."""
    from client.gym.command import GymOptions, run_gym  # noqa: PLC0415 - loads torch and an EVM

    run_gym(GymOptions(only, games, seed, jobs, json, robustness, chain, report, write))
