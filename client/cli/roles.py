"""`gradmarket owner|holder|validator run HOME`: a participant as a process, from its folder."""

from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from client.settings import Role

__all__ = ["Home", "PasswordFile", "password_from", "run_role"]

_VARIABLE: Final = "GRADMARKET_PASSWORD_FILE"

Home = Annotated[Path, typer.Argument(help="The participant's folder.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help=f"File whose first line is the password; else {_VARIABLE} names it, else you are asked."),
]


def run_role(role: Role, home: Path, password_file: Path | None, *, verbose: bool) -> None:
    """Run a participant until everything is over and in its wallet, or the process is told to stop."""
    from client.home import Home as Folder  # noqa: PLC0415 - loads cryptography
    from client.service.loop import run  # noqa: PLC0415 - loads web3
    from marketplace.domain.errors import InvalidInput  # noqa: PLC0415

    found = Folder.open(home)
    if found.settings.role != role:
        msg = f"{home} is the folder of a {found.settings.role}: use gradmarket {found.settings.role} run"
        raise InvalidInput(msg)
    _log_to_stderr(found.settings.name or role, verbose=verbose)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    if not run(found, password_from(password_file), stop):
        raise typer.Exit(128 + signal.SIGTERM)


def password_from(path: Path | None, *, new: bool = False) -> str:
    """Return the password from a file or a person; it is never an argument, and never in the environment itself."""
    from client.home import read_password  # noqa: PLC0415 - loads cryptography

    named = path or (Path(os.environ[_VARIABLE]) if os.environ.get(_VARIABLE) else None)
    if named is not None:
        return read_password(named)
    return str(typer.prompt("password", hide_input=True, confirmation_prompt=new))


def _log_to_stderr(name: str, *, verbose: bool) -> None:
    logging.basicConfig(
        level=logging.DEBUG if verbose else logging.INFO, format=f"%(asctime)s {name} %(levelname)s %(message)s"
    )
    # What libraries say at this level is about every request, and requests may hold what is nobody else's business.
    for library in ("web3", "urllib3", "ipfshttpclient", "asyncio", "requests"):
        logging.getLogger(library).setLevel(logging.WARNING)
