"""What a module offers is what it says it offers."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.architecture.repository import modules, text

MODULES = modules()


def _public_definitions(tree: ast.Module) -> set[str]:
    """Name the functions and classes that others may use."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    definitions = (node for node in tree.body if isinstance(node, kinds) and not _is_command(node))
    return {node.name for node in definitions if not node.name.startswith("_")}


def _is_command(node: ast.AST) -> bool:
    """Tell a subcommand of the command line: `@app.command()` hands it over, nobody else calls it."""
    calls = (decorator.func for decorator in getattr(node, "decorator_list", []) if isinstance(decorator, ast.Call))
    return any(isinstance(call, ast.Attribute) and "command" == call.attr for call in calls)


def _order(name: str) -> tuple[bool, bool, str]:
    """Sort as ruff does."""
    return not name.isupper(), not name[0].isupper(), name


@pytest.mark.parametrize("name", MODULES)
def test_exports_are_sorted_and_complete(name: str) -> None:
    """`__all__` is sorted (constants, classes, functions), each name in it exists, and nothing public is missing."""
    module = importlib.import_module(name)
    exported = getattr(module, "__all__", [])
    defined = _public_definitions(ast.parse(text(MODULES[name])))
    assert sorted(set(exported), key=_order) == list(exported)
    assert [] == [entry for entry in exported if not hasattr(module, entry)]
    assert set() == defined - set(exported)
