"""The embedded store when nothing goes wrong: what is put comes out, and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, ContentTooLarge, InvalidInput, NotFound, StorageError
from marketplace.storage.cid import CHUNK_BYTES, cid_of_digest, name_node, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.store import Store, read_bytes
from marketplace.storage.unixfs import WIDTH

FULL_NODE = WIDTH * CHUNK_BYTES
ABSENT = cid_of_digest(bytes(32))
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, FULL_NODE - 1, FULL_NODE, FULL_NODE + 1]

Fetch = Callable[[FolderStore, str], bytes]
Staged = Callable[[FolderStore], list[str]]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> FolderStore:
    """A store for properties that do not mind what others put there."""
    return FolderStore(tmp_path_factory.mktemp("shared") / "store")


def test_the_folder_store_is_a_store(store: FolderStore) -> None:
    """The embedded twin fits the seam (mypy checks the signatures)."""
    seam: Store = store
    assert read_bytes(seam, seam.put(b"x"), max_bytes=1) == b"x"


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_comes_out(
    size: int, shared: FolderStore, fetch: Fetch, some_bytes: Callable[[int], bytes]
) -> None:
    """At every border of the layout, get gives the bytes of put, and the count it returns is theirs."""
    data = some_bytes(size)
    assert data == fetch(shared, shared.put(BytesIO(data)))


@given(st.integers(0, 4 * CHUNK_BYTES), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_what_was_put_comes_out_at_any_size(shared: FolderStore, fetch: Fetch, size: int, seed: int) -> None:
    """Sizes nobody chose come out as well, whether random or all zeros, so with the same leaf again and again."""
    data = random.Random(seed).randbytes(size) if seed else bytes(size)
    cid = shared.put(data)
    assert data == fetch(shared, cid)
    assert shared.has(cid)


def test_a_content_of_equal_leaves_stores_one_of_them(store: FolderStore, fetch: Fetch) -> None:
    """Blocks that repeat inside a content lie in its file once."""
    data = bytes(20 * CHUNK_BYTES)
    cid = store.put(data)
    assert store.total_bytes() < 2 * CHUNK_BYTES
    assert data == fetch(store, cid)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_bytes_in_memory_are_taken(kind: Callable[[bytes], bytes], store: FolderStore, fetch: Fetch) -> None:
    """What callers hold without copying is content, too."""
    assert fetch(store, store.put(kind(b"content"))) == b"content"


def test_absent_content_is_not_found_and_says_what_to_do(store: FolderStore) -> None:
    """Nothing of it here: NotFound, which names the CID; and `has` says no."""
    with pytest.raises(NotFound, match=rf"{ABSENT} is not in .*: ask whoever published it"):
        store.get(ABSENT, BytesIO(), max_bytes=1)
    assert not store.has(ABSENT)


@pytest.mark.parametrize("call", ["has", "pin", "unpin"])
def test_what_is_no_cid_is_refused_everywhere(call: str, store: FolderStore) -> None:
    """A typing error is an InvalidInput, and never a path inside or outside the store."""
    for text in ("../lock", "", "bafy"):
        with pytest.raises(InvalidInput, match="is not a CIDv1"):
            getattr(store, call)(text)
        with pytest.raises(InvalidInput, match="is not a CIDv1"):
            store.get(text, BytesIO(), max_bytes=1)


@pytest.mark.parametrize("size", [1, 1000, CHUNK_BYTES, CHUNK_BYTES + 1, 3 * CHUNK_BYTES])
def test_content_above_the_cap_is_refused_before_a_byte_is_written(
    size: int, shared: FolderStore, some_bytes: Callable[[int], bytes]
) -> None:
    """max_bytes is the last size that passes; one less and the sink stays empty. GM-603."""
    cid, sink = shared.put(some_bytes(size)), BytesIO()
    with pytest.raises(ContentTooLarge, match="do not use it, or raise the cap"):
        shared.get(cid, sink, max_bytes=size - 1)
    assert sink.getvalue() == b""
    assert size == shared.get(cid, sink, max_bytes=size)


def test_a_sink_that_is_full_is_a_storage_error(store: FolderStore) -> None:
    """An error of the place content is fetched to has a line that says what to do."""

    class Full(BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device", data)

    with pytest.raises(StorageError, match=r"cannot be written \(No space left on device\): free some space"):
        store.get(store.put(b"x"), Full(), max_bytes=1)


def test_a_sink_that_takes_little_at_a_time_gets_everything(store: FolderStore, large: bytes) -> None:
    """Unbuffered files and sockets may take a part; the rest is offered again."""

    class Slow(BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            return super().write(data[:100_000])

    sink = Slow()
    store.get(store.put(large), sink, max_bytes=len(large))
    assert large == sink.getvalue()


def test_a_sink_that_says_nothing_gets_everything_once(store: FolderStore, large: bytes) -> None:
    """A sink whose write returns None, as a hash would be wrapped, took what it was given."""
    parts: list[bytes] = []

    class Silent(BytesIO):
        def write(self, data: bytes) -> None:  # type: ignore[override]
            parts.append(data)

    store.get(store.put(large), Silent(), max_bytes=len(large))
    assert large == b"".join(parts)


@pytest.mark.parametrize("error", [BrokenSeal("cut off"), StorageError("out of reach"), KeyboardInterrupt()])
def test_errors_of_the_streams_own_pass_unchanged(error: BaseException, store: FolderStore, staged: Staged) -> None:
    """What a sealing stream or another store has to say is not rewritten, and nothing is left of the put."""

    class Raising(BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            raise error

        def write(self, data: object) -> int:
            raise error

    with pytest.raises(type(error)) as caught:
        store.put(Raising())
    assert error is caught.value
    assert store.pins() == staged(store) == []
    with pytest.raises(type(error)) as caught:
        store.get(store.put(b"x"), Raising(), max_bytes=1)
    assert error is caught.value


def test_what_is_put_is_pinned_and_survives_collection(store: FolderStore, fetch: Fetch, large: bytes) -> None:
    """As with `ipfs add`, only what somebody unpinned is ever collected. GM-605."""
    cids = sorted([store.put(large), store.put(b"small")])
    assert cids == store.pins()
    assert store.collect() == 0
    assert large in [fetch(store, cid) for cid in cids]


def test_what_is_unpinned_stays_readable_until_collected(store: FolderStore, fetch: Fetch, large: bytes) -> None:
    """Unpinning deletes nothing; collect frees exactly the bytes of what is unpinned, and only that is gone."""
    kept, loose = store.put(b"kept"), store.put(large)
    before = store.total_bytes()
    store.unpin(loose)
    assert [kept] == store.pins()
    assert large == fetch(store, loose)
    assert store.collect() == before - store.total_bytes() > len(large)
    assert (True, False) == (store.has(kept), store.has(loose))


def test_pinning_and_unpinning_twice_is_doing_so_once(store: FolderStore) -> None:
    """The last word counts, however often it was said before."""
    cid = store.put(b"x")
    store.unpin(cid)
    store.unpin(cid)
    store.pin(cid)
    store.pin(cid)
    store.collect()
    assert store.has(cid)


def test_putting_again_pins_again(store: FolderStore) -> None:
    """Content that was unpinned and is put once more is kept, in one copy."""
    cid = store.put(b"x")
    size = store.total_bytes()
    store.unpin(cid)
    assert cid == store.put(b"x")
    assert (size, [cid]) == (store.total_bytes(), store.pins())


def test_pinning_what_is_absent_is_not_found(store: FolderStore) -> None:
    """A pin never promises what the store cannot keep; unpinning is no promise."""
    with pytest.raises(NotFound, match="put it there before pinning it"):
        store.pin(ABSENT)
    store.unpin(ABSENT)


def test_putting_the_same_again_rewrites_nothing(
    store: FolderStore, large: bytes, file_of: Callable[[FolderStore, str], Path], staged: Staged
) -> None:
    """A sound file keeps its inode and its time, and nothing is left in staging."""
    path = file_of(store, store.put(large))
    before = path.stat()
    store.put(large)
    after = path.stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)
    assert staged(store) == []


def test_a_block_inside_a_content_is_no_content(store: FolderStore, large: bytes) -> None:
    """Only whole contents are found: the first leaf of a bigger one has to be put to be had."""
    store.put(large)
    leaf = large[:CHUNK_BYTES]
    other = FolderStore(store._layout.root.parent / "other")
    assert not store.has(other.put(leaf))


def test_a_reader_is_not_disturbed_by_collection(store: FolderStore, large: bytes) -> None:
    """Content that is deleted while it streams still comes out whole."""
    cid = store.put(large)

    class Deleting(BytesIO):
        def write(self, data: bytes) -> int:  # type: ignore[override]
            store.unpin(cid)
            store.collect()
            return super().write(data)

    sink = Deleting()
    store.get(cid, sink, max_bytes=len(large))
    assert large == sink.getvalue()
    assert not store.has(cid)


def test_a_store_outlives_the_object(store: FolderStore, fetch: Fetch, large: bytes) -> None:
    """Whoever opens the folder again finds everything."""
    cid = store.put(large)
    assert large == fetch(FolderStore(store._layout.root), cid)


def test_the_cap_of_the_store_holds_and_is_given_back(tmp_path: Path, staged: Staged) -> None:
    """What would exceed max_total_bytes is refused whole; collecting makes room; other processes' bytes count.

    GM-607.
    """
    store = FolderStore(tmp_path / "s", max_total_bytes=3 * CHUNK_BYTES)
    first = store.put(random.Random(1).randbytes(2 * CHUNK_BYTES))
    second = random.Random(2).randbytes(2 * CHUNK_BYTES)
    with pytest.raises(StorageError, match="may hold 786,432 bytes, and no more fits: unpin and collect"):
        store.put(second)
    assert staged(store) == []
    assert [first] == store.pins()
    FolderStore(tmp_path / "s").unpin(first)
    FolderStore(tmp_path / "s").collect()
    for _ in range(5):
        cid = store.put(second)
        with pytest.raises(StorageError, match="no more fits"):
            store.put(b"x" * CHUNK_BYTES * 2)
        store.unpin(cid)
        store.collect()
    assert store.total_bytes() == 0


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    """Pointing the store at a home folder by mistake changes nothing there."""
    (tmp_path / "staging").mkdir()
    (tmp_path / "staging" / "precious").write_text("x")
    (tmp_path / "letter.txt").write_text("x")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InvalidInput, match="holds other files and is no store: choose an empty folder"):
        FolderStore(tmp_path)
    assert before == sorted(tmp_path.rglob("*"))


def test_a_store_of_another_version_is_refused(store: FolderStore) -> None:
    """A later layout is not guessed at."""
    (store._layout.root / "format").write_text("gradient-marketplace store 2\n")
    with pytest.raises(InvalidInput, match="store of another version"):
        FolderStore(store._layout.root)


def test_a_path_that_cannot_be_a_folder_is_a_storage_error(tmp_path: Path) -> None:
    """A file where the folder should be is said in one line."""
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match=r"cannot be used .*: check its permissions and its disk"):
        FolderStore(tmp_path / "file" / "store")


def test_a_store_says_where_it_is(store: FolderStore) -> None:
    """The repr names the folder, for logs."""
    assert f"FolderStore({str(store._layout.root)!r})" == repr(store)


def test_a_node_of_nothing_known_is_not_found(store: FolderStore) -> None:
    """CIDs of both codecs are looked up alike."""
    with pytest.raises(NotFound):
        store.get(show_cid(name_node(b"x")), BytesIO(), max_bytes=1)
