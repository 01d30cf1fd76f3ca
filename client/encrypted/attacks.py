"""Ways to be paid for nothing where nobody can read the model: what a cheat says its rows do to it.

A cheat is as blind as an honest holder, so it can choose a linear map and nothing else. As in `client.training.attacks`
it works with a victim's rows and seed, as after a leak. How large an update will be depends on the model; what training
makes of a model of zeros, which is the map's offset, says about how large.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from client.encrypted.training import linear_map
from client.training.cheats import BLIND_ATTACKS, COPY_NOISE, FLIP_FACTOR
from marketplace.datasets import Rows
from marketplace.domain.errors import InvalidData

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.domain.terms_document import TermsDocument
    from marketplace.privacy.paillier.linear import LinearMap

__all__ = ["BLIND_ATTACKS", "cheating_map"]


def cheating_map(kind: str, victim: Rows, terms: TermsDocument, seed: int, rng: np.random.Generator) -> LinearMap:
    """Return what a cheat submits in the place of what its rows do to the model.

    Args:
        kind: one of `BLIND_ATTACKS`; each is explained where those of readable models are.
        victim: rows of the holder whose map is stolen, reversed or poisoned; seed: the one it trains with.
        rng: the cheat's own randomness.

    Raises:
        InvalidData: there is no such attack here, or rows that cannot be trained on.
    """
    honest = linear_map(victim, terms, seed)
    nothing = replace(honest, matrix=np.zeros_like(honest.matrix), offset=np.zeros_like(honest.offset))
    match kind:
        case "noise":
            return replace(nothing, offset=_noise_like(honest, 1.0, rng))
        case "sign-flip":
            return replace(honest, matrix=FLIP_FACTOR * honest.matrix, offset=FLIP_FACTOR * honest.offset)
        case "zero":
            return nothing
        case "copy":
            return replace(honest, offset=honest.offset + _noise_like(honest, COPY_NOISE, rng))
        case "label-flip":
            return linear_map(Rows(victim.features, (victim.labels + 1) % terms.scoring.shape.classes), terms, seed)
        case _:
            msg = f"{kind!r} needs a model it can read, and this one is encrypted: use {', '.join(BLIND_ATTACKS)}"
            raise InvalidData(msg)


def _noise_like(honest: LinearMap, factor: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return int64[parameters]: Gaussian, `factor` times the offset's root mean square."""
    size = factor * float(np.sqrt((honest.offset.astype(np.float64) ** 2).mean()))
    return np.rint(rng.normal(0.0, size, honest.offset.size)).astype(np.int64)
