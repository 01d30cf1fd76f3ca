"""Disks that lose or change bytes: nothing wrong ever comes out, and putting the content again heals it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import CorruptContent, StorageError
from marketplace.storage.car import export_car
from marketplace.storage.cid import CHUNK_BYTES
from marketplace.storage.folder import FolderStore

FileOf = Callable[[FolderStore, str], Path]
Fetch = Callable[[FolderStore, str], bytes]


def flip(path: Path, at: int, mask: int) -> None:
    """Change one byte of a file."""
    with path.open("r+b") as file:
        file.seek(at)
        byte = file.read(1)[0]
        file.seek(at)
        file.write(bytes([byte ^ mask]))


def refused(store: FolderStore, cid: str, truth: bytes) -> bool:
    """Whether reading fails as it should, without a wrong byte having come out."""
    sink = BytesIO()
    try:
        store.get(cid, sink, max_bytes=1 << 40)
    except CorruptContent as error:
        return truth.startswith(sink.getvalue()) and cid in str(error)
    return False


def test_every_flipped_byte_of_a_small_content_is_caught(store: FolderStore, file_of: FileOf) -> None:
    """Header, length, name and content: each byte of the file matters, in each of two ways of changing it. GM-602."""
    cid = store.put(b"sealed")
    path = file_of(store, cid)
    for at in range(path.stat().st_size):
        for mask in (0x01, 0x80):
            flip(path, at, mask)
            assert refused(store, cid, b"sealed"), at
            flip(path, at, mask)
    assert not refused(store, cid, b"sealed")


@pytest.fixture(scope="module")
def damaged(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """A store whose file is flipped and flipped back."""
    return FolderStore(tmp_path_factory.mktemp("damaged") / "store")


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_any_flipped_byte_of_a_large_content_is_caught(
    damaged: FolderStore, file_of: FileOf, large: bytes, data: st.DataObject
) -> None:
    """In whichever of its blocks, node or leaf, and whichever bits."""
    cid = damaged.put(large)
    path = file_of(damaged, cid)
    size = path.stat().st_size
    at = data.draw(st.integers(0, size - 1) | st.integers(size - 400, size - 1))
    mask = data.draw(st.integers(1, 255))
    flip(path, at, mask)
    assert refused(damaged, cid, large)
    flip(path, at, mask)


@given(st.data())
@settings(max_examples=40, deadline=None)
def test_a_file_cut_anywhere_is_caught(
    damaged: FolderStore, file_of: FileOf, large: bytes, data: st.DataObject
) -> None:
    """A content that lost its end is corrupt, and `has` denies it."""
    cid = damaged.put(large)
    path = file_of(damaged, cid)
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    assert refused(damaged, cid, large)
    assert not damaged.has(cid)
    path.write_bytes(whole)


def test_each_lacking_block_is_caught(
    store: FolderStore, file_of: FileOf, large: bytes, car: Callable[..., bytes]
) -> None:
    """Take any one block out of the file: the content is corrupt, the message names the block, `has` denies it."""
    cid = store.put(large)
    with store.content(cid) as content:
        blocks = {name: content.load(name) for name in content._index}
        root = content._root
    for lacking in blocks:
        left = [(name, data) for name, data in blocks.items() if name != lacking]
        file_of(store, cid).write_bytes(car(root, left))
        assert refused(store, cid, large)
        assert not store.has(cid)
    assert len(blocks) == 4


@pytest.mark.parametrize("tail", [b"\xff" * 20, b"\x00", b"\x24", b"\xff\xff\x7f" + bytes(50)])
def test_sections_that_cannot_be_are_caught(tail: bytes, store: FolderStore, file_of: FileOf) -> None:
    """A length that never ends, holds no CID, or reaches beyond a block or the file is damage, not a crash."""
    cid = store.put(b"x")
    path = file_of(store, cid)
    path.write_bytes(path.read_bytes() + tail)
    assert refused(store, cid, b"")


def test_a_swapped_file_is_caught(store: FolderStore, file_of: FileOf) -> None:
    """A sound file under another content's name is not that content. GM-602."""
    one, other = store.put(b"one"), store.put(b"other")
    file_of(store, one).write_bytes(file_of(store, other).read_bytes())
    assert refused(store, one, b"one")


@pytest.mark.parametrize("at", [5, 1000, -3])
def test_putting_damaged_content_again_heals_it(
    at: int, store: FolderStore, file_of: FileOf, fetch: Fetch, large: bytes
) -> None:
    """What the message of CorruptContent advises works."""
    cid = store.put(large)
    path = file_of(store, cid)
    flip(path, at % path.stat().st_size, 1)
    with pytest.raises(CorruptContent, match=f"put {cid} there again, or import its CAR file, which replaces it"):
        fetch(store, cid)
    store.put(large)
    assert large == fetch(store, cid)


def test_damage_in_one_content_does_not_touch_another(
    store: FolderStore, file_of: FileOf, fetch: Fetch, large: bytes
) -> None:
    """Contents share no bytes on the disk, even where they share blocks."""
    other = large[: 2 * CHUNK_BYTES]
    cid, healthy = store.put(large), store.put(other)
    flip(file_of(store, cid), 100_000, 1)
    assert other == fetch(store, healthy)


def test_damaged_content_is_not_exported(store: FolderStore, file_of: FileOf, large: bytes) -> None:
    """A CAR file is checked while it is written."""
    cid = store.put(large)
    flip(file_of(store, cid), 100_000, 1)
    with pytest.raises(CorruptContent):
        export_car(store, cid, BytesIO())


def test_a_disk_that_cannot_be_read_is_a_storage_error(store: FolderStore, file_of: FileOf) -> None:
    """A folder where the file should be stands for any error of the disk: one line, and no claim that it is corrupt."""
    cid = store.put(b"x")
    path = file_of(store, cid)
    path.unlink()
    path.mkdir()
    with pytest.raises(StorageError, match=r"cannot be used .*: check its permissions and its disk") as caught:
        store.get(cid, BytesIO(), max_bytes=1)
    assert not isinstance(caught.value, CorruptContent)
