"""`gradmarket demo`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["demo"]


def demo(  # noqa: PLR0913, PLR0917 - the options of one command
    data: Annotated[str, typer.Option(help="support2 or digits.")] = "support2",
    holders: Annotated[int | None, typer.Option(help="Honest data holders: 8, or what the mode leaves.")] = None,
    attackers: Annotated[
        str,
        typer.Option(help="Cheats, comma-separated: noise, sign-flip, zero, copy, stale, label-flip. Empty for none."),
    ] = "noise,copy,zero",
    rounds: Annotated[int | None, typer.Option(help="Rounds to play; by default what suits the data.")] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same split, same training, same payouts.")] = 0,
    chain: Annotated[
        str, typer.Option(help="embedded: all in one process. anvil, ganache: everybody a process of its own.")
    ] = "embedded",
    storage: Annotated[str, typer.Option(help="embedded, or ipfs: real nodes.")] = "embedded",
    privacy: Annotated[
        str,
        typer.Option(
            help="sealed: seats open updates. shared: nobody sees one. encrypted-model: holders cannot read the base."
        ),
    ] = "sealed",
    report: Annotated[Path | None, typer.Option(help="Write the result as JSON.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep everybody's folders and logs, in a new folder.")] = None,
) -> None:
    """Play a whole bounty on this machine: real contracts, real training, real cryptography."""
    from client.demo.plan import DemoOptions  # noqa: PLC0415 - loads numpy

    cheats = tuple(name.strip() for name in attackers.split(",") if name.strip())
    options = DemoOptions(data, holders, cheats, rounds, seed, chain, storage, privacy=privacy)

    from client.demo.command import run_demo  # noqa: PLC0415 - loads torch and an EVM; wrong options are refused before

    run_demo(options, report, keep=keep)
