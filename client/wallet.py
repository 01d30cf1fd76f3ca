"""The wallet: an Ethereum key under a password, in the key file format every Ethereum tool reads (keystore v3, scrypt).

Trust model: whoever has the file needs the password, and each guess costs one scrypt evaluation (256 MiB, about a
second). The key exists unencrypted in memory alone: it is never an argument of a command, logged, or shown.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final, Self

from eth_account import Account as EthAccount
from eth_utils.address import is_hex_address, to_checksum_address

from marketplace.chain.signer import KeySigner
from marketplace.domain.errors import BrokenSeal, InvalidInput, StorageError, WrongKey
from marketplace.storage.disk import explained, sync_folder

__all__ = ["Wallet", "wallet_address"]

_VERSION: Final = 3
_KEY_BYTES: Final = 32
_WORK: Final = 1 << 18
_MOST_WORK: Final = 1 << 23
"""n * r * p of a key file at most; the format's usual cost is a quarter of it, and 1 GiB of memory goes with it."""
_MAX_FILE_BYTES: Final = 1 << 14


class Wallet(KeySigner):
    """One Ethereum account that can sign; see `marketplace.chain.signer.Signer`."""

    @classmethod
    def ephemeral(cls) -> Self:
        """Return a new account that is never written anywhere, for demos and tests."""
        return cls(secrets.token_bytes(_KEY_BYTES))

    @classmethod
    def create(cls, path: Path, password: str, *, work: int = _WORK) -> Self:
        """Make a new account and write its key file, readable and writable by its owner alone (mode 0600).

        Args:
            path: where; a file that is there is never overwritten.
            password: what opens it again.
            work: scrypt's n, a power of two.

        Raises:
            InvalidInput: the password is empty.
            StorageError: there is a file already, or it could not be written; then none is.
        """
        if not password:
            msg = "an empty password protects nothing: choose another one"
            raise InvalidInput(msg)
        key = secrets.token_bytes(_KEY_BYTES)
        content = EthAccount.encrypt(key, password, kdf="scrypt", iterations=work)
        _write_new(path, (json.dumps(content, indent=1) + "\n").encode("ascii"))
        return cls(key)

    @classmethod
    def load(cls, path: Path, password: str) -> Self:
        """Return the account in a key file.

        Raises:
            WrongKey: the password does not fit.
            BrokenSeal: it is no key file, was cut short or altered, or asks for an absurd amount of work.
            StorageError: it cannot be read.
        """
        content = _read(path)
        try:
            key = bytes(EthAccount.decrypt(content, password))
            wallet = cls(key)
        except (ValueError, TypeError, KeyError, NotImplementedError) as error:
            if "mac mismatch" in str(error).lower():
                msg = f"the password does not open {path}: try again"
                raise WrongKey(msg) from None
            raise _damaged(path) from None
        if content.get("address", wallet.address[2:]).lower().removeprefix("0x") != wallet.address[2:].lower():
            raise _damaged(path)
        return wallet


def wallet_address(path: Path) -> str:
    """Return the address a key file names, EIP-55 text; nothing says that it is true before the password opens it.

    Raises:
        BrokenSeal: it is no key file, or names no address.
        StorageError: it cannot be read.
    """
    address = str(_read(path).get("address", "")).removeprefix("0x")
    if not is_hex_address(address):
        raise _damaged(path)
    return str(to_checksum_address(address))


def _read(path: Path) -> dict[str, Any]:
    with explained(path), path.open("rb") as file:
        raw = file.read(_MAX_FILE_BYTES + 1)
    return _parsed(path, raw)


def _parsed(path: Path, raw: bytes) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads(raw) if len(raw) <= _MAX_FILE_BYTES else {}
        crypto = content.get("crypto") or content["Crypto"]
        cost = crypto["kdfparams"]
        work = int(cost["n"]) * int(cost["r"]) * int(cost["p"])
        known = content["version"] == _VERSION and crypto["kdf"] == "scrypt" and int(cost["dklen"]) == _KEY_BYTES
    except (ValueError, KeyError, TypeError, AttributeError):
        raise _damaged(path) from None
    if not known or not 0 < work <= _MOST_WORK or not isinstance(content.get("address", ""), str):
        raise _damaged(path)
    return content


def _damaged(path: Path) -> BrokenSeal:
    return BrokenSeal(f"{path} is no wallet's key file (keystore v3, scrypt) or was damaged: restore it from a backup")


def _write_new(path: Path, data: bytes) -> None:
    """Write a temporary file and link it to its name, which fails where the name is taken, even in the same instant."""
    temporary = path.with_name(f".{secrets.token_hex(16)}.tmp")
    with explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
            sync_folder(path.parent)
        except FileExistsError:
            msg = f"{path} exists already and is never overwritten: choose another name or move it away"
            raise StorageError(msg) from None
        finally:
            temporary.unlink(missing_ok=True)
