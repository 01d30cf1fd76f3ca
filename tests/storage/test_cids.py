"""Names of content: one spelling, and the 32 bytes of it that the chain stores."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput
from marketplace.storage.cid import cid_of_digest, digest_of, is_raw, name_node, name_raw, parse_cid, show_cid

HELLO = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
"""What `ipfs add --cid-version 1 --raw-leaves` of js-ipfs 0.66.1 prints for the five bytes `hello`."""


@given(st.binary(min_size=32, max_size=32))
def test_a_digest_and_its_cid_give_each_other(digest: bytes) -> None:
    """digest_of(cid_of_digest(d)) == d for every digest."""
    assert digest == digest_of(cid_of_digest(digest))


def test_the_digest_of_a_single_block_is_the_sha256_of_its_bytes() -> None:
    """What the chain stores can be checked with nothing but sha2-256."""
    assert hashlib.sha256(b"hello").digest() == digest_of(HELLO)


@given(st.binary(max_size=100), st.booleans())
def test_text_and_bytes_of_a_cid_give_each_other(data: bytes, raw: bool) -> None:
    """parse_cid(show_cid(c)) == c, and the codec survives."""
    cid = name_raw(data) if raw else name_node(data)
    assert cid == parse_cid(show_cid(cid))
    assert raw == is_raw(cid)


def test_a_digest_of_several_blocks_is_refused_saying_what_to_do() -> None:
    """The chain would not know that the block names others, so such a CID has no digest."""
    with pytest.raises(InvalidInput, match="raw single block only: keep what it names within 256 KiB"):
        digest_of(show_cid(name_node(b"x")))


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_digest_of_another_length_is_refused(length: int) -> None:
    """Only 32 bytes are a sha2-256."""
    with pytest.raises(InvalidInput, match=f"{length} bytes instead of 32"):
        cid_of_digest(bytes(length))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "b",
        "hello",
        HELLO.upper(),
        HELLO[:-1],
        HELLO + "a",
        HELLO + "=",
        HELLO[:-1] + "r",
        " " + HELLO,
        "z" + HELLO[1:],
        HELLO[:10] + "1" + HELLO[11:],
        HELLO[:20] + "é" + HELLO[21:],
        "QmZULkCELmmk5XNfCgTnCyFgAVxBRBXyDHGGMVoLFLiXEN",
        "../../../../etc/passwd",
        show_cid(b"\x01\x55\x12\x20" + bytes(31)),
        show_cid(b"\x02\x55\x12\x20" + bytes(32)),
        show_cid(b"\x01\x71\x12\x20" + bytes(32)),
        show_cid(b"\x01\x55\x11\x20" + bytes(32)),
        show_cid(b"\x01\x55\x12\x21" + bytes(32)),
    ],
)
def test_anything_but_the_one_spelling_of_a_known_cid_is_refused(text: str) -> None:
    """Other bases, versions, codecs, hashes, stray bits and paths are no names."""
    with pytest.raises(InvalidInput, match="is not a CIDv1"):
        parse_cid(text)


@given(st.text(max_size=70))
def test_no_text_makes_the_parser_fail_otherwise(text: str) -> None:
    """Whatever is typed is a CID or an InvalidInput."""
    try:
        cid = parse_cid(text)
    except InvalidInput:
        return
    assert text == show_cid(cid)
