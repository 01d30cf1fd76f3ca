"""One IPFS node of one's own: listens on 127.0.0.1, looks for nobody, knows the peers it was told of.

Kubo is used where it is installed, else js-ipfs out of this checkout. Both are set up alike: no bootstrap list, no
routing, no discovery, no relay.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NoReturn, Self
from urllib.parse import quote

from client.devnet.processes import Mark, last_lines, mark_of, runs, start, stop
from marketplace.domain.errors import InvalidInput, NotFound, StorageError
from marketplace.storage.disk import explained

__all__ = ["IpfsNode"]

_HOST: Final = "127.0.0.1"
_PORTS: Final = range(20_000, 32_000)
"""Below what Linux hands out to connections, so that only somebody who asks for a port by number takes it."""

_START_SECONDS: Final = 120.0
_STEP_SECONDS: Final = 0.05
_PORT_SECONDS: Final = 5.0
_CALL_SECONDS: Final = 20.0
_TRIES: Final = 3
_MOST_ANSWER_BYTES: Final = 1 << 20
_JS_IPFS: Final = Path(__file__).parents[2] / "scripts" / "ipfs"
_KUBO_SETTINGS: Final[dict[str, Any]] = {
    "AutoNAT": {"ServiceMode": "disabled"},
    "AutoTLS": {"Enabled": False},
    "Bootstrap": [],
    "Discovery": {"MDNS": {"Enabled": False}},
    "Peering": {"Peers": []},
    "Routing": {"Type": "none"},
    "Swarm": {
        "DisableNatPortMap": True,
        "EnableHolePunching": False,
        "RelayClient": {"Enabled": False},
        "RelayService": {"Enabled": False},
        "Transports": {"Network": {"Relay": False}},
    },
}


class IpfsNode:
    """A node in a folder: started, stopped, and started again with the same content, ports and name.

    The process outlives whoever started it, unless asked not to; any other process stops it through the same folder.

    Args:
        folder: its repository, its log (`node.log`) and what it is recognised by; made when it is not there.
        peers: addresses of nodes to connect with whenever it starts.
        dies_with_us: end it when this process is killed outright, where the system can do that.
    """

    def __init__(self, folder: Path, *, peers: Sequence[str] = (), dies_with_us: bool = False) -> None:
        self.folder = Path(folder).absolute()
        self.peers = tuple(peers)
        self.log = self.folder / "node.log"
        self._dies_with_us = dies_with_us
        self._note = self.folder / "node.json"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where its HTTP interface listens; raises NotFound before the first start."""
        return f"http://{_HOST}:{self._noted()['api']}"

    @property
    def address(self) -> str:
        """Where other nodes reach it, as a multiaddr with its name; raises NotFound before the first start."""
        return str(self._noted()["address"])

    @property
    def pid(self) -> int:
        """Number of its process, which leads a process group; raises NotFound before the first start."""
        return int(self._noted()["pid"])

    def runs(self) -> bool:
        """Say whether its process runs."""
        try:
            noted = self._noted()
        except NotFound:
            return False
        return runs(Mark(noted["pid"], noted["started"]))

    def start(self) -> None:
        """Start it unless it runs, wait until it answers, and connect it with its peers.

        Raises:
            NotFound: neither Kubo nor js-ipfs is installed.
            StorageError: it does not start; the message ends with what it said last.
        """
        if not self.runs():
            with explained(self.folder):
                self.folder.mkdir(parents=True, exist_ok=True)
                # The log tells of this start only: what an earlier one said would explain the wrong failure.
                self.log.unlink(missing_ok=True)
            self._start()
        self.connect(*self.peers)

    def stop(self, seconds: float = 10.0) -> None:
        """End it: asked first, killed after `seconds`. Does nothing when it does not run."""
        if self.runs():
            noted = self._noted()
            stop(Mark(noted["pid"], noted["started"]), seconds=seconds)

    def connect(self, *peers: str) -> None:
        """Connect it with other nodes now; raises StorageError when one cannot be reached."""
        for peer in peers:
            _call(self.url, f"swarm/connect?arg={quote(peer, safe='')}")

    def collect(self) -> None:
        """Let it delete whatever nobody pinned."""
        _call(self.url, "repo/gc")

    def _start(self) -> None:
        if self._note.exists():
            noted = self._noted()
            self._wait_for_ports(noted["api"], noted["swarm"])
            self._launch(noted["api"], noted["swarm"])
            return
        for remaining in reversed(range(_TRIES)):
            try:
                self._launch(*_free_ports())
            except StorageError:
                # Somebody may have taken a port since it was looked at: others may do.
                if not remaining:
                    raise
            else:
                return

    def _wait_for_ports(self, *ports: int) -> None:
        """Wait until whoever had the ports before has let go of them: a killed process takes a moment."""
        until = time.monotonic() + _PORT_SECONDS
        for port in ports:
            while not _is_free(port):
                if time.monotonic() > until:
                    self._fail(f"port {port} is taken by somebody else")
                time.sleep(_STEP_SECONDS)

    def _launch(self, api: int, swarm: int) -> None:
        command, environment = self._command(api, swarm)
        process = start(command, self.log, environment=environment, dies_with_us=self._dies_with_us)
        mark = mark_of(process.pid)
        with ExitStack() as undo:
            # It may outlive us, and is waited for by its number; without this the object warns when it goes.
            undo.callback(setattr, process, "returncode", 0)
            if mark is not None:
                undo.callback(stop, mark)
            answer = self._wait(process, f"http://{_HOST}:{api}")
            if mark is None:  # pragma: no cover - it answered, so it was there
                self._fail("it ended")
            own = next((text for text in answer["Addresses"] if f"/{_HOST}/tcp/" in text), None)
            if own is None:
                self._fail("it listens to no other node")
            address = own if "/p2p/" in own else f"{own}/p2p/{answer['ID']}"
            noted = {"api": api, "swarm": swarm, "address": address, "pid": mark.pid, "started": mark.started}
            staged = self._note.with_suffix(".new")
            with explained(self.folder):
                staged.write_text(json.dumps(noted), "utf-8")
                staged.replace(self._note)
            process.returncode = 0
            undo.pop_all()

    def _wait(self, process: subprocess.Popen[bytes], url: str) -> dict[str, Any]:
        until = time.monotonic() + _START_SECONDS
        while True:
            if process.poll() is not None:
                self._fail("it ended")
            if time.monotonic() > until:
                self._fail(f"no answer in {_START_SECONDS:.0f} s")
            try:
                answer = _call(url, "id")
            except StorageError:
                time.sleep(_STEP_SECONDS)
                continue
            if isinstance(answer, dict) and "ID" in answer and isinstance(answer.get("Addresses"), list):
                return answer
            self._fail(f"something else answers at {url}")

    def _fail(self, why: str) -> NoReturn:
        said = last_lines(self.log, 1) or "nothing"
        msg = f"the IPFS node in {self.folder} does not start ({why}): see {self.log}; it said {said}"
        raise StorageError(msg)

    def _noted(self) -> dict[str, Any]:
        try:
            return dict(json.loads(self._note.read_text("utf-8")))
        except FileNotFoundError as error:
            msg = f"no IPFS node was started in {self.folder}: start it first"
            raise NotFound(msg) from error
        except ValueError as error:
            msg = f"{self._note} is damaged: choose another folder for the IPFS node"
            raise InvalidInput(msg) from error

    def _command(self, api: int, swarm: int) -> tuple[list[str], dict[str, str]]:
        repository = self.folder / "repository"
        kubo = shutil.which("ipfs")
        if kubo is not None:
            environment = {"IPFS_PATH": str(repository), "IPFS_TELEMETRY": "off"}
            _set_up_kubo(kubo, repository, api, swarm, environment)
            return [kubo, "daemon"], environment
        node = shutil.which("node")
        if node is None or not (_JS_IPFS / "node_modules" / "ipfs-core").is_dir():
            msg = "no IPFS node is installed: install Kubo (`ipfs` on PATH), or run `make ipfs` in a checkout"
            raise NotFound(msg)
        script = [node, "--require", str(_JS_IPFS / "polyfill.cjs"), str(_JS_IPFS / "node.mjs")]
        return [*script, str(repository), str(api), str(swarm)], {}


