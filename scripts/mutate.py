"""Show that the contracts' tests notice small changes of what moves money: plant one, run the tests that must fail.

Usage: python scripts/mutate.py [--only TEXT] [--minutes 60] [--report build/mutants.json] [--list]

All changes are compiled at once: wherever one could be made, the copy asks while it runs whether it is the one whose
number the variable MUTANT holds. So the compiler runs once, and one run of the tests decides about one change. Works
in a temporary folder; the working tree is only read.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from setup_solc import ROOT, ensure_solc

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Mutant", "mutants_of"]

Node: TypeAlias = dict[str, Any]

# What is mutated: in a file everything, or these functions.
TARGETS: dict[str, tuple[str, ...]] = {
    "Vault.sol": (),
    "Referee.sol": (),
    "Registry.sol": ("stake", "redeem", "slash", "_startUnbonding", "_requireState"),
    "libraries/SumTree.sol": (),
    "libraries/TicketList.sol": ("setState", "remove", "stakeLeft"),
    "market/Payouts.sol": (),
    "market/Bench.sol": ("collect", "_vacate", "_dismiss", "_challengerOf", "_halvesOf", "_halfPayRoundedDown", "_settlePay"),  # noqa: E501
    "market/Scoring.sol": (
        "settle", "rule", "_endChallenge", "_disprove", "_stands", "_carries", "_voidScored", "_endScoring", "_account",
        "_seatsWith", "_penalties", "_couldNotScore", "_endServe", "_oweForServing", "_winners",
    ),
    "market/Core.sol": ("_take", "_pay", "_burn", "_move", "_postedReserve", "_difference", "_close"),
}  # fmt: skip
# The tests that run first: most changes fail them. What survives has to survive all.
NARROW = {
    "Vault.sol": "Vault",
    "libraries/SumTree.sol": "Claiming",
    "market/Payouts.sol": "Claiming",
    "market/Core.sol": "WholeBounty",
}
FIRST_TESTS = "contracts/test/{Referee,Falling}.t.sol"
ALL_TESTS = "contracts/test/{*.t.sol,fuzz/*.t.sol}"
OPERATORS = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "+": "-", "-": "+", "*": "/", "/": "*", "%": "*",  # noqa: E501
    "&": "|", "|": "&", "^": "&", "<<": ">>", ">>": "<<", "&&": "||", "||": "&&",
    "+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=",
}  # fmt: skip
VALUES = ("uint", "int", "bool", "bytes32", "address", "enum")
# The optimizer only finds room on the stack: a change is not to be optimised away, and the copy compiles faster.
QUICKLY = """optimizer_runs = 1
optimizer_details = { yul = true, yulDetails = { stackAllocation = true, optimizerSteps = ":" } }
"""
SWITCH = """// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.28;

library Mutants {
    function on(uint256 number) internal pure returns (bool) {
        return _asPure(_chosen)() == number;
    }

    function _chosen() private view returns (uint256) {
        address cheats = address(uint160(uint256(keccak256("hevm cheat code"))));
        (, bytes memory answer) =
            cheats.staticcall(abi.encodeWithSignature("envOr(string,uint256)", "MUTANT", uint256(0)));
        return abi.decode(answer, (uint256));
    }

    function _asPure(function() view returns (uint256) f)
        private
        pure
        returns (function() pure returns (uint256) g)
    {
        assembly {
            g := f
        }
    }
}
"""


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: at bytes `start` to `end` of a file stands `text` instead; a statement's may be nothing."""

    number: int
    file: str
    line: int
    function: str
    start: int
    end: int
    text: str
    statement: bool
    source: str


def _span(node: Node) -> tuple[int, int]:
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def _children(node: Node) -> Iterator[Node]:
    for value in node.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "nodeType" in item:
                yield item


def _is_value(node: Node) -> bool:
    return str(node["typeDescriptions"].get("typeString", "")).startswith(VALUES)


