"""The JSON document that a bounty's terms on the chain name: everything a participant needs and no contract reads."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Self

from marketplace.domain.errors import InvalidInput, InvalidTerms
from marketplace.domain.fields import Fields, hex_text
from marketplace.domain.scoring_terms import PPM, ScoringTerms

__all__ = ["RecipeTerms", "SealedBase", "SealedShard", "TermsDocument"]


@dataclass(frozen=True)
class RecipeTerms:
    """The published way to train; nobody can enforce it, and it is what the figures were measured with.

    Args:
        epochs: passes over the holder's rows.
        learning_rate_ppm: learning rate, in millionths.
        batch_size: rows a step.
        momentum_percent: of stochastic gradient descent.
        prior_offset_percent: how far logits are shifted by log(local prior / public prior) while training.
        root_epochs: passes of the owner over its root rows for a root update.
    """

    epochs: int = 3
    learning_rate_ppm: int = 10_000
    batch_size: int = 32
    momentum_percent: int = 90
    prior_offset_percent: int = 60
    root_epochs: int = 4

    def __post_init__(self) -> None:
        """Refuse recipes nothing learns from."""
        limits = {
            "epochs": (1, 1000),
            "learning_rate_ppm": (1, 10 * PPM),
            "batch_size": (1, 1 << 16),
            "momentum_percent": (0, 99),
            "prior_offset_percent": (0, 1000),
            "root_epochs": (1, 1000),
        }
        for name, (low, high) in limits.items():
            if type(getattr(self, name)) is not int or not low <= getattr(self, name) <= high:
                msg = f"the recipe's {name} is {getattr(self, name)!r}: choose an integer from {low} to {high}"
                raise InvalidTerms(msg)


@dataclass(frozen=True)
class SealedBase:
    """The starting model: its commitment, the CID of its ciphertext, the hash of the key that opens it."""

    root: bytes
    cid: str
    key_hash: bytes


@dataclass(frozen=True)
class SealedShard:
    """One round's validation rows: their commitment, the digest of their ciphertext's CID, the hash of their key."""

    root: bytes
    digest: bytes
    key_hash: bytes


@dataclass(frozen=True)
class TermsDocument:
    """What the terms on the chain name by `document`.

    Args:
        title: one line about the bounty.
        scoring: how updates are scored.
        class_names: one a class.
        feature_names: one an input.
        recipe: how to train.
        public_prior: one positive integer a class, proportional to how common it is.
        base: the starting model.
        shards: one a round, then the final one.
    """

    version: ClassVar[int] = 1
    kind: ClassVar[str] = "exact"
    privacy: ClassVar[str] = "sealed"

    title: str
    scoring: ScoringTerms
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    public_prior: tuple[int, ...]
    base: SealedBase
    shards: tuple[SealedShard, ...]
    recipe: RecipeTerms = field(default_factory=RecipeTerms)

    def __post_init__(self) -> None:
        """Refuse a document whose parts contradict each other."""
        shape = self.scoring.shape
        wrong = None
        if len(self.class_names) != shape.classes:
            wrong = f"{len(self.class_names)} class names for {shape.classes} classes"
        elif len(self.feature_names) != shape.inputs:
            wrong = f"{len(self.feature_names)} feature names for {shape.inputs} inputs"
        elif len(self.public_prior) != shape.classes or min(self.public_prior) < 1:
            wrong = f"a public prior of {self.public_prior} for {shape.classes} classes"
        elif len(self.shards) < 2:  # noqa: PLR2004 - one round and the final shard
            wrong = f"{len(self.shards)} shards, where one a round and a final one are needed"
        if wrong:
            msg = f"the terms document has {wrong}: correct it before posting"
            raise InvalidTerms(msg)

    @property
    def rounds(self) -> int:
        """Number of rounds: one fewer than there are shards."""
        return len(self.shards) - 1

    def shard_leaves(self) -> tuple[tuple[bytes, bytes, bytes], ...]:
        """Return (root, digest, key hash) of every shard, as `abi.shards_root` takes them."""
        return tuple((s.root, s.digest, s.key_hash) for s in self.shards)

    def to_json(self) -> dict[str, Any]:
        """Return the document as JSON values: integers, texts and 0x hexadecimals only."""
        return {
            "version": self.version,
            "kind": self.kind,
            "privacy": self.privacy,
            "title": self.title,
            "scoring": self.scoring.to_json(),
            "class_names": list(self.class_names),
            "feature_names": list(self.feature_names),
            "public_prior": list(self.public_prior),
            "recipe": dict(vars(self.recipe)),
            "base": {
                "root": hex_text(self.base.root),
                "cid": self.base.cid,
                "key_hash": hex_text(self.base.key_hash),
            },
            "shards": [{name: hex_text(raw) for name, raw in vars(shard).items()} for shard in self.shards],
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises InvalidTerms naming what is malformed or not known to this version."""
        read = Fields(value, "the terms document")
        for name, known in (("version", cls.version), ("kind", cls.kind), ("privacy", cls.privacy)):
            if (found := read.take(name)) != known or type(found) is not type(known):
                msg = f"the terms document says {name} {found!r}, this program knows {known!r}: use one that knows both"
                raise InvalidTerms(msg)
        try:
            out = cls(
                title=read.text("title"),
                scoring=ScoringTerms.from_json(read.take("scoring")),
                class_names=read.texts("class_names"),
                feature_names=read.texts("feature_names"),
                public_prior=read.integers("public_prior", low=1, high=1 << 53),
                recipe=_recipe(read.fields("recipe")),
                base=_base(read.fields("base")),
                shards=tuple(_shard(s) for s in read.items("shards")),
            )
        except InvalidTerms:
            raise
        except InvalidInput as error:  # a nested value refused itself
            raise InvalidTerms(str(error)) from error
        read.end()
        return out


def _recipe(read: Fields) -> RecipeTerms:
    values = {f.name: read.integer(f.name) for f in fields(RecipeTerms)}
    read.end()
    return RecipeTerms(**values)


def _base(read: Fields) -> SealedBase:
    out = SealedBase(read.digest("root"), read.text("cid"), read.digest("key_hash"))
    read.end()
    return out


def _shard(read: Fields) -> SealedShard:
    out = SealedShard(read.digest("root"), read.digest("digest"), read.digest("key_hash"))
    read.end()
    return out
