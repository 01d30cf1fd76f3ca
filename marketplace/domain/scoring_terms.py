"""The part of a bounty's terms that decides what updates are worth."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final, Self

from marketplace.domain.bounds import Bounds, check_bounds
from marketplace.domain.errors import InvalidTerms
from marketplace.domain.fields import Fields
from marketplace.domain.network import Scales, Shape
from marketplace.domain.packing import pack

__all__ = ["MAX_HOLDERS", "MAX_PARAMETERS", "PPM", "SCORING_WORDS", "ScoringTerms"]

PPM: Final = 1_000_000
MAX_HOLDERS: Final = 128
MAX_PARAMETERS: Final = 1 << 22
"""So that terms from a stranger never make anybody allocate more than a few tens of megabytes a model."""

_MAX_BUDGET: Final = 1 << 96

SCORING_WORDS: Final = (
    (("inputs", 16), ("hidden", 16), ("classes", 16), ("input_scale", 32), ("weight_scale", 32)),
    (("entry", 48), ("norm", 48), ("weight", 48), ("row_norm", 48), ("bias", 48)),
    (
        ("clip_logits", 16),
        ("coefficient_max", 16),
        ("step_quarters", 8),
        ("copy_ppm", 32),
        ("z_squared_percent", 16),
        ("target_gain_ppm", 32),
        ("max_submissions", 8),
        ("permutations", 16),
        ("max_rows", 32),
    ),
)
"""Fields of each word of `ScoringTerms.words`, from the lowest bit up, each with its bits; the Solidity twin is
`contracts/referee/Frames.sol`."""

_LIMITS: Final = {
    "clip_logits": (1, 1 << 10),
    "coefficient_max": (1, 1 << 10),
    "step_quarters": (3, 64),
    "copy_ppm": (1, PPM),
    "z_squared_percent": (0, 10_000),
    "target_gain_ppm": (0, PPM),
    "max_submissions": (2, MAX_HOLDERS),
    "permutations": (1, 1 << 10),
    "max_rows": (1, 1 << 20),
}


@dataclass(frozen=True)
class ScoringTerms:
    """How a round is scored; integers only, so that every machine reads them the same.

    Args:
        shape: of the model.
        scales: fixed-point scales of inputs and weights.
        bounds: what bases and updates may hold.
        clip_logits: margins beyond this many logits count no further.
        coefficient_max: largest coefficient an update can get in the aggregate.
        step_quarters: quarters of a mean that a round's step is (5: one and a quarter times the mean update).
        copy_ppm: cosine, in millionths, above which an update is a copy.
        z_squared_percent: hundredths of z squared; a contribution is paid at its sum less z standard errors.
        target_gain_ppm: gain a row, in millionths of the clip, from which on a round pays its whole budget.
        max_submissions: most submissions a round scores.
        permutations: pairs of permutations drawn when there are too many submissions for all coalitions.
        max_rows: most rows of a shard.
    """

    shape: Shape
    scales: Scales = field(default_factory=Scales)
    bounds: Bounds = field(default_factory=Bounds)
    clip_logits: int = 2
    coefficient_max: int = 15
    step_quarters: int = 5
    copy_ppm: int = 970_000
    z_squared_percent: int = 269
    target_gain_ppm: int = 20_000
    max_submissions: int = 16
    permutations: int = 16
    max_rows: int = 1024

    def __post_init__(self) -> None:
        """Refuse figures outside their range."""
        for name, (low, high) in _LIMITS.items():
            value = getattr(self, name)
            if type(value) is not int or not low <= value <= high:
                msg = f"the term {name} is {value!r}: choose an integer from {low} to {high}"
                raise InvalidTerms(msg)
        if self.shape.parameters > MAX_PARAMETERS:
            msg = f"a model of {self.shape.parameters} parameters is too large: use at most {MAX_PARAMETERS}"
            raise InvalidTerms(msg)

    def check(self, round_budget: int | None = None) -> None:
        """Raise InvalidTerms if scoring under these terms could overflow, or the budget cannot be paid."""
        if round_budget is not None and not 0 < round_budget <= _MAX_BUDGET:
            msg = f"a round's budget of {round_budget} cannot be paid: choose 1 to 2^96 of the token's smallest unit"
            raise InvalidTerms(msg)
        check_bounds(
            self.shape,
            self.scales,
            self.bounds,
            self.max_submissions,
            self.coefficient_max,
            clip_logits=self.clip_logits,
            step_quarters=self.step_quarters,
            permutations=self.permutations,
            max_rows=self.max_rows,
        )

    def words(self) -> tuple[int, int, int]:
        """Return what the chain commits to of these terms, so that a referee can judge by them: three packed words.

        Raises:
            InvalidInput: a bound exceeds 48 bits, which no bounty whose scoring is provable needs.
        """
        values = {**vars(self.shape), **vars(self.scales), **vars(self.bounds), **vars(self)}
        shape, bounds, rules = (pack((name, values[name], bits) for name, bits in word) for word in SCORING_WORDS)
        return shape, bounds, rules

    def to_json(self) -> dict[str, Any]:
        """Return the terms as JSON values."""
        nested = {name: dict(vars(getattr(self, name))) for name in ("shape", "scales", "bounds")}
        return {**nested, **{name: getattr(self, name) for name in _LIMITS}}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the terms; raises InvalidTerms naming what is malformed."""
        read = Fields(value, "scoring")
        out = cls(
            Shape(**_integers(read.fields("shape"), Shape)),
            Scales(**_integers(read.fields("scales"), Scales)),
            Bounds(**_integers(read.fields("bounds"), Bounds)),
            **{name: read.integer(name, low=low, high=high) for name, (low, high) in _LIMITS.items()},
        )
        read.end()
        return out


def _integers(read: Fields, kind: type[Shape | Scales | Bounds]) -> dict[str, int]:
    out = {f.name: read.integer(f.name, high=1 << 62) for f in fields(kind)}
    read.end()
    return out
