"""Nodes for tests: real ones, started and stopped here, and one that answers what a test tells it to."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from web3 import HTTPProvider, Web3

from marketplace.chain.networks import LOCAL, Network
from marketplace.chain.rpc import Nodes
from marketplace.chain.signer import KeySigner
from marketplace.chain.web3chain import Web3Chain

BIN = Path(__file__).parents[2] / "node_modules" / ".bin"
KEYS = [
    KeySigner(bytes.fromhex(key))
    for key in (
        "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
        "59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    )
]
"""The first accounts of the public test mnemonic of anvil; Ganache makes the same ones of it."""
MNEMONIC = "test test test test test test test test test test test junk"


def free_port() -> int:
    """A port of this machine that nobody uses."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(*command: str, port: int) -> Iterator[str]:
    """Start a node, wait for it, yield its URL, stop it."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - no input
    url = f"http://127.0.0.1:{port}"
    try:
        w3 = Web3(HTTPProvider(url, request_kwargs={"timeout": 20}, exception_retry_configuration=None))
        until = time.monotonic() + 60
        while not w3.is_connected():
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextmanager
def anvil(*options: str) -> Iterator[str]:
    """An anvil of one's own; yields its URL."""
    port = free_port()
    command = [str(BIN / "anvil"), "--host", "127.0.0.1", "--port", str(port), "--hardfork", "shanghai", "--silent"]
    with running(*command, *options, port=port) as url:
        yield url


@contextmanager
def ganache(*options: str) -> Iterator[str]:
    """A Ganache of one's own; yields its URL."""
    port = free_port()
    command = [str(BIN / "ganache"), "--server.host", "127.0.0.1", "--server.port", str(port)]
    chain = [
        "--chain.hardfork",
        "shanghai",
        "--chain.chainId",
        "1337",
        "--wallet.mnemonic",
        MNEMONIC,
        "--logging.quiet",
    ]
    with running(*command, *chain, *options, port=port) as url:
        yield url


class DevClock:
    """Moves a local node's time instead of waiting for it."""

    def __init__(self, url: str) -> None:
        self._url = url

    def now(self) -> int:
        """The newest block's time."""
        return int(ask(self._url, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)

    def wait_until(self, timestamp: int) -> None:
        """Mine a block at that second."""
        if timestamp > self.now():
            ask(self._url, "evm_mine", timestamp)

    def wait_for_block(self, number: int) -> None:
        """Mine up to it."""
        while int(ask(self._url, "eth_blockNumber"), 16) < number:
            ask(self._url, "evm_mine")


class DevChain(Web3Chain):
    """What `Stage` needs beyond a chain, on a local node."""

    def __init__(self, url: str, rules: Network = LOCAL) -> None:
        self.url = url
        w3 = Web3(Nodes([url]), middleware=[])
        super().__init__(w3, DevClock(url), timeout=20, rules=rules)

    def signer(self) -> KeySigner:
        """An account the node funds."""
        return KEYS[0]

    def fund(self, address: str, wei: int) -> None:
        """Send native coin."""
        self.send(self.signer(), address, b"", wei)


def ask(url: str, method: str, *params: object) -> Any:
    """One request past everything under test."""
    answer = Web3(HTTPProvider(url, exception_retry_configuration=None)).provider.make_request(method, list(params))
    assert "error" not in answer, answer
    return answer.get("result")


class Script:
    """What a scripted node answers, and what it was asked.

    `answers[method]` is a result, or a function of the parameters that returns one; `faults` are taken first, one for
    each request: (status, headers, body), or None to hang up without an answer.
    """

    def __init__(self, chain_id: int = 31337) -> None:
        self.answers: dict[str, object] = {"eth_chainId": hex(chain_id)}
        self.faults: list[tuple[int, dict[str, str], bytes] | None] = []
        self.asked: list[str] = []
        self.delay = 0.0

    def reply(self, request: dict) -> dict:
        """The JSON-RPC answer to a request."""
        self.asked.append(request["method"])
        answer = self.answers.get(request["method"])
        result = answer(*request["params"]) if isinstance(answer, Callable) else answer
        key = "error" if isinstance(result, dict) and set(result) == {"code", "message"} else "result"
        return {"jsonrpc": "2.0", "id": request["id"], key: result}


@contextmanager
def scripted(script: Script) -> Iterator[str]:
    """Serve a script; yields the URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(script.delay)
            status, headers, body = 200, {}, b""
            if script.faults:
                script.asked.append(request["method"])
                fault = script.faults.pop(0)
                if fault is None:
                    self.close_connection = True
                    return
                status, headers, body = fault
            else:
                body = json.dumps(script.reply(request)).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that gave up is what some tests are about."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