def _set_up_kubo(kubo: str, repository: Path, api: int, swarm: int, environment: dict[str, str]) -> None:
    """Make a Kubo repository unless there is one, and write its settings; raises StorageError when that fails."""
    config = repository / "config"
    (repository / "repo.lock").unlink(missing_ok=True)
    if not config.exists():
        made = subprocess.run(  # noqa: S603 - the `ipfs` of this machine, arguments of our own
            [kubo, "init", "--empty-repo", "--algorithm", "ed25519"],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        if made.returncode:
            msg = f"Kubo cannot make a repository in {repository}: {' '.join(made.stderr.split())[-200:]}"
            raise StorageError(msg)
    settings = json.loads(config.read_text("utf-8"))
    settings.update(_KUBO_SETTINGS)
    settings["Addresses"] = {
        **settings.get("Addresses", {}),
        "API": f"/ip4/{_HOST}/tcp/{api}",
        "Gateway": "",
        "Swarm": [f"/ip4/{_HOST}/tcp/{swarm}"],
    }
    config.write_text(json.dumps(settings, indent=1), "utf-8")


def _free_ports() -> tuple[int, int]:
    """Choose two ports nobody listens on; raises StorageError when there are none."""
    found = (port for port in random.SystemRandom().sample(_PORTS, 100) if _is_free(port))
    ports = tuple(itertools.islice(found, 2))
    if len(ports) < 2:  # noqa: PLR2004 - one for people, one for nodes
        msg = f"no free port between {_PORTS.start} and {_PORTS.stop}: stop some servers of this machine"
        raise StorageError(msg)
    return ports[0], ports[1]


def _is_free(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError:
            return False
    return True


def _call(url: str, command: str) -> Any:  # noqa: ANN401 - whatever the node answers; callers look at it
    """Ask the node, and return the first line of its answer; raises StorageError when it refuses or is not there."""
    request = urllib.request.Request(f"{url}/api/v0/{command}", method="POST")  # noqa: S310 - http to 127.0.0.1
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_CALL_SECONDS) as response:
            lines = response.read(_MOST_ANSWER_BYTES).splitlines()
        return json.loads(lines[0]) if lines else None
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(_MOST_ANSWER_BYTES).decode("utf-8", "replace").strip()[:200]
        msg = f"the IPFS node at {url} refuses {command.partition('?')[0]}: {said}"
        raise StorageError(msg) from error
    except (OSError, ValueError) as error:
        msg = f"the IPFS node at {url} does not answer: start it, or look into its log"
        raise StorageError(msg) from error
