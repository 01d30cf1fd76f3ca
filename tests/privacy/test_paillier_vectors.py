"""Encrypted vectors: sums and products are exact, overflow and malformed files are refused."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, ContentTooLarge, InvalidInput, WrongKey
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.vector import EncryptedVector, decrypt, dump_vector, load_vector, weighted_sum
from tests.privacy.pairs import encrypter, other, private

N = private().public.n
BOUND = 1000
LANES = Lanes.of(24, N)


def _encrypt(values, *, bound=BOUND, lanes=LANES):
    return encrypter().encrypt(np.array(values, np.int64), bound=bound, lanes=lanes)


vectors = st.lists(st.integers(-BOUND, BOUND), min_size=0, max_size=90)
pairs = st.integers(1, 90).flatmap(
    lambda n: st.tuples(*[st.lists(st.integers(-BOUND, BOUND), min_size=n, max_size=n)] * 2)
)
widths = st.sampled_from(range(8, 65, 8))


@given(widths, st.integers(1, 20), st.data())
def test_packing_is_undone_by_unpacking(bits, per_plaintext, data):
    """Law: any values within the limit, the extremes included, in lanes of any width."""
    lanes = Lanes(bits, per_plaintext)
    values = np.array(data.draw(st.lists(st.integers(-lanes.limit, lanes.limit), max_size=50)), np.int64)
    assert values.tolist() == lanes.unpack(lanes.pack(values), len(values)).tolist()


@given(widths, pairs, st.integers(-100, 100))
def test_packing_is_linear(bits, pair, factor):
    """Law: plaintexts add and multiply as the values do while those fit."""
    lanes = Lanes(bits, 7)
    a, b = (np.array(v, np.int64) % (lanes.limit // 201 + 1) for v in pair)
    summed = [x + factor * y for x, y in zip(lanes.pack(a), lanes.pack(b), strict=True)]
    assert (a + factor * b).tolist() == lanes.unpack(summed, len(a)).tolist()


@pytest.mark.parametrize("value", [1 << 23, -(1 << 23)])
def test_a_value_beyond_its_lane_is_not_packed(value):
    """It would change its neighbour."""
    with pytest.raises(InvalidInput, match="does not fit into a lane"):
        LANES.pack(np.array([value]))


@pytest.mark.parametrize("plaintext", [1 << (24 * LANES.per_plaintext), -(1 << (24 * LANES.per_plaintext))])
def test_a_plaintext_beyond_all_lanes_is_refused(plaintext):
    """Only somebody who did not pack it can have made it."""
    with pytest.raises(BrokenSeal, match="not packed"):
        LANES.unpack([plaintext], 1)


def test_what_fills_the_last_plaintext_is_zero():
    """A sender cannot hide a message behind the last value."""
    with pytest.raises(BrokenSeal, match="more than it should"):
        LANES.unpack(LANES.pack(np.array([1, 2])), 1)


@settings(deadline=None, max_examples=30)
@given(vectors)
def test_what_is_encrypted_is_decrypted(values):
    """Law: D(E(v)) = v."""
    assert values == decrypt(_encrypt(values), private()).tolist()


@settings(deadline=None, max_examples=30)
@given(pairs, st.integers(-7, 7), st.integers(-7, 7))
def test_weighted_sums_are_exact(pair, a, b):
    """Law: D(weighted_sum([x, y], [a, b])) = a D(x) + b D(y), negative coefficients and zeros included. GM-521."""
    if a == b == 0:
        return
    x, y = (np.array(v) for v in pair)
    summed = weighted_sum([_encrypt(x), _encrypt(y)], [a, b])
    assert (a * x + b * y).tolist() == decrypt(summed, private()).tolist()
    assert summed.bound == BOUND * (abs(a) + abs(b))


@settings(deadline=None, max_examples=30)
@given(pairs)
def test_plain_numbers_are_added_exactly(pair):
    """Law: D(x.plus(v)) = D(x) + v."""
    x, v = (np.array(values) for values in pair)
    assert (x + v).tolist() == decrypt(_encrypt(x).plus(v, BOUND), private()).tolist()


@settings(deadline=None, max_examples=20)
@given(vectors)
def test_refreshing_changes_only_the_looks(values):
    """Law: the same values in other ciphertexts; and two encryptions are never equal."""
    first = _encrypt(values)
    second = encrypter().refresh(first)
    assert values == decrypt(second, private()).tolist()
    assert not values or set(first.ciphertexts).isdisjoint(second.ciphertexts)
    assert not values or set(first.ciphertexts).isdisjoint(_encrypt(values).ciphertexts)


@pytest.mark.parametrize(
    "act",
    [
        lambda x: x * 9,
        lambda x: x * -9,
        lambda x: x * 4 + x * 5,
        lambda x: x.plus(np.zeros(3, np.int64), x.lanes.limit),
        lambda x: weighted_sum([x, x], [5, -4]),
    ],
    ids=["product", "negative product", "sum", "plain sum", "weighted sum"],
)
def test_an_overflow_is_refused_before_it_happens(act):
    """Eight times a bound of an eighth fits, nine times does not: the reason says what to do. GM-521."""
    x = _encrypt([1, 2, 3], bound=LANES.limit // 8)
    assert [8, 16, 24] == decrypt(x * 8, private()).tolist()
    with pytest.raises(InvalidInput, match="do not fit into lanes of 24 bits"):
        act(x)


def test_a_value_beyond_the_bound_is_not_encrypted():
    """The bound is public: it has to be true."""
    with pytest.raises(InvalidInput, match="beyond the bound"):
        _encrypt([BOUND + 1])


def test_a_sender_that_lied_about_its_bound_is_found():
    """Decrypting a value beyond the bound raises BrokenSeal."""
    honest = _encrypt([BOUND])
    liar = EncryptedVector(honest.key, honest.lanes, honest.length, BOUND - 1, honest.ciphertexts)
    with pytest.raises(BrokenSeal, match="beyond what its sender said"):
        decrypt(liar, private())


def test_vectors_under_two_keys_do_not_mix():
    """Neither adding nor decrypting: WrongKey, not a wrong number."""
    x = _encrypt([1])
    with pytest.raises(WrongKey, match="another key"):
        decrypt(x, other())
    with pytest.raises(WrongKey, match="two keys"):
        x + EncryptedVector(other().public, x.lanes, 1, 1, x.ciphertexts)


def test_vectors_of_two_forms_do_not_mix():
    """Another length or width is refused."""
    for y in (_encrypt([1, 2]), _encrypt([1], lanes=Lanes.of(32, N))):
        with pytest.raises(InvalidInput, match="two forms"):
            _encrypt([1]) + y


def test_nothing_is_not_added():
    """A sum of which every coefficient is 0 would be a ciphertext everybody can read."""
    with pytest.raises(InvalidInput, match="nothing is left"):
        weighted_sum([_encrypt([1])], [0])


@settings(deadline=None, max_examples=20)
@given(vectors)
def test_a_file_gives_the_same_vector(values):
    """Law: load(dump(x)) = x."""
    x = _encrypt(values)
    assert x == load_vector(dump_vector(x), private().public, max_length=90)


def _file(values=(1, 2, 3)):
    return dump_vector(_encrypt(values))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 54), st.integers(1, 255))
def test_a_file_with_an_altered_head_is_refused_or_another_claim(at, change):
    """Whatever byte of the head changes, an error of ours comes, or another claim about the same ciphertexts."""
    raw = bytearray(_file())
    body = bytes(raw[55:])
    raw[at] ^= change
    try:
        found = load_vector(bytes(raw), private().public, max_length=90)
    except (BrokenSeal, WrongKey, ContentTooLarge):
        return
    assert body == b"".join(number.to_bytes(256, "big") for number in found.ciphertexts)


@pytest.mark.parametrize(
    ("raw", "error", "says"),
    [
        (b"", BrokenSeal, "no encrypted vector"),
        (_file()[:-1], BrokenSeal, "cut off"),
        (_file() + b"\0", BrokenSeal, "cut off"),
        (_file()[:-256] + bytes(256), BrokenSeal, "no ciphertext"),
        (_file()[:-256] + b"\xff" * 256, BrokenSeal, "no ciphertext"),
        (_file([0] * 91), ContentTooLarge, "more than the 90"),
    ],
    ids=["empty", "cut", "longer", "zero", "too big", "too many"],
)
def test_a_malformed_file_is_refused(raw, error, says):
    """Each with its own error, and before anything is computed with it."""
    with pytest.raises(error, match=says):
        load_vector(raw, private().public, max_length=90)


def test_a_file_under_another_key_is_refused():
    """The file names its key."""
    with pytest.raises(WrongKey, match="another key"):
        load_vector(_file(), other().public, max_length=90)
