"""The compiled contracts that ship with the package."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

from marketplace.chain.codec import Interface
from marketplace.domain.errors import NotFound

__all__ = ["Artefact", "artefact"]


@dataclass(frozen=True, eq=False)
class Artefact:
    """One compiled contract.

    Attributes:
        name: of the contract.
        abi: its ABI as JSON values.
        bytecode: what creates it; its constructor's arguments follow.
        deployed_bytecode: what then lies at its address, immutables still zero.
    """

    name: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    deployed_bytecode: bytes

    @cached_property
    def interface(self) -> Interface:
        """Functions, events and errors of the contract."""
        return Interface(self.abi)


@cache
def artefact(name: str) -> Artefact:
    """Return the compiled contract `name`; raises NotFound if the package does not hold it."""
    source = files("marketplace.chain").joinpath("artefacts", f"{name}.json")
    try:
        content = json.loads(source.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        msg = f"this installation lacks the compiled contract {name}: install the package again"
        raise NotFound(msg) from error
    return Artefact(
        content["contractName"], content["abi"], _bytes(content["bytecode"]), _bytes(content["deployedBytecode"])
    )


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))
