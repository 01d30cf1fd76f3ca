"""Compile the contracts into the package (`marketplace/chain/artefacts`), or check that what ships is fresh.

Usage: python scripts/compile_contracts.py [--check [--built build/forge/out]]
       python scripts/compile_contracts.py --show contracts/test/referee/Asker.sol ...     (a test's contracts, as JSON)
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import solcx
from setup_solc import ROOT, ensure_solc

__all__ = ["ARTEFACTS", "SETTINGS", "compile_deployable"]

ARTEFACTS = ROOT / "marketplace" / "chain" / "artefacts"
SETTINGS: dict[str, Any] = {
    "evmVersion": "shanghai",  # the newest that Ganache 7 runs
    "metadata": {"appendCBOR": False, "bytecodeHash": "none"},  # the same bytes on every machine
    "optimizer": {"enabled": True, "runs": 150},
    "remappings": ["@openzeppelin=node_modules/@openzeppelin"],
    "viaIR": True,
}
_OUTPUT = {
    "": ["ast"],
    "*": [
        "abi",
        "metadata",
        "userdoc",
        "evm.bytecode.object",
        "evm.bytecode.linkReferences",
        "evm.deployedBytecode.object",
    ],
}
_CONTRACT = re.compile(r"^contract (\w+)", re.MULTILINE)
_RUNTIME_LIMIT, _INIT_LIMIT = 24_576, 49_152


def compile_deployable() -> dict[str, dict[str, Any]]:
    """Return name -> artefact of every concrete contract: no test, interface, library or abstract contract.

    Raises:
        SystemExit: the sources do not compile, or warn; a contract needs a linked library; two share a name.
    """
    folder = ROOT / "contracts"
    return _compile(sorted(path for path in folder.rglob("*.sol") if (folder / "test") not in path.parents))


def _compile(paths: list[Path]) -> dict[str, dict[str, Any]]:
    """Return name -> artefact of the concrete contracts in these files; see `compile_deployable`."""
    request = {
        "language": "Solidity",
        "sources": {path.relative_to(ROOT).as_posix(): {"content": path.read_text("utf-8")} for path in paths},
        "settings": SETTINGS | {"outputSelection": {"*": _OUTPUT}},
    }
    solc = ensure_solc()
    try:
        answer = solcx.compile_standard(request, base_path=ROOT, allow_paths=ROOT, solc_binary=solc)
    except solcx.exceptions.SolcError as error:
        sys.exit(f"the contracts do not compile: {error.message}")
    findings = [finding["formattedMessage"] for finding in answer.get("errors", [])]
    if findings:
        sys.exit("the compiler warns:\n" + "\n".join(findings))
    found: dict[str, dict[str, Any]] = {}
    for file in request["sources"]:
        for name in _concrete(answer["sources"][file]["ast"]):
            if name in found:
                sys.exit(f"two contracts are called {name}: rename one")
            found[name] = _artefact(name, answer["contracts"][file][name])
    return found


def _concrete(ast: dict[str, Any]) -> list[str]:
    """Name the contracts of a file that can be deployed."""
    nodes = (node for node in ast["nodes"] if node["nodeType"] == "ContractDefinition")
    return [node["name"] for node in nodes if node["contractKind"] == "contract" and not node["abstract"]]


def _artefact(name: str, contract: dict[str, Any]) -> dict[str, Any]:
    """Keep what deploying, calling and explaining a contract takes."""
    creation, runtime = contract["evm"]["bytecode"], contract["evm"]["deployedBytecode"]
    if creation["linkReferences"]:
        sys.exit(f"{name} would call a deployed library: make the library's functions internal")
    sizes = len(runtime["object"]) // 2, len(creation["object"]) // 2
    if sizes[0] > _RUNTIME_LIMIT or sizes[1] > _INIT_LIMIT:
        sys.exit(f"{name} is too large: {sizes[0]} bytes to run, {sizes[1]} to deploy; make it smaller")
    metadata = json.loads(contract["metadata"])
    return {
        "contractName": name,
        "compiler": metadata["compiler"]["version"],
        "sourceHash": _digest({file: source["keccak256"] for file, source in metadata["sources"].items()}),
        "abi": contract["abi"],
        "errors": {sign: texts[0].get("notice", "") for sign, texts in contract["userdoc"].get("errors", {}).items()},
        "bytecode": "0x" + creation["object"],
        "deployedBytecode": "0x" + runtime["object"],
    }


def _digest(sources: dict[str, str]) -> str:
    """Hash what a contract is made from: its own sources, those it imports, and the settings."""
    text = json.dumps({"settings": SETTINGS, "sources": sources}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def stale_beside(built: Path, shipped: dict[str, dict[str, Any]]) -> list[str]:
    """Name the shipped artefacts that are not what forge built from the sources as they are, with the same settings.

    Forge leaves out what errors mean to people, and sorts interfaces: code is compared byte by byte, these are not.
    """
    folder = ROOT / "contracts"
    sources = [path.read_text("utf-8") for path in folder.rglob("*.sol") if folder / "test" not in path.parents]
    stale = list({name for text in sources for name in _CONTRACT.findall(text)} ^ shipped.keys())
    for name, artefact in shipped.items():
        found = json.loads((built / f"{name}.sol" / f"{name}.json").read_text("utf-8"))
        metadata = found["metadata"]
        right = {
            "compiler": metadata["compiler"]["version"],
            "sourceHash": _digest({file: source["keccak256"] for file, source in metadata["sources"].items()}),
            "abi": _sorted(found["abi"]),
            "bytecode": found["bytecode"]["object"],
            "deployedBytecode": found["deployedBytecode"]["object"],
        }
        if right != {key: artefact[key] for key in right} | {"abi": _sorted(artefact["abi"])}:
            stale.append(name)
    return sorted(stale)


def _sorted(abi: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(entry, sort_keys=True) for entry in abi)


def _text(artefact: dict[str, Any]) -> str:
    return json.dumps(artefact, indent=1) + "\n"


def main() -> int:
    """Write the artefacts, or with `--check` compare them with those that ship."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare, write nothing, exit 1 on a difference")
    parser.add_argument("--built", type=Path, help="with --check: compare with what forge built there, compile nothing")
    parser.add_argument("--show", type=Path, nargs="+", help="print the artefacts of these files alone, write nothing")
    given = parser.parse_args()
    check: bool = given.check
    if given.built and not check:
        parser.error("--built goes with --check")
    if given.show:
        print(json.dumps(_compile([ROOT / path for path in given.show])))
        return 0

    if check and given.built:
        artefacts = {path.stem: json.loads(path.read_text("utf-8")) for path in ARTEFACTS.glob("*.json")}
        return _say(stale_beside(given.built, artefacts))
    fresh = {name: _text(artefact) for name, artefact in compile_deployable().items()}
    shipped = {path.stem: path.read_text("utf-8") for path in ARTEFACTS.glob("*.json")}
    stale = sorted(name for name in fresh.keys() | shipped.keys() if fresh.get(name) != shipped.get(name))
    if check and stale:
        return _say(stale)
    ARTEFACTS.mkdir(exist_ok=True)
    for name in stale:
        path: Path = ARTEFACTS / f"{name}.json"
        if name in fresh:
            path.write_text(fresh[name], "utf-8")
        else:
            path.unlink()
    print(f"{len(fresh)} contracts: {', '.join(stale) + ' written' if stale else 'all artefacts are fresh'}")
    return 0


def _say(stale: list[str]) -> int:
    if stale:
        print(f"stale artefacts: {', '.join(stale)}; run `make contracts` and commit the result", file=sys.stderr)
    return int(bool(stale))


if __name__ == "__main__":
    sys.exit(main())
