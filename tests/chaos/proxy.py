"""A server between a participant and its node that passes everything on, or does not."""

from __future__ import annotations

import http.client
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from tests.chaos.faults import Episode, Script

__all__ = ["Proxy", "Reply", "Request"]

HANG_SECONDS = 1.0
SLOW_SECONDS = 0.3
_HOP = {"connection", "transfer-encoding", "content-length", "keep-alive", "host", "trailer"}


@dataclass(frozen=True)
class Request:
    """What a participant asked."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What it is answered; `cut` announces all of the body and sends half."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64
    proxy: Proxy

    def handle_error(self, request, client_address):
        """Say nothing: a client was killed, or this proxy hung up on it."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 120
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.upstream: http.client.HTTPConnection | None = None

    def finish(self) -> None:
        if self.upstream is not None:
            self.upstream.close()
        super().finish()

    def do_POST(self) -> None:
        request = Request(self.command, self.path, dict(self.headers.items()), self._body())
        reply = self.server.proxy.answer(request, self._forward)
        if reply is None:
            self.close_connection = True
            return
        lines = [f"HTTP/1.1 {reply.status} {http.client.responses.get(reply.status, 'Other')}"]
        headers = {k: v for k, v in reply.headers.items() if k.lower() not in _HOP}
        lines += [f"{name}: {value}" for name, value in headers.items()]
        lines += [f"Content-Length: {len(reply.body)}", "Connection: keep-alive", "", ""]
        sent = reply.body[: len(reply.body) // 2] if reply.cut else reply.body
        self.wfile.write("\r\n".join(lines).encode("latin-1") + sent)
        self.close_connection = reply.cut

    do_GET = do_POST  # noqa: N815 - its name in the library

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("Transfer-Encoding", "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass
        return b"".join(parts)

    def _forward(self, request: Request) -> Reply:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP}
        for attempt in range(2):
            if self.upstream is None:
                self.upstream = http.client.HTTPConnection(*self.server.proxy.upstream, timeout=60)
            try:
                self.upstream.request(request.method, request.path, request.body, headers)
                answer = self.upstream.getresponse()
                return Reply(answer.status, answer.read(), dict(answer.getheaders()))
            except (http.client.HTTPException, OSError):
                self.upstream.close()
                self.upstream = None
                if attempt:
                    raise
        raise AssertionError

    def log_message(self, format, *args):  # noqa: A002 - its name in the library
        """Keep quiet."""


class Proxy:
    """Passes HTTP on to `upstream`, with the faults of a script; the base of those that know a protocol.

    Args:
        upstream: URL of the honest node.
        script: what goes wrong; None for nothing.
        port: to listen on; 0 for any that is free.
    """

    def __init__(self, upstream: str, script: Script | None = None, port: int = 0) -> None:
        parts = urlsplit(upstream)
        self.upstream = (parts.hostname or "", parts.port or 80)
        self.script = script
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.proxy = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, request: Request, forward) -> Reply | None:
        """Answer a request, with `forward` for what the honest node says; None closes the connection."""
        episode = self.script.next() if self.script is not None else None
        try:
            return forward(request) if episode is None else self.spoil(episode, request, forward)
        except (OSError, http.client.HTTPException):
            return None  # the node itself is gone

    def spoil(self, episode: Episode, request: Request, forward) -> Reply | None:  # noqa: PLR0911 - one a fault
        """Answer a request that meets a fault."""
        match episode.kind:
            case "slow":
                time.sleep(SLOW_SECONDS * episode.size)
            case "hang":
                time.sleep(HANG_SECONDS)
                return None
            case "down":
                return None
            case "429":
                return Reply(429, b"too many requests", {"Retry-After": "1"})
            case "503":
                return Reply(503, b"out of order")
            case "garbage":
                return Reply(200, b"<html>maintenance</html>", {"Content-Type": "text/html"})
            case "cut":
                reply = forward(request)
                return Reply(reply.status, reply.body, reply.headers, cut=True)
        return forward(request)
