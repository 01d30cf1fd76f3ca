"""What each party holds of an update, in each mode: the doors of the laboratory.

A view turns a round into vectors that an attack takes for the victim's update. Where a party holds nothing but random
numbers, these very numbers are attacked: that they say nothing is measured, not assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.update import Update, apply
from marketplace.privacy.sharing.shares import join, signed, split
from marketplace.sealing.envelope import seal_bytes
from marketplace.storage.tensors import dump_update

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from client.leakage.crowd import Crowd
    from client.leakage.world import World
    from marketplace.datasets.columns import Floats

__all__ = ["VIEWS", "Vectors", "View", "estimate"]

_KEY_BYTES: Final = 32
_WORD: Final = 8

Vectors = tuple["Floats", ...]


@dataclass(frozen=True)
class View:
    """What can be held of an update.

    Attributes:
        says: what it is.
        sealed, shared: who holds it in each mode.
        vectors: float64[parameters] each, in weight-scale units, in place of the update; randomness comes from the
            generator, so that a report can be made again.
        crowds: with how many holders a round is played.
        silent: whether it has to say nothing about the rows.
        wordless: whether it holds figures only, and nothing that could be taken for an update.
        figured: whether rows are judged by the figures too: who has only vectors that follow from them leaves none out.
        echo: what steps in the base, float64[n, parameters] of norm 1, make of what is held; themselves if it is None.
    """

    name: str
    says: str
    sealed: str
    shared: str
    vectors: Callable[[Crowd, np.random.Generator], Vectors]
    crowds: tuple[int, ...] = (3,)
    silent: bool = False
    wordless: bool = False
    figured: bool = False
    echo: Callable[[World, Floats], Floats] | None = None


def estimate(known: Sequence[Floats], dots: Sequence[float]) -> Floats:
    """Return the vector of the span of `known` that has these dot products with them: the victim's update, projected.

    Nothing else that is linear can be said of an update from dot products.

    Args:
        known: float64[parameters] each; dots: one for each.
    """
    matrix = np.stack(known)
    found: Floats = matrix.T @ (np.linalg.pinv(matrix @ matrix.T) @ np.asarray(dots, np.float64))
    return found


def _ciphertext(crowd: Crowd, rng: np.random.Generator) -> Vectors:
    """The sealed file, read as integers, at the norm that the sheet publishes."""
    plain = dump_update(crowd.updates[0], rng.bytes(_KEY_BYTES))
    sealed = seal_bytes(plain, rng.bytes(_KEY_BYTES), b"leakage")
    words = np.frombuffer(sealed[-_WORD * crowd.world.scoring.shape.parameters :], np.dtype("<i8"))
    return (_at_norm(words.astype(np.float64), crowd.norm),)


def _figures(_crowd: Crowd, _rng: np.random.Generator) -> Vectors:
    """No vector: whoever knows a norm knows no direction. Who is a member is asked of the figures themselves."""
    return ()


def _shares(crowd: Crowd, rng: np.random.Generator) -> Vectors:
    """Two of three components, and their sum, each at the norm that the sheet publishes."""
    first, second, _ = split(crowd.updates[0].flat(), rng.bytes)
    held = (first, second, first + second)
    return tuple(_at_norm(signed(words).astype(np.float64), crowd.norm) for words in held)


def _projection(crowd: Crowd, _rng: np.random.Generator) -> Vectors:
    """What the root update alone says of the victim's update, by the public dot product of the two."""
    return (estimate((crowd.world.root.flat().astype(np.float64),), (crowd.dots.root[0],)),)


def _roots(crowd: Crowd, _rng: np.random.Generator) -> Vectors:
    """By how much the next root update is less: about the aggregate, as the root rows feel it."""
    return (crowd.world.root.flat() - crowd.next_root,)


def _felt(world: World, steps: Floats) -> Floats:
    """What the second root update is less by, where the first round makes such a step, as long as the root update.

    The attacker is granted the root rows, and the order in which they are trained on.
    """
    size, still = float(np.linalg.norm(world.root.flat())), world.root_of(world.base, 1).flat()
    moved = [Update.from_flat(np.rint(size * step).astype(np.int64), world.scoring.shape) for step in steps]
    bases = [apply(world.base, step, world.scoring.bounds) for step in moved]
    return np.array([still - world.root_of(base, 1).flat() for base in bases], np.float64)


def _all_shares(crowd: Crowd, rng: np.random.Generator) -> Vectors:
    """Three components, which two seats have together."""
    return (join(split(crowd.updates[0].flat(), rng.bytes)).astype(np.float64),)


def _aggregate(crowd: Crowd, _rng: np.random.Generator) -> Vectors:
    """The aggregate, and what it and the root update say of the victim's update by public dot products."""
    values, k, row = crowd.weights.values, crowd.weights.k, crowd.dots.gram[0]
    with_aggregate = sum(c * dot for c, dot in zip(values, row, strict=True)) / k if crowd.hides else 0.0
    root = crowd.world.root.flat().astype(np.float64)
    return crowd.aggregate, estimate((crowd.aggregate, root), (with_aggregate, crowd.dots.root[0]))


def _remainder(crowd: Crowd, _rng: np.random.Generator) -> Vectors:
    """The aggregate less a holder's own part: what the others did; and what it says of the victim's update."""
    values, k, row = crowd.weights.values, crowd.weights.k, crowd.dots.gram[0]
    own = crowd.updates[1].flat().astype(np.float64)
    if not crowd.hides:
        return crowd.aggregate, estimate((own,), (row[1],))
    rest = crowd.aggregate - values[1] / k * own
    with_rest = sum(c * dot for i, (c, dot) in enumerate(zip(values, row, strict=True)) if i != 1) / k
    return rest, estimate((rest, own), (with_rest, row[1]))


def _at_norm(vector: Floats, norm: float) -> Floats:
    return vector * (norm / (float(np.linalg.norm(vector)) or 1.0))


VIEWS: Final = {
    view.name: view
    for view in (
        View("ciphertext", "the sealed file", "everybody", "everybody", _ciphertext, silent=True),
        View(
            "figures",
            "norm, dot products, trust, contribution, gain",
            "everybody",
            "everybody",
            _figures,
            crowds=(3, 8),
            silent=True,
            wordless=True,
            figured=True,
        ),
        View("shares", "two of three components", "nobody", "one compute seat", _shares, silent=True),
        View(
            "projection",
            "what the root update says of the update by their dot product, and all figures",
            "owner, seats",
            "owner",
            _projection,
            crowds=(3, 8),
            figured=True,
        ),
        View(
            "roots",
            "by how much the next root update is less than this one",
            "owner, seats",
            "owner",
            _roots,
            crowds=(3, 8),
            echo=_felt,
        ),
        View(
            "aggregate",
            "the aggregate and the root update, with public dot products",
            "owner, seats; joined holders without the root update",
            "owner; joined holders without the root update",
            _aggregate,
            crowds=(3, 8),
        ),
        View(
            "remainder",
            "the aggregate less the attacker's own part",
            "each holder that takes part",
            "each holder that takes part",
            _remainder,
            crowds=(3, 8),
        ),
        View("update", "the update", "every seat, after submitting is over", "two compute seats together", _all_shares),
    )
}
