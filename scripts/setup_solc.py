"""Give py-solc-x its compiler: the native solc where its host answers, else the npm build behind `solc_shim.cjs`.

Everything that compiles here (py-solc-x, forge, slither, brownie) uses the one file this script leaves in `.solcx/`.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import solcx.install

__all__ = ["ROOT", "VERSION", "ensure_solc", "solc_path"]

ROOT = Path(__file__).resolve().parents[1]
VERSION = "0.8.28"
_PROBE_SECONDS = 5
_DOWNLOAD_SECONDS = 120


def solc_path() -> Path:
    """Return where the compiler lies once this script ran; `SOLCX_BINARY_PATH` moves it."""
    return Path(os.environ.get("SOLCX_BINARY_PATH", ROOT / ".solcx")) / f"solc-v{VERSION}"


def _works(path: Path) -> bool:
    """Ask the compiler for its version; a broken download or a launcher without Node answers nothing."""
    if not path.exists():
        return False
    answer = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    return f"Version: {VERSION}+" in answer.stdout


def _host_answers() -> bool:
    """Probe the download host: py-solc-x sets no timeout, so a silent firewall would hang it for ever."""
    host = urlsplit(solcx.install.BINARY_DOWNLOAD_BASE).hostname
    try:
        socket.create_connection((host, 443), timeout=_PROBE_SECONDS).close()
    except OSError:
        return False
    return True


def _install_native(path: Path) -> bool:
    """Download the native build in a child process that can be given up on; False where it did not come."""
    if not _host_answers():
        return False
    command = [sys.executable, "-m", "solcx.install", VERSION, "--solcx-binary-path", str(path.parent)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_DOWNLOAD_SECONDS)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
        path.unlink(missing_ok=True)
        return False
    return _works(path)


def _install_launcher(path: Path) -> None:
    """Write a launcher of the shim where py-solc-x looks for a binary."""
    shim = ROOT / "scripts" / "solc_shim.cjs"
    path.write_text(f'#!/usr/bin/env node\nrequire("{shim.as_posix()}");\n', encoding="utf-8")
    path.chmod(0o755)


def ensure_solc() -> Path:
    """Leave a working compiler at `solc_path()` and return this path; takes a second where it is there already.

    Raises:
        SystemExit: neither build runs.
    """
    path = solc_path()
    if _works(path):
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    if os.environ.get("SOLC_SOURCE") != "npm" and _install_native(path):
        return path
    _install_launcher(path)
    if not _works(path):
        sys.exit(
            f"solc {VERSION}: neither the native build nor the npm one runs; run `npm install --ignore-scripts` first"
        )
    return path


if __name__ == "__main__":
    print(f"solc {VERSION}: {ensure_solc()}")
