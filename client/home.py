"""One participant's folder: who it is, what it takes part in, and what it must not forget.

    HOME/settings.toml    chain, storage and role; written last, so that a folder with it is complete
    HOME/wallet.json      the Ethereum key, under the password
    HOME/identity.json    the encryption key, under the same password
    HOME/journal          keys, salts, transactions under way; encrypted under the identity
    HOME/models/          the owner's model after each adopted round

Whoever has the folder and the password is this participant. Losing the folder loses stakes and sealed contents: copy
wallet.json and identity.json to a safe place, and the journal whenever nothing is running.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from client.journal import FileJournal
from client.settings import Settings
from client.wallet import Wallet, wallet_address
from marketplace.chain.deploy import Deployment
from marketplace.domain.errors import InvalidInput
from marketplace.sealing.identity import EncryptionIdentity
from marketplace.sealing.keyfile import load_identity, save_identity
from marketplace.storage.disk import explained, replace_file

__all__ = ["Home", "Keys", "read_password"]

_MAX_PASSWORD_BYTES: Final = 4096
_MAX_DEPLOYMENT_BYTES: Final = 1 << 16


@dataclass(frozen=True)
class Keys:
    """What the password opens."""

    wallet: Wallet
    identity: EncryptionIdentity


@dataclass(frozen=True)
class Home:
    """A participant's folder that is complete."""

    path: Path
    settings: Settings

    @classmethod
    def create(cls, path: Path, settings: Settings, password: str, *, work: int | None = None) -> Home:
        """Make a participant's folder, for its user alone (mode 0700).

        A call that was cut short can be repeated: keys that are there already are kept, if the password opens them.

        Args:
            path: the folder.
            settings: what becomes `settings.toml`.
            password: of wallet and identity.
            work: scrypt's n of both key files, at least 2^14; None for what is right outside demonstrations.

        Raises:
            InvalidInput: the folder is a participant's already, or the password is empty.
            WrongKey: keys are there, under another password.
            StorageError: it cannot be written.
        """
        target = path / "settings.toml"
        if target.exists():
            msg = f"{path} is a participant's folder already: choose another one, or run it"
            raise InvalidInput(msg)
        with explained(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        home = cls(path, settings)
        if home.wallet_file.exists():
            Wallet.load(home.wallet_file, password)
        else:
            Wallet.create(home.wallet_file, password, **({} if work is None else {"work": work}))
        if home.identity_file.exists():
            load_identity(home.identity_file, password)
        else:
            identity = EncryptionIdentity.generate()
            save_identity(identity, home.identity_file, password, **({} if work is None else {"work": work}))
        replace_file(target, settings.to_toml().encode())
        return home

    @classmethod
    def open(cls, path: Path) -> Home:
        """Return the folder of a participant; raises InvalidInput where there is none."""
        return cls(path, Settings.read(path / "settings.toml"))

    @property
    def wallet_file(self) -> Path:
        """The key file of the wallet."""
        return self.path / "wallet.json"

    @property
    def identity_file(self) -> Path:
        """The key file of the encryption identity."""
        return self.path / "identity.json"

    @property
    def models(self) -> Path:
        """Where an owner's models go."""
        return self.path / "models"

    def address(self) -> str:
        """Return the wallet's address, which its file tells without the password; EIP-55 text."""
        return wallet_address(self.wallet_file)

    def unlock(self, password: str) -> Keys:
        """Return wallet and identity; raises WrongKey, BrokenSeal or StorageError."""
        return Keys(Wallet.load(self.wallet_file, password), load_identity(self.identity_file, password))

    def journal(self, keys: Keys) -> FileJournal:
        """Open the journal; no other process can while it is open."""
        return FileJournal(self.path / "journal", keys.identity)

    def deployment(self) -> Deployment:
        """Return where the contracts lie; raises InvalidInput."""
        path = self.path / self.settings.chain.deployment
        try:
            with path.open("rb") as file:
                raw = file.read(_MAX_DEPLOYMENT_BYTES)
        except OSError as error:
            msg = f"the deployment file {path} cannot be read ({error.strerror}): put the one of your network there"
            raise InvalidInput(msg) from error
        return Deployment.from_json(raw.decode("utf-8", "replace"))


def read_password(path: Path) -> str:
    """Return the password in a file: its first line. Raises InvalidInput for one that others can read, or is empty."""
    try:
        with path.open("rb") as file:
            mode, raw = os.fstat(file.fileno()).st_mode, file.read(_MAX_PASSWORD_BYTES)
    except OSError as error:
        msg = f"the password file {path} cannot be read ({error.strerror}): check the path"
        raise InvalidInput(msg) from error
    if mode & 0o077:
        msg = f"others can read the password file {path}: chmod 600 it, and change the password if they may have"
        raise InvalidInput(msg)
    password = raw.decode("utf-8", "surrogateescape").splitlines()[:1]
    if not password or not password[0]:
        msg = f"the password file {path} is empty: write the password into its first line"
        raise InvalidInput(msg)
    return password[0]
