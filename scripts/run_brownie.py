"""Run Brownie with a configuration of its own, so that nobody's ~/.brownie is read or changed.

Usage: python scripts/run_brownie.py [--ganache] COMMAND ARGUMENT... [-- COMMAND ARGUMENT...]...

Every COMMAND is one of Brownie's (compile, test, run, console), run in turn until one fails. Two local networks exist:
`development` (anvil, the default) and `ganache7` (Ganache 7.9.2). Brownie starts and stops them by itself; with
`--ganache` one Ganache runs as long as all commands do. Ports are free ones; GRADMARKET_GANACHE_PORT chooses that of
`ganache7`, for a Ganache that runs already. Networks that are not local are for one's own Brownie: docs/BROWNIE.md.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

__all__ = ["BROWNIE", "ROOT", "free_port", "ganache", "main", "networks"]

ROOT = Path(__file__).resolve().parents[1]
BROWNIE = ROOT / ".venv-brownie" / "bin" / "brownie"
_NODE = ROOT / "node_modules" / ".bin"
_GAS_LIMIT = 30_000_000
_START_SECONDS = 60
_STOP_SECONDS = 10


def networks(anvil_port: int, ganache_port: int) -> str:
    """Return Brownie's network-config.yaml, as JSON, which is YAML: two local chains, both as far as shanghai."""
    settings = {"gas_limit": _GAS_LIMIT, "accounts": 10, "evm_version": "shanghai"}
    anvil = {"port": anvil_port, "base_fee": 0, "chain_id": 31_337, **settings}
    ganache = {"port": ganache_port, "mnemonic": "brownie", "chain_id": 1337, **settings}
    found = [
        {"name": "anvil", "id": "development", "cmd": "anvil", "cmd_settings": anvil},
        {"name": "Ganache 7", "id": "ganache7", "cmd": "ganache", "cmd_settings": ganache},
    ]
    return json.dumps({"live": [], "development": [{"host": "http://127.0.0.1", "timeout": 120, **n} for n in found]})


def free_port() -> int:
    """Return a port of this machine that nobody listens on at the moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def ganache(port: int) -> Iterator[None]:
    """Run Ganache on that port of 127.0.0.1 as Brownie would start it, and stop it at the end."""
    options = {
        "server.host": "127.0.0.1",
        "server.port": port,
        "chain.chainId": 1337,
        "chain.hardfork": "shanghai",
        "chain.vmErrorsOnRPCResponse": "true",
        "miner.blockGasLimit": _GAS_LIMIT,
        "wallet.mnemonic": "brownie",
    }
    if _answers(port):
        sys.exit(f"something listens on port {port} already: leave --ganache out, or choose another port")
    command = [str(_NODE / "ganache"), *(word for name, value in options.items() for word in (f"--{name}", str(value)))]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        _await(port, process)
        yield
    finally:
        _stop(process, signal.SIGTERM)


def _stop(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    process.send_signal(number)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _await(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        if _answers(port):
            return
        time.sleep(0.1)
    sys.exit("Ganache did not start: run `npm install --ignore-scripts` and try again")


def _commands(words: Sequence[str]) -> list[list[str]]:
    """Cut at every `--`."""
    found: list[list[str]] = [[]]
    for word in words:
        if word == "--":
            found.append([])
        else:
            found[-1].append(word)
    return [command for command in found if command]


def main(words: Sequence[str]) -> int:
    """Run Brownie's commands in turn; return the exit code of the first that failed, or 0."""
    with_ganache = words[:1] == ["--ganache"]
    commands = _commands(words[1:] if with_ganache else words)
    if not commands:
        sys.exit(f"name a command of Brownie's\n\n{__doc__}")
    if not BROWNIE.exists():
        sys.exit("Brownie is not installed: run `make brownie` once")
    port = int(os.environ.get("GRADMARKET_GANACHE_PORT") or free_port())
    with tempfile.TemporaryDirectory(prefix="gradmarket-brownie-") as home:
        data = Path(home) / ".brownie"
        data.mkdir()
        (data / "network-config.yaml").write_text(networks(free_port(), port), encoding="utf-8")
        environment = os.environ | {
            "HOME": home,
            "PYTHONWARNINGS": "ignore::FutureWarning",  # Brownie's, about its own calls
            "PATH": os.pathsep.join((str(_NODE), os.environ.get("PATH", ""))),
            "SOLCX_BINARY_PATH": str(ROOT / ".solcx"),
        }
        if not with_ganache:
            return _run(commands, environment)
        with ganache(port):
            return _run(commands, environment)


def _run(commands: Sequence[Sequence[str]], environment: dict[str, str]) -> int:
    return next((code for code in (_brownie(command, environment) for command in commands) if code), 0)


def _brownie(command: Sequence[str], environment: dict[str, str]) -> int:
    """Run one command; if this is interrupted, let Brownie stop the chain it started."""
    process = subprocess.Popen([BROWNIE, *command], cwd=ROOT, env=environment)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            _stop(process, signal.SIGINT)


if __name__ == "__main__":
    # However this is interrupted, and wherever it runs, the chains that were started are stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.exit(main(sys.argv[1:]))
