"""A proxy that passes everything on and writes down what passed."""

from __future__ import annotations

import gzip
import threading
from pathlib import Path

from tests.chaos.proxy import Proxy, Reply, Request

__all__ = ["Recorder"]

_AS_IT_IS = {"accept-encoding"}


class Recorder(Proxy):
    """Stands between everybody and one node, on 127.0.0.1.

    Args:
        upstream: URL of the node.
        folder: where `requests` and `answers` are written, head and body of each; made when it is not there.
    """

    def __init__(self, upstream: str, folder: Path) -> None:
        super().__init__(upstream)
        folder.mkdir(parents=True)
        self.folder = folder
        self.count = 0
        self._lock = threading.Lock()

    def answer(self, request: Request, forward) -> Reply | None:
        """Answer what the node answers, uncompressed."""
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _AS_IT_IS}
        self._write("requests", f"{request.method} {request.path}", headers, request.body)
        reply = super().answer(Request(request.method, request.path, headers, request.body), forward)
        if reply is not None:
            packed = reply.headers.get("Content-Encoding", reply.headers.get("content-encoding"))
            assert packed in (None, "gzip"), packed  # else bodies would pass unread
            body = gzip.decompress(reply.body) if packed else reply.body
            self._write("answers", str(reply.status), reply.headers, body)
        return reply

    def _write(self, name: str, line: str, headers: dict[str, str], body: bytes) -> None:
        head = "\n".join([line, *(f"{key}: {value}" for key, value in headers.items())])
        with self._lock, (self.folder / name).open("ab") as file:
            file.write(head.encode("latin-1") + b"\n\n" + body + b"\n\n")
            self.count += name == "requests"
