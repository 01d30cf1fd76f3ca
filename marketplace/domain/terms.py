"""The terms of a bounty: what the chain keeps, and the public document it names.

`ChainTerms` and `SheetHead` mirror the structs of `IMarket`, field by field. `TermsDocument` is everything else that
people have to agree on before they lock money: the network, the scales and bounds, the rule that turns improvement
into money, the recipe for training, the commitments to base and shards.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, ClassVar, Self

from marketplace.domain.errors import InvalidTerms
from marketplace.domain.network import Scales, Shape
from marketplace.domain.update import Bounds, check_bounds

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "ChainTerms",
    "Phases",
    "RecipeTerms",
    "ScoringTerms",
    "SealedRoot",
    "SheetHead",
    "TermsDocument",
]

_MAX_SUBMISSIONS = 128
_MILLION = 1_000_000


@dataclass(frozen=True)
class Phases:
    """Seconds each phase may take, in the order of a round."""

    acknowledge: int = 600
    join: int = 600
    open: int = 600
    submit: int = 1800
    shard: int = 600
    attest: int = 600
    rebut: int = 600
    commit: int = 900
    reveal: int = 600
    challenge: int = 1800
    serve: int = 600


@dataclass(frozen=True)
class ChainTerms:
    """`IMarket.Terms`: amounts in the token's smallest unit, roots and digests of 32 bytes."""

    owner: str
    token: str
    round_budget: int
    ticket_stake: int
    fee: int
    holder_stake: int
    seat_pay: int
    bond: int
    compensation: int
    rounds: int
    seats: int
    min_holders: int
    max_holders: int
    post_before: int
    base_root: bytes
    shards_root: bytes
    allowlist_root: bytes
    document: bytes
    phases: Phases

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the struct in ABI order."""
        values = [getattr(self, f.name) for f in fields(self)]
        return (*values[:-1], tuple(getattr(self.phases, f.name) for f in fields(Phases)))

    @classmethod
    def from_tuple(cls, values: tuple[Any, ...]) -> Self:
        """Read the struct as the ABI decodes it."""
        return cls(*values[:-1], Phases(*values[-1]))

    @property
    def escrow(self) -> int:
        """What posting costs: every round's budget and seat pay, and the bond."""
        return self.rounds * (self.round_budget + self.seats * self.seat_pay) + self.bond


@dataclass(frozen=True)
class SheetHead:
    """`IMarket.Sheet`: what a round's scoring states, as far as the contract reads it."""

    included: int
    breached: int
    trace_root: bytes
    payout_root: bytes
    pool: int
    next_base_root: bytes
    adopted: bool
    released: bool
    aggregate: bytes
    document: bytes

    def as_tuple(self) -> tuple[Any, ...]:
        """Return the struct in ABI order."""
        return tuple(getattr(self, f.name) for f in fields(self))

    @classmethod
    def from_tuple(cls, values: tuple[Any, ...]) -> Self:
        """Read the struct as the ABI decodes it."""
        return cls(*values)


@dataclass(frozen=True)
class ScoringTerms:
    """How improvement is measured and priced.

    Args:
        shape: the network.
        scales: its fixed-point scales.
        bounds: what updates and base models may reach.
        max_submissions: of a round; part of the overflow proof.
        clip_logits: a row's margin counts up to this many logits.
        coefficient_max: largest coefficient of an update in the aggregate.
        step_quarters: step of the aggregate about the mean update, in quarters (5 = 1.25).
        copy_ppm: cosine above which a later update counts as a copy, in millionths.
        z_squared_percent: squared number of standard errors taken off a contribution, in hundredths (269 = 1.64**2).
        target_gain_ppm: sum of contributions that earns the whole budget, in millionths of the clip per row.
        permutations: pairs of antithetic orders drawn when there are too many submissions for every coalition.
    """

    shape: Shape
    scales: Scales = Scales()
    bounds: Bounds = Bounds()
    max_submissions: int = 16
    clip_logits: int = 2
    coefficient_max: int = 15
    step_quarters: int = 5
    copy_ppm: int = 970_000
    z_squared_percent: int = 269
    target_gain_ppm: int = 10_000
    permutations: int = 16

    def __post_init__(self) -> None:
        """Refuse terms out of range, and terms whose bounds can overflow."""
        ranges = {
            "max_submissions": (2, _MAX_SUBMISSIONS),
            "clip_logits": (1, 64),
            "coefficient_max": (1, 255),
            "step_quarters": (1, 16),
            "copy_ppm": (500_000, _MILLION),
            "z_squared_percent": (0, 10_000),
            "target_gain_ppm": (1, _MILLION),
            "permutations": (1, 256),
        }
        for name, (low, high) in ranges.items():
            if not low <= getattr(self, name) <= high:
                msg = f"{name} is {getattr(self, name)}: choose {low} to {high}"
                raise InvalidTerms(msg)
        check_bounds(
            self.shape, self.scales, self.bounds, self.max_submissions, self.coefficient_max, self.step_quarters
        )

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, integers only."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read `to_json`'s values; raises InvalidTerms for anything else."""
        data = _integers_only(value, {f.name for f in fields(cls)}, "scoring")
        parts = {"shape": Shape, "scales": Scales, "bounds": Bounds}
        for name, part in parts.items():
            data[name] = part(**_integers_only(data[name], {f.name for f in fields(part)}, name))
        return cls(**data)


