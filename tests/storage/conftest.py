"""What the tests of the embedded store share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path

import pytest

from marketplace.storage.cid import CHUNK_BYTES, parse_cid, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.sections import header_of, section_head

Blocks = Iterable[tuple[bytes, bytes]]
Car = Callable[[bytes, Blocks], bytes]
Plant = Callable[[FolderStore, bytes, Blocks], str]


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """An empty store in a folder of its own, called `store`."""
    return FolderStore(tmp_path / "store")


@pytest.fixture(scope="session")
def some_bytes() -> Callable[[int], bytes]:
    """Give the same pseudo-random bytes for the same size."""
    return lambda size: random.Random(size).randbytes(size)


@pytest.fixture(scope="session")
def large(some_bytes: Callable[[int], bytes]) -> bytes:
    """Content of three leaves, so of four blocks."""
    return some_bytes(2 * CHUNK_BYTES + 1000)


@pytest.fixture(scope="session")
def fetch() -> Callable[[FolderStore, str], bytes]:
    """Read a whole content back."""

    def fetch(store: FolderStore, cid: str) -> bytes:
        sink = BytesIO()
        count = store.get(cid, sink, max_bytes=1 << 40)
        assert count == len(sink.getvalue())
        return sink.getvalue()

    return fetch


@pytest.fixture(scope="session")
def car() -> Car:
    """Write a CAR file of any blocks, honest or not."""
    return lambda root, blocks: header_of(root) + b"".join(section_head(c, len(d)) + d for c, d in blocks)


@pytest.fixture(scope="session")
def plant(car: Car, file_of: Callable[[FolderStore, str], Path]) -> Plant:
    """Lay blocks into a store behind its back, as whoever can write to the folder could, and return the root's CID."""

    def plant(store: FolderStore, root: bytes, blocks: Blocks) -> str:
        path = file_of(store, show_cid(root))
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(car(root, blocks))
        return show_cid(root)

    return plant


@pytest.fixture(scope="session")
def file_of() -> Callable[[FolderStore, str], Path]:
    """Find the file that holds a pinned content."""
    return lambda store, cid: store._layout.kept(parse_cid(cid))


@pytest.fixture(scope="session")
def staged() -> Callable[[FolderStore], list[str]]:
    """List what lies in a store's staging folder."""
    return lambda store: [path.name for path in store._layout.staging.iterdir()]
