"""A demonstration of processes that is listened to, with something planted wherever nothing may be found."""

from __future__ import annotations

import io
import json
import random
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from client.demo import outside
from client.demo.command import run_demo
from client.demo.plan import DemoOptions
from client.devnet import life
from client.devnet.processes import Mark
from client.devnet.rpc import Rpc
from client.devnet.state import DevnetState
from marketplace.storage.ipfs import IpfsStore
from tests.canary.recorder import Recorder

__all__ = ["Stage"]

OWN = {"owner": {"plan", "models"}, "holder": {"rows.safetensors"}}
"""What the owner brought and bought, and what a holder brought, each in its own home."""

_start_node, _bring_up = life.start_node, outside.bring_up


class Stage:
    """Plays a demonstration and remembers what it planted where.

    Args:
        folder: everything the demonstration writes goes there.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.kept = folder, folder / "kept"
        self.planted: dict[str, bytes] = {}
        self._patch = monkeypatch
        self._recorders = ExitStack()
        self.recorders: list[Recorder] = []

    def play(self, options: DemoOptions) -> dict[str, Any]:
        """Play with a recorder before the chain and every node; what is planted there goes the way of all requests."""
        for name, variable in (("temporary", "TMPDIR"), ("user", "HOME")):
            (self.folder / name).mkdir()
            self._patch.setenv(variable, str(self.folder / name))
        self._patch.setattr(tempfile, "tempdir", None)  # this process has looked already
        (self.folder / "working").mkdir()
        self._patch.chdir(self.folder / "working")
        self._patch.setattr(life, "start_node", self._start_node)
        self._patch.setattr(outside, "bring_up", self._bring_up)
        screen = io.StringIO()
        with self._recorders:
            report = run_demo(options, console=Console(file=screen, width=120), keep=self.kept)
        (self.folder / "screen").write_text(screen.getvalue() + json.dumps(report))
        return report

    def plant(self, place: str) -> bytes:
        """Return a key that nobody has, to be found in `place`."""
        self.planted[place] = random.Random(place).randbytes(32)
        return self.planted[place]

    def plant_everywhere(self) -> None:
        """Put something wherever it did not get by itself."""
        homes = sorted((self.kept / "homes").iterdir())
        for place, path in {
            "home": homes[-1] / "journal.old",
            "log": homes[0] / "run.log",
            "temporary": self.folder / "temporary" / "gradmarket-x",
            "user": self.folder / "user" / ".cache" / "x",
            "working": self.folder / "working" / "core",
            "screen": self.folder / "screen",
            "pins": self.kept / "devnet" / "ipfs-2" / "repository" / "pins" / "x",
            "datastore": self.kept / "devnet" / "ipfs-1" / "repository" / "datastore" / "x",
        }.items():
            path.parent.mkdir(exist_ok=True)
            with path.open("ab") as file:
                file.write(b"said: " + self.plant(place).hex().encode() + b"\n")

    def files(self) -> Iterator[Path]:
        """Every file that must hold no secret: all but what somebody brought or bought, in the own home."""
        for path in sorted(self.folder.rglob("*")):
            parts = path.relative_to(self.folder).parts
            at_home = parts[:2] == ("kept", "homes") and len(parts) > 3
            own = OWN.get(parts[2].partition("-")[0], set()) | {"password"} if at_home else set()
            if path.is_file() and not (at_home and parts[3] in own):
                yield path

    def blocks(self) -> Iterator[bytes]:
        """What the nodes keep."""
        for path in (self.kept / "devnet").glob("ipfs-*/repository/blocks/**/*"):
            if path.is_file():
                yield path.read_bytes()

    def _start_node(self, *args: Any, **keywords: Any) -> tuple[Mark, Rpc]:
        mark, rpc = _start_node(*args, **keywords)
        url = self._record(rpc.url, "chain")
        asked = Rpc(url)
        asked.ask("web3_sha3", "0x" + self.plant("chain/requests").hex())
        asked.ask("anvil_setStorageAt", "0x" + "11" * 20, "0x" + "00" * 32, "0x" + self.plant("chain/answers").hex())
        asked.ask("eth_getStorageAt", "0x" + "11" * 20, "0x0", "latest")
        return mark, asked

    def _bring_up(self, *args: Any, **keywords: Any) -> DevnetState:
        state = _bring_up(*args, **keywords)
        urls = []
        for number, url in enumerate(state.ipfs, 1):
            urls.append(self._record(url, f"ipfs-{number}"))
            with IpfsStore(urls[-1]) as store:
                store.put(b"a content: " + self.plant(f"ipfs-{number}"))
        return replace(state, ipfs=tuple(urls))

    def _record(self, url: str, name: str) -> str:
        self.recorders.append(self._recorders.enter_context(Recorder(url, self.folder / "recorded" / name)))
        return self.recorders[-1].url
