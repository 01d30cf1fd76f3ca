"""The two local chains a devnet can be: which program, which arguments, when it is ready."""

from __future__ import annotations

import shutil
import socket
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from client.devnet.processes import Mark, last_lines, mark_of, start, stop
from client.devnet.rpc import Rpc
from marketplace.domain.errors import ChainError, InvalidInput, NotFound

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

__all__ = ["NODES", "NodeKind", "free_port", "start_node"]

HOST: Final = "127.0.0.1"
BLOCK_GAS: Final = 30_000_000
HARDFORK: Final = "shanghai"
ACCOUNTS: Final = 10
COIN: Final = 10_000
"""Of the chain's own coin in each account."""

_START_SECONDS: Final = 60.0
_TRIES: Final = 3
_CHECKOUT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class NodeKind:
    """One kind of local chain.

    Attributes:
        name: as on the command line.
        network: in the network table of `marketplace.chain.networks`.
        chain_id: EIP-155.
        program: what is started; package: the npm package it comes with.
        arguments: (port, mnemonic) -> what it is started with.
        set_balance: the method that gives an address coin.
    """

    name: str
    network: str
    chain_id: int
    program: str
    package: str
    arguments: Callable[[int, str], list[str]]
    set_balance: str

    def find(self) -> str:
        """Return the program's path: on PATH, else in the node_modules of this checkout; raises NotFound."""
        found = shutil.which(self.program)
        if found is not None:
            return found
        modules = _CHECKOUT / "node_modules"
        # The binary itself where npm unpacked one: its wrapper is a second process to stop.
        places = [*modules.glob(f"@foundry-rs/{self.program}-*/bin/{self.program}"), modules / ".bin" / self.program]
        for place in places:
            if place.exists():
                return str(place)
        msg = f"{self.program} is not installed: npm install --global {self.package}, or make setup-dev in a checkout"
        raise NotFound(msg)


def _anvil(port: int, mnemonic: str) -> list[str]:
    return [
        *("--host", HOST, "--port", str(port), "--chain-id", "31337", "--hardfork", HARDFORK),
        *("--gas-limit", str(BLOCK_GAS), "--accounts", str(ACCOUNTS), "--balance", str(COIN)),
        *("--mnemonic", mnemonic, "--silent"),
    ]


def _ganache(port: int, mnemonic: str) -> list[str]:
    return [
        *("--server.host", HOST, "--server.port", str(port), "--chain.chainId", "1337", "--chain.networkId", "1337"),
        *("--chain.hardfork", HARDFORK, "--miner.blockGasLimit", str(BLOCK_GAS), "--logging.quiet", "true"),
        *("--wallet.totalAccounts", str(ACCOUNTS), "--wallet.defaultBalance", str(COIN)),
        *("--wallet.mnemonic", mnemonic),
    ]


NODES: Final = {
    kind.name: kind
    for kind in (
        NodeKind("anvil", "devnet-anvil", 31337, "anvil", "@foundry-rs/anvil", _anvil, "anvil_setBalance"),
        NodeKind("ganache", "devnet-ganache", 1337, "ganache", "ganache", _ganache, "evm_setAccountBalance"),
    )
}
"""The kinds by name."""


def free_port() -> int:
    """Return a port of this machine that nobody listens on at the moment."""
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def start_node(
    kind: NodeKind, folder: Path, mnemonic: str, port: int = 0, *, dies_with_us: bool = False
) -> tuple[Mark, Rpc]:
    """Start a chain and wait until it answers; what it says goes to `folder`/chain.log.

    Args:
        kind: which.
        folder: where its log goes.
        mnemonic: of its ten accounts.
        port: to listen on; 0 for any that is free.
        dies_with_us: end it when this process is killed outright, where the system can do that.

    Raises:
        NotFound: it is not installed.
        InvalidInput: somebody listens on the port.
        ChainError: it did not start.
    """
    program, log = kind.find(), folder / "chain.log"
    if port and _taken(port):
        msg = f"somebody listens on port {port} already: choose another one, or stop them"
        raise InvalidInput(msg)
    for _ in range(_TRIES):  # between looking for a free port and taking it somebody else may
        chosen = port or free_port()
        process = start([program, *kind.arguments(chosen, mnemonic)], log, dies_with_us=dies_with_us)
        rpc = Rpc(f"http://{HOST}:{chosen}")
        try:
            ready = _ready(kind, process, rpc)
        except BaseException:
            _end(process)
            raise
        mark = mark_of(process.pid)
        if ready and mark is not None:
            return mark, rpc
        _end(process)
    msg = f"{kind.name} does not start: {last_lines(log, 3) or 'it says nothing'}; see {log}"
    raise ChainError(msg)


def _ready(kind: NodeKind, process: subprocess.Popen[bytes], rpc: Rpc) -> bool:
    """Wait until the node answers; False when it ended, or another one answers in its place."""
    until = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            return int(rpc.ask("eth_chainId"), 16) == kind.chain_id and process.poll() is None
        except ChainError:
            time.sleep(0.05)
    return False


def _taken(port: int) -> bool:
    with closing(socket.socket()) as probe:
        probe.settimeout(1)
        return probe.connect_ex((HOST, port)) == 0


def _end(process: subprocess.Popen[bytes]) -> None:
    mark = mark_of(process.pid)
    if mark is not None:
        stop(mark)
    process.wait()
