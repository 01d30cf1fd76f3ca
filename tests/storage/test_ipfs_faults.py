"""Nodes that break, stall and lie: what they send is checked, bounded, and taken up elsewhere."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from client.devnet.ipfsnode import IpfsNode
from marketplace.domain.errors import CorruptContent, InvalidInput, NotFound, StorageError
from marketplace.storage.cid import CHUNK_BYTES, name_raw, show_cid
from marketplace.storage.folder import FolderStore
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.several import SeveralStores
from marketplace.storage.store import read_bytes
from marketplace.storage.transfer import to_folder
from tests.storage.proxy import Fault, Proxy

SIZE = 20 * CHUNK_BYTES + 5000
REFUSAL = b'{"Message": "no \\u001b[31mspace\\n left", "Code": 0, "Type": "error"}'

Bytes = Callable[[int], bytes]


@pytest.fixture(scope="module")
def content(ipfs_node: IpfsNode) -> tuple[str, bytes]:
    """Content of 22 blocks in the node."""
    data = random.Random(SIZE).randbytes(SIZE)
    with IpfsStore(ipfs_node.url) as store:
        return store.put(data), data


class Dying(BytesIO):
    """A sink that does something once enough has come."""

    def __init__(self, after: int, act: Callable[[], object]) -> None:
        super().__init__()
        self._after = after
        self._act: Callable[[], object] | None = act

    def write(self, data: object, /) -> int:
        """Take the bytes; act once."""
        count = super().write(data)  # type: ignore[arg-type]
        if self._act is not None and self.tell() >= self._after:
            act, self._act = self._act, None
            act()
        return count


@pytest.mark.parametrize("kind", ["cut", "corrupt"])
@pytest.mark.parametrize("after", [0, 7, CHUNK_BYTES, 10 * CHUNK_BYTES + 1, SIZE - 1])
def test_a_broken_download_goes_on_where_it_broke(
    kind: str, after: int, content: tuple[str, bytes], behind: IpfsStore, proxy: Proxy
) -> None:
    """Cut off or with a bit flipped: the next request asks from the first byte on that was not checked yet.

    GM-610.
    """
    cid, data = content
    proxy.faults["cat"] = Fault(kind, after=after, times=1)
    assert data == read_bytes(behind, cid, max_bytes=SIZE)
    first, second = proxy.of("cat")
    checked = after // CHUNK_BYTES * CHUNK_BYTES
    assert (first.options["offset"], second.options["offset"]) == ("0", str(checked))
    assert second.sent == SIZE - checked


def test_a_download_that_breaks_at_every_block_still_ends(
    content: tuple[str, bytes], behind: IpfsStore, proxy: Proxy
) -> None:
    """As long as each request brings one more block, it goes on, and no block is asked for twice."""
    cid, data = content
    proxy.faults["cat"] = Fault("cut", after=CHUNK_BYTES)
    assert data == read_bytes(behind, cid, max_bytes=SIZE)
    assert [int(asked.options["offset"]) for asked in proxy.of("cat")] == list(range(0, SIZE, CHUNK_BYTES))


@pytest.mark.parametrize(
    ("kind", "error", "says"),
    [
        ("corrupt", CorruptContent, "gives wrong bytes for bafk"),
        ("endless", CorruptContent, "gives wrong bytes for bafk"),
        ("cut", StorageError, "cannot be reached or broke off"),
        ("stall", StorageError, "did not answer in time"),
        ("trickle", StorageError, "did not answer in time"),
        ("refuse", StorageError, r"refuses cat: no \[31mspace left: look"),
        ("endless-refusal", StorageError, "cannot be reached or broke off"),
        ("drop", StorageError, "cannot be reached or broke off"),
        ("answer", StorageError, "breaks off within bafy"),
    ],
)
def test_a_node_that_goes_on_misbehaving_is_given_up(
    kind: str, error: type[StorageError], says: str, content: tuple[str, bytes], behind: IpfsStore, proxy: Proxy
) -> None:
    """In bounded time, with bounded reading, and with nothing but checked bytes in the sink."""
    cid, data = content
    proxy.faults["cat"] = Fault("cut", after=3 * CHUNK_BYTES + 11, times=1, then=Fault(kind, text=REFUSAL))
    sink, begun = BytesIO(), time.monotonic()
    with pytest.raises(error, match=says) as caught:
        behind.get(cid, sink, max_bytes=SIZE)
    assert time.monotonic() - begun < 30
    assert data.startswith(sink.getvalue())
    assert len(sink.getvalue()) % CHUNK_BYTES == 0
    assert "\n" not in str(caught.value)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize("kind", ["corrupt", "endless", "cut", "stall", "refuse", "drop", "endless-refusal", "answer"])
def test_a_single_block_is_checked_like_everything_else(
    kind: str, behind: IpfsStore, proxy: Proxy, some_bytes: Bytes
) -> None:
    """A document of one block comes as it was published, or not at all. GM-609."""
    data = some_bytes(3000)
    cid = behind.put(data)
    proxy.faults["block/get"] = Fault(kind, after=100, text=REFUSAL)
    sink = BytesIO()
    with pytest.raises((NotFound, StorageError)) as caught:
        behind.get(cid, sink, max_bytes=1 << 30)
    assert not sink.getvalue()
    wrong = kind in ("corrupt", "endless", "answer")
    assert isinstance(caught.value, CorruptContent) == wrong
    proxy.faults.clear()
    assert data == read_bytes(behind, cid, max_bytes=3000)


def test_a_dropped_answer_is_asked_for_once_more(behind: IpfsStore, proxy: Proxy) -> None:
    """Nodes drop idle connections: one lost answer is no failure, for anything that may be repeated."""
    cid = behind.put(b"content")
    proxy.asked.clear()
    for command, act in {
        "add": lambda: behind.put(b"content"),
        "block/get": lambda: read_bytes(behind, cid, max_bytes=7),
        "pin/ls": lambda: behind.is_pinned(cid),
        "pin/rm": lambda: behind.unpin(cid),
        "pin/add": lambda: behind.pin(cid),
    }.items():
        proxy.faults[command] = Fault("drop", times=1)
        act()
        assert len(proxy.of(command)) == 2, command
        proxy.asked.clear()


@pytest.mark.parametrize("text", [b"<html>", b"[]", b"\xff", b"[" * 5000, b'{"Keys": 1}', b"null", b'{"Version": 7}'])
def test_answers_that_are_no_answers(text: bytes, behind: IpfsStore, proxy: Proxy) -> None:
    """Whatever comes instead of JSON of the right kind is an error of the node, never one of Python's."""
    cid = behind.put(b"content")
    for command in ("add", "pin/ls", "block/stat", "dag/import"):
        proxy.faults[command] = Fault("answer", text=text)
    for act in (lambda: behind.put(b"content"), lambda: behind.put(BytesIO(b"content"))):
        with pytest.raises(StorageError):
            act()
    with pytest.raises(StorageError, match="cannot be read"):
        behind.has(cid)
    proxy.faults["version"] = Fault("answer", text=text)
    with IpfsStore(proxy.url) as fresh, pytest.raises(StorageError, match="is no IPFS node: check the address"):
        fresh.version()


