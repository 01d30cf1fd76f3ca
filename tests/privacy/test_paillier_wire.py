"""Keys, shares and parts as bytes: the same comes back, and what was altered does not."""

from __future__ import annotations

import json
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, GradMarketError, WrongKey
from marketplace.privacy.paillier.encrypt import Encrypter
from marketplace.privacy.paillier.keys import generate
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.shares import combine, deal, part_of
from marketplace.privacy.paillier.vector import decrypt
from marketplace.privacy.paillier.wire import (
    dump_part,
    dump_private,
    dump_share,
    dump_shared,
    load_part,
    load_private,
    load_share,
    load_shared,
)
from tests.privacy.pairs import encrypter, private

SHARED, SHARES = deal(private(), 2, 3)
VALUES = np.array([5, -6])
VECTOR = encrypter().encrypt(VALUES, bound=9, lanes=Lanes.of(16, private().public.n))
PARTS = [part_of(VECTOR, share) for share in SHARES]


@cache
def _long():
    """A key long enough to be read from outside, dealt to three seats."""
    key = generate()
    return key, *deal(key, 2, 3)


def test_a_key_pair_survives():
    """Law: what was encrypted under it opens with what was read."""
    again = load_private(dump_private(private()))
    assert private().public == again.public
    assert VALUES.tolist() == decrypt(VECTOR, again).tolist()


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 391), st.integers(1, 255))
def test_an_altered_key_pair_is_refused_or_has_another_name(at, change):
    """A changed prime or magic is WrongKey; another base is another key, and says so."""
    raw = bytearray(dump_private(private()))
    raw[at] ^= change
    try:
        again = load_private(bytes(raw))
    except WrongKey:
        return
    assert again.public != private().public
    with pytest.raises(WrongKey):
        decrypt(VECTOR, again)


def test_a_dealt_key_and_its_shares_survive():
    """Law: through JSON text and bytes, and the shares decrypt what is encrypted under the key that was read."""
    _, shared, shares = _long()
    again = load_shared(json.loads(json.dumps(dump_shared(shared))))
    assert shared == again
    vector = Encrypter(again.key).encrypt(VALUES, bound=9, lanes=Lanes.of(16, again.key.n))
    parts = [part_of(vector, load_share(dump_share(share), again)) for share in shares[1:]]
    assert VALUES.tolist() == combine(vector, parts, again).tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "paillier-key"},
        {"threshold": 0},
        {"threshold": 4},
        {"threshold": "2"},
        {"checks": None},
        {"checks": ["1"] * 64},
        {"checks": ["0", "1", "2"]},
        {"base": "xyz"},
        {"base": "f" * 5000},
        {"key": {}},
    ],
)
def test_a_dealt_key_that_cannot_be_is_refused(change):
    """WrongKey, and no other error."""
    with pytest.raises(WrongKey, match="ask its"):
        load_shared(dump_shared(_long()[1]) | change)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 297), st.integers(1, 255))
def test_an_altered_share_is_refused(at, change):
    """No byte of it can change: the seat finds out before it spoils a decryption."""
    raw = bytearray(dump_share(SHARES[1]))
    raw[at] ^= change
    with pytest.raises(WrongKey, match="no share of this key"):
        load_share(bytes(raw), SHARED)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 829), st.integers(1, 255))
def test_an_altered_part_never_decrypts_to_something_else(at, change):
    """It is refused when it is read or left out when it is used: two right parts decrypt beside it, one does not."""
    raw = bytearray(dump_part(PARTS[0], SHARED))
    raw[at % len(raw)] ^= change
    try:
        part = load_part(bytes(raw), VECTOR, SHARED)
    except BrokenSeal:
        return
    assert VALUES.tolist() == combine(VECTOR, [part, *PARTS[1:]], SHARED).tolist()
    with pytest.raises(WrongKey, match="1 right parts"):
        combine(VECTOR, [part, PARTS[1]], SHARED)


def test_parts_survive():
    """Law: load(dump(x)) = x."""
    assert PARTS[2] == load_part(dump_part(PARTS[2], SHARED), VECTOR, SHARED)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=600))
def test_bytes_of_strangers_are_refused(raw):
    """Whatever they are, an error of ours comes and no other."""
    for read in (
        load_private,
        lambda r: load_share(r, SHARED),
        lambda r: load_part(r, VECTOR, SHARED),
    ):
        with pytest.raises(GradMarketError):
            read(raw)
