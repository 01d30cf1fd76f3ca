"""The demonstration as it would be among strangers: everybody a process on a folder of its own.

Nothing passes between them but the chain and the store. What plays the demonstration prepares the folders, moves the
devnet's time, and otherwise only looks.
"""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from client.demo.books import add_up
from client.demo.crew import Crew, ending_in_order
from client.demo.homes import Furnisher, pause, rotate
from client.demo.people import Programme
from client.demo.report import Outcome, make_report, standings
from client.demo.screen import Screen
from client.demo.script import write_script
from client.demo.watch import Watcher
from client.devnet.conductor import PULSE, Conductor
from client.devnet.life import DevnetOptions, bring_up, take_down
from client.devnet.market import Bank, open_chain
from client.devnet.rpc import LocalTime, Rpc
from client.participant import Participant
from client.settings import StorageSettings
from client.wallet import Wallet
from marketplace.chain.account import Account
from marketplace.domain.bounty import TicketState
from marketplace.domain.errors import ChainError, GradMarketError
from marketplace.sealing.identity import EncryptionIdentity
from marketplace.storage.folder import FolderStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from client.demo.homes import Resident
    from client.demo.plan import DemoOptions
    from client.demo.script import Script
    from client.devnet.state import DevnetState
    from marketplace.storage.store import Store

__all__ = ["play_outside"]

_IPFS_NODES: Final = 2
_STEP_SECONDS: Final = 0.05
_PATIENCE_SECONDS: Final = 240.0
"""Longer than elsewhere: whoever died is noticed anyway, and everybody shares this machine's processors."""
_STALLED_SECONDS: Final = 600.0
"""Without a transaction: nobody will do anything any more."""


def play_outside(options: DemoOptions, folder: Path, console: Console | None = None) -> dict[str, Any]:
    """Play a bounty to its end, everybody in a process; return the report.

    Whatever happens, a signal to end included, everything that was started is stopped.

    Raises:
        ProtocolError: somebody's process ended badly.
        ChainError: nothing happens any more.
    """
    started = time.monotonic()
    with ending_in_order(), ExitStack() as stack:
        state = _devnet(options, folder / "devnet", stack)
        bank = Bank(state)
        account = Account(open_chain(state), bank.account.deployment, Wallet.ephemeral())
        script = write_script(options, account.token.contract_address, account.now())
        stores = _stores(state, folder)
        residents = Furnisher(folder / "homes", script, state, stores, bank.grant).furnish()
        programme = Programme(
            script.inputs.title, script.inputs.chain, tuple(r.person for r in residents), script.inputs.privacy
        )
        screen = Screen(programme, console)
        viewer = Participant("the audience", account, EncryptionIdentity.generate(), _store(stores()))
        watcher = Watcher(viewer, script, residents[0].home / "models", screen)
        screen.opening(watcher.curve[-1])
        conductor = Conductor(
            bank.account,
            LocalTime(Rpc(state.url)),
            holders=options.submitters,
            patience=_PATIENCE_SECONDS,
            pulse=max(PULSE, pause(script)),
        )
        _perform(residents, script, watcher, conductor, stack.enter_context(Crew()))
        outcome = Outcome(viewer, programme.people, add_up(account), watcher.curve)
        screen.closing(outcome.curve, standings(outcome), outcome.books)
        return make_report(outcome, options, time.monotonic() - started)


def _devnet(options: DemoOptions, folder: Path, stack: ExitStack) -> DevnetState:
    nodes = _IPFS_NODES if options.storage == "ipfs" else 0
    stack.callback(take_down, folder)
    return bring_up(folder, DevnetOptions(options.chain, nodes, conductor=False, grants=False, dies_with_us=True))


def _perform(residents: list[Resident], script: Script, watcher: Watcher, conductor: Conductor, crew: Crew) -> None:
    """Start everybody and look on until all are done: the validators first, because a bounty draws tickets."""
    early = [r for r in residents if r.person.role == "validator"]
    late = [r for r in residents if r.person.role != "validator"]
    for resident in early:
        crew.hire(resident.person.name, resident.command, resident.log, resident.environment)
    account, stake = watcher.viewer.account, script.inputs.chain.ticket_stake
    tickets = range(len(early))
    _look_on(
        watcher,
        conductor,
        crew,
        lambda: all(account.registry.ticket(stake, n).state is TicketState.LIVE for n in tickets),
    )
    for resident in late:
        crew.hire(resident.person.name, resident.command, resident.log, resident.environment)
    _look_on(watcher, conductor, crew, lambda: not crew.working())
    watcher.finish()


def _look_on(watcher: Watcher, conductor: Conductor, crew: Crew, until: Callable[[], bool]) -> None:
    """Move time and tell the story until `until` says, after a new block, that it is over."""
    seen = None
    while True:
        crew.working()
        try:
            conductor.step()
            if conductor.newest != seen:
                watcher.step()
                seen = conductor.newest
                if until():
                    return
        except GradMarketError as error:
            if conductor.quiet > _STALLED_SECONDS:
                msg = f"the demonstration does not go on ({error}): see the logs, with --keep"
                raise ChainError(msg) from error
        if conductor.quiet > _STALLED_SECONDS:
            left = ", ".join(crew.working())
            msg = f"nothing has happened for {_STALLED_SECONDS:.0f} s, and {left} still run: see the logs, with --keep"
            raise ChainError(msg)
        time.sleep(_STEP_SECONDS)


def _stores(state: DevnetState, folder: Path) -> Callable[[], StorageSettings]:
    if state.ipfs:
        return rotate(state.ipfs)
    shared = StorageSettings(kind="folder", path=str(folder / "store"))
    return lambda: shared


def _store(settings: StorageSettings) -> Store:
    if settings.kind == "folder":
        return FolderStore(Path(settings.path))
    from marketplace.storage.ipfs import IpfsStore  # noqa: PLC0415 - only where a node is asked for

    return IpfsStore(settings.urls[0])
