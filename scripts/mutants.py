"""Small changes of Solidity sources, found in the compiler's syntax trees, and texts that hold many of them at once."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from setup_solc import ROOT, ensure_solc
from variants import CONTRACTS, asks

__all__ = ["Mutant", "mutants", "rendered"]

_Node: TypeAlias = dict[str, Any]
_Kind: TypeAlias = Literal["expression", "statement", "yul expression", "yul statement", "assembly"]

_SWAPS = {
    "<": ("<=", ">="), "<=": ("<", ">"), ">": (">=", "<="), ">=": (">", "<"), "==": ("!=",), "!=": ("==",),
    "+": ("-",), "-": ("+",), "*": ("/",), "/": ("*",), "%": ("*",), "&": ("|",), "|": ("&",), "^": ("&",),
    "<<": (">>",), ">>": ("<<",), "&&": ("||",), "||": ("&&",),
}  # fmt: skip
_ASSIGNMENTS = {"+=": "-=", "-=": "+=", "|=": "&=", "&=": "|=", "*=": "+=", "/=": "*=", ">>=": "<<=", "<<=": ">>="}
_YUL = {
    "add": "sub", "sub": "add", "mul": "add", "div": "mul", "mod": "div", "and": "or", "or": "and", "xor": "and",
    "shl": "shr", "shr": "shl", "lt": "gt", "gt": "lt", "eq": "lt",
}  # fmt: skip
_STEPS = {"++": "--", "--": "++"}
_NUMBERS = ("uint", "int_const", "int")
_WORDS = re.compile(r"(?<=[a-z])(?=[A-Z])")
_LEAVES = {"ElementaryTypeName", "UserDefinedTypeName", "ModifierInvocation", "VariableDeclaration"}


@dataclass(frozen=True, kw_only=True)
class Mutant:
    """One change: where bytes `start` to `end` of a file were, `text` stands; a statement's may be nothing."""

    number: int
    file: str
    line: int
    function: str
    kind: _Kind
    start: int
    end: int
    source: str
    text: str
    assembly: tuple[int, int]  # the block that a change of kind "yul ..." is in

    def __str__(self) -> str:
        """Say where and what."""
        return f"{self.number} {self.file}:{self.line} {self.function}: `{self.source}` -> `{self.text or 'nothing'}`"


def mutants(files: Iterable[str]) -> list[Mutant]:
    """Return all changes of these files, numbered from 1 and the same on every machine."""
    trees = _trees(list(files))
    constants = {number for tree in trees.values() for number in _constants(tree)}
    found: list[Mutant] = []
    for file in files:
        source = (ROOT / CONTRACTS / file).read_bytes()
        for function in _functions(trees[f"{CONTRACTS}/{file}"]):
            finder = _Finder(source, constants)
            finder.visit(function["body"])
            found += [
                Mutant(
                    number=len(found) + at,
                    file=file,
                    line=source[:start].count(b"\n") + 1,
                    function=function["name"] or "constructor",
                    kind=kind,
                    start=start,
                    end=end,
                    source=" ".join(source[start:end].decode().split()),
                    text=text,
                    assembly=assembly,
                )
                for at, (kind, start, end, text, assembly) in enumerate(finder.found, start=1)
            ]
    return found


def rendered(source: bytes, chosen: list[Mutant]) -> str:
    """Return a file's text in which each of the chosen changes is asked for."""
    blocks = [
        Mutant(
            number=0, file="", line=0, function="", kind="assembly", start=start, end=end, source="", text="",
            assembly=(start, end),
        )
        for start, end in sorted({mutant.assembly for mutant in chosen if mutant.kind.startswith("yul")})
    ]  # fmt: skip
    return _rendered(source, [*chosen, *blocks], 0, len(source))


def _rendered(source: bytes, chosen: list[Mutant], start: int, end: int) -> str:
    text, at = "", start
    inside = sorted((m for m in chosen if start <= m.start and m.end <= end), key=lambda m: (m.start, -m.end))
    while inside:
        first = inside[0]
        here = [m for m in inside if (m.start, m.end) == (first.start, first.end)]
        within = [m for m in inside if m.end <= first.end and m not in here]
        text += source[at : first.start].decode()
        text += _asking(here, _rendered(source, within, first.start, first.end))
        at = first.end
        inside = [m for m in inside if m.start >= at]
    return text + source[at:end].decode()


