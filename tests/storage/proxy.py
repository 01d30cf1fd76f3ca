"""A proxy before an IPFS node that does to its answers whatever a broken or lying node could do."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs, urlsplit

__all__ = ["Asked", "Fault", "Proxy"]

_PIECE = 1 << 14


@dataclass
class Asked:
    """A request that came: its command, its options, and how many bytes of the answer were sent on."""

    command: str
    options: dict[str, str]
    authorization: str | None
    sent: int = 0


@dataclass
class Fault:
    """What happens to the answers to a command.

    Attributes:
        kind: corrupt, cut, stall, endless, trickle (all from byte `after` on); answer, refuse (with `text`, at once);
            endless-refusal; drop (no answer at all); redirect (to `text`).
        after: bytes of the true answer that come first.
        text: what is answered instead.
        times: how often; None for always.
        then: what happens afterwards.
    """

    kind: str
    after: int = 0
    text: bytes = b""
    times: int | None = None
    then: Fault | None = None


class Proxy:
    """Listens on 127.0.0.1 while it is entered; `faults` may be changed at any time."""

    def __init__(self, target: str) -> None:
        self.target = urlsplit(target).netloc
        self.faults: dict[str, Fault] = {}
        self.asked: list[Asked] = []
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def of(self, command: str) -> list[Asked]:
        """Return the requests for a command."""
        return [asked for asked in self.asked if asked.command == command]

    def fault_for(self, asked: Asked) -> Fault | None:
        """Return what is to happen to this request, and count it."""
        fault = self.faults.get(asked.command)
        if fault is None or fault.times is None:
            return fault
        fault.times -= 1
        if not fault.times:
            del self.faults[asked.command]
            if fault.then is not None:
                self.faults[asked.command] = fault.then
        return fault


def _handler(proxy: Proxy) -> type[BaseHTTPRequestHandler]:  # noqa: C901 - a class
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            options = {name: values[0] for name, values in parse_qs(parts.query).items()}
            command = parts.path.removeprefix("/api/v0/")
            asked = Asked(command, options, self.headers.get("Authorization"))
            proxy.asked.append(asked)
            body = b"".join(self._body())
            fault = proxy.fault_for(asked)
            try:
                if fault is None or fault.kind in ("corrupt", "cut", "stall", "endless", "trickle"):
                    self._forward(asked, body, fault)
                else:
                    self._answer(fault)
            except OSError:  # the client hung up, as it may
                self.close_connection = True

        def _body(self) -> Iterator[bytes]:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
                return
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

        def _forward(self, asked: Asked, body: bytes, fault: Fault | None) -> None:
            upstream = http.client.HTTPConnection(proxy.target, timeout=60)
            try:
                headers = {"Content-Type": self.headers["Content-Type"]} if body else {}
                upstream.request("POST", self.path, body, headers)
                answer = upstream.getresponse()
                self.send_response(answer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in iter(lambda: answer.read(_PIECE), b""):
                    if fault is not None and asked.sent + len(piece) > fault.after:
                        keep = max(0, fault.after - asked.sent)
                        self._send(asked, piece[:keep])
                        if not self._misbehave(asked, fault, piece[keep:]):
                            self.close_connection = True
                            return
                        fault = None
                    else:
                        self._send(asked, piece)
                self.wfile.write(b"0\r\n\r\n")
            finally:
                upstream.close()

        def _misbehave(self, asked: Asked, fault: Fault, rest: bytes) -> bool:
            """Do it; returns whether the true answer goes on afterwards."""
            if fault.kind == "corrupt":
                self._send(asked, bytes([rest[0] ^ 1]) + rest[1:])
                return True
            if fault.kind == "stall":
                proxy.over.wait(60)
            while fault.kind == "endless" and not proxy.over.is_set():
                self._send(asked, bytes(_PIECE))
            while fault.kind == "trickle" and not proxy.over.wait(0.05):
                self._send(asked, rest[:1])
            return False

        def _answer(self, fault: Fault) -> None:
            if fault.kind == "drop":
                self.close_connection = True
                return
            status = {"answer": 200, "redirect": 307}.get(fault.kind, 500)
            self.send_response(status)
            if fault.kind == "redirect":
                self.send_header("Location", fault.text.decode())
            if fault.kind == "endless-refusal":
                self.end_headers()
                while not proxy.over.is_set():
                    self.wfile.write(bytes(_PIECE))
            self.send_header("Content-Length", str(len(fault.text)))
            self.end_headers()
            self.wfile.write(fault.text)

        def _send(self, asked: Asked, data: bytes) -> None:
            if data:
                # Counted first: the client may be done before this thread runs again.
                asked.sent += len(data)
                self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))
                self.wfile.flush()

    return Handler
