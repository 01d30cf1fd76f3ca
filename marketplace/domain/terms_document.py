"""The JSON document that a bounty's terms on the chain name: everything a participant needs and no contract reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final, Self

from marketplace.domain.documents import MAX_DOCUMENT_BYTES
from marketplace.domain.errors import InvalidInput, InvalidTerms
from marketplace.domain.fields import Fields, hex_text
from marketplace.domain.scoring_terms import PPM, ScoringTerms

__all__ = ["KINDS", "PRIVACIES", "RecipeTerms", "SealedRoot", "TermsDocument"]

KINDS: Final = ("exact",)
PRIVACIES: Final = ("sealed", "shared", "encrypted-model")


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
class SealedRoot:
    """Something sealed and committed to before anybody may open it: a shard.

    Args:
        root: the commitment to what is inside.
        cid: of the ciphertext.
        key_hash: hash of the key that opens it.
    """

    root: bytes
    cid: str
    key_hash: bytes

    def to_json(self) -> dict[str, str]:
        """Return the three as texts."""
        return {"root": hex_text(self.root), "cid": self.cid, "key_hash": hex_text(self.key_hash)}


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
        shards: one a round, then the final one.
        preparation: how raw columns become inputs, as `datasets.Preparation` writes it; empty when there is no need.
        kind: how the bounty is scored and settled.
        privacy: who sees single updates.
    """

    version: ClassVar[int] = 1

    title: str
    scoring: ScoringTerms
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    public_prior: tuple[int, ...]
    shards: tuple[SealedRoot, ...]
    recipe: RecipeTerms = field(default_factory=RecipeTerms)
    preparation: Sequence[Mapping[str, Any]] = ()
    kind: str = "exact"
    privacy: str = "sealed"

    def __post_init__(self) -> None:
        """Refuse a document whose parts contradict each other, or that this version does not know."""
        object.__setattr__(self, "preparation", tuple(self.preparation))
        if self.kind not in KINDS or self.privacy not in PRIVACIES:
            msg = f"{self.kind!r} bounties in {self.privacy!r} mode are not known here: use a version that knows them"
            raise InvalidTerms(msg)
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
            "shards": [shard.to_json() for shard in self.shards],
            "preparation": [dict(column) for column in self.preparation],
        }

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read the document; raises InvalidTerms naming what is malformed or not known to this version."""
        read = Fields(value, "the terms document")
        version = read.integer("version")
        if version != cls.version:
            msg = f"the terms document has version {version}, this program knows {cls.version}: use one that knows it"
            raise InvalidTerms(msg)
        try:
            out = cls(
                title=read.text("title"),
                scoring=ScoringTerms.from_json(read.take("scoring")),
                class_names=read.texts("class_names"),
                feature_names=read.texts("feature_names"),
                public_prior=read.integers("public_prior", low=1, high=1 << 53),
                recipe=_recipe(read.fields("recipe")),
                shards=tuple(_sealed(s) for s in read.items("shards")),
                preparation=_objects(read),
                kind=read.text("kind"),
                privacy=read.text("privacy"),
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


def _sealed(read: Fields) -> SealedRoot:
    out = SealedRoot(read.digest("root"), read.text("cid"), read.digest("key_hash"))
    read.end()
    return out


def _objects(read: Fields) -> tuple[dict[str, Any], ...]:
    """Return what `datasets` wrote, which reads and checks its own: objects of no more text than a document has."""
    value = read.take(name := "preparation")
    if not isinstance(value, list) or not all(isinstance(column, dict) for column in value):
        raise read.malformed(name)
    if len(json.dumps(value)) > MAX_DOCUMENT_BYTES:
        raise read.malformed(name)
    return tuple(value)