def _asking(here: list[Mutant], old: str) -> str:
    """Return `old` with the changes of this very place, which take it apart from the outside in."""
    for mutant in here:
        learnt = f"variant_{mutant.assembly[0]}"
        if mutant.kind == "statement":
            old = f"{{ if ({asks(mutant.number)}) {{ {mutant.text} }} else {{ {old} }} }}"
        elif mutant.kind == "expression":
            old = f"({asks(mutant.number)} ? ({mutant.text}) : ({old}))"
        elif mutant.kind == "assembly":
            old = f"uint256 {learnt} = Variants.chosen(); {old}"
        elif mutant.kind == "yul statement":
            old = f"if iszero(eq({learnt}, {mutant.number})) {{ {old} }}"
        else:
            asked = f"eq({learnt}, {mutant.number})"
            old = f"or(mul({asked}, {mutant.text}), mul(iszero({asked}), {old}))"
    return old


def _trees(files: list[str]) -> dict[str, _Node]:
    """Return the syntax trees of these files and of all that they import."""
    question = {
        "language": "Solidity",
        "sources": {f"{CONTRACTS}/{file}": {"urls": [str(ROOT / CONTRACTS / file)]} for file in files},
        "settings": {
            "remappings": ["@openzeppelin/=node_modules/@openzeppelin/"],
            "outputSelection": {"*": {"": ["ast"]}},
        },
    }
    command = [str(ensure_solc()), "--standard-json", "--base-path", str(ROOT), "--allow-paths", str(ROOT)]
    answer = subprocess.run(command, input=json.dumps(question), capture_output=True, text=True, check=True, cwd=ROOT)
    told = json.loads(answer.stdout)
    wrong = [error["formattedMessage"] for error in told.get("errors", ()) if error["severity"] == "error"]
    if wrong:
        sys.exit("\n".join(wrong))
    return {name: entry["ast"] for name, entry in told["sources"].items()}


def _span(node: _Node) -> tuple[int, int]:
    start, length, _ = (int(part) for part in node["src"].split(":"))
    return start, start + length


def _children(node: _Node) -> Iterator[_Node]:
    for value in node.values():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict) and "nodeType" in item:
                yield item


def _type(node: _Node) -> str:
    return str(node.get("typeDescriptions", {}).get("typeString", ""))


def _is_value(node: _Node) -> bool:
    return _type(node).startswith((*_NUMBERS, "bool", "bytes32", "address", "enum"))


def _constants(tree: _Node) -> Iterator[int]:
    """Yield the ids of the numbers that a file names."""
    if tree["nodeType"] == "VariableDeclaration" and tree.get("constant") and _type(tree).startswith(_NUMBERS):
        yield tree["id"]
    for child in _children(tree):
        yield from _constants(child)


def _functions(tree: _Node) -> Iterator[_Node]:
    for contract in tree["nodes"]:
        for part in contract.get("nodes", ()):
            if part["nodeType"] in {"FunctionDefinition", "ModifierDefinition"} and part.get("body"):
                yield part


