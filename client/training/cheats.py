"""The attacks by name, and how large they are, for whoever need not load what trains: see `client.training.attacks`."""

from __future__ import annotations

from typing import Final

__all__ = ["ATTACK_NAMES", "BLIND_ATTACKS", "COPY_NOISE", "FLIP_FACTOR"]

ATTACK_NAMES: Final = ("noise", "sign-flip", "zero", "copy", "stale", "label-flip")

BLIND_ATTACKS: Final = tuple(name for name in ATTACK_NAMES if name != "stale")
"""Those that need no model they can read: `stale` is no map of this round's model."""

COPY_NOISE: Final = 0.1
"""Of a copied update's size, as its disguise."""

FLIP_FACTOR: Final = -2
"""Times an honest update, it undoes what others improve."""
