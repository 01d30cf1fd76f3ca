"""What one participant's folder says about itself: `settings.toml`, checked before anything is started.

It holds no secret. Unknown keys are refused: a misspelt one must not be ignored where money is at stake.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal, Self
from urllib.parse import urlsplit

import tomli_w
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from marketplace.domain.errors import InvalidInput

__all__ = [
    "ChainSettings",
    "ComputeSettings",
    "HolderSettings",
    "OwnerSettings",
    "PrivacySettings",
    "Role",
    "Settings",
    "StorageSettings",
    "ValidatorSettings",
]

Role = Literal["owner", "holder", "validator"]

_MAX_BYTES: Final = 1 << 16
_BOUNTY: Final = r"^(next|0x[0-9a-f]{64})$"


def _checked(urls: tuple[str, ...], schemes: tuple[str, ...]) -> tuple[str, ...]:
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in schemes or not parts.hostname:
            msg = f"a node's URL starts with {' or '.join(f'{scheme}://' for scheme in schemes)}"
            raise ValueError(msg)
    return urls


class _Table(BaseModel):
    """One table of the file."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ChainSettings(_Table):
    """Which chain, and how to reach it.

    Attributes:
        network: a name of the network table, or of `custom`.
        urls: of its nodes, asked in this order; each has to be on this chain.
        deployment: the file that says where the contracts lie, relative to the folder.
        confirmations: how deep the ground of an irreversible act has to be; None for the network's own figure.
        custom: a network that is not built in; see docs/NETWORKS.md.
    """

    network: str
    urls: tuple[str, ...] = Field(min_length=1)
    deployment: str = "deployment.json"
    confirmations: int | None = Field(default=None, ge=0, le=10_000)
    custom: dict[str, Any] | None = None

    @field_validator("urls")
    @classmethod
    def _reachable(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        return _checked(urls, ("http", "https"))


class StorageSettings(_Table):
    """Where contents are kept.

    Attributes:
        kind: folder (of this machine) or ipfs.
        path: of the folder, relative to the participant's; used by `folder`.
        urls: of the IPFS nodes, the participant's own first; used by `ipfs`.
    """

    kind: Literal["folder", "ipfs"] = "folder"
    path: str = "store"
    urls: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _reachable(self) -> Self:
        if self.kind == "ipfs" and not self.urls:
            msg = "storage of kind ipfs needs the URL of a node"
            raise ValueError(msg)
        _checked(self.urls, ("http", "https"))
        return self


class OwnerSettings(_Table):
    """What an owner posts: the folder of its plan, relative to the participant's."""

    plan: str = "plan"


class PrivacySettings(_Table):
    """How a holder's updates are made private before they are sealed; see docs/PRIVACY.md.

    Attributes:
        unit: what is hidden: any single row, or the update and so all rows at once.
        clip: the largest norm of a row's gradient, or of an update in units of the weight scale.
        noise: standard deviation of the noise, as a multiple of `clip`; of a step, or of the update.
        steps: of training over all rows, and rate: of one step; used where single rows are hidden.
        budget: the largest epsilon of all updates from this folder together; none leaves beyond it.
        delta: the chance that the promise does not hold; far below one over the number of rows.
    """

    unit: Literal["row", "update"] = "row"
    clip: float = Field(gt=0, le=1 << 31)
    noise: float = Field(gt=0, le=1_000)
    steps: int = Field(default=20, ge=1, le=1_000)
    rate: float = Field(default=0.5, gt=0, le=10)
    budget: float = Field(gt=0)
    delta: float = Field(default=1e-5, gt=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.unit == "update" and self.clip != int(self.clip):
            msg = "the clip of an update is a whole number"
            raise ValueError(msg)
        return self


class HolderSettings(_Table):
    """What a holder takes part in.

    Attributes:
        bounty: its id, or `next` for the first one that can be joined.
        rows: the holder's own data, relative to the folder: .safetensors of prepared rows, or a .csv, .parquet or .npz
            table with the columns of the terms.
        label: the column to predict in a table.
        seed: of local training.
        turn: how many others join and submit before this holder; where runs have to be alike (demonstrations).
        attack: a cheat to play instead of training (demonstrations); empty for none.
        attack_seed: of that cheat's own randomness.
        review: whether a person approves each submission first, with `gradmarket inspect --approve`; what is not
            approved in time is replaced by an update that changes nothing.
        privacy: how updates are made private; None for updates as they are trained.
    """

    bounty: str = Field(default="next", pattern=_BOUNTY)
    rows: str = "rows.safetensors"
    label: str = "label"
    seed: int = Field(default=0, ge=0)
    turn: int = Field(default=0, ge=0)
    attack: str = ""
    attack_seed: int = Field(default=0, ge=0)
    review: bool = False
    privacy: PrivacySettings | None = None


class ComputeSettings(_Table):
    """Where a validator meets the two others of a bounty without a referee; see docs/PRIVACY.md.

    Attributes:
        host: address to listen on; port: to listen on, 0 for any that is free.
        known_as: host that others connect to; empty for `host`.
        patience: seconds to wait for them to connect, and for each message.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=0, ge=0, le=65_535)
    known_as: str = ""
    patience: float = Field(default=60.0, gt=0, le=3_600)


class ValidatorSettings(_Table):
    """What a validator stakes.

    Attributes:
        bounty: the one it serves, or `next` for the first one that is not closed; it leaves when that one is over.
        tickets: how many it stakes; ticket_stake: what each is worth, in the token's smallest unit.
        compute: where its compute seats are reached.
    """

    bounty: str = Field(default="next", pattern=_BOUNTY)
    tickets: int = Field(default=1, ge=1, le=1_000)
    ticket_stake: int = Field(gt=0)
    compute: ComputeSettings = ComputeSettings()


class Settings(_Table):
    """All of `settings.toml`.

    Attributes:
        name: what the participant is called in logs.
        poll_seconds: how often it looks at the chain.
    """

    role: Role
    name: str = ""
    poll_seconds: float = Field(default=2.0, gt=0, le=3600)
    chain: ChainSettings
    storage: StorageSettings = StorageSettings()
    owner: OwnerSettings | None = None
    holder: HolderSettings | None = None
    validator: ValidatorSettings | None = None

    @model_validator(mode="after")
    def _one_role(self) -> Self:
        if getattr(self, self.role) is None:
            msg = f"a {self.role} needs a table [{self.role}]"
            raise ValueError(msg)
        return self

    def to_toml(self) -> str:
        """Return the file."""
        return tomli_w.dumps(self.model_dump(mode="json", exclude_none=True))

    @classmethod
    def make(cls, values: Mapping[str, Any]) -> Self:
        """Return settings from plain values; raises InvalidInput for those that cannot be."""
        try:
            return cls.model_validate(dict(values))
        except ValidationError as error:
            msg = f"{_first(error)}: choose another value"
            raise InvalidInput(msg) from None

    @classmethod
    def read(cls, path: Path) -> Self:
        """Return the settings in a file; raises InvalidInput for one that is missing, malformed or unknown."""
        try:
            with path.open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except OSError as error:
            msg = f"{path} cannot be read ({error.strerror}): name a participant's folder, or make one with `init`"
            raise InvalidInput(msg) from error
        return cls.parse(raw, path)

    @classmethod
    def parse(cls, raw: bytes, path: Path) -> Self:
        """Return the settings in `raw`, which was read from `path`; raises InvalidInput."""
        try:
            if len(raw) > _MAX_BYTES:
                msg = "it is too large"
                raise ValueError(msg)  # noqa: TRY301 - told like the others
            return cls.model_validate(tomllib.loads(raw.decode()))
        except ValidationError as error:
            msg = f"{path}: {_first(error)}: correct it"
            raise InvalidInput(msg) from None
        except ValueError as error:
            msg = f"{path} is no settings file ({error}): correct it"
            raise InvalidInput(msg) from None


def _first(error: ValidationError) -> str:
    found = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in found["loc"]) or "the file"
    return f"{where}: {found['msg']}"
