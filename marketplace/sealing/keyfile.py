"""Key files: an encryption identity under a password, written whole or not at all.

Trust model: whoever has the file needs the password, and guessing it costs one scrypt evaluation (32 MiB) a try. The
private key exists unencrypted in memory alone.

Source: scrypt, RFC 7914; AES-256-GCM, NIST SP 800-38D.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from marketplace.domain.errors import BrokenSeal, StorageError, WrongKey
from marketplace.sealing.identity import EncryptionIdentity

__all__ = ["load_identity", "save_identity"]

_FORMAT: Final = "gradmarket-identity-1"
_SCRYPT: Final = {"n": 1 << 15, "r": 8, "p": 1}
_LIMITS: Final = {"n": (1 << 14, 1 << 20), "r": (1, 32), "p": (1, 8)}
_MAX_FILE: Final = 1 << 14


def save_identity(identity: EncryptionIdentity, path: Path, password: str) -> None:
    """Write a new key file, readable by its owner alone.

    Raises:
        StorageError: a file is there already (it is never overwritten), or it could not be written; then none is.
    """
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    sealed = AESGCM(_stretch(password, salt, _SCRYPT)).encrypt(nonce, identity.private_bytes(), _FORMAT.encode())
    content = {
        "format": _FORMAT,
        "key_hash": identity.key_hash.hex(),
        "scrypt": {**_SCRYPT, "salt": salt.hex()},
        "nonce": nonce.hex(),
        "sealed": sealed.hex(),
    }
    _write_new(path, json.dumps(content, indent=1).encode())


def load_identity(path: Path, password: str) -> EncryptionIdentity:
    """Return the identity in a key file.

    Raises:
        WrongKey: the password does not fit. BrokenSeal: the file is no key file, or was cut short.
        StorageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE)
    except OSError as error:
        msg = f"the key file {path} cannot be read ({error.strerror}): check the path and its permissions"
        raise StorageError(msg) from error
    try:
        content: dict[str, Any] = json.loads(raw)
        cost = {name: int(content["scrypt"][name]) for name in _SCRYPT}
        salt, nonce = bytes.fromhex(content["scrypt"]["salt"]), bytes.fromhex(content["nonce"])
        sealed = bytes.fromhex(content["sealed"])
        known = content["format"] == _FORMAT and len(nonce) == 12  # noqa: PLR2004 - GCM's nonce
    except (ValueError, KeyError, TypeError) as error:
        msg = f"{path} is not a key file, or was cut short: restore it from a backup"
        raise BrokenSeal(msg) from error
    if not known or any(not low <= cost[name] <= high for name, (low, high) in _LIMITS.items()):
        msg = f"{path} is a key file of another kind, or asks for an absurd amount of work: restore it from a backup"
        raise BrokenSeal(msg)
    try:
        private = AESGCM(_stretch(password, salt, cost)).decrypt(nonce, sealed, _FORMAT.encode())
    except InvalidTag:
        msg = f"the password does not open {path}: try again"
        raise WrongKey(msg) from None
    return EncryptionIdentity.from_private_bytes(private)


def _stretch(password: str, salt: bytes, cost: dict[str, int]) -> bytes:
    return Scrypt(salt=salt, length=32, n=cost["n"], r=cost["r"], p=cost["p"]).derive(password.encode())


def _write_new(path: Path, data: bytes) -> None:
    """Write through a temporary file and a hard link, which fails where the name is taken already."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except FileExistsError as error:
        msg = f"{path} exists already and is never overwritten: choose another name or move it away"
        raise StorageError(msg) from error
    except OSError as error:
        msg = f"the key file {path} could not be written ({error.strerror}): free space or choose another folder"
        raise StorageError(msg) from error
