"""Looking for secrets in bytes of any origin: as they are, and as hexadecimal and base64 text would have them.

A canary is a run of bytes that is in its place by no accident. What is looked through is brought to plain bytes first,
text by text and twice over (a document in base64 within a transaction in hexadecimal), so each canary is looked for
once.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

__all__ = ["Scanner"]

LEAST: Final = 12
"""Bytes of a canary: shorter ones are found by accident."""

_ANCHOR: Final = 8
_PIECE: Final = 1 << 23
_OVERLAP: Final = 1 << 14
"""What two pieces share: no canary is longer, in hexadecimal of hexadecimal."""
_HEX: Final = re.compile(rb"[0-9a-fA-F]{24,}")
_BASE64: Final = re.compile(rb"[A-Za-z0-9+/_-]{16,}")
_URLSAFE: Final = bytes.maketrans(b"-_", b"+/")
_DEPTH: Final = 2


class Scanner:
    """Finds any of many canaries at once.

    Args:
        canaries: what each is called -> the ways it is written, as bytes.
    """

    def __init__(self, canaries: Mapping[str, set[bytes]]) -> None:
        self._at: dict[int, list[tuple[int, bytes, str]]] = defaultdict(list)
        for name, patterns in canaries.items():
            for pattern in patterns:
                if not LEAST <= len(pattern) <= _OVERLAP >> 2:
                    msg = f"a pattern of {name} has {len(pattern)} bytes"
                    raise ValueError(msg)
                start = max(range(len(pattern) - _ANCHOR + 1), key=lambda at: len(set(pattern[at : at + _ANCHOR])))
                anchor = int.from_bytes(pattern[start : start + _ANCHOR], "little")
                self._at[anchor].append((start, pattern, name))
        self._anchors = np.array(sorted(self._at), "<u8")
        self._maybe = np.zeros(1 << 16, bool)
        self._maybe[self._anchors & 0xFFFF] = True

    def find(self, data: bytes) -> set[str]:
        """Return the names of all canaries in `data`, however it is written."""
        return {name for plain in _readings(data, _DEPTH) for name in self._raw(plain)}

    def scan(self, path: Path) -> set[str]:
        """Return the names of all canaries in a file; none for one that is gone."""
        found: set[str] = set()
        try:
            with path.open("rb") as file:
                rest = b""
                while piece := file.read(_PIECE):
                    found |= self.find(rest + piece)
                    rest = (rest + piece)[-_OVERLAP:]
        except FileNotFoundError:
            return found
        return found

    def _raw(self, data: bytes) -> Iterator[str]:
        for shift in range(min(_ANCHOR, max(0, len(data) - _ANCHOR + 1))):
            words = np.frombuffer(data, "<u8", (len(data) - shift) // _ANCHOR, shift)
            places = np.flatnonzero(self._maybe[words & 0xFFFF])
            for place in places[np.isin(words[places], self._anchors)]:
                at = int(place) * _ANCHOR + shift
                for start, pattern, name in self._at[int(words[place])]:
                    if at >= start and data.startswith(pattern, at - start):
                        yield name


def _readings(data: bytes, depth: int) -> Iterator[bytes]:
    """Yield `data`, and every text in it that may be bytes written in hexadecimal or base64, as those bytes."""
    yield data
    if not depth:
        return
    for run in _joined(_hex_of(match[0]) for match in _HEX.finditer(data)):
        yield from _readings(run, depth - 1)
    for run in _joined(_base64_of(match[0]) for match in _BASE64.finditer(data)):
        yield from _readings(run, depth - 1)


def _joined(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Yield few large pieces instead of many small ones; nothing in one ends in the next."""
    held: list[bytes] = []
    size = 0
    for part in parts:
        held.append(part)
        size += len(part)
        if size > _PIECE:
            yield b"\0\0".join(held)
            held, size = [], 0
    if held:
        yield b"\0\0".join(held)


def _hex_of(text: bytes) -> bytes:
    """Return a run of hexadecimal digits as bytes, from its first digit and from its second."""
    runs = (text[start : start + (len(text) - start & ~1)] for start in (0, 1))
    return b"\0\0".join(binascii.unhexlify(run) for run in runs)


def _base64_of(text: bytes) -> bytes:
    """Return a run of base64 digits as bytes, from each of its first four: nobody knows where it begins."""
    text = text.translate(_URLSAFE)
    runs = (text[start : start + (len(text) - start & ~3)] for start in range(4))
    tail = len(text) & 3
    whole = [base64.b64decode(run) for run in runs]
    if tail > 1:  # the last digits of the usual reading, without their padding
        whole[0] += base64.b64decode(text[-tail:] + b"=" * (4 - tail))
    return b"\0\0".join(whole)
