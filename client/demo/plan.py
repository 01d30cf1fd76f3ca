"""What a demonstration bounty looks like: the terms, the money, the people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from client.modes import ENCRYPTED, SHARED, is_unjudged
from client.training.cheats import ATTACK_NAMES, BLIND_ATTACKS
from marketplace.domain.bounds import EXACT_PLAYERS
from marketplace.domain.errors import InvalidInput
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.shared_documents import COMPONENTS
from marketplace.domain.terms import ChainTerms, Phases
from marketplace.domain.terms_document import PRIVACIES, RecipeTerms

if TYPE_CHECKING:
    from marketplace.datasets import Split

__all__ = ["CHAINS", "DEMO_DATA", "STORAGES", "TOKEN", "DemoOptions", "Preset", "chain_terms", "scoring_terms"]

TOKEN: Final = 10**18
"""Smallest units in a token."""

CHAINS: Final = ("embedded", "anvil", "ganache")
STORAGES: Final = ("embedded", "ipfs")
"""What a demonstration can be played on; everything but the embedded chain and storage are programs of their own."""

_ZERO_HASH: Final = bytes(32)
_MOST_HOLDERS: Final = 64
_SEATS: Final = (3, 5, 7, 15)


@dataclass(frozen=True)
class Preset:
    """What differs between data sets.

    Args:
        title: one line for people.
        recipe: how holders train.
        hidden: width of the network's hidden layer.
        rounds: how many the demonstration plays by default.
        warm_start: whether the owner trains the base on its root rows before posting (for many classes).
    """

    title: str
    recipe: RecipeTerms
    hidden: int
    rounds: int
    warm_start: bool = False


DEMO_DATA: Final = {
    "support2": Preset("Hospital mortality from eight clinics", RecipeTerms(learning_rate_ppm=5_000), 32, 5),
    "digits": Preset(
        "Handwritten digits from eight hands", RecipeTerms(learning_rate_ppm=70_000), 32, 5, warm_start=True
    ),
}


@dataclass(frozen=True)
class DemoOptions:
    """What a person asks for on the command line; wrong values are refused here, before anything starts."""

    data: str = "support2"
    holders: int | None = None
    attackers: tuple[str, ...] = ("noise", "copy", "zero")
    rounds: int | None = None
    seed: int = 0
    chain: str = "embedded"
    storage: str = "embedded"
    seats: int = 3
    privacy: str = "sealed"

    def __post_init__(self) -> None:
        """Refuse what cannot be played."""
        if self.data not in DEMO_DATA:
            msg = f"there is no demonstration data called {self.data!r}: use {' or '.join(DEMO_DATA)}"
            raise InvalidInput(msg)
        unknown = [a for a in self.attackers if a not in ATTACK_NAMES]
        if unknown:
            msg = f"there is no attack called {unknown[0]!r}: use {', '.join(ATTACK_NAMES)}"
            raise InvalidInput(msg)
        if self.privacy not in PRIVACIES:
            msg = f"there is no mode called {self.privacy!r}: use {' or '.join(PRIVACIES)}"
            raise InvalidInput(msg)
        self._check_people()
        if not 1 <= self.play_rounds <= 12:  # noqa: PLR2004 - each needs validation rows of its own
            msg = f"{self.rounds} rounds cannot be played: choose 1 to 12"
            raise InvalidInput(msg)
        if self.chain not in CHAINS:
            msg = f"there is no chain called {self.chain!r} for a demonstration: use {', '.join(CHAINS)}"
            raise InvalidInput(msg)
        if self.storage not in STORAGES:
            msg = f"there is no storage called {self.storage!r} for a demonstration: use {' or '.join(STORAGES)}"
            raise InvalidInput(msg)
        if self.seed < 0:
            msg = f"the seed is {self.seed}: choose 0 or more"
            raise InvalidInput(msg)

    def _check_people(self) -> None:
        if self.privacy == ENCRYPTED and not set(self.attackers) <= set(BLIND_ATTACKS):
            msg = f"stale needs a model it can read, and this one is encrypted: use {', '.join(BLIND_ATTACKS)}"
            raise InvalidInput(msg)
        most = (EXACT_PLAYERS if self.privacy == SHARED else _MOST_HOLDERS) - len(self.attackers)
        if not 3 <= self.honest <= most:  # noqa: PLR2004 - fewest that hide each other
            msg = f"{self.honest} holders beside {len(self.attackers)} cheats cannot be played: choose 3 to {most}"
            raise InvalidInput(msg)
        if self.seats not in _SEATS or (is_unjudged(self.privacy) and self.seats != COMPONENTS):
            msg = f"{self.seats} seats cannot be played: choose {', '.join(map(str, _SEATS))}"
            raise InvalidInput(msg)

    @property
    def preset(self) -> Preset:
        """What belongs to the chosen data."""
        return DEMO_DATA[self.data]

    @property
    def play_rounds(self) -> int:
        """How many rounds will be played."""
        return self.preset.rounds if self.rounds is None else self.rounds

    @property
    def honest(self) -> int:
        """How many honest holders there are: eight, or as many as leave eight updates where no more can be scored."""
        if self.holders is not None:
            return self.holders
        return EXACT_PLAYERS - (len(self.attackers) if self.privacy == SHARED else 0)

    @property
    def submitters(self) -> int:
        """Honest holders and cheats together."""
        return self.honest + len(self.attackers)


def scoring_terms(options: DemoOptions, split: Split) -> ScoringTerms:
    """Return the scoring rule: the defaults, for this network and this many submissions."""
    hidden = 0 if options.privacy == ENCRYPTED else options.preset.hidden
    shape = Shape(len(split.feature_names), hidden, len(split.class_names))
    return ScoringTerms(shape, max_submissions=max(16, options.submitters))


def chain_terms(options: DemoOptions, token: str, now: int) -> ChainTerms:
    """Return the money and the phases; owner, roots and document are filled in when the bounty is posted."""
    return ChainTerms(
        owner="0x" + "00" * 20,
        token=token,
        round_budget=1000 * TOKEN,
        # At least four times what else would do, where nobody can prove a majority wrong.
        ticket_stake=(4000 if is_unjudged(options.privacy) else 1200) * TOKEN,
        fee=5 * TOKEN,
        holder_stake=50 * TOKEN,
        seat_pay=5 * TOKEN,
        bond=12 * options.submitters * TOKEN,
        compensation=5 * TOKEN,
        rounds=options.play_rounds,
        seats=options.seats,
        min_holders=3,
        max_holders=options.submitters,
        post_before=now + 3600,
        base_root=_ZERO_HASH,
        shards_root=_ZERO_HASH,
        allowlist_root=_ZERO_HASH,
        document=_ZERO_HASH,
        phases=Phases(600, 600, 600, 1800, 600, 600, 600, 900, 600, 1800, 600),
    )