@pytest.mark.parametrize(("version", "accepted"), [("0.4.22", 0), ("0.4.23", 1), ("0.41.0-dev", 1), ("1.0.0", 0)])
def test_versions_that_were_not_tried_are_refused(version: str, accepted: int, proxy: Proxy) -> None:
    """Too old and too new say so; nothing else is asked of such a node."""
    proxy.faults["version"] = Fault("answer", text=json.dumps({"Version": version}).encode())
    with IpfsStore(proxy.url) as store:
        if accepted:
            assert store.version() == version
            return
        with pytest.raises(StorageError, match=rf"has version {version}: use one from 0\.4\.23 on and before 1\.0\.0"):
            store.put(b"content")
    assert [asked.command for asked in proxy.asked] == ["version"]


def test_a_node_cannot_send_anybody_elsewhere(proxy: Proxy, behind: IpfsStore) -> None:
    """Redirects are not followed: they would carry requests, and passwords, to where the node likes."""
    proxy.faults["version"] = Fault("redirect", text=f"{proxy.url}/api/v0/shutdown".encode())
    with pytest.raises(StorageError):
        behind.version()
    assert {asked.command for asked in proxy.asked} == {"version"}


def test_name_and_password_reach_the_node_and_no_message(proxy: Proxy) -> None:
    """They are sent with every request, and are in no error, no name and no cause."""
    with IpfsStore(proxy.url.replace("http://", "http://someone:s3cret%21@"), timeout=(1, 5), patience=1) as store:
        cid = store.put(b"content")
        assert {asked.authorization for asked in proxy.asked} == {"Basic c29tZW9uZTpzM2NyZXQh"}
        proxy.faults["block/get"] = Fault("drop")
        with pytest.raises(StorageError) as caught:
            read_bytes(store, cid, max_bytes=7)
        shown, error = repr(store), caught.value.__cause__
        while error is not None:
            shown, error = shown + str(error) + repr(error), error.__cause__ or error.__context__
        assert "s3cret" not in shown + str(caught.value)
    for address in ("http://someone:s3cret@", "ftp://someone:s3cret@host", "http://a:s3cret@h:port", "//", "/ip4/1"):
        with pytest.raises(InvalidInput, match="cannot be used: write http") as refused:
            IpfsStore(address)
        assert "s3cret" not in str(refused.value)


