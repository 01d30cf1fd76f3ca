"""What one participant must not forget, whatever happens to its process: a write-ahead journal.

    head       8 bytes "GMJRNL01", 16 random bytes, 16 bytes that only the right identity's key gives
    record i   length as uint32, nonce (12 bytes), AES-256-GCM(name, value), associated data = i | tag of record i - 1

Every secret that others will rely on is written here, and is on the disk itself, before anybody is told about it. So a
process that is killed at any moment, and started again, has the same keys and says the same things.

Trust model: whoever holds the encryption identity can read the journal; everybody else learns how many records it has
and how long they are. A record that was altered, removed or moved is noticed; whoever can write the file can also put
an older copy of it in its place, which is not.

Laws: `once` returns the same bytes for a name for ever, across processes; what `put` returned for is there after a
power cut; after a failed write the journal is what it was before; one process at a time has it open.

Source: the journal is a chain of AES-GCM records (NIST SP 800-38D) with random nonces, fewer than 2^32 of them.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import struct
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from marketplace.domain.errors import BrokenSeal, InvalidInput, StorageError
from marketplace.sealing.datakeys import KEY_BYTES, derive
from marketplace.storage.disk import explained, sync_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from marketplace.sealing.identity import EncryptionIdentity

__all__ = ["FileJournal", "Journal", "MemoryJournal", "secret_of"]

_MAGIC: Final = b"GMJRNL01"
_SALT_BYTES: Final = 16
_CHECK_BYTES: Final = 16
_HEAD_BYTES: Final = len(_MAGIC) + _SALT_BYTES + _CHECK_BYTES
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_LENGTH: Final = struct.Struct(">I")
_NAME_LENGTH: Final = struct.Struct(">H")
_MAX_RECORD_BYTES: Final = 1 << 22
_MAX_NAME_BYTES: Final = 200


class Journal(Protocol):
    """Named values that survive; the names are the participant's own."""

    def get(self, name: str) -> bytes | None:
        """Return the value of a name, or None."""

    def put(self, name: str, value: bytes) -> None:
        """Write a value; when this returns, no crash loses it. Raises StorageError, and then nothing has changed."""

    def remove(self, name: str) -> None:
        """Forget a name, as durably; no error when it is not there."""

    def names(self, prefix: str = "") -> list[str]:
        """Return the names that start with `prefix`, in the order in which they were first written."""

    def once(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the value of a name; the first time, make it and write it before returning it."""


class MemoryJournal:
    """A journal that lives as long as its process: for demonstrations and tests in one process."""

    def __init__(self) -> None:
        self._values: dict[str, bytes] = {}

    def get(self, name: str) -> bytes | None:
        """Return the value of a name, or None."""
        return self._values.get(name)

    def put(self, name: str, value: bytes) -> None:
        """Keep a value."""
        self._values[name] = value

    def remove(self, name: str) -> None:
        """Forget a name."""
        self._values.pop(name, None)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names that start with `prefix`."""
        return [name for name in self._values if name.startswith(prefix)]

    def once(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return the value of a name; the first time, make it."""
        if name not in self._values:
            self.put(name, make())
        return self._values[name]

    def close(self) -> None:
        """Nothing is open."""


class FileJournal(MemoryJournal):
    """A journal in a file, encrypted under the participant's identity, and on the disk before a call returns.

    Args:
        path: the file; made when it is not there.
        identity: whose it is.

    Raises:
        StorageError: another process has it open, or it cannot be read or written.
        BrokenSeal: it is another participant's, or damaged elsewhere than in the record that was being written.
    """

    def __init__(self, path: Path, identity: EncryptionIdentity) -> None:
        super().__init__()
        self._path = path
        with explained(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._open(identity)
        except BaseException:
            os.close(self._fd)
            raise

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the next process have it."""
        self.close()

    def close(self) -> None:
        """Let the next process have it."""
        os.close(self._fd)

    def put(self, name: str, value: bytes) -> None:
        """Write a value; see `Journal.put`."""
        if self._values.get(name) != value:
            self._write(name, b"\1" + value)
            super().put(name, value)

    def remove(self, name: str) -> None:
        """Forget a name; see `Journal.remove`."""
        if name in self._values:
            self._write(name, b"\0")
            super().remove(name)

    # ------------------------------------------------------------------ details
    def _open(self, identity: EncryptionIdentity) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            msg = f"{self._path} is in use: this participant is running already; stop that process first"
            raise StorageError(msg) from None
        with explained(self._path):
            content = self._path.read_bytes()
            if len(content) < _HEAD_BYTES:  # new, or cut off while it was being made: nothing relies on it yet
                content = _head(identity, secrets.token_bytes(_SALT_BYTES))
                os.ftruncate(self._fd, 0)
                os.pwrite(self._fd, content, 0)
                os.fsync(self._fd)
                sync_folder(self._path.parent)
        if content[: len(_MAGIC)] != _MAGIC:
            msg = f"{self._path} is no journal: move it away, or restore the journal from a backup"
            raise BrokenSeal(msg)
        salt = content[len(_MAGIC) : len(_MAGIC) + _SALT_BYTES]
        if content[:_HEAD_BYTES] != _head(identity, salt):
            msg = f"{self._path} is another participant's journal: use the identity it was written under"
            raise BrokenSeal(msg)
        self._cipher = AESGCM(derive(identity.private_bytes(), "journal", salt))
        self._number, self._last_tag, self._end = 0, bytes(_TAG_BYTES), _HEAD_BYTES
        for name, value in self._records(content):
            if value[:1] == b"\1":
                self._values[name] = value[1:]
            else:
                self._values.pop(name, None)
        if self._end < len(content):  # the record that was being written when the process died: nobody relied on it
            with explained(self._path):
                os.ftruncate(self._fd, self._end)
                os.fsync(self._fd)

    def _records(self, content: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield names and values up to the end, or to a last record that was not written whole."""
        while self._end + _LENGTH.size <= len(content):
            (length,) = _LENGTH.unpack_from(content, self._end)
            start, end = self._end + _LENGTH.size, self._end + _LENGTH.size + length
            if end > len(content):
                return
            sealed = content[start:end]
            try:
                plain = self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._place())
            except (InvalidTag, ValueError):
                if end == len(content):  # blocks of one write may reach the disk in any order
                    return
                msg = f"{self._path} is damaged at record {self._number}: restore it from a backup"
                raise BrokenSeal(msg) from None
            (cut,) = _NAME_LENGTH.unpack_from(plain)
            yield plain[_NAME_LENGTH.size : _NAME_LENGTH.size + cut].decode(), plain[_NAME_LENGTH.size + cut :]
            self._number, self._last_tag, self._end = self._number + 1, sealed[-_TAG_BYTES:], end

    def _write(self, name: str, value: bytes) -> None:
        """Append one record, all of it or nothing."""
        label = name.encode()
        if not label or len(label) > _MAX_NAME_BYTES or len(value) > _MAX_RECORD_BYTES:
            msg = f"{name[:40]!r} with {len(value):,} bytes does not fit into a journal: keep large things in the store"
            raise InvalidInput(msg)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        plain = _NAME_LENGTH.pack(len(label)) + label + value
        sealed = nonce + self._cipher.encrypt(nonce, plain, self._place())
        record = _LENGTH.pack(len(sealed)) + sealed
        with explained(self._path):
            try:
                written = 0
                while written < len(record):
                    written += os.pwrite(self._fd, record[written:], self._end + written)
                os.fsync(self._fd)
            except OSError:
                os.ftruncate(self._fd, self._end)
                raise
        self._number, self._last_tag, self._end = self._number + 1, sealed[-_TAG_BYTES:], self._end + len(record)

    def _place(self) -> bytes:
        return self._number.to_bytes(8, "big") + self._last_tag


def _head(identity: EncryptionIdentity, salt: bytes) -> bytes:
    return _MAGIC + salt + derive(identity.private_bytes(), "journal-check", salt)[:_CHECK_BYTES]


def secret_of(journal: Journal, bounty: bytes) -> bytes:
    """Return the 32-byte secret from which a participant's keys and salts of one bounty follow.

    One secret, written before anything is sealed: whatever is derived from it comes out the same after a crash. What
    is sealed under a derived key must be part of what the key is derived from; see `marketplace.sealing.envelope`.
    """
    return journal.once(f"secret/{bounty.hex()}", lambda: secrets.token_bytes(KEY_BYTES))
