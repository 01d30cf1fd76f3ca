"""Content far larger than memory should be: nothing holds more of it than a few blocks."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from client.devnet.ipfsnode import IpfsNode

SIZE = 500_000_000
MOST_GROWTH_KIB = 150_000

PROGRAM = """
import hashlib, json, os, resource, sys
from io import BytesIO
from marketplace.storage.ipfs import IpfsStore

class Source(BytesIO):
    left, digest = int(sys.argv[2]), hashlib.sha256()
    def seekable(self): return False
    def read(self, size=-1):
        data = os.urandom(min(size, self.left))
        self.left -= len(data)
        self.digest.update(data)
        return data

class Sink(BytesIO):
    digest = hashlib.sha256()
    def write(self, data):
        self.digest.update(data)
        return len(data)

def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

with IpfsStore(sys.argv[1]) as store:
    store.put(b"warm")
    before, source, sink = peak(), Source(), Sink()
    cid = store.put(source)
    after_put = peak()
    size = store.get(cid, sink, max_bytes=int(sys.argv[2]))
    after_get = peak()
    store.unpin(cid)
print(json.dumps({"size": size, "equal": source.digest.digest() == sink.digest.digest(),
                  "put": after_put - before, "get": after_get - before}))
"""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_half_a_gigabyte_goes_in_and_out_in_little_memory(ipfs_node: IpfsNode) -> None:
    """500 MB streamed into a node and back: the process grows by less than 150 MB, and every byte is the same."""
    done = subprocess.run(  # noqa: S603 - this Python, a program of our own
        [sys.executable, "-c", PROGRAM, ipfs_node.url, str(SIZE)],
        capture_output=True,
        text=True,
        timeout=900,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["size"] == SIZE
    assert found["equal"]
    assert max(found["put"], found["get"]) < MOST_GROWTH_KIB
    ipfs_node.collect()
