"""The judges and the referee's arithmetic on the embedded chain, many questions a call."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from eth_utils.address import to_checksum_address

from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import Interface
from marketplace.chain.embedded import EmbeddedChain
from marketplace.domain.abi import sheet_fields
from marketplace.domain.errors import InvalidInput
from marketplace.domain.hashing import keccak
from marketplace.scoring.trace.evidence import proof_of
from marketplace.scoring.trace.steps import contradicts
from tests.chain.nodes import DevChain

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from marketplace.domain.terms import SheetHead
    from marketplace.scoring.trace.layout import Frame
    from marketplace.scoring.trace.places import At

__all__ = ["JUDGES", "MALFORMED", "FastChain", "Judges", "twin"]

JUDGES: Final = {1: "ActivationJudge", 2: "SumJudge", 3: "ModelJudge", 4: "MoneyJudge"}
MALFORMED: Final = 2
"""What a judge that refuses a proof counts as, beside False and True."""

_ROOT: Final = Path(__file__).parents[2]
_BYTES_AT_ONCE, _STEPS_AT_ONCE = 200_000, 60
_MUCH_GAS: Final = 1 << 40


def _compiled(*names: str) -> dict[str, tuple[Interface, bytes]]:
    """Compile test contracts with the settings of those that ship; return their interfaces and what creates them."""
    paths = [f"contracts/test/referee/{name}.sol" for name in names]
    command = [sys.executable, "scripts/compile_contracts.py", "--show", *paths]
    done = subprocess.run(command, cwd=_ROOT, check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return {
        name: (Interface(found["abi"]), bytes.fromhex(found["bytecode"].removeprefix("0x")))
        for name, found in json.loads(done.stdout).items()
    }


class FastChain(DevChain):
    """A node that is asked much: it has gas for long calls, and no answer is remembered."""

    OPTIONS: Final = ("--gas-limit", str(_MUCH_GAS))

    def call(self, to: str, data: bytes) -> bytes:
        """Run a view at the newest block."""
        return self._run({"to": to_checksum_address(to), "data": data, "gas": _MUCH_GAS})


class Judges:
    """Every judge, and the contracts that ask them.

    Args:
        chain: where they are deployed; a chain of their own inside this process by default.
    """

    def __init__(self, chain: EmbeddedChain | FastChain | None = None) -> None:
        self._chain = EmbeddedChain() if chain is None else chain
        self._places = {name: self._create(artefact(name).bytecode) for name in (*JUDGES.values(), "AnswerJudge")}
        made = _compiled("Asker", "ExactCases").items()
        self._helpers = {name: (interface, self._create(code)) for name, (interface, code) in made}

    def _create(self, code: bytes) -> str:
        receipt = self._chain.send(self._chain.signer(), None, code)
        return str(receipt.contract)

    def _ask(self, helper: str, function: str, *values: object) -> Any:
        interface, address = self._helpers[helper]
        found = interface.decode(function, self._chain.call(address, interface.encode(function, values)))
        return found[0] if len(found) == 1 else found

    def exact(self, function: str, *values: object) -> Any:
        """Return what the referee's arithmetic makes of many cases."""
        return self._ask("ExactCases", function, *values)

    def verdicts(self, frame: Frame, head: SheetHead, steps: Iterable[tuple[At, bytes]]) -> list[int]:
        """Return False, True or MALFORMED for each step, as its judge says on the chain."""
        given = list(steps)
        found = [0] * len(given)
        for number, name in JUDGES.items():
            mine = [(i, at, blob) for i, (at, blob) in enumerate(given) if at.kind >> 4 & 7 == number]
            for part in _parts(mine):
                ats, blobs = [at.packed() for _, at, _ in part], [proof_of(head, at, blob) for _, at, blob in part]
                told = self._ask(
                    "Asker", "verdicts", self._places[name], keccak(sheet_fields(head)), _words(frame), ats, blobs
                )
                for (i, *_), verdict in zip(part, told, strict=True):
                    found[i] = verdict
        return found

    def costs(self, frame: Frame, head: SheetHead, at: At, blob: bytes) -> int:
        """Return the gas its judge takes for a step."""
        name = JUDGES[at.kind >> 4 & 7]
        (found,) = self._ask(
            "Asker",
            "costs",
            self._places[name],
            keccak(sheet_fields(head)),
            _words(frame),
            [at.packed()],
            [proof_of(head, at, blob)],
        )
        return int(found)

    def answers(self, frame: Frame, demands: Iterable[tuple[int, bytes]]) -> list[int]:
        """Return False, True or MALFORMED for the answer to each demand."""
        found: list[int] = []
        for part in _parts([(0, what, answer) for what, answer in demands]):
            whats, given = [what for _, what, _ in part], [answer for *_, answer in part]
            found += self._ask("Asker", "answers", self._places["AnswerJudge"], _words(frame), whats, given)
        return found

    def exists(self, frame: Frame, what: int) -> bool:
        """Return whether something may be demanded."""
        interface = artefact("AnswerJudge").interface
        data = interface.encode("exists", (_words(frame), what))
        (found,) = interface.decode("exists", self._chain.call(self._places["AnswerJudge"], data))
        return bool(found)


def twin(frame: Frame, head: SheetHead, at: At, blob: bytes) -> int:
    """Return what Python says of a step: False, True or MALFORMED."""
    try:
        return contradicts(frame, head, at, blob)
    except InvalidInput:
        return MALFORMED


def _words(frame: Frame) -> tuple[int, bytes, bytes]:
    return frame.counts.packed(), frame.rows_root, frame.top


def _parts(given: Sequence[tuple[int, Any, bytes]]) -> Iterator[list[tuple[int, Any, bytes]]]:
    """Yield the questions in parts that one call has gas for."""
    rest = iter(given)
    while part := list(islice(rest, 1)):
        size = len(part[0][2])
        for item in rest:
            part.append(item)
            size += len(item[2])
            if size > _BYTES_AT_ONCE or len(part) >= _STEPS_AT_ONCE:
                break
        yield part
