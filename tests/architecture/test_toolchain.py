"""What ships is what the sources say, and every tool is told the same."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from functools import cache
from typing import Any

from tests.architecture.repository import ROOT, files, text


@cache
def _pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def _pins(name: str) -> dict[str, str]:
    lines = (ROOT / "constraints" / f"{name}.txt").read_text("utf-8").splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def _constant(script: str, name: str) -> Any:
    """Return the literal value that a script of this repository gives to `name`."""
    for node in ast.parse((ROOT / "scripts" / script).read_text("utf-8")).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=found)], value=value)
                | ast.AnnAssign(target=ast.Name(id=found), value=value)
            ):
                if name == found and value is not None:
                    return ast.literal_eval(value)
    raise AssertionError(script, name)


def test_shipped_artefacts_are_fresh() -> None:
    """Compiling the contracts again gives, byte for byte, the artefacts that ship in the package.

    By forge, whose cache has them compiled when its tests have run before.
    """
    forge = next(ROOT.glob("node_modules/@foundry-rs/forge-*/bin/forge"))
    build = [forge, "build", "--use", ROOT / ".solcx" / "solc-v0.8.28", "--skip", "test"]
    built = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - no input
    assert 0 == built.returncode, built.stderr
    command = [sys.executable, "scripts/compile_contracts.py", "--check", "--built", "build/forge/out"]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603 - no input
    assert 0 == checked.returncode, checked.stderr


def test_forge_compiles_what_ships() -> None:
    """foundry.toml holds the compiler settings of scripts/compile_contracts.py: forge tests the bytes that ship."""
    forge = tomllib.loads((ROOT / "foundry.toml").read_text("utf-8"))["profile"]["default"]
    settings = _constant("compile_contracts.py", "SETTINGS")
    assert settings["evmVersion"] == forge["evm_version"]
    assert settings["viaIR"] == forge["via_ir"]
    assert settings["optimizer"] == {"enabled": forge["optimizer"], "runs": forge["optimizer_runs"]}
    assert settings["metadata"] == {"appendCBOR": forge["cbor_metadata"], "bytecodeHash": forge["bytecode_hash"]}


def test_brownie_compiles_what_ships() -> None:
    """brownie-config.yaml holds the compiler settings of scripts/compile_contracts.py."""
    settings = _constant("compile_contracts.py", "SETTINGS")
    lines = {line.strip() for line in (ROOT / "brownie-config.yaml").read_text("utf-8").splitlines()}
    told = {
        f"evm_version: {settings['evmVersion']}",
        f"runs: {settings['optimizer']['runs']}",
        f"viaIR: {str(settings['viaIR']).lower()}",
        *(f'- "{remapping}"' for remapping in settings["remappings"]),
    }
    assert set() == told - lines


def test_one_compiler_everywhere() -> None:
    """npm, Brownie, solhint and every contract name the compiler that scripts/setup_solc.py installs."""
    version = _constant("setup_solc.py", "VERSION")
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    solhint = json.loads((ROOT / ".solhint.json").read_text("utf-8"))
    contracts = [path for path in files() if path.suffix == ".sol"]
    assert version == package["devDependencies"]["solc"]
    assert version == solhint["rules"]["compiler-version"][1]
    assert f"version: {version}" in (ROOT / "brownie-config.yaml").read_text("utf-8")
    assert [] == [str(path) for path in contracts if f"pragma solidity {version};" not in text(path)]


def test_every_npm_package_is_pinned() -> None:
    """package.json asks for exact versions, and the lock names none that it does not also name by its hash."""
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    asked = package["dependencies"] | package["devDependencies"]
    assert [] == [name for name, version in asked.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)]
    assert [] == [
        name for name, entry in locked.items() if name and "integrity" not in entry and not entry.get("inBundle")
    ]


def test_every_python_package_is_pinned() -> None:
    """Both constraints files name every direct dependency once and exactly, and agree where both name one."""
    project = _pyproject()["project"]
    runtime, dev = _pins("runtime"), _pins("dev")
    normal = [re.split(r"[\[<>=;!~ ]", asked)[0].lower().replace("_", "-") for asked in project["dependencies"]]
    extras = [
        re.split(r"[\[<>=;!~ ]", asked)[0].lower().replace("_", "-")
        for group in project["optional-dependencies"].values()
        for asked in group
    ]
    assert set() == set(normal) - runtime.keys()
    assert set() == set(extras) - dev.keys()
    assert runtime.items() <= dev.items()
