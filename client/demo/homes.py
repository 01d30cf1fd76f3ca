"""The folders of a demonstration's participants: each holds what that person has at home, and nothing of the others."""

from __future__ import annotations

import json
import os
import re
import secrets
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from eth_utils.address import to_checksum_address

from client.demo.people import HONEST, Person
from client.home import Home
from client.plan_folder import save_plan
from client.rows_file import dump_prepared
from client.settings import ChainSettings, Settings, StorageSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from client.demo.script import HolderPart, Script
    from client.devnet.state import DevnetState

__all__ = ["Furnisher", "Resident", "pause", "rotate"]

_WORK: Final = 1 << 14
"""Of scrypt: these wallets hold play money for a few minutes."""
_POLL_SECONDS: Final = 0.02
"""A participant, between looks at the chain: everybody who looks takes time from the others."""


@dataclass(frozen=True)
class Resident:
    """Somebody with a folder.

    Attributes:
        home: the folder; its password is in the file `password` beside the keys, as in nobody's real life.
    """

    person: Person
    home: Path

    @property
    def command(self) -> list[str]:
        """What runs this participant until its bounty is over."""
        return [sys.executable, "-m", "client.cli", self.person.role, "run", str(self.home)]

    @property
    def environment(self) -> dict[str, str]:
        """Where it finds its password; one thread for arithmetic, because everybody has the same processors."""
        threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        return {"GRADMARKET_PASSWORD_FILE": str(self.home / "password"), **threads}

    @property
    def log(self) -> Path:
        """What it says goes there."""
        return self.home / "run.log"


class Furnisher:
    """Makes homes for the people of a script.

    Args:
        folder: where all of them go.
        script: who they are and what each brings.
        state: the devnet they meet on.
        stores: what storage settings the next of them gets.
        grant: gives an address tokens, and coin for gas.
    """

    def __init__(
        self,
        folder: Path,
        script: Script,
        state: DevnetState,
        stores: Callable[[], StorageSettings],
        grant: Callable[[str, int], None],
    ) -> None:
        self._folder = folder
        self._script = script
        self._state = state
        self._stores = stores
        self._grant = grant

    def furnish(self) -> list[Resident]:
        """Make everybody's home: the owner's, the validators', then the holders' in the order they submit."""
        script, terms = self._script, self._script.inputs.chain
        owner = self._home("owner", "owner", HONEST, terms.escrow, {"owner": {"plan": "plan"}})
        save_plan(owner.home / "plan", script.inputs)
        ticket = {"bounty": "next", "tickets": 1, "ticket_stake": terms.ticket_stake}
        validators = [
            self._home(name, "validator", HONEST, terms.ticket_stake, {"validator": ticket})
            for name in script.validators
        ]
        return [owner, *validators, *(self._holder(turn, part) for turn, part in enumerate(script.holders))]

    def _holder(self, turn: int, part: HolderPart) -> Resident:
        settings = {
            "bounty": "next",
            "rows": "rows.safetensors",
            "turn": turn,
            "seed": part.seed,
            "attack": "" if part.kind == HONEST else part.kind,
            "attack_seed": part.attack_seed,
        }
        resident = self._home(part.name, "holder", part.kind, self._script.purse, {"holder": settings})
        (resident.home / "rows.safetensors").write_bytes(dump_prepared(part.rows))
        return resident

    def _home(self, name: str, role: str, kind: str, tokens: int, own: dict[str, Any]) -> Resident:
        path = self._folder / f"{role}-{_slug(name)}"
        chain = ChainSettings(network=self._state.network, urls=(self._state.url,))
        settings = Settings.model_validate(
            {
                "role": role,
                "name": name,
                "poll_seconds": pause(self._script),
                "chain": chain,
                "storage": self._stores(),
                **own,
            }
        )
        password = secrets.token_urlsafe(24)
        Home.create(path, settings, password, work=_WORK)
        _write_private(path / "password", password + "\n")
        if self._state.deployment is not None:
            (path / chain.deployment).write_text(self._state.deployment.to_json(), "utf-8")
        address = str(to_checksum_address(json.loads((path / "wallet.json").read_text("utf-8"))["address"]))
        self._grant(address, tokens)
        return Resident(Person(name, role, kind, address, tokens), path)


def pause(script: Script) -> float:
    """Return how long everybody waits between looks at the chain, in seconds."""
    return _POLL_SECONDS * max(10, 1 + len(script.validators) + len(script.holders))


def rotate(urls: Sequence[str]) -> Callable[[], StorageSettings]:
    """Return what hands out IPFS nodes in turn: everybody has one of its own, and the others to fall back on."""
    given = [0]

    def next_one() -> StorageSettings:
        first = given[0] % len(urls)
        given[0] += 1
        return StorageSettings(kind="ipfs", urls=(*urls[first:], *urls[:first]))

    return next_one


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "nameless"


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
