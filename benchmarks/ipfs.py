"""How fast an IPFS node takes and gives content through the store, beside plain requests to the same node.

    python -m benchmarks.ipfs [--url http://127.0.0.1:5001] [--megabytes 100] [--documents 200] [--rounds 3]

Without a URL it starts a node of its own in a temporary folder. Each round uses new random bytes and prints

    put     MB/s through the store: read, hashed and named here, added and pinned there, names compared
    get     MB/s through the store: streamed, every block checked
    plain   the same content with one bare POST each for add and cat, on one kept connection, unchecked
    small   documents of 2 KB a second through the store; beside them "plain add" and "plain cat" of the same size

The last line is the median over all rounds; "x" is plain time divided by the store's.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import urlsplit

from client.devnet.ipfsnode import IpfsNode
from marketplace.storage.ipfs import IpfsStore
from marketplace.storage.store import read_bytes

__all__ = ["main"]

_ADD = "/api/v0/add?cid-version=1&raw-leaves=true&pin=true&cid-base=base32"
_DOCUMENT_BYTES = 2_000
_BOUNDARY = "benchmark-of-the-gradient-marketplace"
_COLUMNS = "{:>9} {:>9} {:>10} {:>10} {:>7} {:>7} {:>10} {:>10} {:>12} {:>12}"
_HEADS = ("put", "get", "plain put", "plain get", "x put", "x get", "small put", "small get", "plain add", "plain cat")


class _Nowhere(BytesIO):
    """A sink that drops what it is given."""

    def write(self, data: object) -> int:
        """Return the length of `data` and forget it."""
        return len(data)  # type: ignore[arg-type]


class _Plain:
    """Bare requests on one connection."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)

    def add(self, data: bytes) -> None:
        """Send a file, and read what the node says."""
        head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="x"\r\n'
        head += "Content-Type: application/octet-stream\r\n\r\n"
        body = b"".join((head.encode(), data, f"\r\n--{_BOUNDARY}--\r\n".encode()))
        self._ask(_ADD, body, {"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"})

    def cat(self, cid: str) -> None:
        """Read a content and forget it."""
        self._ask(f"/api/v0/cat?arg={cid}", b"", {})

    def _ask(self, path: str, body: bytes, headers: dict[str, str]) -> None:
        self._connection.request("POST", path, body, headers)
        answer = self._connection.getresponse()
        while answer.read(1 << 18):
            pass


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=None, help="a node to use; one is started unless given")
    parser.add_argument("--megabytes", type=int, default=100)
    parser.add_argument("--documents", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    print(_COLUMNS.format(*_HEADS))
    with _node(args.url) as url, IpfsStore(url) as store:
        rows = []
        for _ in range(args.rounds):
            rows.append([*_large(store, url, args.megabytes * 1_000_000), *_small(store, url, args.documents)])
            _show(rows[-1])
    _show([statistics.median(column) for column in zip(*rows, strict=True)])


@contextmanager
def _node(url: str | None) -> Iterator[str]:
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, IpfsNode(Path(folder), dies_with_us=True) as node:
        print(f"{IpfsStore(node.url).version()} at {node.url}")
        yield node.url


def _large(store: IpfsStore, url: str, size: int) -> list[float]:
    data, other, plain = os.urandom(size), os.urandom(size), _Plain(url)
    times = [time.perf_counter()]
    cid = store.put(BytesIO(data))
    times.append(time.perf_counter())
    store.get(cid, _Nowhere(), max_bytes=size)
    times.append(time.perf_counter())
    plain.add(other)
    times.append(time.perf_counter())
    plain.cat(cid)
    times.append(time.perf_counter())
    put, get, plain_put, plain_get = (after - before for before, after in itertools.pairwise(times))
    rates = [size / 1e6 / seconds for seconds in (put, get, plain_put, plain_get)]
    return [*rates, plain_put / put, plain_get / get]


def _small(store: IpfsStore, url: str, count: int) -> list[float]:
    plain = _Plain(url)
    documents = [os.urandom(_DOCUMENT_BYTES) for _ in range(count)]
    others = [os.urandom(_DOCUMENT_BYTES) for _ in range(count)]
    times = [time.perf_counter()]
    cids = [store.put(document) for document in documents]
    times.append(time.perf_counter())
    for cid in cids:
        read_bytes(store, cid, max_bytes=_DOCUMENT_BYTES)
    times.append(time.perf_counter())
    for other in others:
        plain.add(other)
    times.append(time.perf_counter())
    for cid in cids:
        plain.cat(cid)
    times.append(time.perf_counter())
    return [count / (after - before) for before, after in itertools.pairwise(times)]


def _show(row: list[float]) -> None:
    print(_COLUMNS.format(*(f"{value:,.2f}" if i in (4, 5) else f"{value:,.0f}" for i, value in enumerate(row))))


if __name__ == "__main__":
    main()
