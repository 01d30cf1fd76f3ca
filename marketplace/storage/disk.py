"""The few things the embedded store does to a disk; nothing else in this room writes.

Assumptions (POSIX): renaming within one file system is atomic; what `fsync` or `syncfs` returned for survives a power
cut; `flock` locks vanish with the process that holds them.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from marketplace.domain.errors import GradMarketError, StorageError

__all__ = ["create", "explained", "locked", "make_durable", "publish", "read", "remove", "sync_folder", "touch"]

_FEW = 16
"""Up to so many files are flushed one by one; flushing the file system also waits for what others are writing."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL


@contextmanager
def explained(place: Path) -> Iterator[None]:
    """Turn what the operating system refuses into one line that says what to do.

    Raises:
        StorageError: the block raised an OSError that was not explained yet.
    """
    try:
        yield
    except GradMarketError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            msg = f"the disk that holds {place} is full: free some space and try again"
        else:
            msg = f"{place} cannot be used ({error.strerror or error}): check its permissions and its disk"
        raise StorageError(msg) from error


@contextmanager
def locked(path: Path, *, exclusive: bool, wait: bool = True) -> Iterator[bool]:
    """Hold the lock file, shared or alone; yields False, without holding it, when `wait` is off and others do."""
    how = (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | (0 if wait else fcntl.LOCK_NB)
    # Each holder opens the file anew, so that the lock also separates the threads of one process.
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(fd, how)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(fd)


def create(path: Path, data: bytes) -> None:
    """Write a new file and start its way to the disk; removes it again when that fails."""
    fd = os.open(path, _NEW, 0o666)
    try:
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(fd, view) :]
            _start_writing(fd)
        finally:
            os.close(fd)
    except BaseException:
        remove(path)
        raise


def make_durable(paths: Sequence[Path]) -> None:
    """Wait until the files, all on one file system, are on the disk itself."""
    if len(paths) > _FEW and _sync_file_system(paths[0]):
        return
    for path in paths:
        _flush(path)


def publish(staged: Path, path: Path) -> None:
    """Give a durable staged file its name, in one step; its folder is made when it is the first in it."""
    try:
        staged.replace(path)
    except FileNotFoundError:
        path.parent.mkdir(exist_ok=True)
        staged.replace(path)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk itself."""
    _flush(path)


def touch(path: Path) -> bool:
    """Make an empty file; returns False when it is there already."""
    try:
        os.close(os.open(path, _NEW, 0o666))
    except FileExistsError:
        return False
    return True


def read(path: Path, limit: int) -> bytes | None:
    """Return the file, or its first `limit` + 1 bytes when it is longer; None when there is none."""
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        data = os.read(fd, limit + 1)
        # Regular files give all that was asked for at once; a signal may still cut it short.
        while len(data) <= limit and (more := os.read(fd, limit + 1 - len(data))):
            data += more
        return data
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Delete a file that may be gone already, or refuse to go: leftovers are swept another time."""
    with suppress(OSError):
        path.unlink()


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _start_writing(fd: int) -> None:
    # On Linux this advice makes the kernel start writing at once, while the next block is being hashed.
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)


def _sync_file_system(path: Path) -> bool:
    """Flush everything written to the file system in one go (Linux); False where that is not to be had."""
    try:
        syncfs = ctypes.CDLL(None, use_errno=True).syncfs
    except (AttributeError, OSError, TypeError):
        return False
    fd = os.open(path, os.O_RDONLY)
    try:
        if syncfs(fd):
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code), str(path))
    finally:
        os.close(fd)
    return True
