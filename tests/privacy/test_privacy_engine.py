"""Every operation on shares gives what the same operation gives on numbers, for every element of the ring."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput, InvalidUpdate
from marketplace.privacy.sharing.bits import carry_out, sign
from marketplace.privacy.sharing.claims import ADD, XOR, Claim, Received, Rule, Seen, Sent, Third
from marketplace.privacy.sharing.local import in_threads
from marketplace.privacy.sharing.nonlinear import clip_up, divide_floor, maximum, relu, shift_floor
from marketplace.privacy.sharing.products import public_product
from marketplace.privacy.sharing.selection import select
from marketplace.privacy.sharing.shares import Shares, commit_component, join, ring, signed, split
from marketplace.privacy.sharing.streams import Stream
from tests.privacy.tables import arrays, deal, words

TWICE = pytest.mark.parametrize("repetitions", [0, 2])
FEW = settings(max_examples=25)
SEEDS = st.integers(0, 2**32)


@given(arrays)
def test_components_join_to_the_secret(values):
    """join(split(x)) = x."""
    assert values.tolist() == join(split(values)).tolist()


def test_components_are_fresh_every_time():
    """Two sharings of one secret have no component in common, and no component is the secret."""
    secret = np.zeros(4, np.int64)
    seen = [c.tobytes() for _ in range(2) for c in split(secret)]
    assert 6 == len({*seen, secret.tobytes()} - {secret.tobytes()})


def test_two_components_are_not_enough():
    """Joining refuses anything but three components."""
    with pytest.raises(InvalidInput, match="3"):
        join(split(np.arange(3))[:2])


def test_shares_do_not_show_numbers():
    """What lands in a traceback is a shape."""
    assert "Shares(shape=(1,), dtype=uint64)" == repr(Shares(*split(np.array([77]))[:2]))


@given(SEEDS)
def test_commitments_differ_with_salt_index_and_component(seed):
    """A commitment binds the component, its place and the salt."""
    component = ring(np.array([seed, 1]))
    salts = (bytes(32), bytes(31) + b"\1")
    found = {commit_component(i, c, s) for i in (0, 1) for c in (component, component + np.uint64(1)) for s in salts}
    assert 8 == len(found)


def test_commitments_want_a_whole_salt():
    """A short salt can be searched, so it is refused."""
    with pytest.raises(InvalidUpdate, match="32"):
        commit_component(0, ring(np.arange(2)), b"short")


@given(SEEDS, st.lists(st.integers(0, 50), max_size=5))
def test_streams_of_one_key_stay_in_step(seed, sizes):
    """Equal keys give equal draws, however the sizes fall; another key gives others."""
    key = seed.to_bytes(16, "big")
    one, two, other = Stream(key), Stream(key), Stream(b"\xff" * 16)
    for size in sizes:
        assert one.take((size,), np.uint64).tolist() == two.take((size,), np.uint64).tolist()
    assert one.key() != other.key()


def test_long_streams_do_not_repeat():
    """A draw of more than one block of zeros is one run of the counter."""
    long, short = Stream(bytes(16)), Stream(bytes(16))
    whole = long.take((1 << 17,), np.uint64)
    parts = [short.take((1 << 10,), np.uint64) for _ in range(1 << 7)]
    assert np.concatenate(parts).tolist() == whole.tolist()
    assert len(whole) == len(set(whole.tolist()))


@TWICE
@FEW
@given(arrays, st.data())
def test_products_are_those_of_numbers(repetitions, x, data):
    """X * y modulo 2^64, with and without proofs."""
    y = np.array(data.draw(st.lists(words, min_size=len(x), max_size=len(x))), np.int64)
    a, b = deal(x), deal(y)
    for opened in in_threads(lambda p: p.open(p.multiply(a(p), b(p))), repetitions):
        assert signed(ring(x) * ring(y)).tolist() == opened.tolist()


@TWICE
@FEW
@given(arrays, st.data())
def test_sums_and_public_numbers_act_on_the_secret(repetitions, x, data):
    """X + y, x - y, -x and adding what everybody knows are local."""
    y = np.array(data.draw(st.lists(words, min_size=len(x), max_size=len(x))), np.int64)
    a, b = deal(x), deal(y)

    def act(p):
        return p.open(a(p) - b(p) - (-a(p)) + p.public(y))

    for opened in in_threads(act, repetitions):
        assert signed(ring(x) + ring(x)).tolist() == opened.tolist()


@TWICE
@FEW
@given(SEEDS, st.integers(1, 3), st.integers(1, 4), st.integers(1, 3))
def test_matrix_products_are_those_of_numbers(repetitions, seed, n, m, k):
    """X @ y modulo 2^64 for stacks of matrices."""
    rng = np.random.default_rng(seed)
    x, y = (rng.integers(-(2**63), 2**63 - 1, s) for s in ((2, n, m), (2, m, k)))
    a, b = deal(x), deal(y)
    for opened in in_threads(lambda p: p.open(p.matmul(a(p), b(p))), repetitions):
        assert signed(ring(x) @ ring(y)).tolist() == opened.tolist()


@FEW
@given(SEEDS, st.integers(1, 9000))
def test_products_with_public_rows_are_exact(seed, inputs):
    """Limbs of 32 bits never round, however many inputs a row has."""
    rng = np.random.default_rng(seed)
    rows = rng.integers(-127, 128, (2, inputs)).astype(np.int8)
    rows[0] = 127
    weight = rng.integers(0, 2**64, (inputs, 2), np.uint64)
    weight[:, 0] = 2**64 - 1
    assert (ring(rows) @ weight).tolist() == public_product(rows, weight).tolist()


@TWICE
@FEW
@given(arrays)
def test_signs_are_those_of_numbers(repetitions, x):
    """1 where x < 0, for every element of the ring."""
    a = deal(x)
    for opened in in_threads(lambda p: p.open_words(sign(p, a(p)), XOR), repetitions):
        assert (x < 0).astype(int).tolist() == opened.tolist()


@TWICE
@FEW
@given(st.lists(st.integers(-(1 << 31), (1 << 31) - 1), min_size=1, max_size=9))
def test_half_the_bits_are_enough_for_small_numbers(repetitions, values):
    """Below 2^31 the lower halves decide, and the whole number is kept."""
    x = np.array(values)
    a = deal(x)
    for opened in in_threads(lambda p: p.open(relu(p, a(p), 32)), repetitions):
        assert np.maximum(x, 0).tolist() == opened.tolist()


@TWICE
@FEW
@given(arrays)
def test_relu_is_that_of_numbers(repetitions, x):
    """max(x, 0)."""
    a = deal(x)
    for opened in in_threads(lambda p: p.open(relu(p, a(p))), repetitions):
        assert np.maximum(x, 0).tolist() == opened.tolist()


@TWICE
@FEW
@given(st.integers(1, 70), st.sampled_from([np.uint32, np.uint64]), SEEDS)
def test_carries_leave_the_word_as_in_a_sum(repetitions, n, word, seed):
    """The carry of s + c is that of Python's integers, for every number of lanes: they are folded into one another."""
    rng = np.random.default_rng(seed)
    top = np.iinfo(word).max
    # Of long runs of ones, where a carry goes far, as well as of noise.
    s, c = (rng.integers(0, top, n, word, endpoint=True) >> rng.integers(0, 3, n).astype(word) for _ in range(2))
    c = np.where(rng.random(n) < 0.5, ~s + rng.integers(0, 2, n).astype(word), c)
    masks = rng.integers(0, top, (2, 2, n), word, endpoint=True)
    (s0, s1), (c0, c1) = masks
    a, b = (s0, s1, s ^ s0 ^ s1), (c0, c1, c ^ c0 ^ c1)

    def act(p):
        carry = carry_out(p, *(Shares(x[p.me], x[p.next]) for x in (a, b)))
        return p.open_words(carry, XOR)

    for opened in in_threads(act, repetitions):
        assert [int(x) + int(y) > int(top) for x, y in zip(s, c, strict=True)] == opened.astype(bool).tolist()


