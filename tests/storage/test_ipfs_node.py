"""The store in a real IPFS node when nothing goes wrong."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from client.devnet.ipfsnode import IpfsNode
from marketplace.domain.errors import ContentTooLarge, InvalidInput, NotFound, StorageError
from marketplace.storage.cid import CHUNK_BYTES, cid_of_digest, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.store import Store, read_bytes
from marketplace.storage.transfer import to_folder, to_node
from marketplace.storage.unixfs import WIDTH, build
from tests.storage.proxy import Fault, Proxy

ABSENT = cid_of_digest(bytes(32))
FULL_NODE = WIDTH * CHUNK_BYTES
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, FULL_NODE, 50_000_000]

Bytes = Callable[[int], bytes]


class Pipe(BytesIO):
    """A source that cannot be read twice and gives little at a time, as a sealing pipe does."""

    def read(self, size: int | None = -1, /) -> bytes:
        """Return up to 100,000 bytes."""
        return super().read(min(100_000, -1 if size is None else size))

    def seekable(self) -> bool:
        """Say no."""
        return False


@pytest.fixture
def collected(other_node: IpfsNode) -> Iterator[IpfsStore]:
    """A store in the second node, because js-ipfs collects no more once an upload to it was broken off."""
    with IpfsStore(other_node.url, timeout=(5, 60), patience=20) as store:
        yield store


def own_cid(data: bytes) -> str:
    """Return the CID that this product computes, without any store."""
    return show_cid(build(data, lambda cid, block: None))


@pytest.mark.parametrize("size", SIZES)
def test_what_was_put_comes_out_under_the_same_name(size: int, ipfs: IpfsStore, some_bytes: Bytes) -> None:
    """At every border of the layout the node gives the bytes of put, and names them as the embedded store does."""
    seam: Store = ipfs
    data = some_bytes(size)
    assert seam.put(data) == own_cid(data)
    assert data == read_bytes(seam, own_cid(data), max_bytes=size)
    assert seam.put(Pipe(data)) == own_cid(data)
    assert seam.has(own_cid(data))


def test_putting_and_getting_a_document_takes_one_request_each(behind: IpfsStore, proxy: Proxy) -> None:
    """A bounty moves many small documents: no question beside the one that is needed."""
    cid = behind.put(b"a document")
    assert read_bytes(behind, cid, max_bytes=10) == b"a document"
    assert [asked.command for asked in proxy.asked] == ["version", "add", "block/get"]


def test_more_than_expected_is_refused_before_anything_is_written(ipfs: IpfsStore, some_bytes: Bytes) -> None:
    """The cap holds for one block as for many, and the sink stays empty."""
    for size in (1000, CHUNK_BYTES + 1):
        cid, sink = ipfs.put(some_bytes(size)), BytesIO()
        with pytest.raises(ContentTooLarge, match="has more than the"):
            ipfs.get(cid, sink, max_bytes=size - 1)
        assert not sink.getvalue()


def test_absent_content_is_not_found_in_time(ipfs_node: IpfsNode) -> None:
    """A node searches the network for ever; the store does not wait for it, whatever it is asked."""
    begun = time.monotonic()
    with IpfsStore(ipfs_node.url, patience=1) as store:
        with pytest.raises(NotFound, match=rf"{ABSENT} is not to be had .*: ask whoever published it"):
            read_bytes(store, ABSENT, max_bytes=1)
        with pytest.raises(NotFound):
            store.pin(ABSENT)
        assert not store.has(ABSENT)
        store.unpin(ABSENT)
        assert not store.is_pinned(ABSENT)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("call", ["has", "pin", "unpin", "is_pinned"])
def test_what_is_no_cid_never_reaches_the_node(call: str, behind: IpfsStore, proxy: Proxy) -> None:
    """A typing error is an InvalidInput, not a path of the node's."""
    for text in ("../version", "", "bafy", ABSENT + "/x"):
        with pytest.raises(InvalidInput, match="is not a CIDv1"):
            getattr(behind, call)(text)
    assert not proxy.asked


