"""Write the constraints files: the exact version, in this environment, of everything the product and its tools need.

Usage: python scripts/pin.py, in an environment where `pip install -e '.[dev,ipfs,paillier,parquet,privacy]'` ran.
"""

from __future__ import annotations

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

__all__ = ["closure"]

ROOT = Path(__file__).resolve().parents[1]
_HEADER = "# Exact versions, tested together; `make lock` writes this file.\n"


def closure(requirements: list[str]) -> dict[str, str]:
    """Return name -> version of what the requirements name and, step by step, of what that needs itself.

    Raises:
        SystemExit: something needed is not installed here.
    """
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [(Requirement(text), frozenset({""})) for text in requirements]
    while waiting:
        wanted, extras = waiting.pop()
        name = canonicalize_name(wanted.name)
        applies = not wanted.marker or any(wanted.marker.evaluate({"extra": extra}) for extra in extras)
        if not applies or (name, frozenset(wanted.extras)) in seen:
            continue
        seen.add((name, frozenset(wanted.extras)))
        try:
            installed = distribution(name)
        except PackageNotFoundError:
            sys.exit(f"{name} is not installed here: run `make setup-dev` first")
        found[name] = Version(installed.version).public  # without the local part: torch's names its build
        asked = frozenset(wanted.extras) | {""}
        waiting.extend((Requirement(text), asked) for text in installed.requires or [])
    return found


def main() -> None:
    """Write `constraints/runtime.txt` (no extras) and `constraints/dev.txt` (all of them)."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    runtime: list[str] = project["dependencies"]
    extras: list[str] = [text for extra in project["optional-dependencies"].values() for text in extra]
    for name, requirements in (("runtime", runtime), ("dev", [*runtime, *extras])):
        pins = [f"{package}=={version}\n" for package, version in sorted(closure(requirements).items())]
        (ROOT / "constraints" / f"{name}.txt").write_text(_HEADER + "".join(pins), "utf-8")
        print(f"constraints/{name}.txt: {len(pins)} packages")


if __name__ == "__main__":
    main()
