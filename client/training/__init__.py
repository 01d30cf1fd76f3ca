"""Local training: PyTorch on the holder's own machine, integers out.

Importing this package loads no torch: names are fetched from their modules when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, Final

from client.training.recipe import Recipe

if TYPE_CHECKING:
    from client.training.attacks import ATTACKS, Attacker
    from client.training.convert import from_torch, to_torch
    from client.training.local import root_update, train
    from client.training.metrics import Metrics, evaluate
    from client.training.source import RowSource, rows_of
    from client.training.start import starting_network, warm_start

__all__ = [
    "ATTACKS",
    "Attacker",
    "Metrics",
    "Recipe",
    "RowSource",
    "evaluate",
    "from_torch",
    "root_update",
    "rows_of",
    "starting_network",
    "to_torch",
    "train",
    "warm_start",
]

_HOME: Final = {
    "ATTACKS": "attacks",
    "Attacker": "attacks",
    "Metrics": "metrics",
    "RowSource": "source",
    "evaluate": "metrics",
    "from_torch": "convert",
    "root_update": "local",
    "rows_of": "source",
    "starting_network": "start",
    "to_torch": "convert",
    "train": "local",
    "warm_start": "start",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import the module that defines `name` (PEP 562)."""
    if name not in _HOME:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
