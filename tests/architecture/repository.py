"""What the tests of the architecture look at: the files git knows or would take, and the modules of the product."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

__all__ = ["ROOT", "files", "modules", "text"]

ROOT = Path(__file__).resolve().parents[2]


@cache
def files() -> tuple[Path, ...]:
    """Return every file that is tracked or would be, relative to the root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603 - git alone knows
    return tuple(path for line in answer.stdout.splitlines() if (ROOT / (path := Path(line))).is_file())


def text(path: Path) -> str:
    """Return what a file says; nothing for a binary file."""
    content = (ROOT / path).read_bytes()
    return "" if b"\0" in content else content.decode("utf-8")


def modules() -> dict[str, Path]:
    """Return the dotted name of every module of the product with its file."""
    sources = (path for path in files() if path.suffix == ".py" and path.parts[0] in {"client", "marketplace"})
    return {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in sources}
