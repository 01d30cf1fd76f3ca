"""How a holder is advised to train: published with the terms, not enforceable."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from marketplace.domain.terms_document import RecipeTerms

__all__ = ["Recipe"]

_MILLION: Final = 1_000_000
_MOST_EPOCHS: Final = 1_000
_MOST_RATE: Final = 10
_MOST_OFFSET: Final = 10


@dataclass(frozen=True)
class Recipe:
    """Stochastic gradient descent with an offset for the holder's own mix of classes.

    Args:
        epochs: passes over the rows.
        learning_rate: above 0, at most 10.
        batch_size: rows a step.
        momentum: from 0 to below 1.
        prior_offset: from 0 to 10; how much of log(local prior / public prior) is added to the logits while training,
            so that a holder that lacks a class is not taught that the class does not exist.
        root_epochs: passes of the owner over its root rows, for a root update.
    """

    epochs: int = 3
    learning_rate: float = 0.01
    batch_size: int = 32
    momentum: float = 0.9
    prior_offset: float = 0.6
    root_epochs: int = 4

    def __post_init__(self) -> None:
        """Refuse what cannot be trained with; terms come from strangers and could ask for a million epochs."""
        allowed = {
            "epochs": 1 <= self.epochs <= _MOST_EPOCHS,
            "learning_rate": 0 < self.learning_rate <= _MOST_RATE,
            "batch_size": 1 <= self.batch_size <= _MILLION,
            "momentum": 0 <= self.momentum < 1,
            "prior_offset": 0 <= self.prior_offset <= _MOST_OFFSET,
            "root_epochs": 1 <= self.root_epochs <= _MOST_EPOCHS,
        }
        wrong = [name for name, fits in allowed.items() if not fits]
        if wrong:
            msg = f"the recipe's {wrong[0]} is {getattr(self, wrong[0])}, out of range: train with a recipe of your own"
            raise InvalidInput(msg)

    @classmethod
    def from_terms(cls, terms: RecipeTerms) -> Recipe:
        """Return the recipe that the integers of a terms document describe."""
        return cls(
            epochs=terms.epochs,
            learning_rate=terms.learning_rate_ppm / _MILLION,
            batch_size=terms.batch_size,
            momentum=terms.momentum_percent / 100,
            prior_offset=terms.prior_offset_percent / 100,
            root_epochs=terms.root_epochs,
        )

    def for_root(self) -> Recipe:
        """Return what the owner trains its root update with: no offset, because its rows are the prior."""
        return replace(self, epochs=self.root_epochs, prior_offset=0.0)
