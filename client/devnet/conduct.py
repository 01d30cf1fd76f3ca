"""`python -m client.devnet.conduct FOLDER`: the process that moves a devnet's time until it is stopped."""

from __future__ import annotations

import signal
import sys
import threading
from pathlib import Path

from client.devnet.conductor import Conductor, conduct
from client.devnet.rpc import LocalTime, Rpc
from client.devnet.state import read_state
from marketplace.domain.errors import ChainError

__all__ = ["main"]


def main(folder: Path) -> int:
    """Conduct the devnet of a folder; return the exit code."""
    from client.devnet.market import Bank  # noqa: PLC0415 - loads web3

    state = read_state(folder)
    if state is None:
        return ChainError.exit_code
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: over.set())
    clock = LocalTime(Rpc(state.url))
    conductor = Conductor(Bank(state).account, clock, holders=state.holders, patience=state.patience)
    try:
        conduct(conductor, over.is_set)
    except ChainError as error:  # the chain was stopped: there is no time left to move
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
