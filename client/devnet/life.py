"""Bringing a devnet up, looking at it, taking it down: from any shell that knows its folder."""

from __future__ import annotations

import sys
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from client.devnet.conductor import PATIENCE
from client.devnet.nodes import ACCOUNTS, NODES, start_node
from client.devnet.processes import last_lines, mark_of, runs, start, stop
from client.devnet.state import STATE_FILE, DevnetState, read_state, write_state
from marketplace.domain.errors import ChainError, InvalidInput, StorageError
from marketplace.storage.disk import explained, locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["DevnetOptions", "DevnetStatus", "bring_up", "take_down", "tell"]

TOKEN: Final = 10**18
GRANT: Final = 1_000_000 * TOKEN
"""What each of the ten accounts gets."""

_LOCK: Final = ".lock"
_MOST_IPFS: Final = 8


@dataclass(frozen=True)
class DevnetOptions:
    """What a devnet should be.

    Args:
        kind: anvil or ganache.
        ipfs: how many IPFS nodes, connected with each other.
        port: of the chain; 0 for any that is free.
        holders: how many holders come to each bounty; None for as many as its terms take.
        patience: seconds without a transaction after which nobody is waited for any longer.
        conductor: whether a process moves its time; the demonstration moves it itself.
        grants: whether its ten accounts get tokens.
        dies_with_us: whether it ends when this process is killed outright, where the system can do that.
    """

    kind: str = "anvil"
    ipfs: int = 0
    port: int = 0
    holders: int | None = None
    patience: float = PATIENCE
    conductor: bool = True
    grants: bool = True
    dies_with_us: bool = False

    def __post_init__(self) -> None:
        """Refuse what cannot be started."""
        if self.kind not in NODES:
            msg = f"there is no local chain called {self.kind!r}: use {' or '.join(NODES)}"
            raise InvalidInput(msg)
        if not 0 <= self.ipfs <= _MOST_IPFS:
            msg = f"{self.ipfs} IPFS nodes cannot be started: choose 0 to {_MOST_IPFS}"
            raise InvalidInput(msg)
        if self.holders is not None and self.holders < 1:
            msg = f"{self.holders} holders cannot come: choose 1 or more"
            raise InvalidInput(msg)
        if not 0 < self.patience < float("inf"):
            msg = f"a patience of {self.patience} s makes no sense: choose more than 0"
            raise InvalidInput(msg)
        if not 0 <= self.port < 1 << 16:
            msg = f"there is no port {self.port}: choose 1 to 65535, or 0 for any that is free"
            raise InvalidInput(msg)


@dataclass(frozen=True)
class DevnetStatus:
    """A devnet and which of its processes run."""

    state: DevnetState
    running: dict[str, bool]

    @property
    def up(self) -> bool:
        """Whether it came up and all of it still runs."""
        return self.state.ready and all(self.running.values())


def bring_up(folder: Path, options: DevnetOptions) -> DevnetState:
    """Start a devnet, unless it runs already; when this fails, nothing of it is left running.

    Raises:
        InvalidInput: another kind of devnet runs there, or the port is taken.
        NotFound: a program is not installed.
        ChainError, StorageError: something did not start.
    """
    with _alone(folder):
        found = tell(folder)
        if found is not None and found.up:
            _same(found.state, options)
            return found.state
        if found is not None:
            _take_down(folder, found.state)
        return _start(folder, options)


def tell(folder: Path) -> DevnetStatus | None:
    """Return how the devnet of a folder is; None when there is none."""
    state = read_state(folder)
    return None if state is None else DevnetStatus(state, {name: runs(mark) for name, mark in state.processes.items()})


def take_down(folder: Path) -> bool:
    """Stop the processes that `bring_up` started, and no others; return whether there was a devnet."""
    if not folder.is_dir():
        return False
    with _alone(folder):
        state = read_state(folder)
        if state is not None:
            _take_down(folder, state)
        return state is not None


