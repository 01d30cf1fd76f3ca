"""Contracts with many small changes compiled in at once; which of them is in force, the block's coinbase says.

The compiler takes minutes and a test takes seconds, so the compiler runs once: wherever a change could be made, the
copy asks while it runs whether it is the one whose number is the coinbase, which no contract of ours reads.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from setup_solc import ROOT, ensure_solc

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = ["CONTRACTS", "Ran", "asks", "folder_for", "forge", "make_copy"]

CONTRACTS = Path("contracts")
_PRAGMA = "pragma solidity 0.8.28;\n"

_LIBRARY = f"""// SPDX-License-Identifier: Apache-2.0
{_PRAGMA}
library Variants {{
    function on(uint256 number) internal pure returns (bool) {{
        return chosen() == number;
    }}

    function chosen() internal pure returns (uint256) {{
        return _asPure(_coinbase)();
    }}

    function _coinbase() private view returns (uint256) {{
        return uint160(address(block.coinbase));
    }}

    function _asPure(function() view returns (uint256) f) private pure returns (function() pure returns (uint256) g) {{
        assembly ("memory-safe") {{
            g := f
        }}
    }}
}}
"""
# The market needs IR; of the optimizer only what finds room on the stack. A change is not to be optimised away.
_SHIPPED = "optimizer_runs = 150\n"
_QUICK = """optimizer_runs = 1
optimizer_details = { yul = true, yulDetails = { stackAllocation = true, optimizerSteps = ":" } }
"""
_GAS = "40000000000"  # what loops for ever fails in seconds


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What forge said: whether all tests passed, its words, how long it took."""

    passed: bool
    output: str
    seconds: float


@cache
def _solc(copy: Path) -> Path:
    """Return the compiler behind a script that knows its version.

    Forge asks for it before each run, and the npm build takes seconds to say it.
    """
    solc, launcher = ensure_solc(), copy / "solc"
    version = subprocess.run([solc, "--version"], capture_output=True, text=True, check=True).stdout
    (copy / "solc-version").write_text(version, "utf-8")
    launcher.write_text(f'#!/bin/sh\n[ "$1" = --version ] && exec cat {copy}/solc-version\nexec {solc} "$@"\n', "utf-8")
    launcher.chmod(0o755)
    return launcher


def asks(number: int) -> str:
    """Return the condition that holds while change `number`, at least 1, is in force."""
    return f"Variants.on({number})"


def _import_of(file: str) -> str:
    return f'import {{Variants}} from "{"../" * file.count("/") or "./"}Variants.sol";\n'


@contextmanager
def folder_for(given: Path | None) -> Iterator[Path]:
    """Yield the folder to work in: the given one, which stays, or one that goes."""
    if given is not None:
        given.mkdir(parents=True, exist_ok=True)
        yield given.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="variants-") as made:
        yield Path(made)


def make_copy(copy: Path, changed: dict[str, str], leave_out: Callable[[str, list[str]], Iterable[str]]) -> None:
    """Copy the contracts into a folder, with other texts for the `changed` files (below the folder of contracts).

    What was compiled in it before is kept, so that the compiler runs only for what is new.
    """
    shutil.rmtree(copy / CONTRACTS, ignore_errors=True)
    shutil.copytree(ROOT / CONTRACTS, copy / CONTRACTS, ignore=leave_out)
    (copy / CONTRACTS / "Variants.sol").write_text(_LIBRARY, "utf-8")
    for file, text in changed.items():
        if _PRAGMA not in text:
            sys.exit(f"{file} names another compiler")
        (copy / CONTRACTS / file).write_text(text.replace(_PRAGMA, _PRAGMA + _import_of(file), 1), "utf-8")
    settings = (ROOT / "foundry.toml").read_text("utf-8")
    if _SHIPPED not in settings:
        sys.exit("foundry.toml has other settings: bring scripts/variants.py up to date")
    (copy / "foundry.toml").write_text(settings.replace(_SHIPPED, _QUICK), "utf-8")
    (copy / "node_modules").unlink(missing_ok=True)
    (copy / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)


def forge(copy: Path, number: int, *options: str, settings: dict[str, str], timeout: float | None = None) -> Ran:
    """Run tests in a copy while change `number` is in force (0: none); a run past `timeout` failed.

    Raises:
        SystemExit: the copy does not compile, or forge ran no test.
    """
    binary = next((ROOT / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge"))
    environment = {
        "FOUNDRY_BLOCK_COINBASE": f"0x{number:040x}",
        "FOUNDRY_GAS_LIMIT": _GAS,
        "FOUNDRY_FUZZ_SEED": "0x1",
        "FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT": "0",  # that it fails is all that is asked
    }
    began = time.monotonic()
    try:
        answer = subprocess.run(
            [binary, "test", "--use", _solc(copy), *options],
            cwd=copy,
            env=os.environ | environment | settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
        )
    except subprocess.TimeoutExpired:
        return Ran(passed=False, output=f"[FAIL: not over after {timeout:.0f} s]", seconds=time.monotonic() - began)
    output = answer.stdout + answer.stderr
    if "Ran " not in output:
        sys.exit(f"forge ran no test:\n{output}")
    return Ran(passed=answer.returncode == 0, output=output, seconds=time.monotonic() - began)
