"""Full disks, power cuts and several writers: at every step the store stays readable, and no half of anything shows."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from marketplace.domain.errors import StorageError
from marketplace.storage.cid import CHUNK_BYTES
from marketplace.storage.folder import FolderStore

STEPS = ("open", "writev", "write", "pwrite", "fsync", "mkdir", "replace")
"""Everything a put asks of the disk that a full or dying disk can refuse."""

Fetch = Callable[[FolderStore, str], bytes]
Staged = Callable[[FolderStore], list[str]]

CHILD = """
import os, sys
from marketplace.storage.folder import FolderStore
store, step, steps = FolderStore(sys.argv[1]), int(sys.argv[2]), sys.argv[3].split(",")
count = 0
def dying(real):
    def call(*args, **kwargs):
        global count
        count += 1
        if count == step:
            os._exit(9)
        return real(*args, **kwargs)
    return call
for name in steps:
    setattr(os, name, dying(getattr(os, name)))
store.put(bytes(range(256)) * 2500)
os._exit(0)
"""

WRITER = """
import sys
from marketplace.storage.folder import FolderStore
store = FolderStore(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
for _ in range(15):
    for seed in range(3):
        print(store.put(bytes([seed]) + bytes(range(256)) * 2500), flush=True)
"""


@contextmanager
def disk_that(act: Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]) -> Iterator[None]:
    """Route everything a put asks of the disk through `act(name, real, arguments)`."""
    with pytest.MonkeyPatch.context() as patch:
        for name in STEPS:
            real = getattr(os, name)
            patch.setattr(os, name, lambda *a, _n=name, _r=real, **k: act(_n, lambda *b: _r(*b, **k), a))
        yield


def steps_of_a_put(store: FolderStore, data: bytes) -> list[str]:
    """Return what putting `data` asks of the disk, in order."""
    asked: list[str] = []

    def note(name: str, real: Callable[..., Any], args: tuple[Any, ...]) -> object:
        asked.append(name)
        return real(*args)

    with disk_that(note):
        store.put(data)
    return asked


def full_at(step: int, code: int = errno.ENOSPC) -> Callable[[str, Callable[..., Any], tuple[Any, ...]], Any]:
    """Refuse the call number `step`, from 0, and every later one that writes."""
    count = -1

    def act(name: str, real: Callable[..., Any], args: tuple[Any, ...]) -> object:
        nonlocal count
        count += 1
        if count == step or (count > step and "write" in name):
            raise OSError(code, os.strerror(code))
        return real(*args)

    return act


def test_a_full_disk_at_any_step_leaves_the_store_as_it_was(
    tmp_path: Path, fetch: Fetch, staged: Staged, large: bytes
) -> None:
    """Opening, writing, flushing, naming: whichever is refused, the old content reads, the new is whole or absent.

    GM-604.
    """
    asked = steps_of_a_put(FolderStore(tmp_path / "dry run"), large)
    assert {"open", "writev", "pwrite", "fsync", "mkdir", "replace"} <= set(asked)
    for step in range(len(asked)):
        store = FolderStore(tmp_path / str(step))
        old = store.put(b"old")
        with disk_that(full_at(step)), pytest.raises(StorageError, match="is full: free some space") as caught:
            store.put(large)
        assert "\n" not in str(caught.value)
        assert staged(store) == []
        assert fetch(store, old) == b"old"
        for cid in store.pins():
            assert fetch(store, cid) in (b"old", large)
        assert large == fetch(store, store.put(large))


def test_any_other_refusal_of_the_disk_says_so(store: FolderStore, staged: Staged) -> None:
    """An I/O error while flushing is not called a full disk, and the content does not count as put."""
    steps = steps_of_a_put(store, b"dry run")
    with disk_that(full_at(steps.index("fsync"), errno.EIO)), pytest.raises(StorageError, match="Input/output error"):
        store.put(b"x")
    assert staged(store) == []
    assert len(store.pins()) == 1


def test_a_write_that_takes_only_a_part_loses_nothing(store: FolderStore, fetch: Fetch, large: bytes) -> None:
    """The rest is written by further calls, however little each takes."""

    def stingy(name: str, real: Callable[..., Any], args: tuple[Any, ...]) -> object:
        if name == "writev":
            fd, parts = args
            return os.write(fd, b"".join(parts)[:50])
        if name in ("write", "pwrite"):
            fd, data, *at = args
            return real(fd, bytes(data[: max(1, len(data) // 2)]), *at)
        return real(*args)

    with disk_that(stingy):
        cid = store.put(large)
    assert large == fetch(store, cid)


def test_a_source_that_fails_leaves_nothing(store: FolderStore, staged: Staged) -> None:
    """Half an upload is not content."""

    class Torn(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > CHUNK_BYTES:
                raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")
            return super().read(size)

    with pytest.raises(StorageError, match=r"cannot be read \(Connection reset by peer\)"):
        store.put(Torn(bytes(3 * CHUNK_BYTES)))
    assert staged(store) == []
    assert store.pins() == []


def child(program: str, *args: str) -> subprocess.Popen[str]:
    """Start a process that uses a store."""
    command = [sys.executable, "-c", program, *args]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603


def test_a_process_killed_at_any_step_leaves_nothing_half_done(tmp_path: Path, fetch: Fetch, staged: Staged) -> None:
    """Killed before any one thing it asks of the disk: after reopening, staging is swept, what shows is whole.

    GM-604.
    """
    data = bytes(range(256)) * 2500
    FolderStore(tmp_path / "store")
    count = len(steps_of_a_put(FolderStore(tmp_path / "dry run"), data))
    torn = 0
    for step in range(1, count + 1):
        process = child(CHILD, str(tmp_path / "store"), str(step), ",".join(STEPS))
        process.communicate()
        if process.returncode == 0:
            # What an earlier child had made already (a folder) is not asked for again.
            break
        assert process.returncode == 9
        left = list((tmp_path / "store" / "staging").iterdir())
        torn += len(left)
        store = FolderStore(tmp_path / "store")
        assert staged(store) == []
        for cid in store.pins():
            assert data == fetch(store, cid)
            store.unpin(cid)
        store.collect()
    assert torn > 3
    assert data == fetch(store, store.put(data))


def test_processes_that_put_the_same_at_the_same_time_agree(tmp_path: Path, fetch: Fetch, staged: Staged) -> None:
    """Two processes, and a third that opens and collects all the while: same CIDs, every content whole."""
    folder = tmp_path / "store"
    writers = [child(WRITER, str(folder)) for _ in range(2)]
    for writer in writers:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    while any(writer.poll() is None for writer in writers):
        FolderStore(folder).collect()
    outputs = [writer.communicate()[0].split() for writer in writers]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 45
    store = FolderStore(folder)
    assert sorted(set(outputs[0])) == store.pins()
    assert staged(store) == []
    for seed, cid in enumerate(outputs[0][:3]):
        assert bytes([seed]) + bytes(range(256)) * 2500 == fetch(store, cid)


def test_threads_that_put_the_same_at_the_same_time_agree(store: FolderStore, fetch: Fetch, large: bytes) -> None:
    """One object serves many threads."""
    cids: list[str] = []
    threads = [threading.Thread(target=lambda: cids.append(store.put(large))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cids) == 8
    assert len(set(cids)) == 1
    assert large == fetch(store, cids[0])


def test_what_a_crash_left_is_swept_but_not_what_somebody_writes(store: FolderStore, staged: Staged) -> None:
    """Opening a store removes stale files from staging, and leaves them alone while a put is under way."""
    root = store._layout.root

    class Opening(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            FolderStore(root)
            assert "stale" in staged(store)
            return super().read(size)

    (root / "staging" / "stale").write_bytes(b"half a block")
    store.put(Opening(b"x"))
    assert ["stale"] == staged(store)
    FolderStore(root)
    assert staged(store) == []