# ---------------------------------------------------------------------- details
@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock, so that two commands do not start or stop the same devnet at once."""
    with explained(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(folder / _LOCK, exclusive=True, wait=False) as held:
            if not held:
                msg = f"another command is starting or stopping the devnet in {folder}: wait for it"
                raise StorageError(msg)
            yield


def _start(folder: Path, options: DevnetOptions) -> DevnetState:
    from client.devnet.market import Bank, account_of, new_mnemonic, open_chain  # noqa: PLC0415 - loads web3
    from marketplace.chain.deploy import deploy  # noqa: PLC0415

    mnemonic = new_mnemonic()
    with ExitStack() as undo:
        mark, rpc = start_node(NODES[options.kind], folder, mnemonic, options.port, dies_with_us=options.dies_with_us)
        undo.callback(stop, mark)
        state = DevnetState(
            options.kind, rpc.url, mnemonic, options.holders, options.patience, processes={"chain": mark}
        )
        # From here on `take_down` finds it, even if this process is killed.
        write_state(folder, state)
        undo.callback((folder / STATE_FILE).unlink, missing_ok=True)
        if options.ipfs:
            state = _start_ipfs(folder, state, options, undo)
        chain = open_chain(state)
        state = replace(state, deployment=deploy(chain, account_of(mnemonic, 0)))
        if options.grants:
            bank = Bank(state)
            for number in range(ACCOUNTS):
                bank.grant(account_of(mnemonic, number).address, GRANT)
        write_state(folder, state)
        if options.conductor:
            state = _start_conductor(folder, state, undo)
        state = replace(state, ready=True)
        write_state(folder, state)
        undo.pop_all()
    return state


def _start_ipfs(folder: Path, state: DevnetState, options: DevnetOptions, undo: ExitStack) -> DevnetState:
    """Start IPFS nodes that know each other."""
    from client.devnet.ipfsnode import IpfsNode  # noqa: PLC0415 - only where nodes are asked for

    nodes: list[IpfsNode] = []
    for number in range(options.ipfs):
        peers = [other.address for other in nodes]
        node = IpfsNode(folder / f"ipfs-{number + 1}", peers=peers, dies_with_us=options.dies_with_us)
        node.start()
        undo.callback(node.stop)
        mark = mark_of(node.pid)
        if mark is None:
            msg = f"IPFS node {number + 1} ended at once: see the log in {folder / f'ipfs-{number + 1}'}"
            raise StorageError(msg)
        nodes.append(node)
        state = replace(
            state,
            ipfs=tuple(other.url for other in nodes),
            processes={**state.processes, f"ipfs {number + 1}": mark},
        )
        write_state(folder, state)
    return state


def _start_conductor(folder: Path, state: DevnetState, undo: ExitStack) -> DevnetState:
    log = folder / "conductor.log"
    process = start([sys.executable, "-m", "client.devnet.conduct", str(folder)], log)
    mark = mark_of(process.pid)
    if mark is None:
        msg = f"what moves the devnet's time does not start: {last_lines(log, 1)}"
        raise ChainError(msg)
    undo.callback(stop, mark)
    state = replace(state, processes={**state.processes, "conductor": mark})
    write_state(folder, state)
    return state


def _take_down(folder: Path, state: DevnetState) -> None:
    marks = dict(state.processes)
    first = marks.pop("conductor", None)  # it would only complain that the chain is gone
    if first is not None:
        stop(first)
    stop(*marks.values())
    with explained(folder):
        (folder / STATE_FILE).unlink(missing_ok=True)


def _same(state: DevnetState, options: DevnetOptions) -> None:
    """Raise InvalidInput unless what runs is what was asked for."""
    differs = {
        "kind": (state.kind, options.kind),
        "number of IPFS nodes": (len(state.ipfs), options.ipfs),
        "port": (state.url.rpartition(":")[2], str(options.port) if options.port else state.url.rpartition(":")[2]),
    }
    for name, (runs_as, asked) in differs.items():
        if runs_as != asked:
            msg = f"a devnet runs there with another {name}, {runs_as} and not {asked}: take it down first"
            raise InvalidInput(msg)