def test_pinned_content_survives_collecting_and_released_content_goes(
    collected: IpfsStore, other_node: IpfsNode, some_bytes: Bytes
) -> None:
    """After the node collected, what is pinned is whole, and what was unpinned is nowhere."""
    kept, gone = (collected.put(some_bytes(CHUNK_BYTES + size)) for size in (501, 502))
    collected.unpin(gone)
    collected.unpin(gone)
    assert kept in collected.pins()
    assert gone not in collected.pins()
    other_node.collect()
    assert collected.has(kept)
    assert not collected.has(gone)
    collected.pin(kept)
    assert collected.is_pinned(kept)


def test_content_without_a_pin_is_had_as_long_as_every_block_is_there(collected: IpfsStore, some_bytes: Bytes) -> None:
    """`has` looks for blocks when no pin answers for them; collecting takes them."""
    cid = collected.put(some_bytes(2 * CHUNK_BYTES + 3))
    collected.unpin(cid)
    assert collected.has(cid)
    collected.collect()
    assert not collected.has(cid)


def test_two_nodes_exchange_blocks(ipfs: IpfsStore, other_node: IpfsNode, some_bytes: Bytes) -> None:
    """What one node has, the other fetches from it, to serve and to pin. GM-613."""
    with IpfsStore(other_node.url, patience=20) as other:
        data = some_bytes(3 * CHUNK_BYTES + 17)
        cid = ipfs.put(data)
        assert data == read_bytes(other, cid, max_bytes=len(data))
        second = ipfs.put(data[1:])
        other.pin(second)
        assert other.is_pinned(second)


@pytest.mark.parametrize("size", [0, 1, CHUNK_BYTES, CHUNK_BYTES + 1, 5_000_000])
def test_content_moves_between_folder_and_node_both_ways(
    size: int, ipfs: IpfsStore, store: FolderStore, tmp_path: Path
) -> None:
    """As CAR files: the name stays, the bytes stay, and it is pinned where it arrives."""
    data = random.Random(f"car {size}").randbytes(size)
    cid = store.put(data)
    to_node(store, ipfs, cid)
    assert ipfs.is_pinned(cid)
    back = FolderStore(tmp_path / "back")
    to_folder(ipfs, back, cid, max_bytes=size)
    assert data == read_bytes(back, cid, max_bytes=size)
    assert back.is_pinned(cid)
    with pytest.raises(ContentTooLarge):
        to_folder(ipfs, back, cid, max_bytes=size - 1)


def test_content_moves_also_where_the_node_knows_no_car_files(
    behind: IpfsStore, proxy: Proxy, store: FolderStore, tmp_path: Path, some_bytes: Bytes
) -> None:
    """A node that refuses the two commands gets the bytes, and gives the blocks."""
    for command in ("dag/import", "dag/export"):
        proxy.faults[command] = Fault("refuse", text=b'{"Message": "unknown command", "Code": 0, "Type": "error"}')
    data = some_bytes(3 * CHUNK_BYTES + 4)
    cid = store.put(data)
    to_node(store, behind, cid)
    assert behind.is_pinned(cid)
    back = FolderStore(tmp_path / "back")
    to_folder(behind, back, cid, max_bytes=len(data))
    assert data == read_bytes(back, cid, max_bytes=len(data))


def test_a_node_with_another_layout_is_given_ours(
    behind: IpfsStore, proxy: Proxy, ipfs: IpfsStore, some_bytes: Bytes
) -> None:
    """Content that the node named differently is there under our name, too, and pinned under no other."""
    data = some_bytes(2 * CHUNK_BYTES + 99)
    stranger = ipfs._work("add", {"cid-version": "1", "raw-leaves": "false", "cid-base": "base32"}, data)
    proxy.faults["add"] = Fault("answer", text=stranger)
    assert behind.put(data) == own_cid(data)
    assert ipfs.is_pinned(own_cid(data))
    assert not ipfs.is_pinned(ipfs._named(stranger))
    assert data == read_bytes(ipfs, own_cid(data), max_bytes=len(data))


