"""What the tests of the stores share."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from client.devnet.ipfsnode import IpfsNode
from marketplace.domain.errors import NotFound
from marketplace.storage.cid import CHUNK_BYTES, parse_cid, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.sections import header_of, section_head
from tests.storage.proxy import Proxy

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


@pytest.fixture(scope="session")
def ipfs_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[IpfsNode]:
    """A real IPFS node of our own; outside CI the tests that need it are skipped where none is installed."""
    yield from _started(tmp_path_factory)


@pytest.fixture(scope="session")
def other_node(tmp_path_factory: pytest.TempPathFactory, ipfs_node: IpfsNode) -> Iterator[IpfsNode]:
    """A second one, connected with the first."""
    yield from _started(tmp_path_factory, ipfs_node.address)


@pytest.fixture
def ipfs(ipfs_node: IpfsNode) -> Iterator[IpfsStore]:
    """A store in the first node."""
    with IpfsStore(ipfs_node.url, timeout=(5, 60), patience=20) as store:
        yield store


@pytest.fixture
def proxy(ipfs_node: IpfsNode) -> Iterator[Proxy]:
    """A way to the first node that can be made to misbehave."""
    with Proxy(ipfs_node.url) as proxy:
        yield proxy


@pytest.fixture
def behind(proxy: Proxy) -> Iterator[IpfsStore]:
    """A store that reaches the node through the proxy, with little patience."""
    with IpfsStore(proxy.url, timeout=(5, 60), patience=3) as store:
        yield store


def _started(factory: pytest.TempPathFactory, *peers: str) -> Iterator[IpfsNode]:
    node = IpfsNode(factory.mktemp("ipfs"), peers=peers, dies_with_us=True)
    try:
        node.start()
    except NotFound as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    try:
        yield node
    finally:
        node.stop()