class _Finder:
    """Collects the changes of one file."""

    def __init__(self, source: bytes, constants: set[int]) -> None:
        self.source = source
        self.constants = constants
        self.found: list[tuple[Node, str, bool]] = []

    def text(self, node: Node) -> str:
        start, end = _span(node)
        return self.source[start:end].decode()

    def visit(self, node: Node) -> None:
        """Walk expressions and statements, not declarations: what a constant is made of, nothing can be asked in."""
        handler = getattr(self, f"on_{node['nodeType']}", None)
        if handler is not None:
            handler(node)
        if node["nodeType"] in {"InlineAssembly", "ElementaryTypeName", "UserDefinedTypeName", "ModifierInvocation"}:
            return
        for child in _children(node):
            self.visit(child)

    def add(self, node: Node, text: str, *, statement: bool = False) -> None:
        self.found.append((node, text, statement))

    def on_BinaryOperation(self, node: Node) -> None:  # noqa: N802 -- the compiler's name
        if not _is_value(node):
            return
        left, right = self.text(node["leftExpression"]), self.text(node["rightExpression"])
        self.add(node, f"({left}) {OPERATORS[node['operator']]} ({right})")

    def on_UnaryOperation(self, node: Node) -> None:  # noqa: N802
        if node["operator"] in {"!", "~"}:
            self.add(node, self.text(node["subExpression"]))

    def on_Conditional(self, node: Node) -> None:  # noqa: N802
        if _is_value(node):
            self.add(node, self.text(node["trueExpression"]))
            self.add(node, self.text(node["falseExpression"]))

    def on_IfStatement(self, node: Node) -> None:  # noqa: N802
        self.add(node["condition"], "false")
        if node["trueBody"]["nodeType"] != "RevertStatement":
            self.add(node["condition"], "true")

    def on_Identifier(self, node: Node) -> None:  # noqa: N802
        if node["referencedDeclaration"] in self.constants:
            self.add(node, f"{self.text(node)} + 1")

    def on_EmitStatement(self, node: Node) -> None:  # noqa: N802
        self.add(node, "", statement=True)

    def on_ExpressionStatement(self, node: Node) -> None:  # noqa: N802
        what = node["expression"]
        if what["nodeType"] == "Assignment":
            target = what["leftHandSide"]
            if "storage" in str(target["typeDescriptions"].get("typeString", "")).split():
                return  # a pointer that would point nowhere
            if what["operator"] in OPERATORS:
                left, right = self.text(target), self.text(what["rightHandSide"])
                self.add(node, f"{left} {OPERATORS[what['operator']]} {right};", statement=True)
            self.add(node, "", statement=True)
        elif what["nodeType"] == "FunctionCall":
            self.add(node, "", statement=True)


