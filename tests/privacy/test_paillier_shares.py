"""Shared Paillier keys: enough seats decrypt, fewer do not, and a seat that cheats is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, InvalidInput, WrongKey
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.shares import combine, deal, part_of
from marketplace.privacy.paillier.vector import weighted_sum
from tests.privacy.pairs import encrypter, other, private

BOUND = 1000
VALUES = np.array([1, -2, 1000, 0, -1000])


def _vector(values=VALUES):
    return encrypter().encrypt(values, bound=BOUND, lanes=Lanes.of(32, private().public.n))


SHARED, SHARES = deal(private(), 3, 5)
VECTOR = _vector()
PARTS = [part_of(VECTOR, share) for share in SHARES]


@settings(deadline=None, max_examples=25)
@given(st.permutations(range(5)), st.integers(3, 5))
def test_any_threshold_of_seats_decrypts(order, count):
    """Law: whichever seats answer, in whatever order, the values are the same."""
    assert VALUES.tolist() == combine(VECTOR, [PARTS[seat] for seat in order[:count]], SHARED).tolist()


@settings(deadline=None, max_examples=8)
@given(st.lists(st.integers(-BOUND, BOUND), min_size=1, max_size=40), st.integers(1, 5), st.integers(-9, 9))
def test_every_threshold_decrypts_sums(values, threshold, factor):
    """Law: D(k x + x) = (k + 1) D(x) by shares, for one seat of five up to all five."""
    shared, shares = deal(private(), threshold, 5)
    x = _vector(np.array(values))
    summed = weighted_sum([x, x], [factor or 1, 1])
    parts = [part_of(summed, share) for share in shares[-threshold:]]
    assert [((factor or 1) + 1) * value for value in values] == combine(summed, parts, shared).tolist()


def test_fewer_seats_do_not_decrypt():
    """Two of three are refused, and so is one seat that answers three times. GM-522."""
    for parts in (PARTS[:2], PARTS[:1] * 3):
        with pytest.raises(WrongKey, match="wait for more seats"):
            combine(VECTOR, parts, SHARED)


def _cheats():
    good = PARTS[0]
    return {
        "another number": replace(good, numbers=(PARTS[1].numbers[0], *good.numbers[1:])),
        "negated": replace(good, numbers=tuple(-c % private().public.square for c in PARTS[1].numbers)),
        "another seat's part": replace(PARTS[1], seat=0),
        "another response": replace(good, response=good.response + 1),
        "a negative response": replace(good, response=-1),
        "no ciphertext": replace(good, numbers=(0, *good.numbers[1:])),
        "too few": replace(good, numbers=good.numbers[1:]),
        "no such seat": replace(good, seat=5),
        "a part of another vector": replace(part_of(_vector(), SHARES[0])),
    }


@pytest.mark.parametrize("kind", _cheats())
def test_a_wrong_part_is_left_out(kind):
    """Three right parts decrypt beside it; with two the vector stays closed, and no wrong number comes out. GM-522."""
    cheat = _cheats()[kind]
    assert VALUES.tolist() == combine(VECTOR, [cheat, *PARTS[1:4]], SHARED).tolist()
    with pytest.raises(WrongKey, match="2 right parts"):
        combine(VECTOR, [cheat, *PARTS[1:3]], SHARED)


def test_a_liar_among_the_senders_is_found_by_the_seats():
    """A value beyond the vector's bound is BrokenSeal for them too."""
    liar = replace(VECTOR, bound=BOUND - 1)
    parts = [part_of(liar, share) for share in SHARES[:3]]
    with pytest.raises(BrokenSeal, match="beyond what its sender said"):
        combine(liar, parts, SHARED)


def test_a_share_of_another_key_is_of_no_use():
    """The vector names its key."""
    shared, shares = deal(other(), 1, 1)
    with pytest.raises(WrongKey, match="another key"):
        part_of(VECTOR, shares[0])
    with pytest.raises(WrongKey, match="another key"):
        combine(VECTOR, PARTS, shared)


@pytest.mark.parametrize(("threshold", "seats"), [(0, 3), (4, 3), (1, 64)])
def test_impossible_thresholds_are_refused(threshold, seats):
    """None, more than there are, or more seats than shares are made for."""
    with pytest.raises(InvalidInput, match="cannot share a key"):
        deal(private(), threshold, seats)


def test_a_share_shows_whose_it_is_and_nothing_else():
    """Its repr holds no digit of the secret. GM-506."""
    assert "KeyShare(seat=2)" == repr(SHARES[2])
