"""Canonical JSON: equal values have equal bytes, and there is no second spelling."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import ContentTooLarge, InvalidInput, ProtocolError
from marketplace.storage.canonical import MAX_DEPTH, decode_json, encode_json
from marketplace.storage.folder import FolderStore
from marketplace.storage.store import put_json, read_json

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_what_is_written_is_read_as_it_was(value: object) -> None:
    """decode_json(encode_json(v)) == v, with the same types."""
    back = decode_json(encode_json(value))
    assert value == back
    assert repr(value) == repr(back) or isinstance(value, dict) or "{" in repr(value)


@given(st.dictionaries(TEXT, st.integers(), min_size=2))
def test_the_order_of_keys_does_not_matter(value: dict[str, int]) -> None:
    """Equal dicts have equal bytes, keys sorted by code point. GM-606."""
    backwards = dict(reversed(value.items()))
    assert encode_json(value) == encode_json(backwards)
    assert sorted(value) == list(json.loads(encode_json(backwards)))


@given(VALUES)
def test_every_other_spelling_is_refused(value: object) -> None:
    """Spaces, indents and escapes give the same value to a JSON reader, and nothing here. GM-606."""
    canonical = encode_json(value)
    others = [
        canonical + b"\n",
        b" " + canonical,
        json.dumps(value, indent=1).encode(),
        json.dumps(value, ensure_ascii=True, sort_keys=True).encode(),
    ]
    for other in others:
        if other != canonical:
            with pytest.raises(InvalidInput):
                decode_json(other)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"a":1,"a":1}',
        b'{"a":1,"a":2}',
        b'{"b":1,"a":2}',
        b"NaN",
        b"-Infinity",
        b"[1.0]",
        b"1e3",
        b"-0",
        b"01",
        b"\xef\xbb\xbf1",
        "1".encode("utf-16"),
        b'"\xff"',
        b'"\\ud800"',
        b'"\\u0041"',
        b"[" * 100_000,
        b"[" * (MAX_DEPTH + 2) + b"]" * (MAX_DEPTH + 2),
        b"1" * 5000,
        b"1" * 1300,
    ],
)
def test_text_that_is_not_canonical_is_refused(text: bytes) -> None:
    """Each is either no JSON, ambiguous, too deep, or a second spelling."""
    with pytest.raises(InvalidInput):
        decode_json(text)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (1.0, r"at \$ holds a float"),
        ({"a": [1, float("nan")]}, r"at \$\.a\[1\] holds a float"),
        ({1: 2}, r"has the key 1, which is no text"),
        ({"a": {None: 2}}, r"at \$\.a has the key None"),
        (b"bytes", r"holds a bytes"),
        ({"a": {1, 2}}, r"holds a set"),
        (1 << 4096, r"more than 4096 bits"),
        (-(1 << 4096), r"more than 4096 bits"),
        ("\ud800", r"half a surrogate pair"),
    ],
)
def test_values_without_a_canonical_form_are_refused_naming_where(value: object, why: str) -> None:
    """Floats above all: two machines print them differently, and scores decide money."""
    with pytest.raises(InvalidInput, match=why):
        encode_json(value)


def test_nesting_is_bounded_both_ways() -> None:
    """64 levels pass, one more does not, and a list that holds itself ends."""
    value: list[Any] = []
    for _ in range(MAX_DEPTH):
        value = [value]
    assert value == decode_json(encode_json(value))
    with pytest.raises(InvalidInput, match="deeper than 64 levels"):
        encode_json([value])
    value.append(value)
    with pytest.raises(InvalidInput, match="deeper than 64 levels"):
        encode_json(value)


def test_tuples_are_written_as_lists() -> None:
    """Frozen values need not be thawed first."""
    assert encode_json([1, [2]]) == encode_json((1, (2,)))


@given(value=VALUES)
def test_a_document_travels_through_a_store(tmp_path_factory: pytest.TempPathFactory, value: object) -> None:
    """put_json and read_json are inverse, and equal values have one CID."""
    store = FolderStore(tmp_path_factory.getbasetemp() / "documents")
    cid = put_json(store, value)
    assert cid == put_json(store, decode_json(encode_json(value)))
    assert value == read_json(store, cid, max_bytes=1 << 20)


def test_a_document_that_is_not_canonical_is_its_senders_fault(store: FolderStore) -> None:
    """read_json raises ProtocolError naming the CID: somebody published it by other means."""
    cid = store.put(b'{"a": 1}')
    with pytest.raises(ProtocolError, match=f"{cid} cannot be used: .* not in canonical form: ask its sender"):
        read_json(store, cid, max_bytes=100)


def test_a_document_above_the_cap_is_refused(store: FolderStore) -> None:
    """read_json never parses more than it was told to expect."""
    with pytest.raises(ContentTooLarge):
        read_json(store, put_json(store, "x" * 100), max_bytes=50)


def test_nothing_is_stored_when_a_value_is_refused(
    store: FolderStore, staged: Callable[[FolderStore], list[str]]
) -> None:
    """put_json checks before it writes."""
    with pytest.raises(InvalidInput):
        put_json(store, {"gain": 0.5})
    assert store.pins() == staged(store) == []


def test_a_document_of_brackets_cannot_end_the_process() -> None:
    """Some libraries raise the recursion limit far beyond the C stack; nesting is refused before anything recurses."""
    code = (
        "import sys; sys.setrecursionlimit(100_000)\n"
        "from marketplace.domain.errors import InvalidInput\n"
        "from marketplace.storage.canonical import decode_json\n"
        "for text in (b'[' * 100_000, b'{\"a\":' * 50_000, b'[' * 99_000 + b']' * 99_000):\n"
        "    try:\n        decode_json(text)\n"
        "    except InvalidInput:\n        print('refused')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    assert (0, ["refused"] * 3) == (done.returncode, done.stdout.split())


def test_brackets_inside_text_do_not_count_as_nesting() -> None:
    """A long text may hold as many brackets and quotes as it likes."""
    value = {"note": '[{"' * 500 + "\\"}
    assert value == decode_json(encode_json(value))
