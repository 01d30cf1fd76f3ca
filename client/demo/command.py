"""`gradmarket demo`, from its options to its report."""

from __future__ import annotations

import json
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from client.demo.devnet import Devnet
from client.demo.plan import DemoOptions
from client.demo.play import play
from client.demo.report import conservation, make_report, standings
from client.demo.screen import Screen
from client.demo.world import build_cast
from client.training import evaluate
from marketplace.domain.errors import StorageError
from marketplace.storage.folder import FolderStore

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["run_demo", "write_report"]


def run_demo(options: DemoOptions, report: Path | None = None, console: Console | None = None) -> dict[str, Any]:
    """Play a bounty, show it, and return the report (written to `report` when given)."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="gradmarket-") as folder:
        store = FolderStore(Path(folder) / "store")
        cast = build_cast(options, Devnet(), store)
        screen = Screen(cast, console)
        for holder in cast.holders:
            holder.progress = screen.training(holder.name)
        screen.opening(evaluate(cast.owner.model, cast.split.test.features, cast.split.test.labels))
        curve = play(cast, screen)
        result = make_report(cast, options, curve, time.monotonic() - started)
        screen.closing(curve, standings(cast), conservation(cast))
    if report is not None:
        write_report(report, result)
    return result


def write_report(path: Path, result: dict[str, Any]) -> None:
    """Write the report whole or not at all; raises StorageError."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        msg = f"the report {path} could not be written ({error.strerror}): free space or choose another place"
        raise StorageError(msg) from error