class _Finder:
    """Collects the changes of one function: a method for each kind of node, by the compiler's name for it."""

    def __init__(self, source: bytes, constants: set[int]) -> None:
        self.found: list[tuple[_Kind, int, int, str, tuple[int, int]]] = []
        self._assembly = (0, 0)
        self._source = source
        self._constants = constants

    def visit(self, node: _Node) -> None:
        """Walk what is run, not what is declared."""
        kind: str = node["nodeType"]
        if kind in _LEAVES:
            return
        handle = getattr(self, "on_" + _WORDS.sub("_", kind).lower(), None)
        if handle is not None:
            handle(node)
        for child in _children(node):
            # What a `for` does after each turn is a statement without a semicolon.
            self.visit(child["expression"] if kind == "ForStatement" and child is node.get("loopExpression") else child)

    def _text(self, node: _Node) -> str:
        start, end = _span(node)
        return self._source[start:end].decode()

    def _add(self, kind: _Kind, node: _Node, *texts: str) -> None:
        start, end = _span(node)
        end += kind == "statement"  # the semicolon is not part of the node
        old = self._source[start:end].decode()
        self.found += [(kind, start, end, text, self._assembly) for text in texts if text != old]

    def on_binary_operation(self, node: _Node) -> None:
        """Another operator; one more than a number at the side."""
        left, right = node["leftExpression"], node["rightExpression"]
        first, last, sign = self._text(left), self._text(right), node["operator"]
        if not _is_value(node):
            return
        self._add("expression", node, *(f"({first}) {swap} ({last})" for swap in _SWAPS.get(sign, ())))
        for side, other, text in ((left, right, f"{{}} {sign} ({last})"), (right, left, f"({first}) {sign} {{}}")):
            if side["nodeType"] == "Literal" and side["kind"] == "number" and _type(other).startswith(_NUMBERS):
                self._add("expression", node, text.format(f"({self._text(side)} + 1)"))

    def on_unary_operation(self, node: _Node) -> None:
        """The opposite."""
        text = self._text(node["subExpression"])
        if node["operator"] in {"!", "~"}:
            self._add("expression", node, text)
        elif node["operator"] in _STEPS:
            swap = _STEPS[node["operator"]]
            self._add("expression", node, f"{swap}{text}" if node["prefix"] else f"{text}{swap}")

    def on_conditional(self, node: _Node) -> None:
        """One of the two whatever holds."""
        if _is_value(node):
            self._add("expression", node, self._text(node["trueExpression"]), self._text(node["falseExpression"]))

    def on_if_statement(self, node: _Node) -> None:
        """A check that is not made; a branch that is always taken, or never."""
        self._add("expression", node["condition"], "false")
        if node["trueBody"]["nodeType"] != "RevertStatement":
            self._add("expression", node["condition"], "true")

    def on_identifier(self, node: _Node) -> None:
        """One more than a constant."""
        if node.get("referencedDeclaration") in self._constants:
            self._add("expression", node, f"{self._text(node)} + 1")

    on_member_access = on_identifier

    def on_literal(self, node: _Node) -> None:
        """The other truth."""
        if node["kind"] == "bool":
            self._add("expression", node, "false" if node["value"] == "true" else "true")

    def on_variable_declaration_statement(self, node: _Node) -> None:
        """Begin with one more."""
        first = node.get("initialValue")
        declared = node["declarations"][0]
        if (
            first
            and declared
            and _type(declared).startswith("uint")
            and first["nodeType"] == "Literal"
            and first["kind"] == "number"
        ):
            self._add("expression", first, f"{self._text(first)} + 1")

    def on_return(self, node: _Node) -> None:
        """Return nothing."""
        value = node.get("expression")
        if not value or value["nodeType"] in {"Literal", "TupleExpression"}:
            return
        if _type(value) == "bool":
            self._add("expression", value, "true", "false")
        elif re.fullmatch(r"u?int\d+|bytes32|address", _type(value)):
            self._add("expression", value, f"{_type(value)}(0)")

    def on_emit_statement(self, node: _Node) -> None:
        """Say nothing."""
        self._add("statement", node, "")

    def on_expression_statement(self, node: _Node) -> None:
        """Leave it out; move a sum the other way."""
        what = node["expression"]
        if what["nodeType"] == "Assignment":
            target = what["leftHandSide"]
            if "storage pointer" in _type(target) or "calldata" in _type(target):
                return  # it would point nowhere
            if what["operator"] in _ASSIGNMENTS:
                swap = _ASSIGNMENTS[what["operator"]]
                self._add("statement", node, f"{self._text(target)} {swap} {self._text(what['rightHandSide'])};")
        self._add("statement", node, "")

    def on_inline_assembly(self, node: _Node) -> None:
        """Remember where it is."""
        self._assembly = _span(node)

    def on_yul_function_call(self, node: _Node) -> None:
        """Another operation."""
        name: str = node["functionName"]["name"]
        rest = self._text(node)[len(name) :]
        if name in _YUL:
            self._add("yul expression", node, _YUL[name] + rest)
        elif name == "iszero":
            self._add("yul expression", node, self._text(node["arguments"][0]))

    def on_yul_expression_statement(self, node: _Node) -> None:
        """Leave it out."""
        self._add("yul statement", node, "")
