"""Key files: an encryption identity under a password, written whole or not at all.

Trust model: whoever has the file needs the password, and each guess costs one scrypt evaluation (128 MiB, a third of a
second on one core). The private key exists unencrypted in memory alone. A file that somebody altered does not open, and
one that asks for an absurd amount of work is refused before the work is done.

Laws: load(save(i, p), p) = i; another password raises WrongKey; a shortened file raises BrokenSeal; an existing name is
never written to; after any failure while saving there is no file under the name.

Source: scrypt, RFC 7914, at the cost OWASP recommends; AES-256-GCM as in `marketplace.sealing.envelope`, whose
commitment to its key tells a wrong password from a damaged file. A fresh salt makes every file's key its own, as the
envelope demands.
"""

from __future__ import annotations

import json
import os
import secrets
import unicodedata
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from marketplace.domain.errors import BrokenSeal, InvalidInput, StorageError, WrongKey
from marketplace.sealing.envelope import open_bytes, seal_bytes, sealed_size
from marketplace.sealing.identity import PRIVATE_KEY_BYTES, EncryptionIdentity

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["load_identity", "save_identity"]


class _Cost(NamedTuple):
    """What one guess costs: scrypt's N, r and p."""

    n: int
    r: int
    p: int


_FORMAT: Final = "gradmarket-identity-1"
_COST = _Cost(1 << 17, 8, 1)
_LEAST_N: Final = 1 << 14
_MOST_WORK: Final = 1 << 23
"""N * r * p at most: eight times `_COST`, and 1 GiB of memory."""
_SALT_BYTES: Final = 16
_MAX_FILE_BYTES: Final = 1 << 14


def save_identity(identity: EncryptionIdentity, path: Path, password: str, *, work: int = _COST.n) -> None:
    """Write a new key file, readable and writable by its owner alone (mode 0600).

    Args:
        identity: the key pair.
        path: where; a file that is there is never overwritten.
        password: what opens it again.
        work: scrypt's n, a power of two and at least 2^14; less than the default is for play keys.

    Raises:
        InvalidInput: the password is empty.
        StorageError: a file is there already (it is never overwritten), or it could not be written; then none is.
    """
    if not password:
        msg = "an empty password protects nothing: choose another one"
        raise InvalidInput(msg)
    salt, cost = secrets.token_bytes(_SALT_BYTES), _COST._replace(n=work)
    if not _bearable(cost):
        msg = f"scrypt cannot do {work} rounds here: use a power of two between {_LEAST_N} and {_MOST_WORK // cost.r}"
        raise InvalidInput(msg)
    sealed = seal_bytes(identity.private_bytes(), _stretch(password, salt, cost), _FORMAT.encode())
    content = {
        "format": _FORMAT,
        "key_hash": identity.key_hash.hex(),
        "scrypt": {**cost._asdict(), "salt": salt.hex()},
        "sealed": sealed.hex(),
    }
    _write_new(path, json.dumps(content, indent=1).encode())


def load_identity(path: Path, password: str) -> EncryptionIdentity:
    """Return the identity in a key file.

    Raises:
        WrongKey: the password does not fit.
        BrokenSeal: the file is no key file, was cut short or altered, or asks for absurd scrypt parameters.
        StorageError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(_MAX_FILE_BYTES)
    except OSError as error:
        msg = f"the key file {path} cannot be read ({error.strerror}): check the path and its permissions"
        raise StorageError(msg) from error
    key_hash, cost, salt, sealed = _parse(path, raw)
    try:
        key = _stretch(password, salt, cost)
        private = open_bytes(sealed, key, _FORMAT.encode(), max_bytes=PRIVATE_KEY_BYTES)
    except WrongKey:
        msg = f"the password does not open {path}: try again, or restore the file from a backup"
        raise WrongKey(msg) from None
    except BrokenSeal:
        raise _damaged(path, "was altered") from None
    identity = EncryptionIdentity.from_private_bytes(private)
    if identity.key_hash != key_hash:
        raise _damaged(path, "was altered: it names another key than it holds")
    return identity


def _parse(path: Path, raw: bytes) -> tuple[bytes, _Cost, bytes, bytes]:
    try:
        content = json.loads(raw)
        form, scrypt = content["format"], content["scrypt"]
        cost = _Cost(scrypt["n"], scrypt["r"], scrypt["p"])
        texts = content["key_hash"], scrypt["salt"], content["sealed"]
        key_hash, salt, sealed = (bytes.fromhex(text) for text in texts)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(path, "is not a key file, or was cut short") from None
    if form != _FORMAT or len(salt) != _SALT_BYTES or len(sealed) != sealed_size(PRIVATE_KEY_BYTES):
        raise _damaged(path, "is not a key file of a kind this version reads")
    if not _bearable(cost):
        raise _damaged(path, "asks for absurd scrypt parameters")
    return key_hash, cost, salt, sealed


def _bearable(cost: _Cost) -> bool:
    """Whether scrypt accepts the cost, in bounded time and memory, and guessing stays expensive."""
    # Exactly int: bool is one of its subclasses, and JSON has floats.
    if not all(type(value) is int and 1 <= value <= _MOST_WORK for value in cost):
        return False
    power_of_two = cost.n & (cost.n - 1) == 0
    return power_of_two and cost.n >= _LEAST_N and cost.n * cost.r * cost.p <= _MOST_WORK


def _damaged(path: Path, how: str) -> BrokenSeal:
    return BrokenSeal(f"{path} {how}: restore it from a backup")


def _stretch(password: str, salt: bytes, cost: _Cost) -> bytes:
    # One password, however a keyboard composes its accents, and even if the terminal is not UTF-8.
    typed = unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
    return Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(typed)


def _write_new(path: Path, data: bytes) -> None:
    """Write a temporary file and link it to its name, which fails where the name is taken, even in the same instant."""
    temporary = path.with_name(f".{secrets.token_hex(16)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            _write_durably(temporary, data)
            os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
        try:
            _sync_folder(path.parent)
        except OSError:
            path.unlink()  # the name may not survive a power cut: better no file than one believed to be safe
            raise
    except FileExistsError as error:
        msg = f"{path} exists already and is never overwritten: choose another name or move it away"
        raise StorageError(msg) from error
    except OSError as error:
        msg = f"the key file {path} could not be written ({error.strerror}): free space or choose another folder"
        raise StorageError(msg) from error


def _write_durably(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(descriptor, rest) :]
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
