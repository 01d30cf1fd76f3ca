"""What a module offers is what it says it offers."""

from __future__ import annotations

import ast
import importlib

import pytest

from tests.architecture.repository import modules, text

MODULES = modules()


def _public_definitions(tree: ast.Module) -> set[str]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return {node.name for node in tree.body if isinstance(node, kinds) and not node.name.startswith("_")}


@pytest.mark.parametrize("name", MODULES)
def test_exports_are_sorted_and_complete(name: str) -> None:
    """`__all__` is sorted, every name in it exists, and every public function and class of the module is in it."""
    exported = getattr(importlib.import_module(name), "__all__", None)
    defined = _public_definitions(ast.parse(text(MODULES[name])))
    if exported is None:
        assert set() == defined, f"{name} defines public names and has no __all__"
        return
    module = importlib.import_module(name)
    assert sorted(exported) == list(exported)
    assert len(set(exported)) == len(exported)
    assert [] == [entry for entry in exported if not hasattr(module, entry)]
    assert set() == defined - set(exported)
