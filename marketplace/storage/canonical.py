"""The one way a value is written as JSON, so that equal values have equal CIDs.

Keys sorted by code point, no spaces, UTF-8 without escapes that are not needed, integers instead of floats. Laws:
`decode_json(encode_json(v)) == v` for every value that can be written (tuples come back as lists), and
`encode_json(decode_json(d)) == d` for every text that can be read: there is no second spelling.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final

from marketplace.domain.errors import InvalidInput

__all__ = ["MAX_DEPTH", "decode_json", "encode_json"]

MAX_DEPTH = 64
"""How deep lists and objects may nest."""

_MAX_BITS = 4096
"""Wider than any figure of the product, and far below where Python refuses to print an integer."""

_STRING: Final = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"')


def encode_json(value: object) -> bytes:
    """Return the canonical JSON of `value`: dicts with text keys, lists, tuples, text, integers, booleans, None.

    Raises:
        InvalidInput: it holds anything else (a float, above all), naming where.
    """
    _check(value, ())
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        msg = "a document holds half a surrogate pair, which UTF-8 cannot write: correct the text"
        raise InvalidInput(msg) from error


def decode_json(data: bytes) -> Any:  # noqa: ANN401 - whatever the sender wrote; the caller takes it apart
    """Return the value in `data`.

    Raises:
        InvalidInput: it is not JSON, or not in canonical form (spaces, order, a key twice, floats, NaN, too deep).
    """
    _check_depth(data)
    try:
        value = json.loads(data.decode())
    except (ValueError, RecursionError) as error:
        msg = "a document is not JSON: ask its sender to publish it again"
        raise InvalidInput(msg) from error
    if encode_json(value) != data:
        msg = "a document is JSON, but not in canonical form: ask its sender to publish it with this product"
        raise InvalidInput(msg)
    return value


def _check_depth(data: bytes) -> None:
    """Refuse nesting before anything recurses into it.

    Python's own guard is no help: the embedded chain raises the recursion limit of its process so far that a document
    of brackets alone would overflow the C stack and end the process.
    """
    depth = 0
    for byte in _STRING.sub(b"", data):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH + 1:
                raise _refused((), f"nests deeper than {MAX_DEPTH} levels: flatten it")
        elif byte in b"]}":
            depth -= 1


def _check(value: object, path: tuple[str | int, ...]) -> None:
    if value is None or isinstance(value, (str, bool)):
        return
    if len(path) > MAX_DEPTH:
        raise _refused(path[:3], f"nests deeper than {MAX_DEPTH} levels: flatten it")
    if isinstance(value, int):
        if value.bit_length() > _MAX_BITS:
            raise _refused(path, f"holds an integer of more than {_MAX_BITS} bits: write it as text")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str):
                raise _refused(path, f"has the key {key!r}, which is no text: write its text")
            _check(item, (*path, key))
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            _check(item, (*path, i))
    else:
        kind = type(value).__name__
        raise _refused(path, f"holds a {kind}: a document takes text, integers, booleans, None, lists and dicts only")


def _refused(path: tuple[str | int, ...], why: str) -> InvalidInput:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return InvalidInput(f"a document at ${where} {why}")
