"""A bounty's plan as a folder: what an owner wants to buy, on disk until it is posted and while it runs.

    FOLDER/plan.json            terms, names and amounts, and the SHA-256 of the other files; written last
    FOLDER/base.safetensors     the starting model
    FOLDER/shard-N.safetensors  validation rows, one file a round and a final one
    FOLDER/root.safetensors     root rows

The shards and the root rows are the owner's secrets: the folder and its files are for its user alone. Nothing in it is
executed or unpickled, and every file is checked against its hash before it is parsed.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from client.base import max_model_bytes
from client.owner import BountyPlan, Shard
from client.rows_file import MAX_ROWS_BYTES, dump_prepared, load_prepared
from client.shards import MAX_SHARD_BYTES
from marketplace.domain.errors import GradMarketError, InvalidInput, StorageError
from marketplace.domain.fields import Fields, hex_text
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms import ChainTerms, Phases, RecipeTerms
from marketplace.storage.canonical import decode_json, encode_json
from marketplace.storage.disk import explained, sync_folder
from marketplace.storage.tensors import dump_network, dump_rows, load_network, load_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from marketplace.datasets import Rows
    from marketplace.domain.network import Network
    from marketplace.domain.update import Update

__all__ = ["PlanInputs", "load_plan", "read_inputs", "save_plan"]

_FORMAT: Final = "gradmarket-plan-2"
_PLAN: Final = "plan.json"
_BASE: Final = "base.safetensors"
_ROOT: Final = "root.safetensors"
_MAX_PLAN_BYTES: Final = 1 << 20
_WORDS: Final = 1 << 256


@dataclass(frozen=True, eq=False)
class PlanInputs:
    """What a plan is made of; as `BountyPlan`, with the root rows instead of what trains on them.

    Attributes:
        root: rows only the root update is trained on, float64[n, inputs] features and int64[n] labels.
        root_seed: a round's root update is trained with this seed plus the round.
    """

    title: str
    base: Network
    shards: tuple[Shard, ...]
    root: Rows
    scoring: ScoringTerms
    recipe: RecipeTerms
    public_prior: tuple[int, ...]
    class_names: tuple[str, ...]
    feature_names: tuple[str, ...]
    preparation: Sequence[Mapping[str, Any]]
    chain: ChainTerms
    root_seed: int = 0
    privacy: str = "sealed"

    def plan(self) -> BountyPlan:
        """Return the plan an owner posts; torch is loaded when the first root update is trained."""
        return BountyPlan(
            title=self.title,
            base=self.base,
            shards=self.shards,
            train_root=self._train_root,
            scoring=self.scoring,
            recipe=self.recipe,
            public_prior=self.public_prior,
            class_names=self.class_names,
            feature_names=self.feature_names,
            preparation=self.preparation,
            chain=self.chain,
            privacy=self.privacy,
        )

    def _train_root(self, model: Network, round_: int) -> Update:
        from client.training import Recipe, RowSource, root_update  # noqa: PLC0415 - loads torch

        source, seed = RowSource(self.root.features, self.root.labels), self.root_seed + round_
        return root_update(model, source, Recipe.from_terms(self.recipe), seed=seed, bounds=self.scoring.bounds)


def save_plan(folder: Path, inputs: PlanInputs) -> None:
    """Write a plan; whoever reads it finds all of it, or none.

    Raises:
        InvalidInput: there is a plan already, or it holds what cannot be written.
        StorageError: the disk refused.
    """
    if (folder / _PLAN).exists():
        msg = f"{folder} holds a plan already and is not overwritten: choose another folder"
        raise InvalidInput(msg)
    content = {_BASE: dump_network(inputs.base, ZERO_HASH), _ROOT: dump_prepared(inputs.root)}
    for number, shard in enumerate(inputs.shards):
        content[_shard(number)] = dump_rows(shard.rows, shard.labels, ZERO_HASH)
    hashes = {name: hex_text(hashlib.sha256(data).digest()) for name, data in content.items()}
    plan = encode_json({**_to_json(inputs), "files": hashes})
    with explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, data in content.items():
            _write(folder / name, data)
        _write(folder / f".{_PLAN}.part", plan)
        (folder / f".{_PLAN}.part").replace(folder / _PLAN)
        sync_folder(folder)


def load_plan(folder: Path) -> BountyPlan:
    """Return the plan in a folder; raises what `read_inputs` raises."""
    return read_inputs(folder).plan()


def read_inputs(folder: Path) -> PlanInputs:
    """Return what `save_plan` wrote.

    Raises:
        InvalidInput: a file is missing, was altered, or is none of a plan.
        StorageError: the disk refused.
    """
    read = Fields(_parsed(folder / _PLAN), str(folder / _PLAN))
    try:
        inputs = _read(folder, read)
        read.end()
    except (InvalidInput, StorageError):
        raise
    except GradMarketError as error:  # a file that names itself otherwise: it is the owner's own here
        msg = f"{folder} is no plan: {error}"
        raise InvalidInput(msg) from error
    return inputs


# ---------------------------------------------------------------------- details
def _read(folder: Path, read: Fields) -> PlanInputs:
    if read.text("format") != _FORMAT:
        name = "format"
        raise read.malformed(name)
    scoring, hashes = ScoringTerms.from_json(read.take("scoring")), read.fields("files")
    chain = _chain(read.fields("chain"))
    base, _ = load_network(_content(folder, _BASE, hashes, max_model_bytes(scoring)), scoring.scales)
    shards = []
    for number in range(chain.rounds + 1):
        rows, labels, _ = load_rows(_content(folder, _shard(number), hashes, MAX_SHARD_BYTES))
        shards.append(Shard(rows, labels))
    root = load_prepared(_content(folder, _ROOT, hashes, MAX_ROWS_BYTES), _ROOT)
    hashes.end()
    recipe = read.fields("recipe")
    preparation = read.take("preparation")
    if not isinstance(preparation, list):
        name = "preparation"
        raise read.malformed(name)
    inputs = PlanInputs(
        title=read.text("title"),
        base=base,
        shards=tuple(shards),
        root=root,
        scoring=scoring,
        recipe=RecipeTerms(**{f.name: recipe.integer(f.name) for f in fields(RecipeTerms)}),
        public_prior=read.integers("public_prior", low=1, high=1 << 53),
        class_names=read.texts("class_names"),
        feature_names=read.texts("feature_names"),
        preparation=tuple(preparation),
        chain=chain,
        root_seed=read.integer("root_seed", high=1 << 53),
        privacy=read.text("privacy"),
    )
    recipe.end()
    return inputs


def _to_json(inputs: PlanInputs) -> dict[str, Any]:
    chain = {name: hex_text(v) if isinstance(v, bytes) else v for name, v in vars(inputs.chain).items()}
    del chain["unjudged"]  # follows from the mode when the bounty is posted
    return {
        "format": _FORMAT,
        "title": inputs.title,
        "scoring": inputs.scoring.to_json(),
        "recipe": dict(vars(inputs.recipe)),
        "public_prior": list(inputs.public_prior),
        "class_names": list(inputs.class_names),
        "feature_names": list(inputs.feature_names),
        "preparation": [dict(column) for column in inputs.preparation],
        "root_seed": inputs.root_seed,
        "privacy": inputs.privacy,
        "chain": {**chain, "phases": dict(vars(inputs.chain.phases))},
    }


def _chain(read: Fields) -> ChainTerms:
    phases = read.fields("phases")
    values: dict[str, Any] = {"phases": Phases(**{f.name: phases.integer(f.name) for f in fields(Phases)})}
    phases.end()
    for field in fields(ChainTerms):
        if field.type == "str":
            values[field.name] = read.text(field.name)
        elif field.type == "bytes":
            values[field.name] = read.digest(field.name)
        elif field.type == "int":
            values[field.name] = read.integer(field.name, high=_WORDS)
    read.end()
    return ChainTerms(**values)


def _shard(number: int) -> str:
    return f"shard-{number}.safetensors"


def _parsed(path: Path) -> object:
    with explained(path):
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_PLAN_BYTES + 1)
        except FileNotFoundError:
            msg = f"{path.parent} holds no plan: make one, or name the right folder"
            raise InvalidInput(msg) from None
    if len(data) > _MAX_PLAN_BYTES:
        msg = f"{path} is larger than any plan: it is none, or was altered"
        raise InvalidInput(msg)
    return decode_json(data)


def _content(folder: Path, name: str, hashes: Fields, most: int) -> bytes:
    """Return a file's bytes, of at most `most`, whose hash is the one that the plan names."""
    path, expected = folder / name, hashes.digest(name)
    with explained(path), path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most or hashlib.sha256(data).digest() != expected:
        msg = f"{path} is not the file its plan was made with: restore it, or make the plan again"
        raise InvalidInput(msg)
    return data


def _write(path: Path, data: bytes) -> None:
    """Write a file for this user alone and wait until it is on the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