def _asts() -> dict[str, Node]:
    """Return the syntax tree of every target."""
    sources = {f"contracts/{name}": {"urls": [str(ROOT / "contracts" / name)]} for name in TARGETS}
    question = {
        "language": "Solidity",
        "sources": sources,
        "settings": {
            "remappings": [f"@openzeppelin/={ROOT}/node_modules/@openzeppelin/"],
            "outputSelection": {"*": {"": ["ast"]}},
        },
    }
    answer = subprocess.run(
        [ensure_solc(), "--standard-json", "--base-path", str(ROOT), "--allow-paths", str(ROOT)],
        input=json.dumps(question), capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    told = json.loads(answer.stdout)
    wrong = [error["formattedMessage"] for error in told.get("errors", ()) if error["severity"] == "error"]
    if wrong:
        sys.exit("\n".join(wrong))
    return {name: told["sources"][f"contracts/{name}"]["ast"] for name in TARGETS}


def _constants(tree: Node) -> set[int]:
    """Return the ids of the numbers that a file names."""
    found = (
        {tree["id"]}
        if tree.get("constant") and _is_value(tree) and tree["typeDescriptions"]["typeString"] == "uint256"
        else set()
    )
    for child in _children(tree):
        found |= _constants(child)
    return found


def _functions(tree: Node) -> Iterator[Node]:
    for contract in tree["nodes"]:
        for part in contract.get("nodes", ()):
            if part["nodeType"] == "FunctionDefinition" and part["kind"] != "constructor" and part.get("body"):
                yield part


def mutants_of() -> list[Mutant]:
    """Return all changes, numbered from 1."""
    found: list[Mutant] = []
    for name, tree in _asts().items():
        source = (ROOT / "contracts" / name).read_bytes()
        constants = _constants(tree)
        for function in _functions(tree):
            if TARGETS[name] and function["name"] not in TARGETS[name]:
                continue
            finder = _Finder(source, constants)
            finder.visit(function["body"])
            for node, text, statement in finder.found:
                start, end = _span(node)
                end += statement  # the semicolon is not part of the node
                found.append(
                    Mutant(
                        number=len(found) + 1, file=name, line=source[:start].count(b"\n") + 1,
                        function=function["name"], start=start, end=end, text=text, statement=statement,
                        source=" ".join(source[start:end].decode().split()),
                    )
                )  # fmt: skip
    return found


def _rendered(source: bytes, mutants: list[Mutant], start: int, end: int) -> str:
    """Return the text from `start` to `end` with every place in it asking for its changes."""
    text, at = "", start
    inside = sorted((m for m in mutants if start <= m.start and m.end <= end), key=lambda m: (m.start, -m.end))
    while inside:
        first = inside[0]
        here = [m for m in inside if (m.start, m.end) == (first.start, first.end)]
        within = [m for m in inside if m.end <= first.end and m not in here]
        old = _rendered(source, within, first.start, first.end)
        text += source[at : first.start].decode() + _asking(here, old)
        at = first.end
        inside = [m for m in inside if m.start >= at]
    return text + source[at:end].decode()


def _asking(here: list[Mutant], old: str) -> str:
    if here[0].statement:
        for mutant in here:
            old = f"if (Mutants.on({mutant.number})) {{ {mutant.text} }} else {{ {old} }}"
        return f"{{ {old} }}"
    for mutant in here:
        old = f"(Mutants.on({mutant.number}) ? ({mutant.text}) : {old if old.startswith('(') else f'({old})'})"
    return old


def _write_copy(copy: Path, mutants: list[Mutant]) -> None:
    others = shutil.ignore_patterns("referee", "invariant")
    shutil.copytree(ROOT / "contracts", copy / "contracts", ignore=others)
    settings = (ROOT / "foundry.toml").read_text("utf-8")
    (copy / "foundry.toml").write_text(settings.replace("optimizer_runs = 150\n", QUICKLY), "utf-8")
    (copy / "node_modules").symlink_to(ROOT / "node_modules", target_is_directory=True)
    (copy / "contracts" / "Mutants.sol").write_text(SWITCH, "utf-8")
    for name in TARGETS:
        source = (ROOT / "contracts" / name).read_bytes()
        text = _rendered(source, [m for m in mutants if m.file == name], 0, len(source))
        pragma = "pragma solidity 0.8.28;\n"
        up = "../" * name.count("/") or "./"
        text = text.replace(pragma, f'{pragma}import {{Mutants}} from "{up}Mutants.sol";\n', 1)
        (copy / "contracts" / name).write_text(text, "utf-8")


def _passes(copy: Path, tests: str, number: int) -> bool:
    """Whether the tests pass with one change; a run that takes minutes counts as one that fails."""
    forge = next((ROOT / "node_modules" / "@foundry-rs").glob("forge-*/bin/forge"))
    settings = {"MUTANT": str(number), "FOUNDRY_PROFILE": "quick", "FOUNDRY_FUZZ_SEED": "0x1"}
    try:
        answer = subprocess.run(
            [forge, "test", "--use", ensure_solc(), "--fail-fast", "--match-path", tests],
            cwd=copy, env=os.environ | settings, capture_output=True, text=True, check=False, timeout=1800,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return False
    if "Ran " not in answer.stdout:
        sys.exit(f"forge ran no test:\n{answer.stdout}{answer.stderr}")
    return answer.returncode == 0


def _survives(copy: Path, mutant: Mutant) -> bool:
    narrow = NARROW.get(mutant.file)
    first = f"contracts/test/{narrow}.t.sol" if narrow else FIRST_TESTS
    return _passes(copy, first, mutant.number) and _passes(copy, ALL_TESTS, mutant.number)


def _told(mutant: Mutant) -> str:
    return f"{mutant.file}:{mutant.line} {mutant.function}: `{mutant.source}` -> `{mutant.text or 'nothing'}`"


def main() -> int:
    """Decide about the changes one by one; return 1 when fewer than 95 % were noticed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", default="", help="only changes whose description contains this")
    parser.add_argument("--minutes", type=float, default=600, help="stop after so long")
    parser.add_argument("--report", type=Path, help="write what came of each change, as JSON")
    parser.add_argument("--list", action="store_true", help="only say what would be changed")
    arguments = parser.parse_args()
    mutants = mutants_of()
    chosen = [mutant for mutant in mutants if arguments.only in _told(mutant)]
    if arguments.list:
        print("\n".join(_told(mutant) for mutant in chosen))
        return 0
    deadline = time.monotonic() + 60 * arguments.minutes
    outcomes: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        _write_copy(Path(folder), mutants)
        if not _passes(Path(folder), ALL_TESTS, 0):
            sys.exit("the tests fail as it is")
        for mutant in chosen:
            if time.monotonic() > deadline:
                break
            survived = _survives(Path(folder), mutant)
            outcomes.append(asdict(mutant) | {"survived": survived})
            if survived:
                print(f"SURVIVED {_told(mutant)}", flush=True)
            if arguments.report:
                arguments.report.write_text(json.dumps(outcomes, indent=1), "utf-8")
    killed = sum(not outcome["survived"] for outcome in outcomes)
    print(f"{killed} of {len(outcomes)} noticed, {len(chosen) - len(outcomes)} left undecided")
    return 0 if 20 * killed >= 19 * len(outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())