def test_proxies_and_netrc_of_the_environment_are_not_used(
    behind: IpfsStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, proxy: Proxy
) -> None:
    """One's own node is asked directly, without passwords that belong elsewhere."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login someone password s3cret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    assert behind.version()
    assert proxy.asked[0].authorization is None


def test_a_source_that_fails_is_not_blamed_on_the_node(behind: IpfsStore) -> None:
    """What the source raises comes out as it is, and nothing is pinned."""

    class Broken(BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            raise StorageError("the sealed file went away: seal it again")  # noqa: EM101, TRY003 - as a source would

    with pytest.raises(StorageError, match="the sealed file went away"):
        behind.put(Broken())
    with Path(__file__).open(encoding="utf-8") as text, pytest.raises(InvalidInput, match="binary mode"):
        behind.put(text)  # type: ignore[arg-type]


def test_a_node_exports_another_content_than_asked(
    behind: IpfsStore, proxy: Proxy, store: FolderStore, content: tuple[str, bytes]
) -> None:
    """A CAR file of something else is not kept; the blocks that were asked for are fetched one by one."""
    cid, data = content
    other = behind.put(b"something else")
    with behind.export_car(other) as body:
        assert body is not None
        proxy.faults["dag/export"] = Fault("answer", text=body.read(1 << 20))
    to_folder(behind, store, cid, max_bytes=SIZE)
    assert store.pins() == [cid]
    assert data == read_bytes(store, cid, max_bytes=SIZE)


@pytest.mark.parametrize("kind", ["corrupt", "endless", "cut"])
def test_a_bad_export_leaves_nothing(
    kind: str, behind: IpfsStore, proxy: Proxy, store: FolderStore, content: tuple[str, bytes]
) -> None:
    """A CAR file that is damaged, never ends or ends early is refused as a whole."""
    proxy.faults["dag/export"] = Fault(kind, after=2 * CHUNK_BYTES)
    with pytest.raises(StorageError):
        to_folder(behind, store, content[0], max_bytes=SIZE)
    assert store.pins() == []


@pytest.mark.parametrize("kind", ["corrupt", "stall", "cut", "endless", "drop", "refuse"])
def test_the_next_store_takes_over_where_the_last_one_stopped(
    kind: str, content: tuple[str, bytes], behind: IpfsStore, ipfs: IpfsStore, proxy: Proxy, ipfs_node: IpfsNode
) -> None:
    """Between nodes nothing is fetched twice, and the one that misbehaved is asked last from then on."""
    cid, data = content
    proxy.faults["cat"] = Fault("cut", after=5 * CHUNK_BYTES + 1, times=1, then=Fault(kind, text=REFUSAL))
    with Proxy(ipfs_node.url) as way, IpfsStore(way.url) as second:
        both = SeveralStores([behind, second])
        assert data == read_bytes(both, cid, max_bytes=SIZE)
        assert [asked.options["offset"] for asked in way.of("cat")] == [str(5 * CHUNK_BYTES)]
        asked = len(proxy.asked)
        assert data == read_bytes(both, cid, max_bytes=SIZE)
        assert len(proxy.asked) == asked


def test_a_node_killed_within_a_download(tmp_path: Path, ipfs: IpfsStore, some_bytes: Bytes) -> None:
    """The rest comes from another node, and the sink holds the content once."""
    data = some_bytes(8_000_000)
    cid = ipfs.put(data)
    with IpfsNode(tmp_path / "node", dies_with_us=True) as node, IpfsStore(node.url) as dying:
        dying.put(data)
        sink = Dying(3_000_000, lambda: os.kill(node.pid, signal.SIGKILL))
        assert SeveralStores([dying, ipfs]).get(cid, sink, max_bytes=len(data)) == len(data)
        assert sink.getvalue() == data


def test_a_folder_takes_over_from_a_node(
    content: tuple[str, bytes], behind: IpfsStore, proxy: Proxy, store: FolderStore
) -> None:
    """A store that knows no beginning in the middle gives all of it, and the sink gets what it lacks."""
    cid, data = content
    store.put(data)
    proxy.faults["cat"] = Fault("cut", after=3 * CHUNK_BYTES + 1, times=1, then=Fault("drop"))
    assert data == read_bytes(SeveralStores([behind, store]), cid, max_bytes=SIZE)


def test_when_nobody_has_it_the_error_names_them_all(behind: IpfsStore, store: FolderStore) -> None:
    """NotFound only if every store said so: a store out of reach may still have it."""
    absent = show_cid(name_raw(b"nobody has this"))
    with pytest.raises(NotFound, match=r"FolderStore\(.*\) has not got it; IpfsStore\(.*\) has not got it\): start"):
        read_bytes(SeveralStores([store, behind]), absent, max_bytes=100)
    with IpfsStore("http://127.0.0.1:9", timeout=(1, 1), patience=1) as gone:
        with pytest.raises(StorageError, match=r"IpfsStore\(.*\) cannot be used; FolderStore\(.*\) has not") as caught:
            read_bytes(SeveralStores([gone, store]), absent, max_bytes=100)
        assert not isinstance(caught.value, NotFound)
        with pytest.raises(StorageError, match="no store keeps what it was given"):
            SeveralStores([gone]).put(b"content")
        both = SeveralStores([gone, store])
        with pytest.raises(StorageError, match="cannot be reached"):
            both.has(absent)
        assert store.has(both.put(BytesIO(b"content")))


def test_memory_stays_small_whatever_a_node_sends(behind: IpfsStore, proxy: Proxy) -> None:
    """A node that streams for ever, as an answer or as a refusal, fills no memory."""
    cid = behind.put(b"content")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for command, kind in [("block/get", "endless"), ("pin/ls", "endless"), ("pin/add", "endless-refusal")]:
        proxy.faults[command] = Fault(kind)
    for act in (
        lambda: read_bytes(behind, cid, max_bytes=1 << 40),
        lambda: behind.is_pinned(cid),
        lambda: behind.pin(cid),
    ):
        with pytest.raises(StorageError):
            act()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000
