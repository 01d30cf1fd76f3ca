"""CAR files: what goes out comes in elsewhere, and a damaged one leaves nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import ContentTooLarge, CorruptContent, GradMarketError, InvalidInput, NotFound
from marketplace.storage.car import export_car, import_car
from marketplace.storage.cid import CHUNK_BYTES, cid_of_digest, name_raw, parse_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.sections import header_of
from marketplace.storage.unixfs import WIDTH

GOLDEN = [
    "e588b3d578b4b0b2162cda6aacfdb82d4273c7757df62e99c81af8bdafdcf6d8",
    "291c22efdc4a8574259f96bc11b248a853bf8b7e6cac7323741681504c35f4fe",
]

Fetch = Callable[[FolderStore, str], bytes]


@pytest.fixture
def other(tmp_path: Path) -> FolderStore:
    """A second store."""
    return FolderStore(tmp_path / "other")


def exported(store: FolderStore, cid: str) -> bytes:
    """Return the CAR file of a content."""
    sink = BytesIO()
    assert export_car(store, cid, sink) == len(sink.getvalue())
    return sink.getvalue()


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, WIDTH * CHUNK_BYTES + 1])
def test_a_content_travels_in_a_car_file(
    size: int, store: FolderStore, other: FolderStore, fetch: Fetch, some_bytes: Callable[[int], bytes]
) -> None:
    """export, import, get: the same bytes under the same CID, pinned."""
    data = some_bytes(size)
    cid = store.put(data)
    assert cid == import_car(other, BytesIO(exported(store, cid)), max_bytes=1 << 30)
    assert data == fetch(other, cid)
    assert [cid] == other.pins()


def test_an_export_equals_that_of_js_ipfs(store: FolderStore) -> None:
    """sha2-256 of what `dag export` of js-ipfs 0.66.1 writes for 600,000 zeros and for `hello`."""
    digests = [hashlib.sha256(exported(store, store.put(d))).hexdigest() for d in (bytes(600_000), b"hello")]
    assert GOLDEN == digests


def test_files_of_the_store_are_car_files(
    store: FolderStore, other: FolderStore, large: bytes, file_of: Callable[[FolderStore, str], Path]
) -> None:
    """What lies in the folder can be carried to another store or IPFS node as it is."""
    cid = store.put(large)
    assert cid == import_car(other, BytesIO(file_of(store, cid).read_bytes()), max_bytes=1 << 30)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_damaged_car_file_leaves_nothing(
    tmp_path_factory: pytest.TempPathFactory, large: bytes, data: st.DataObject
) -> None:
    """One flipped byte or a cut anywhere: an error of the product, no content, nothing in staging."""
    store = FolderStore(tmp_path_factory.mktemp("damaged") / "store")
    cid = store.put(large)
    file = bytearray(exported(store, cid))
    store.unpin(cid)
    store.collect()
    at = data.draw(st.integers(0, len(file) - 1) | st.integers(0, 400))
    if data.draw(st.booleans()):
        file[at] ^= data.draw(st.integers(1, 255))
    else:
        del file[at:]
    with pytest.raises((CorruptContent, InvalidInput)):
        import_car(store, BytesIO(bytes(file)), max_bytes=1 << 30)
    assert store.pins() == []
    assert list(store._layout.staging.iterdir()) == []


def test_each_block_that_a_car_file_lacks_is_missed(
    store: FolderStore, other: FolderStore, large: bytes, car: Callable[..., bytes]
) -> None:
    """A file without one of its blocks is refused, even by a store that knows that block from another content."""
    cid = store.put(large)
    other.put(large[:CHUNK_BYTES])
    with store.content(cid) as content:
        blocks = {name: content.load(name) for name in content._index}
    for lacking in blocks:
        left = [(name, data) for name, data in blocks.items() if name != lacking]
        with pytest.raises(CorruptContent, match=r"lacks block b.* of its content: export it again"):
            import_car(other, BytesIO(car(parse_cid(cid), left)), max_bytes=1 << 30)
    assert not other.has(cid)


def test_blocks_in_any_order_and_twice_are_taken(
    store: FolderStore, other: FolderStore, large: bytes, fetch: Fetch, car: Callable[..., bytes]
) -> None:
    """CARv1 fixes no order; what was said twice is stored once."""
    cid = store.put(large)
    with store.content(cid) as content:
        blocks = [(name, content.load(name)) for name in content._index]
    file = car(parse_cid(cid), [*blocks[::-1], *blocks])
    assert cid == import_car(other, BytesIO(file), max_bytes=1 << 30)
    assert large == fetch(other, cid)
    assert store.total_bytes() == other.total_bytes()


def test_a_foreign_block_is_refused(store: FolderStore, other: FolderStore, car: Callable[..., bytes]) -> None:
    """Nobody smuggles content into a store under another's root."""
    root = name_raw(b"x")
    file = car(root, [(root, b"x"), (name_raw(b"stowaway"), b"stowaway")])
    with pytest.raises(CorruptContent, match="which its root does not name"):
        import_car(other, BytesIO(file), max_bytes=1 << 30)
    assert other.total_bytes() == store.total_bytes() == 0


def test_the_cap_of_an_import_is_the_length_of_the_file(store: FolderStore, other: FolderStore, large: bytes) -> None:
    """max_bytes is the last length that passes."""
    cid = store.put(large)
    file = exported(store, cid)
    with pytest.raises(ContentTooLarge, match="bytes expected: do not use it, or raise the cap"):
        import_car(other, BytesIO(file), max_bytes=len(file) - 1)
    assert other.pins() == []
    assert cid == import_car(other, BytesIO(file), max_bytes=len(file))


@pytest.mark.parametrize(
    "file",
    [
        b"",
        b"not a CAR file, but long enough to hold the header of one, and more",
        header_of(name_raw(b"x"))[:-1] + b"\x02",
        header_of(b"\x01\x71\x12\x20" + bytes(32)),
        b"\x0a\xa1\x67version\x02" + bytes(60),
    ],
    ids=["nothing", "text", "version 2", "another codec", "CARv2"],
)
def test_what_is_no_car_file_is_refused(file: bytes, store: FolderStore) -> None:
    """Another kind of file is an InvalidInput."""
    with pytest.raises(InvalidInput):
        import_car(store, BytesIO(file), max_bytes=1 << 30)


@given(st.binary(max_size=300))
@settings(max_examples=100, deadline=None)
def test_no_sections_make_the_import_fail_otherwise(tmp_path_factory: pytest.TempPathFactory, tail: bytes) -> None:
    """Whatever follows a sound header ends in an error of the product."""
    store = FolderStore(tmp_path_factory.mktemp("garbage") / "store")
    with pytest.raises(GradMarketError):
        import_car(store, BytesIO(header_of(name_raw(b"x")) + tail), max_bytes=1 << 30)


def test_absent_content_cannot_be_exported(store: FolderStore) -> None:
    """NotFound, and nothing written."""
    sink = BytesIO()
    with pytest.raises(NotFound):
        export_car(store, cid_of_digest(bytes(32)), sink)
    assert sink.getvalue() == b""


def test_importing_heals_damaged_content(
    store: FolderStore, large: bytes, fetch: Fetch, file_of: Callable[[FolderStore, str], Path]
) -> None:
    """The other advice of CorruptContent works, too."""
    cid = store.put(large)
    file = exported(store, cid)
    path = file_of(store, cid)
    path.write_bytes(path.read_bytes()[:-1] + b"\x00")
    with pytest.raises(CorruptContent):
        fetch(store, cid)
    import_car(store, BytesIO(file), max_bytes=1 << 30)
    assert large == fetch(store, cid)
