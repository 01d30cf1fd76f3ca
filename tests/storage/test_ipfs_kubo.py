"""Two implementations of IPFS exchange what the product keeps: js-ipfs and Kubo.

Marked slow because Kubo as a library is a download of 32 MB, for Linux on x86-64 only (`make kubo`).
"""

from __future__ import annotations

import http.client
import json
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from client.devnet.ipfsnode import IpfsNode
from client.devnet.processes import last_lines, mark_of, start, stop
from marketplace.domain.errors import StorageError
from marketplace.storage.cid import CHUNK_BYTES
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.store import read_bytes

CHECKOUT = Path(__file__).parents[2]
PYTHON = CHECKOUT / ".venv-kubo" / "bin" / "python"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PYTHON.exists(), reason="Kubo as a library is not installed: run make kubo"),
]

Bytes = Callable[[int], bytes]


@pytest.fixture(scope="module")
def kubo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Kubo node; its address for stores."""
    folder = tmp_path_factory.mktemp("kubo")
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as two:
        api, swarm = one.getsockname()[1], two.getsockname()[1]
    log, url = folder / "log", f"http://127.0.0.1:{api}"
    program = str(Path(__file__).with_name("kubo_node.py"))
    process = start([str(PYTHON), program, str(folder / "node"), str(api), str(swarm)], log, dies_with_us=True)
    mark = mark_of(process.pid)
    assert mark is not None
    try:
        wait_for(url, process, log)
        yield url
    finally:
        stop(mark, seconds=0.2)


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a node answers."""
    until = time.monotonic() + 60
    while True:
        assert process.poll() is None, last_lines(log)
        try:
            ask(url, "version")
        except OSError:
            assert time.monotonic() < until, last_lines(log)
            time.sleep(0.1)
        else:
            return


def ask(url: str, command: str) -> Any:
    """Ask a node, past the store."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("POST", f"/api/v0/{command}")
        answer = connection.getresponse()
        data = answer.read()
        assert answer.status == 200, data
        return json.loads(data) if command.startswith(("version", "id", "pin", "swarm")) else data
    finally:
        connection.close()


def test_what_js_ipfs_keeps_kubo_fetches_and_hands_on(
    kubo: str, ipfs: IpfsStore, ipfs_node: IpfsNode, tmp_path: Path, some_bytes: Bytes
) -> None:
    """Over bitswap, in both directions: a third node that knows Kubo only gets it from there, checked."""
    ask(kubo, f"swarm/connect?arg={quote(ipfs_node.address, safe='')}")
    data = some_bytes(5 * CHUNK_BYTES + 123)
    cid = ipfs.put(data)
    assert ask(kubo, f"cat?arg={cid}") == data
    own = next(text for text in ask(kubo, "id")["Addresses"] if "127.0.0.1" in text)
    with (
        IpfsNode(tmp_path / "third", peers=[own], dies_with_us=True) as third,
        IpfsStore(third.url, patience=20) as store,
    ):
        ipfs_node.stop()
        try:
            assert data == read_bytes(store, cid, max_bytes=len(data))
        finally:
            ipfs_node.start()


def test_a_store_reads_and_pins_documents_in_kubo(kubo: str, ipfs: IpfsStore, ipfs_node: IpfsNode) -> None:
    """Single blocks come checked, and pins are told apart."""
    ask(kubo, f"swarm/connect?arg={quote(ipfs_node.address, safe='')}")
    cid = ipfs.put(b"a document")
    with IpfsStore(kubo, patience=20) as store:
        assert store.version() == "0.22.0"
        assert read_bytes(store, cid, max_bytes=10) == b"a document"
        assert not store.is_pinned(cid)
        store.pin(cid)
        assert store.is_pinned(cid)
        assert store.has(cid)
        assert cid in store.pins()
        store.unpin(cid)
        store.unpin(cid)
        assert not store.is_pinned(cid)


def test_a_node_that_cannot_use_our_names_is_refused(kubo: str) -> None:
    """The library names by CIDv0 and takes no CAR files: the store says so instead of returning another name."""
    with IpfsStore(kubo, patience=20) as store, pytest.raises(StorageError, match="does not keep content as `ipfs add"):
        store.put(bytes(CHUNK_BYTES + 1))