def test_a_killed_node_starts_again_with_content_name_and_address(tmp_path: Path, ipfs_node: IpfsNode) -> None:
    """Killed outright, it leaves a lock behind and comes back all the same; the store notices nothing."""
    with IpfsNode(tmp_path / "node", dies_with_us=True) as node, IpfsStore(node.url, patience=2) as store:
        cid, before = store.put(b"content"), (node.url, node.address)
        os.kill(node.pid, signal.SIGKILL)
        while node.runs():
            time.sleep(0.01)
        with pytest.raises(StorageError, match="cannot be reached"):
            read_bytes(store, cid, max_bytes=7)
        node.start()
        node.start()
        assert (node.url, node.address) == before
        assert read_bytes(store, cid, max_bytes=7) == b"content"
    assert not node.runs()
    node.stop()


def test_a_node_whose_port_is_taken_says_so(tmp_path: Path) -> None:
    """It keeps to the ports it had at first, since others know them: one line, and no process."""
    node = IpfsNode(tmp_path, dies_with_us=True)
    with pytest.raises(NotFound, match="no IPFS node was started"):
        _ = node.url
    assert not node.runs()
    node.stop()
    with socket.create_server(("127.0.0.1", 0)) as own:
        taken = own.getsockname()[1]
        noted = {"api": taken, "swarm": taken, "address": "", "pid": 1, "started": "never"}
        (tmp_path / "node.json").write_text(json.dumps(noted))
        with pytest.raises(StorageError, match=rf"does not start \(port {taken} is taken by somebody else\): see"):
            node.start()
    assert not node.runs()


def test_a_node_that_ends_at_once_says_why(tmp_path: Path) -> None:
    """Its repository is damaged: the message ends with what the node said last, and no process is left."""
    (tmp_path / "repository").mkdir()
    (tmp_path / "repository" / "config").write_text("{")
    (tmp_path / "repository" / "version").write_text("12")
    ports = {"api": free_port(), "swarm": free_port(), "address": "", "pid": 1, "started": "never"}
    (tmp_path / "node.json").write_text(json.dumps(ports))
    node = IpfsNode(tmp_path, dies_with_us=True)
    with pytest.raises(StorageError, match=r"does not start \(it ended\): see .*; it said .*[Ee]rror"):
        node.start()
    assert not node.runs()


KUBO = """#!{python}
import json, os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
path = os.path.join(os.environ["IPFS_PATH"], "config")
if sys.argv[1] == "init":
    os.makedirs(os.environ["IPFS_PATH"])
    json.dump({{"Bootstrap": ["/dnsaddr/far.away"], "Routing": {{"Type": "auto"}}, "Kept": 1}}, open(path, "w"))
    sys.exit()
config = json.load(open(path))
class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        answer = json.dumps({{"ID": "name", "Addresses": config["Addresses"]["Swarm"]}}).encode()
        self.send_response(200); self.end_headers(); self.wfile.write(answer)
HTTPServer(("127.0.0.1", int(config["Addresses"]["API"].rsplit("/", 1)[1])), Handler).serve_forever()
"""


def test_kubo_is_used_where_it_is_installed_and_kept_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An `ipfs` on the path is set up once: no bootstrap list, no routing, 127.0.0.1 only, the rest as it made it."""
    program = tmp_path / "ipfs"
    program.write_text(KUBO.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with IpfsNode(tmp_path / "node", dies_with_us=True) as node:
        config = json.loads((tmp_path / "node" / "repository" / "config").read_text())
        assert config["Bootstrap"] == []
        assert config["Routing"] == {"Type": "none"}
        assert config["Kept"] == 1
        assert config["Addresses"]["Gateway"] == ""
        assert all("/127.0.0.1/" in address for address in [*config["Addresses"]["Swarm"], config["Addresses"]["API"]])
        assert node.address == f"{config['Addresses']['Swarm'][0]}/p2p/name"
    assert not node.runs()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        return int(own.getsockname()[1])
