"""How fast the embedded store takes and gives large content, beside what the disk and the hash alone allow.

    python -m benchmarks.storage [--mebibytes 256] [--rounds 5] [--folder DIR]

One process, one thread. Each round uses a fresh store and new random bytes, and prints MB/s (1 MB = 1,000,000 bytes) of

    put     cutting, sha2-256, one file a block, flushed to the disk itself, renamed, folders flushed, pinned
    get     reading back (from the page cache, as after a put), sha2-256 of every block, writing to a sink that drops it
    plain   one ordinary file written and flushed, its sha2-256, and the file read back and hashed once more

The last line is the median over all rounds; "both" is the content's bytes divided by the time of put and get together.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import statistics
import tempfile
import time
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from marketplace.storage.folder import FolderStore

__all__ = ["main"]

_CHUNK = 1 << 18
_COLUMNS = "{:>8} {:>8} {:>8} {:>8} {:>12} {:>12} {:>8}"


class Seconds(NamedTuple):
    """What one round took: wall seconds, and the CPU seconds of put and get."""

    put: float
    get: float
    plain_put: float
    plain_get: float
    cpu: float


class _Nowhere(BytesIO):
    """A sink that drops what it is given."""

    def write(self, data: object) -> int:
        """Return the length of `data` and forget it."""
        return len(data)  # type: ignore[arg-type]


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", default=None, help="where to write; a temporary folder unless given")
    args = parser.parse_args()
    size = args.mebibytes << 20
    print(f"{size / 1e6:,.0f} MB a round, MB/s")
    print(_COLUMNS.format("round", "put", "get", "both", "plain write", "plain read", "ratio"))
    rounds = []
    for number in range(args.rounds):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            rounds.append(_round(Path(folder), os.urandom(size)))
        _show(str(number + 1), rounds[-1], size)
    middle = Seconds(*(statistics.median(column) for column in zip(*rounds, strict=True)))
    _show("median", middle, size)
    print(f"CPU time of put and get together: {size / 1e6 / middle.cpu:,.0f} MB/s")


def _round(folder: Path, content: bytes) -> Seconds:
    at = [time.perf_counter()]
    plain = folder / "plain"
    with plain.open("wb", buffering=0) as file:
        for chunk in range(0, len(content), _CHUNK):
            file.write(content[chunk : chunk + _CHUNK])
        os.fsync(file.fileno())
    digest = hashlib.sha256(content).digest()
    at.append(time.perf_counter())
    with plain.open("rb", buffering=0) as file:
        same = hashlib.file_digest(file, "sha256").digest() == digest
    at.append(time.perf_counter())
    plain.unlink()

    store = FolderStore(folder / "store")
    cpu = time.process_time()
    at.append(time.perf_counter())
    cid = store.put(content)
    at.append(time.perf_counter())
    same = store.get(cid, _Nowhere(), max_bytes=len(content)) == len(content) and same
    at.append(time.perf_counter())
    cpu = time.process_time() - cpu
    if not same:
        msg = "what was read back is not what was written"
        raise SystemExit(msg)
    return Seconds(at[4] - at[3], at[5] - at[4], at[1] - at[0], at[2] - at[1], cpu)


def _show(name: str, took: Seconds, size: int) -> None:
    put, get, plain_put, plain_get = (f"{size / 1e6 / seconds:,.0f}" for seconds in took[:4])
    both = f"{size / 1e6 / (took.put + took.get):,.0f}"
    ratio = f"{(took.plain_put + took.plain_get) / (took.put + took.get):.2f}"
    print(_COLUMNS.format(name, put, get, both, plain_put, plain_get, ratio))


if __name__ == "__main__":
    main()
