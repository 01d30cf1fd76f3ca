"""`gradmarket demo`, from its options to its report."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketplace.domain.errors import StorageError

if TYPE_CHECKING:
    from rich.console import Console

    from client.demo.plan import DemoOptions

__all__ = ["run_demo", "write_report"]


def run_demo(
    options: DemoOptions, report: Path | None = None, console: Console | None = None, keep: Path | None = None
) -> dict[str, Any]:
    """Play a bounty, show it, and return the report (written to `report` when given).

    Args:
        options: what is played, and on what.
        report: a file.
        console: where it is shown; None for the terminal.
        keep: a folder that does not exist yet, for everybody's homes and logs; None to remove them afterwards.
    """
    if options.chain == "embedded":
        from client.demo.inside import play_inside as play_it  # noqa: PLC0415 - each loads what the other does without
    else:
        from client.demo.outside import play_outside as play_it  # noqa: PLC0415
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="gradmarket-") as folder:
            result = play_it(options, Path(folder), console)
    else:
        result = play_it(options, _new(keep), console)
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


def _new(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        msg = f"{folder} cannot be made ({error.strerror}): give a folder that does not exist yet"
        raise StorageError(msg) from error
    return folder.resolve()
