"""How fast content is sealed and opened, beside what AES-256-GCM alone takes on the same bytes.

    python -m benchmarks.sealing [--mebibytes 256] [--rounds 7]

One process, one thread, memory to memory. Each round uses new random bytes and prints MB/s (1 MB = 1,000,000 bytes) of

    seal    `seal_stream` into a sink that drops what it gets
    open    `open_stream`, every chunk verified, into the same sink
    bare    `AESGCM.encrypt` and `.decrypt` of `cryptography` over the same chunks, nothing else

"ratio" is the time of bare encryption and decryption divided by the time of seal and open. The last lines are the
median over all rounds, and what sealing a key and sharing one takes.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from functools import partial
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from marketplace.sealing.datakeys import new_key, threshold
from marketplace.sealing.envelope import CHUNK_BYTES, open_stream, seal_bytes, seal_stream
from marketplace.sealing.identity import EncryptionIdentity, seal_key
from marketplace.sealing.sharing import combine, split

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["main"]

_COLUMNS = "{:>8} {:>8} {:>8} {:>14} {:>14} {:>8}"
_CONTEXT = bytes(148)
_REPEATS = 50


class Seconds(NamedTuple):
    """What one round took."""

    seal: float
    open: float
    bare_encrypt: float
    bare_decrypt: float


class _Nowhere(BytesIO):
    """A sink that drops what it is given."""

    def write(self, data: object) -> int:
        """Return the length of `data` and forget it."""
        return len(data)  # type: ignore[arg-type]


def main() -> None:
    """Run the rounds and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    size = args.mebibytes << 20
    print(f"{size / 1e6:,.0f} MB a round, MB/s")
    print(_COLUMNS.format("round", "seal", "open", "bare encrypt", "bare decrypt", "ratio"))
    rounds = []
    for number in range(args.rounds):
        rounds.append(_round(os.urandom(size)))
        _show(str(number + 1), rounds[-1], size)
    _show("median", Seconds(*(statistics.median(column) for column in zip(*rounds, strict=True))), size)
    _small()


def _round(content: bytes) -> Seconds:
    key = new_key()
    cipher = AESGCM(key)
    chunks = [content[at : at + CHUNK_BYTES] for at in range(0, len(content), CHUNK_BYTES)]
    sealed, source = seal_bytes(content, key, _CONTEXT), BytesIO(content)
    encrypted = [cipher.encrypt(number.to_bytes(12, "big"), chunk, _CONTEXT) for number, chunk in enumerate(chunks)]
    at = [time.perf_counter()]
    seal_stream(source, _Nowhere(), key, _CONTEXT)
    at.append(time.perf_counter())
    open_stream(BytesIO(sealed), _Nowhere(), key, _CONTEXT, max_bytes=len(content))
    at.append(time.perf_counter())
    for number, chunk in enumerate(chunks):
        cipher.encrypt(number.to_bytes(12, "big"), chunk, _CONTEXT)
    at.append(time.perf_counter())
    for number, chunk in enumerate(encrypted):
        cipher.decrypt(number.to_bytes(12, "big"), chunk, _CONTEXT)
    at.append(time.perf_counter())
    return Seconds(*(after - before for before, after in pairwise(at)))


def _show(name: str, took: Seconds, size: int) -> None:
    ratio = f"{(took.bare_encrypt + took.bare_decrypt) / (took.seal + took.open):.2f}"
    print(_COLUMNS.format(name, *(f"{size / 1e6 / seconds:,.0f}" for seconds in took), ratio))


def _small() -> None:
    identity, key = EncryptionIdentity.generate(), new_key()
    sealed = seal_key(key, identity.public_key, _CONTEXT)
    sealing = _milliseconds(partial(seal_key, key, identity.public_key, _CONTEXT))
    opening = _milliseconds(partial(identity.open_key, sealed, _CONTEXT))
    print(f"a key: sealed in {sealing:.2f} ms, opened in {opening:.2f} ms, {len(sealed):,} bytes")
    for seats in (3, 7, 15):
        needed = threshold(seats)
        shares = dict(enumerate(split(key, needed, seats)))
        splitting = _milliseconds(partial(split, key, needed, seats))
        combining = _milliseconds(partial(combine, shares, needed))
        print(f"a key shared {needed} of {seats}: split in {splitting:.2f} ms, combined in {combining:.2f} ms")


def _milliseconds(act: Callable[[], object]) -> float:
    times = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return 1e3 * statistics.median(times)


if __name__ == "__main__":
    main()