def test_large_arrays_are_carried_and_selected_as_small_ones():
    """Pieces that fit the cache join without a seam: 40,001 lanes, of which neither 3 nor 32 is a divisor."""
    x = np.random.default_rng(7).integers(-(2**31), 2**31, 40_001)
    a = deal(x)
    for bits in (32, 64):
        for opened in in_threads(lambda p, bits=bits: p.open(relu(p, a(p), bits)), 1):
            assert (np.maximum(x, 0) == opened).all()


@given(st.booleans())
def test_a_factor_of_two_claims_in_a_row_has_one_mask(bitwise):
    """One array, one mask, as long as both claims are of one group; the claim after the next has a mask of its own."""
    u, v, w = (np.zeros(2, np.uint64) for _ in range(3))

    def claim(group, *us):
        return Claim(group, Rule(()), Sent(us, (), u, None, lambda: u), Received(us, u, None), Third((), u))

    group, other = (XOR, ADD) if bitwise else (ADD, XOR)
    before, stream = Seen(), Stream(bytes(16))
    (one,), _ = claim(group, u).masks(stream, before)
    (two, again, new), _ = claim(group, v, u, v).masks(stream, before)
    assert one is again
    assert two is new
    (third,), _ = claim(other, u).masks(stream, before)
    assert third.tolist() != one.tolist()
    claim(group, w).masks(stream, before)
    (late,), _ = claim(group, v).masks(stream, before)
    assert late.tolist() != two.tolist()


