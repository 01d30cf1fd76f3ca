"""The demonstration in one process: an embedded chain, and embedded storage or a real IPFS node."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from client.demo.devnet import Devnet
from client.demo.play import play
from client.demo.report import Outcome, make_report, standings
from client.demo.screen import Screen
from client.demo.world import build_cast
from client.training import evaluate
from marketplace.storage.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rich.console import Console

    from client.demo.plan import DemoOptions
    from marketplace.storage.store import Store

__all__ = ["play_inside"]


def play_inside(options: DemoOptions, folder: Path, console: Console | None = None) -> dict[str, Any]:
    """Play a bounty to its end, everybody taking turns; return the report."""
    started = time.monotonic()
    with _storage(options, folder) as store:
        cast = build_cast(options, Devnet(), store)
        screen = Screen(cast.programme, console)
        for holder in cast.holders:
            holder.progress = screen.training(holder.name)
        screen.opening(evaluate(cast.owner.model, cast.split.test.features, cast.split.test.labels))
        curve = play(cast, screen)
        outcome = Outcome(cast.owner, cast.programme.people, cast.chain.books(), curve)
        screen.closing(curve, standings(outcome), outcome.books)
        return make_report(outcome, options, time.monotonic() - started)


@contextmanager
def _storage(options: DemoOptions, folder: Path) -> Iterator[Store]:
    if options.storage == "embedded":
        yield FolderStore(folder / "store")
        return
    from client.devnet.ipfsnode import IpfsNode  # noqa: PLC0415 - only where a node is asked for
    from marketplace.storage.ipfs import IpfsStore  # noqa: PLC0415

    node = IpfsNode(folder / "ipfs")
    node.start()
    try:
        yield IpfsStore(node.url)
    finally:
        node.stop()
