"""The few things that are done to a disk, by the embedded store and by whoever keeps a file of its own.

Assumptions (POSIX): renaming within one file system is atomic; what `fsync` returned for survives a power cut; `flock`
locks vanish with the process that holds them.
"""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from marketplace.domain.errors import GradMarketError, StorageError

__all__ = [
    "append",
    "explained",
    "locked",
    "publish",
    "remove",
    "replace_file",
    "same",
    "start_writing",
    "sync_folder",
    "write_at",
]

_COMPARED_BYTES = 1 << 20


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
        held = True
        try:
            fcntl.flock(fd, how)
        except BlockingIOError:
            held = False
        yield held
    finally:
        os.close(fd)


def append(fd: int, parts: Sequence[bytes]) -> None:
    """Write all of `parts` where the file stands."""
    written = os.writev(fd, parts)
    # A nearly full disk takes a part and says so only when asked for the rest.
    rest = memoryview(b"".join(parts))[written:] if written < sum(map(len, parts)) else memoryview(b"")
    while rest:
        rest = rest[os.write(fd, rest) :]


def write_at(fd: int, data: bytes, at: int) -> None:
    """Write all of `data` at a place of the file that was written before, so that it needs no room."""
    view = memoryview(data)
    while view:
        written = os.pwrite(fd, view, at)
        view, at = view[written:], at + written


def start_writing(fd: int, at: int, length: int) -> None:
    """Let the disk begin with what was just written, instead of leaving all of it to the final flush."""
    # On Linux this advice starts writing dirty pages, and keeps them: only clean ones are dropped.
    if hasattr(os, "posix_fadvise"):
        with suppress(OSError):
            os.posix_fadvise(fd, at, length, os.POSIX_FADV_DONTNEED)


def same(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes; False when the second is not there."""
    try:
        with one.open("rb", buffering=0) as a, other.open("rb", buffering=0) as b:
            if os.fstat(a.fileno()).st_size != os.fstat(b.fileno()).st_size:
                return False
            while (part := a.read(_COMPARED_BYTES)) == b.read(_COMPARED_BYTES):
                if not part:
                    return True
            return False
    except FileNotFoundError:
        return False


def publish(staged: Path, path: Path) -> None:
    """Give a file its name, in one step; its folder is made when it is the first in it."""
    path.parent.mkdir(exist_ok=True)
    staged.replace(path)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk itself."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove(path: Path) -> None:
    """Delete a file that may be gone already, or refuse to go: leftovers are swept another time."""
    with suppress(OSError):
        path.unlink()


def replace_file(path: Path, data: bytes) -> None:
    """Write a file for its user alone, whole or not at all, in place of one that is there; raises StorageError."""
    temporary = path.with_name(f".{path.name}.part")
    with explained(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
            sync_folder(path.parent)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