@dataclass(frozen=True)
class RecipeTerms:
    """The recommended local training; published, not enforceable. Integers, so that everybody reads the same."""

    epochs: int = 3
    learning_rate_ppm: int = 10_000
    batch_size: int = 32
    momentum_percent: int = 90
    prior_offset_percent: int = 60

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read JSON values; raises InvalidTerms for anything else."""
        return cls(**_integers_only(value, {f.name for f in fields(cls)}, "recipe"))


@dataclass(frozen=True)
class SealedRoot:
    """Something committed to and stored sealed: its commitment, its ciphertext's CID, its key's hash."""

    root: bytes
    cid: str
    key_hash: bytes

    def to_json(self) -> dict[str, str]:
        """Return JSON values."""
        return {"root": "0x" + self.root.hex(), "cid": self.cid, "key_hash": "0x" + self.key_hash.hex()}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read JSON values; raises InvalidTerms for anything else."""
        if not isinstance(value, dict) or set(value) != {"root", "cid", "key_hash"}:
            msg = "a sealed root in the terms is not {root, cid, key_hash}: ask the owner to post again"
            raise InvalidTerms(msg)
        return cls(_bytes32(value["root"]), str(value["cid"]), _bytes32(value["key_hash"]))


@dataclass(frozen=True)
class TermsDocument:
    """The public document of a bounty.

    Args:
        title: one line for people.
        privacy: who sees what, `sealed` in this version.
        scoring: how improvement is measured and priced.
        recipe: recommended local training.
        public_prior: how often each class occurs among rows the owner made public knowledge of, as counts.
        class_names: one per logit.
        feature_names: one per input.
        shards: shard of every round, then the final one.
    """

    kind: ClassVar[str] = "exact"
    version: ClassVar[int] = 1
    title: str
    privacy: str
    scoring: ScoringTerms
    recipe: RecipeTerms
    public_prior: tuple[int, ...]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    shards: tuple[SealedRoot, ...]

    def __post_init__(self) -> None:
        """Refuse a document whose parts do not fit each other."""
        shape = self.scoring.shape
        if len(self.public_prior) != shape.classes or min(self.public_prior) < 1:
            msg = f"public_prior has to hold a count of at least 1 for each of {shape.classes} classes"
            raise InvalidTerms(msg)
        if len(self.class_names) != shape.classes or len(self.feature_names) != shape.inputs:
            msg = f"name {shape.classes} classes and {shape.inputs} features, as the network has them"
            raise InvalidTerms(msg)
        if self.privacy != "sealed":
            msg = f"privacy mode {self.privacy!r} is not known to this version: use 'sealed'"
            raise InvalidTerms(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values."""
        return {
            "kind": self.kind,
            "version": self.version,
            "title": self.title,
            "privacy": self.privacy,
            "scoring": self.scoring.to_json(),
            "recipe": asdict(self.recipe),
            "public_prior": list(self.public_prior),
            "class_names": list(self.class_names),
            "feature_names": list(self.feature_names),
            "shards": [shard.to_json() for shard in self.shards],
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises InvalidTerms for anything malformed, and for terms that can overflow."""
        names = {f.name for f in fields(cls)} | {"kind", "version"}
        if not isinstance(value, dict) or set(value) != names:
            msg = "the terms document has missing or unknown fields: it was made by another version of gradmarket"
            raise InvalidTerms(msg)
        if value["kind"] != cls.kind or value["version"] != cls.version:
            msg = f"terms of kind {value['kind']!r}, version {value['version']!r} are not known: update gradmarket"
            raise InvalidTerms(msg)
        lists = ("public_prior", "class_names", "feature_names", "shards")
        if not all(isinstance(value[name], list) for name in lists):
            msg = f"the terms' {', '.join(lists)} have to be lists: ask the owner to post again"
            raise InvalidTerms(msg)
        if not all(isinstance(n, int) and not isinstance(n, bool) for n in value["public_prior"]):
            msg = "the terms' public_prior has to hold integers: ask the owner to post again"
            raise InvalidTerms(msg)
        return cls(
            title=str(value["title"]),
            privacy=str(value["privacy"]),
            scoring=ScoringTerms.from_json(value["scoring"]),
            recipe=RecipeTerms.from_json(value["recipe"]),
            public_prior=tuple(value["public_prior"]),
            class_names=tuple(map(str, value["class_names"])),
            feature_names=tuple(map(str, value["feature_names"])),
            shards=tuple(SealedRoot.from_json(s) for s in value["shards"]),
        )


def _integers_only(value: object, names: set[str], what: str) -> dict[str, Any]:
    if not isinstance(value, dict) or set(value) != names:
        msg = f"the terms' {what} has to hold exactly {', '.join(sorted(names))}: ask the owner to post again"
        raise InvalidTerms(msg)
    data: Mapping[str, Any] = value
    bad = [k for k, v in data.items() if isinstance(v, bool) or not isinstance(v, int | dict)]
    if bad:
        msg = f"the terms' {what}.{bad[0]} is not an integer: ask the owner to post again"
        raise InvalidTerms(msg)
    return dict(data)


def _bytes32(value: object) -> bytes:
    try:
        raw = bytes.fromhex(value.removeprefix("0x")) if isinstance(value, str) else b""
    except ValueError:
        raw = b""
    if len(raw) != 32:  # noqa: PLR2004 - a hash
        msg = f"{value!r} in the terms is not a 32-byte hash: ask the owner to post again"
        raise InvalidTerms(msg)
    return raw