@TWICE
@FEW
@given(st.lists(st.tuples(st.booleans(), words), min_size=1, max_size=9))
def test_a_bit_selects_a_number_or_nothing(repetitions, pairs):
    """Bit * x, whichever parties hold the parts of the bit."""
    bits, x = np.array([b for b, _ in pairs]), np.array([v for _, v in pairs], np.int64)
    a, b = deal(x), deal(bits.astype(np.int64))

    def act(p):
        low = b(p).each(lambda w: (w & np.uint64(1)).astype(np.uint8))
        return p.open(select(p, low, a(p))), p.open_words(low, XOR)

    for opened, chosen in in_threads(act, repetitions):
        assert np.where(chosen == 1, x, 0).tolist() == opened.tolist()


@TWICE
@FEW
@given(st.integers(1, 6), st.integers(1, 4), SEEDS)
def test_maxima_are_those_of_numbers(repetitions, n, m, seed):
    """The maximum over the first axis, for any number of entries."""
    x = np.random.default_rng(seed).integers(-(2**60), 2**60, (n, m))
    a = deal(x)
    for opened in in_threads(lambda p: p.open(maximum(p, a(p))), repetitions):
        assert x.max(axis=0).tolist() == opened.tolist()


@TWICE
@FEW
@given(st.lists(st.integers(-(1 << 61), 1 << 61), min_size=1, max_size=9), st.integers(0, 1 << 61))
def test_clipping_is_that_of_numbers(repetitions, values, limit):
    """clip(x, -m, m) + m."""
    x = np.array([*values, limit, -limit, limit - 1, 1 - limit])
    a = deal(x)
    for opened in in_threads(lambda p: p.open(clip_up(p, a(p), limit)), repetitions):
        assert (np.clip(x, -limit, limit) + limit).tolist() == opened.tolist()


@TWICE
@settings(max_examples=60)
@given(st.lists(st.integers(0, (1 << 63) - 1), min_size=1, max_size=9), st.integers(0, 62))
def test_shifts_round_down_exactly(repetitions, values, k):
    """X >> k, also where lower bits carry and components exceed the ring twice."""
    x = np.array(values)
    a = deal(x)
    for opened in in_threads(lambda p: p.open(shift_floor(p, a(p), k)), repetitions):
        assert (x >> k).tolist() == opened.tolist()


@TWICE
@settings(max_examples=60)
@given(st.data(), st.integers(1, 1 << 20))
def test_quotients_round_down_exactly(repetitions, data, divisor):
    """X // d over the whole allowed range, multiples and their neighbours included."""
    low = data.draw(st.integers(-(1 << 28), 1 << 28))
    high = low + data.draw(st.integers(0, 1 << 28))
    near = [divisor * (v // divisor) + e for v in (low, (low + high) // 2, high) for e in (-1, 0, 1)]
    x = np.array([v for v in (low, high, *near) if low <= v <= high])
    a = deal(x)
    for opened in in_threads(lambda p: p.open(divide_floor(p, a(p), divisor, low, high)), repetitions):
        assert (x // divisor).tolist() == opened.tolist()


def test_quotients_refuse_what_they_cannot_do_exactly():
    """A range beyond 30 bits is refused before anything is sent."""
    a = deal(np.zeros(1, np.int64))
    with pytest.raises(InvalidInput, match="30 bits"):
        in_threads(lambda p: divide_floor(p, a(p), 3, 0, 1 << 30))


def test_round_trips_do_not_grow_with_rows():
    """A layer of a thousand numbers takes as many messages as one of a single number. GM-554."""

    def count(n):
        a = deal(np.arange(n))

        def act(p):
            sent = []
            send = p.channel.send
            p.channel.send = lambda to, data: (sent.append(to), send(to, data))
            relu(p, a(p))
            return len(sent)

        return in_threads(act)

    assert count(1) == count(1000)
