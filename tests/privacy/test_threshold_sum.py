"""Masked sums: exact, opened by enough seats for one set of holders, and by nobody for a single one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, InvalidInput, ProtocolError, WrongKey
from marketplace.privacy.threshold.masking import Mask, add_masked, mask, unmask
from marketplace.privacy.threshold.parameters import PRIMES, SumTerms
from marketplace.privacy.threshold.ring import DEGREE
from marketplace.privacy.threshold.shares import Keeper, open_secrets, share_mask
from marketplace.privacy.threshold.wire import dump_masked, dump_share, load_masked, load_share

CONTEXT = bytes(range(32))
TERMS = SumTerms(4, 1000, 300)
NAMES = ("ada", "ben", "eve")


def _round(vectors, terms=TERMS, threshold=2, seats=3):
    """Mask each vector and hand its shares to the seats."""
    masked, keepers = {}, [{} for _ in range(seats)]
    for name, values in vectors.items():
        masked[name], secret = mask(np.array(values), terms, CONTEXT)
        for keeper, share in zip(keepers, share_mask(secret, threshold, seats), strict=True):
            keeper[name] = share
    return masked, [Keeper(shares) for shares in keepers]


def _vectors(seed=0):
    rng = np.random.default_rng(seed)
    return {name: rng.integers(-1000, 1001, 300) for name in NAMES}


@settings(deadline=None, max_examples=15)
@given(
    st.lists(st.integers(-1, 1), min_size=2, max_size=4),
    st.integers(1, 9000),
    st.integers(1, 1 << 40),
    st.integers(0, 99),
)
def test_sums_are_exact(signs, length, bound, seed):
    """Law: any number of vectors, of any length and size that the terms allow, the extremes included. GM-524."""
    terms = SumTerms(len(signs), bound, length)
    rng = np.random.default_rng(seed)
    vectors = {
        str(i): np.full(length, sign * bound) if sign else rng.integers(-bound, bound + 1, length)
        for i, sign in enumerate(signs)
    }
    masked, keepers = _round(vectors, terms)
    answers = {seat: keeper.answer(masked) for seat, keeper in enumerate(keepers[1:], 1)}
    found = unmask(add_masked(list(masked.values())), open_secrets(answers, 2))
    assert np.array_equal(sum(vectors.values()), found)


@settings(deadline=None, max_examples=15)
@given(st.permutations(range(5)), st.integers(2, 5))
def test_any_threshold_of_seats_opens_the_sum(order, threshold):
    """Law: whichever seats answer."""
    vectors = _vectors()
    masked, keepers = _round(vectors, threshold=threshold, seats=5)
    answers = {seat: keepers[seat].answer(NAMES) for seat in order[:threshold]}
    found = unmask(add_masked(list(masked.values())), open_secrets(answers, threshold))
    assert np.array_equal(sum(vectors.values()), found)


def test_a_holder_that_is_left_out_is_not_in_the_sum():
    """Who failed after sharing does not stop the others."""
    vectors = _vectors()
    masked, keepers = _round(vectors)
    answers = {seat: keeper.answer(["ada", "eve"]) for seat, keeper in enumerate(keepers)}
    found = unmask(add_masked([masked["ada"], masked["eve"]]), open_secrets(answers, 2))
    assert np.array_equal(vectors["ada"] + vectors["eve"], found)


def test_answers_for_other_holders_do_not_open_a_sum():
    """The sum of two secrets takes the masks off no sum of three, and says so."""
    masked, keepers = _round(_vectors())
    answers = {seat: keeper.answer(["ada", "eve"]) for seat, keeper in enumerate(keepers)}
    with pytest.raises(BrokenSeal):
        unmask(add_masked(list(masked.values())), open_secrets(answers, 2))


def test_a_seat_answers_for_one_set_of_holders():
    """A second set, whose difference to the first would be a single vector, is refused; the same set is not. GM-525."""
    keeper = _round(_vectors())[1][0]
    first = keeper.answer(NAMES)
    assert first.tolist() == keeper.answer(NAMES).tolist()
    with pytest.raises(ProtocolError, match="open single vectors"):
        keeper.answer(NAMES[:2])


@pytest.mark.parametrize("included", [(), ("ada",), ("ada", "ada"), ("ada", "zoe")])
def test_a_seat_answers_for_no_single_holder(included):
    """Nobody, one, one twice, or one whose share never came: refused, and nothing is remembered as answered. GM-525."""
    keeper = _round(_vectors())[1][0]
    with pytest.raises(InvalidInput, match="2 holders or more"):
        keeper.answer(included)
    assert keeper.answered is None


def test_fewer_answers_than_the_threshold_are_refused():
    """One of two."""
    keepers = _round(_vectors())[1]
    with pytest.raises(WrongKey, match="wait for more seats"):
        open_secrets({0: keepers[0].answer(NAMES)}, 2)


def test_a_missing_share_leaves_every_secret_possible():
    """With all but one share known, every value of the last gives another secret: they tell nothing."""
    secret = Mask(np.zeros(DEGREE, np.int64))
    shares = share_mask(secret, 3, 3)
    opened = set()
    for guess in range(50):
        last = np.full(DEGREE, guess, np.uint32)
        opened.add(int(open_secrets({0: shares[0], 1: shares[1], 2: last}, 3).secret[0]))
    assert 50 == len(opened)


def test_a_wrong_answer_is_noticed():
    """Beside more right ones than the threshold it does not fit; alone it makes no sum of secrets."""
    masked, keepers = _round(_vectors())
    answers = {seat: keeper.answer(NAMES) for seat, keeper in enumerate(keepers)}
    answers[1] = (answers[1] + np.uint32(1)) % np.uint32(PRIMES[0])
    with pytest.raises(BrokenSeal, match="do not fit each other"):
        open_secrets(answers, 2)
    del answers[2]
    with pytest.raises(BrokenSeal):
        unmask(add_masked(list(masked.values())), open_secrets(answers, 2))


@pytest.mark.parametrize(
    "values",
    [np.full(300, 1001), np.full(300, -1001), np.zeros(299, np.int64)],
    ids=["too large", "too small", "too short"],
)
def test_a_vector_of_other_terms_is_not_masked(values):
    """Before a mask is made for it."""
    with pytest.raises(InvalidInput, match="clip it"):
        mask(values, TERMS, CONTEXT)


def test_vectors_of_two_sums_do_not_add_up():
    """Another round is another context."""
    zero = np.zeros(300, np.int64)
    with pytest.raises(WrongKey, match="two sums"):
        add_masked([mask(zero, TERMS, CONTEXT)[0], mask(zero, TERMS, bytes(32))[0]])


def test_a_sum_has_at_most_as_many_holders_as_its_terms():
    """Five of four, and none of four."""
    one = mask(np.zeros(300, np.int64), TERMS, CONTEXT)[0]
    for vectors in ([one] * 5, []):
        with pytest.raises(InvalidInput, match="not what these terms sum"):
            add_masked(vectors)


def test_two_masks_of_one_vector_have_nothing_in_common():
    """Each vector gets a mask of its own: equal vectors look unrelated, and so do their shares."""
    (one, first), (two, second) = (mask(np.zeros(300, np.int64), TERMS, CONTEXT) for _ in range(2))
    assert (one.values == two.values).mean() < 0.01
    assert (share_mask(first, 2, 3)[0] == share_mask(second, 2, 3)[0]).mean() < 0.01
    assert (share_mask(first, 2, 3)[0] == share_mask(first, 2, 3)[0]).mean() < 0.01


def test_masked_numbers_look_uniform():
    """The mean of the residues of a vector of zeros is that of uniform ones, within five standard deviations."""
    one = mask(np.zeros(40_000, np.int64), SumTerms(4, 1000, 40_000), CONTEXT)[0]
    for part, prime in zip(one.values, PRIMES, strict=True):
        assert abs(part.mean() / prime - 0.5) < 5 / np.sqrt(12 * part.size)


def test_a_mask_shows_nothing():
    """Its repr holds no number. GM-506."""
    assert "Mask(...)" == repr(mask(np.zeros(300, np.int64), TERMS, CONTEXT)[1])


def test_files_give_the_same_vectors_and_shares():
    """Law: load(dump(x)) = x."""
    masked, secret = mask(np.arange(300), TERMS, CONTEXT)
    share = share_mask(secret, 2, 3)[0]
    assert np.array_equal(masked.values, load_masked(dump_masked(masked), TERMS, CONTEXT).values)
    assert share.tolist() == load_share(dump_share(share)).tolist()


def test_malformed_files_are_refused():
    """Cut, longer, of other terms or another round, or with a number that is none of the ring."""
    masked = mask(np.arange(300), TERMS, CONTEXT)[0]
    raw = dump_masked(masked)
    cases = [
        (raw[:-1], TERMS, CONTEXT),
        (raw + b"\0", TERMS, CONTEXT),
        (raw, replace(TERMS, bound=999), CONTEXT),
        (raw, TERMS, bytes(32)),
        (raw[:-4] + b"\xff" * 4, TERMS, CONTEXT),
        (b"", TERMS, CONTEXT),
    ]
    for case in cases:
        with pytest.raises(BrokenSeal, match="leave its sender out"):
            load_masked(*case)


@pytest.mark.parametrize("raw", [b"", bytes(4 * DEGREE - 4), b"\xff" * 4 * DEGREE])
def test_malformed_shares_are_refused(raw):
    """Neither another length nor a number beyond the prime is a share."""
    with pytest.raises(BrokenSeal, match="a share that is none"):
        load_share(raw)


def test_a_keeper_refuses_a_share_that_is_none():
    """What a holder sealed may be anything; the seat learns it when it adds."""
    keeper = Keeper({"ada": np.zeros(7, np.uint32), "ben": np.zeros(DEGREE, np.uint32)})
    with pytest.raises(BrokenSeal, match="leave its sender out"):
        keeper.answer(["ada", "ben"])


@pytest.mark.parametrize(("threshold", "seats"), [(0, 3), (1, 3), (4, 3), (2, 256)])
def test_impossible_thresholds_are_refused(threshold, seats):
    """None, one that would open everything alone, more than there are, or more seats than the ring tells apart."""
    with pytest.raises(InvalidInput, match="cannot open a sum"):
        share_mask(Mask(np.zeros(DEGREE, np.int64)), threshold, seats)
