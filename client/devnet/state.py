"""What a running devnet is, in one file: so that another shell can see it and stop it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

from client.devnet.nodes import NODES
from client.devnet.processes import Mark
from marketplace.chain.deploy import Deployment
from marketplace.domain.errors import InvalidInput
from marketplace.storage.disk import explained, replace_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DEPLOYMENT_FILE", "STATE_FILE", "DevnetState", "read_state", "write_state"]

STATE_FILE: Final = "devnet.json"
DEPLOYMENT_FILE: Final = "deployment.json"

_FORMAT: Final = "gradmarket-devnet-1"
_MAX_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class DevnetState:
    """A devnet.

    Attributes:
        kind: anvil or ganache.
        url: of the chain.
        mnemonic: of its ten accounts. They hold play money on one machine: this is no secret worth keeping.
        holders: how many the conductor waits for; None for as many as terms take.
        patience: seconds without a transaction after which it waits for nobody.
        deployment: where the contracts lie; None while it starts.
        ipfs: addresses of the IPFS nodes' interfaces.
        processes: name -> what each process is recognised by.
        ready: whether it came up whole.
    """

    kind: str
    url: str
    mnemonic: str
    holders: int | None = None
    patience: float = 60.0
    deployment: Deployment | None = None
    ipfs: tuple[str, ...] = ()
    processes: dict[str, Mark] = field(default_factory=dict)
    ready: bool = False

    @property
    def network(self) -> str:
        """Its name in the network table."""
        return NODES[self.kind].network

    def to_json(self) -> str:
        """Return it as JSON text."""
        return json.dumps({"format": _FORMAT, **asdict(self)}, indent=1) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `to_json` wrote; raises InvalidInput for anything else."""
        try:
            value: dict[str, Any] = json.loads(text)
            form, deployment = value.pop("format"), value.pop("deployment")
            processes = {str(name): Mark(**mark) for name, mark in value.pop("processes").items()}
            ipfs = tuple(str(url) for url in value.pop("ipfs"))
            found = None if deployment is None else Deployment.from_json(json.dumps(deployment))
            out = cls(**value, deployment=found, ipfs=ipfs, processes=processes)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            form, out = None, None
        pids = [mark.pid for mark in out.processes.values()] if out is not None else []
        if out is None or form != _FORMAT or out.kind not in NODES or not all(type(p) is int and p > 1 for p in pids):
            msg = f"{STATE_FILE} is no devnet's, or was altered: give the folder that devnet up was given"
            raise InvalidInput(msg)
        return out


def read_state(folder: Path) -> DevnetState | None:
    """Return the devnet of a folder, None when there is none; raises InvalidInput for a damaged file."""
    path = folder / STATE_FILE
    with explained(path):
        try:
            with path.open("rb") as file:
                data = file.read(_MAX_BYTES)
        except FileNotFoundError:
            return None
    return DevnetState.from_json(data.decode("utf-8", "replace"))


def write_state(folder: Path, state: DevnetState) -> None:
    """Write both files whole or not at all, for this user alone; raises StorageError."""
    if state.deployment is not None:
        replace_file(folder / DEPLOYMENT_FILE, state.deployment.to_json().encode())
    replace_file(folder / STATE_FILE, state.to_json().encode())
