"""Shared data keys: enough seats make the key, fewer have nothing to go by."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import InvalidInput, WrongKey
from marketplace.sealing.datakeys import key_hash, share_hash, threshold
from marketplace.sealing.sharing import combine, split

keys = st.binary(min_size=32, max_size=32)


@st.composite
def shared(draw: st.DrawFn) -> tuple[bytes, int, list[bytes], list[int]]:
    """A key, a threshold, its shares, and the seats in any order."""
    count = draw(st.integers(1, 15))
    needed = draw(st.integers(1, count))
    secret = draw(keys)
    return secret, needed, split(secret, needed, count), draw(st.permutations(range(count)))


@settings(deadline=None)
@given(shared())
def test_any_threshold_of_shares_makes_the_key(case: tuple[bytes, int, list[bytes], list[int]]) -> None:
    """Law: whichever seats answer first, and however many more than needed, the key is the same. GM-504."""
    secret, needed, shares, order = case
    assert secret == combine({seat: shares[seat] for seat in order[:needed]}, needed)
    assert secret == combine({seat: shares[seat] for seat in order}, needed)


@settings(deadline=None)
@given(shared())
def test_fewer_shares_than_the_threshold_are_refused(case: tuple[bytes, int, list[bytes], list[int]]) -> None:
    """One share short raises WrongKey and says to wait."""
    _, needed, shares, order = case
    with pytest.raises(WrongKey, match="wait for more seats"):
        combine({seat: shares[seat] for seat in order[: needed - 1]}, needed)


@settings(deadline=None)
@given(shared(), keys, keys)
def test_a_missing_share_leaves_every_key_possible(
    case: tuple[bytes, int, list[bytes], list[int]], guess: bytes, other: bytes
) -> None:
    """With all but one share known, different last shares give different keys.

    So the last share maps one to one onto all keys: before it is known, each key is as likely as it was without shares.

    GM-504.
    """
    _, needed, shares, order = case
    known = {seat: shares[seat] for seat in order[: needed - 1]}
    last = order[needed - 1]
    made, again = (combine({**known, last: share}, needed) for share in (guess, other))
    assert (guess == other) == (made == again)


@settings(deadline=None)
@given(keys, keys, st.integers(1, 15))
def test_sharing_is_linear(one: bytes, two: bytes, count: int) -> None:
    """Law of Shamir's scheme over GF(2**128): xor of shares is a sharing of the xor, so no `ssss` term is added."""
    needed = threshold(count)
    pairs = zip(split(one, needed, count), split(two, needed, count), strict=True)
    mixed = {seat: bytes(a ^ b for a, b in zip(*pair, strict=True)) for seat, pair in enumerate(pairs)}
    assert bytes(a ^ b for a, b in zip(one, two, strict=True)) == combine(mixed, needed)


@pytest.mark.parametrize("seats", [3, 5, 7, 15])
def test_shares_do_not_repeat(seats: int) -> None:
    """Two sharings of one key have no share in common, and no share is the key or holds one half of it."""
    secret = bytes(range(32))
    one, two = (split(secret, threshold(seats), seats) for _ in range(2))
    assert 2 * seats == len({*one, *two})
    assert not any(share[:16] == secret[:16] or share[16:] == secret[16:] for share in one + two)


def test_a_false_share_gives_another_key_and_hashes_tell() -> None:
    """Warning of the docstring: no error, but neither the share's nor the key's published hash matches."""
    secret = bytes(range(32))
    shares = split(secret, 2, 3)
    false = bytes(32)
    made = combine({0: shares[0], 1: false}, 2)
    assert key_hash(secret) != key_hash(made)
    assert share_hash(shares[1], 1) != share_hash(false, 1)


def test_shares_of_seats_are_not_interchangeable() -> None:
    """The seat is part of a share: swapping two seats' shares gives another key."""
    secret = bytes(range(32))
    shares = split(secret, 2, 3)
    assert secret != combine({0: shares[1], 1: shares[0]}, 2)


@pytest.mark.parametrize(("needed", "count"), [(0, 3), (4, 3), (-1, 3), (1, 0)])
def test_a_threshold_that_cannot_be_met_is_refused(needed: int, count: int) -> None:
    """Neither nobody nor more seats than there are can open a key."""
    with pytest.raises(InvalidInput, match="threshold"):
        split(bytes(32), needed, count)


def test_a_threshold_of_nobody_combines_nothing() -> None:
    """Combining no share at all must not pass for a key."""
    with pytest.raises(InvalidInput, match="at least 1"):
        combine({}, 0)


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_keys_and_shares_of_another_length_are_refused(size: int) -> None:
    """Only 32-byte keys are shared, and only 32-byte shares combined."""
    with pytest.raises(WrongKey, match=f"32 bytes, not {size}"):
        split(bytes(size), 2, 3)
    with pytest.raises(WrongKey, match="leave out"):
        combine({0: bytes(size), 1: bytes(32)}, 2)


def test_nobody_can_dictate_the_key_from_outside_the_seats() -> None:
    """The polynomial at 0 is the key, so a share for seat -1 would be taken for it."""
    with pytest.raises(WrongKey, match="seat from 0 on"):
        combine({-1: bytes(32), 0: bytes(32)}, 2)
