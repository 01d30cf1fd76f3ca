"""The proxies that stand before nodes: honest by default, wrong as a seed says, and honest again in the end."""

from __future__ import annotations

import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import pytest
from eth_utils.crypto import keccak

from tests.chaos.chain_proxy import ChainProxy
from tests.chaos.faults import CHAIN_FAULTS, STORE_FAULTS, Episode, Script
from tests.chaos.store_proxy import StoreProxy

HEAD = 100


class _Node(BaseHTTPRequestHandler):
    """Answers as a chain's node at block 100, or with ten bytes at the path of an IPFS node."""

    protocol_version = "HTTP/1.1"
    taken: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        out = self._chain(json.loads(body)) if self.path == "/" else b"0123456789"
        self.send_response(200)
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def _chain(self, asked) -> bytes:
        method, params = asked["method"], asked["params"]
        number = HEAD if params[:1] == ["latest"] else int(params[0], 16) if params[:1] else 0
        if method == "eth_sendRawTransaction":
            self.taken.append(params[0])
        result = {
            "eth_blockNumber": hex(HEAD),
            "eth_chainId": "0x7a69",
            "eth_sendRawTransaction": "0x" + keccak(hexstr=params[0]).hex() if method.endswith("Transaction") else None,
            "eth_getBlockByNumber": {"number": hex(number), "hash": "0x" + "11" * 32},
            "eth_call": params,
        }[method]
        return json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result}).encode()

    def log_message(self, format, *args):  # noqa: A002 - its name in the library
        """Keep quiet."""


@pytest.fixture
def node():
    """The URL of an honest node."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Node)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    _Node.taken.clear()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join(5)


class _Always(Script):
    """One fault for ever, in the middle of its strength."""

    def __init__(self, kind: str, size: float = 0.5) -> None:
        super().__init__(0, ())
        self.episodes = [Episode(0, 1 << 30, kind, size)]


def _post(proxy, path: str, body: bytes) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", int(proxy.url.rpartition(":")[2]), timeout=10)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _ask(proxy, method: str, *params: object):
    body = json.dumps({"jsonrpc": "2.0", "id": 7, "method": method, "params": params}).encode()
    answer = json.loads(_post(proxy, "/", body)[1])
    assert 7 == answer["id"]
    return answer.get("result", answer.get("error"))


# ---------------------------------------------------------------------- scripts
def test_a_seed_decides_every_fault_and_every_script_ends():
    """The same seed plays the same, another one does not, and after its last episode a node is honest for ever."""
    first, second, other = (Script(seed, CHAIN_FAULTS) for seed in (1, 1, 2))
    assert first.episodes == second.episodes
    assert first.episodes != other.episodes
    assert set(CHAIN_FAULTS) == {episode.kind for episode in first.episodes}
    played = [first.next() for _ in range(first.episodes[-1].end + 100)]
    assert {kind: sum(e.end - e.first for e in first.episodes if e.kind == kind) for kind in CHAIN_FAULTS} == first.met
    assert [None] * 100 == played[-100:]


# ---------------------------------------------------------------------- the chain's node
def test_without_a_script_everything_passes(node):
    """Requests and answers are the node's."""
    with ChainProxy(node) as proxy:
        assert hex(HEAD) == _ask(proxy, "eth_blockNumber")
        assert ["latest"] == _ask(proxy, "eth_call", "latest")


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("503", 503), ("garbage", 200)])
def test_a_refusing_node_says_so_in_http(node, kind, status):
    """Too many requests, out of order, or no JSON at all."""
    with ChainProxy(node, _Always(kind)) as proxy:
        said, body = _post(proxy, "/", b'{"id": 1, "method": "eth_blockNumber", "params": []}')
    assert status == said
    with pytest.raises(ValueError, match="Expecting value"):
        json.loads(body)


@pytest.mark.parametrize(
    ("kind", "error"), [("down", http.client.RemoteDisconnected), ("cut", http.client.IncompleteRead)]
)
def test_a_broken_connection_is_one_for_the_client(node, kind, error):
    """Nothing comes back, or half of what was announced."""
    with ChainProxy(node, _Always(kind)) as proxy, pytest.raises(error):
        _ask(proxy, "eth_blockNumber")


def test_a_stale_node_is_behind_in_all_it_says(node):
    """Head, newest block and views are those of the same older block; it does not know the blocks above."""
    with ChainProxy(node, _Always("stale")) as proxy:
        newest = int(_ask(proxy, "eth_blockNumber"), 16)
        assert newest < HEAD
        assert hex(newest) == _ask(proxy, "eth_getBlockByNumber", "latest", False)["number"]
        assert [hex(newest)] == _ask(proxy, "eth_call", "latest")
        assert _ask(proxy, "eth_getBlockByNumber", hex(HEAD), False) is None


def test_a_lying_node_is_ahead_or_elsewhere(node):
    """It claims blocks that do not exist, or another chain."""
    with ChainProxy(node, _Always("ahead")) as proxy:
        assert HEAD < int(_ask(proxy, "eth_blockNumber"), 16)
    with ChainProxy(node, _Always("wrong chain")) as proxy:
        assert "0x539" == _ask(proxy, "eth_chainId")


@pytest.mark.parametrize(
    ("kind", "taken", "says"), [("lost send", [], "0x"), ("mute send", ["0xaa"], "internal error")]
)
def test_a_transaction_is_lost_or_its_receipt_denied(node, kind, taken, says):
    """One node forwards nothing and says all is well, the other one the other way round."""
    with ChainProxy(node, _Always(kind)) as proxy:
        said = _ask(proxy, "eth_sendRawTransaction", "0xaa")
    assert taken == _Node.taken
    assert says in str(said)


# ---------------------------------------------------------------------- the store's node
@pytest.mark.parametrize(("kind", "served"), [("lie", b"01234\x34" + b"6789"), ("empty", b""), ("slow", b"0123456789")])
def test_a_lying_store_serves_other_bytes(node, kind, served):
    """One byte is another one, or all are missing."""
    with StoreProxy(node, _Always(kind)) as proxy:
        assert (200, served) == _post(proxy, "/api/v0/cat?arg=x", b"")


def test_the_faults_of_a_store_are_known():
    """Every kind of fault either has its own answer or one of those every node may give."""
    assert set(STORE_FAULTS) <= {"slow", "hang", "down", "503", "cut", "lie", "empty"}
