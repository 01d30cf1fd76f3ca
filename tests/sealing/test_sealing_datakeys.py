"""Data keys: their hashes agree with the market's, and what is derived from them is separate and the same for all."""

from __future__ import annotations

import hmac

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput, WrongKey
from marketplace.domain.hashing import keccak, tag
from marketplace.sealing import datakeys

keys = st.binary(min_size=32, max_size=32)
labels = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)


def test_new_keys_are_32_fresh_bytes() -> None:
    """Keys never repeat and use all byte values."""
    made = [datakeys.new_key() for _ in range(200)]
    assert {32} == {len(key) for key in made}
    assert len(made) == len(set(made))
    assert len(set(b"".join(made))) == 256


@given(keys)
def test_the_hash_of_a_key_is_the_markets(key: bytes) -> None:
    """keccak256(abi.encode(tag, key)), which for two 32-byte words is their concatenation."""
    assert keccak(tag("data-key") + key) == datakeys.key_hash(key)


@given(keys, st.integers(0, 14), st.integers(0, 14))
def test_the_hash_of_a_share_names_its_seat(share: bytes, seat: int, other: int) -> None:
    """A share copied to another seat does not match that seat's hash."""
    assert keccak(tag("key-share"), bytes(31), bytes([seat]), share) == datakeys.share_hash(share, seat)
    assert (seat == other) == (datakeys.share_hash(share, seat) == datakeys.share_hash(share, other))


@pytest.mark.parametrize(("seats", "needed"), [(1, 1), (3, 2), (5, 4), (7, 5), (9, 6), (11, 8), (13, 9), (15, 10)])
def test_two_thirds_of_the_seats_open_a_key(seats: int, needed: int) -> None:
    """The smallest number that is at least two thirds of the seats."""
    assert needed == datakeys.threshold(seats)


@pytest.mark.parametrize("seats", [0, -3])
def test_a_bounty_without_seats_has_no_threshold(seats: int) -> None:
    """A threshold of 0 would open a key with no share at all."""
    with pytest.raises(InvalidInput, match="at least one seat"):
        datakeys.threshold(seats)


@given(keys, labels, st.binary(max_size=80))
def test_derivation_is_hkdf_with_sha256(secret: bytes, label: str, context: bytes) -> None:
    """RFC 5869 written out: extract with a zero salt, expand once."""
    pseudorandom = hmac.digest(bytes(32), secret, "sha256")
    info = b"gradmarket/1/" + label.encode() + b"\x00" + context
    assert hmac.digest(pseudorandom, info + b"\x01", "sha256") == datakeys.derive(secret, label, context)


@given(keys, labels, labels, st.binary(max_size=20), st.binary(max_size=20))
def test_derived_keys_are_separate(secret: bytes, label: str, other: str, context: bytes, place: bytes) -> None:
    """Two labels or two contexts never give the same key, even where their concatenations agree."""
    assume((label, context) != (other, place))
    assert datakeys.derive(secret, label, context) != datakeys.derive(secret, other, place)


@pytest.mark.parametrize("label", ["root\x00", "Wurzel\u00e4", "two\nlines"])
def test_a_label_that_could_be_mistaken_is_refused(label: str) -> None:
    """A zero byte in a label would let it swallow the start of its context."""
    with pytest.raises(InvalidInput, match="printable ASCII"):
        datakeys.derive(bytes(32), label)


@given(st.lists(keys, min_size=2, max_size=6, unique=True))
def test_the_round_secret_depends_on_every_key_and_their_order(submitted: list[bytes]) -> None:
    """Leaving one out or swapping two changes it; the same keys in the same order give it again."""
    secret = datakeys.round_secret(submitted)
    assert keccak(tag("round-secret") + b"".join(submitted)) == secret
    assert secret != datakeys.round_secret(submitted[::-1])
    assert all(secret != datakeys.round_secret(submitted[:i] + submitted[i + 1 :]) for i in range(len(submitted)))


def test_a_key_of_another_length_makes_no_round_secret() -> None:
    """Otherwise two lists of keys could have one concatenation."""
    with pytest.raises(WrongKey, match="32 bytes"):
        datakeys.round_secret([bytes(32), bytes(31)])
