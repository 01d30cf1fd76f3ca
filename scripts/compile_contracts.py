"""Compile the contracts into the package (`marketplace/chain/artefacts`), or check that what ships is fresh.

usage: python scripts/compile_contracts.py [--check]
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from setup_solc import ROOT, VERSION, ensure_solc

SOURCES = ROOT / "contracts"
ARTEFACTS = ROOT / "marketplace" / "chain" / "artefacts"
SETTINGS = {
    "evmVersion": "shanghai",  # the newest that Ganache 7 runs
    "viaIR": True,
    "optimizer": {"enabled": True, "runs": 200},
    "metadata": {"bytecodeHash": "none", "appendCBOR": False},  # the same bytes on every machine
    "remappings": ["@openzeppelin=node_modules/@openzeppelin"],
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"]}},
}
RUNTIME_LIMIT, INIT_LIMIT = 24_576, 49_152


def compile_all() -> dict[str, dict[str, Any]]:
    """Return the artefact of every contract that can be deployed: not a test, a library, an interface or abstract."""
    ensure_solc()
    import solcx  # noqa: PLC0415 - needs the compiler's folder set first

    paths = [p for p in sorted(SOURCES.rglob("*.sol")) if "test" not in p.relative_to(SOURCES).parts]
    sources = {p.relative_to(ROOT).as_posix(): {"content": p.read_text()} for p in paths}
    standard = {"language": "Solidity", "sources": sources, "settings": SETTINGS}
    output = solcx.compile_standard(standard, solc_version=VERSION, base_path=str(ROOT), allow_paths=[str(ROOT)])
    digest = hashlib.sha256(json.dumps([sources, SETTINGS], sort_keys=True).encode()).hexdigest()
    found = {}
    for file in sources:
        for name, contract in output["contracts"].get(file, {}).items():
            code = contract["evm"]["bytecode"]["object"]
            if not code or f"library {name} " in sources[file]["content"]:
                continue
            found[name] = {
                "contractName": name,
                "source": file,
                "compiler": VERSION,
                "sourceHash": digest,
                "abi": contract["abi"],
                "bytecode": "0x" + code,
                "deployedBytecode": "0x" + contract["evm"]["deployedBytecode"]["object"],
            }
    return found


def _text(artefact: dict[str, Any]) -> str:
    return json.dumps(artefact, indent=1, sort_keys=True) + "\n"


def main() -> None:
    """Write the artefacts, or with --check compare them."""
    found = compile_all()
    for name, artefact in sorted(found.items()):
        runtime, init = len(artefact["deployedBytecode"]) // 2 - 1, len(artefact["bytecode"]) // 2 - 1
        print(f"{name:<14} {runtime:>6} bytes to run, {init:>6} to deploy")
        if runtime > RUNTIME_LIMIT or init > INIT_LIMIT:
            sys.exit(f"{name} exceeds {RUNTIME_LIMIT} bytes to run or {INIT_LIMIT} to deploy: make it smaller")
    shipped = {p.stem: p.read_text() for p in ARTEFACTS.glob("*.json")}
    fresh = {name: _text(artefact) for name, artefact in found.items()}
    if "--check" in sys.argv[1:]:
        stale = sorted(n for n in shipped.keys() | fresh.keys() if shipped.get(n) != fresh.get(n))
        if stale:
            sys.exit(f"stale artefacts: {', '.join(stale)}; run `make contracts` and commit the result")
        print("all artefacts are fresh")
        return
    ARTEFACTS.mkdir(parents=True, exist_ok=True)
    for name in shipped.keys() - fresh.keys():
        (ARTEFACTS / f"{name}.json").unlink()
    for name, text in fresh.items():
        (ARTEFACTS / f"{name}.json").write_text(text)


if __name__ == "__main__":
    main()
