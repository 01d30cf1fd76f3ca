"""Six ways to be paid for nothing, for demonstrations and tests: each imitates something people do.

Every attack is a small function from what a cheat knows in a round to an update within the bounds; `ATTACKS` has them
by name. `Attacker` is a cheat over several rounds. In a real bounty nobody sees another's update before submissions
close; attacks that need one (copy, stale) are played by training on the victim's rows with the victim's seed, as after
a leak.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from client.training.cheats import COPY_NOISE, FLIP_FACTOR
from client.training.local import train
from client.training.quantise import to_update
from client.training.recipe import Recipe
from client.training.source import RowSource
from marketplace.datasets.columns import Floats
from marketplace.domain.errors import InvalidInput
from marketplace.domain.network import Network, Shape
from marketplace.domain.update import Bounds, Update

__all__ = ["ATTACKS", "Attack", "Attacker", "Knowledge"]


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What a cheat knows in one round.

    Args:
        shape: of the network.
        bounds: of the terms; every attack keeps them, or it would be rejected unscored.
        honest: returns the update the victim submits in this round.
        flipped: returns the update that training on the victim's rows with wrong labels gives.
        last: the victim's update of the round before; None in the first.
        rng: the cheat's own randomness.
    """

    shape: Shape
    bounds: Bounds
    honest: Callable[[], Update]
    flipped: Callable[[], Update]
    last: Update | None
    rng: np.random.Generator


Attack = Callable[[Knowledge], Update]


def _noise(known: Knowledge) -> Update:
    """Imitates somebody without data: random weights of an honest update's size, no biases."""
    return to_update(_noise_like(known.honest(), 1.0, known.rng), known.shape, known.bounds)


def _sign_flip(known: Knowledge) -> Update:
    """Imitates a saboteur: the honest update doubled and reversed, to undo what others improve."""
    return to_update(FLIP_FACTOR * known.honest().flat(), known.shape, known.bounds)


def _zero(known: Knowledge) -> Update:
    """Imitates a free rider: submits that nothing should change."""
    return Update.zero(known.shape)


def _copy(known: Knowledge) -> Update:
    """Imitates a plagiarist: another holder's update, disguised by a tenth of its size in noise."""
    stolen = known.honest()
    disguised = stolen.flat() + _noise_like(stolen, COPY_NOISE, known.rng)
    return to_update(disguised, known.shape, known.bounds)


def _stale(known: Knowledge) -> Update:
    """Imitates somebody who does not train: another holder's update of the last round, nothing in the first."""
    return Update.zero(known.shape) if known.last is None else known.last


def _label_flip(known: Knowledge) -> Update:
    """Imitates a poisoner: honest training on rows whose every label was moved on by one class."""
    return known.flipped()


ATTACKS: Final[Mapping[str, Attack]] = MappingProxyType(
    {
        "noise": _noise,
        "sign-flip": _sign_flip,
        "zero": _zero,
        "copy": _copy,
        "stale": _stale,
        "label-flip": _label_flip,
    }
)
"""Every attack by the name the command line uses."""


class Attacker:
    """A cheat with one way of cheating and one victim, for the rounds of a bounty."""

    def __init__(  # noqa: PLR0913 - as `train`
        self,
        kind: str,
        victim: RowSource,
        recipe: Recipe,
        *,
        public_prior: Sequence[int],
        bounds: Bounds,
        seed: int,
    ) -> None:
        """Choose the attack `kind`; raises InvalidInput if there is none of that name.

        Args:
            victim: rows of the holder whose update is stolen, reversed or poisoned.
            seed: of the cheat's own randomness.
        """
        if kind not in ATTACKS:
            msg = f"there is no attack called {kind}: use {', '.join(ATTACKS)}"
            raise InvalidInput(msg)
        self.kind = kind
        self._victim = victim
        self._recipe = recipe
        self._prior = tuple(public_prior)
        self._bounds = bounds
        self._seed = seed
        self._last: Update | None = None

    def update(self, base: Network, *, seed: int) -> Update:
        """Return this round's update; `seed` is the one the victim trains with."""
        shape = base.shape
        wrong = RowSource(self._victim.features, (self._victim.labels + 1) % shape.classes)
        stolen: list[Update] = []

        def trained(source: RowSource) -> Update:
            return train(base, source, self._recipe, seed=seed, public_prior=self._prior, bounds=self._bounds)

        def honest() -> Update:
            if not stolen:
                stolen.append(trained(self._victim))
            return stolen[0]

        rng = np.random.default_rng([self._seed, seed])
        known = Knowledge(shape, self._bounds, honest, lambda: trained(wrong), self._last, rng)
        out = ATTACKS[self.kind](known)
        if self.kind == "stale":
            self._last = honest()
        return out


def _noise_like(update: Update, factor: float, rng: np.random.Generator) -> Floats:
    """Return float64[parameters]: Gaussian, per layer `factor` times the weights' root mean square, zero at biases."""
    parts = []
    for layer in update.layers:
        size = factor * float(np.sqrt((layer.weight.astype(np.float64) ** 2).mean()))
        parts += [rng.normal(0.0, size, layer.weight.size), np.zeros(layer.bias.size)]
    return np.concatenate(parts)
