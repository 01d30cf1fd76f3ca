"""Paillier keys: right primes only, `phe` reads what is encrypted, nothing prints or pickles a secret."""

from __future__ import annotations

import math
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.domain.errors import BrokenSeal, InvalidInput, WrongKey
from marketplace.privacy.paillier.keys import PrivateKey, PublicKey, generate
from marketplace.privacy.paillier.library import inverse, phe
from marketplace.privacy.paillier.primes import is_prime, is_safe_prime, safe_prime
from tests.privacy.pairs import private

CARMICHAEL = [561, 1105, 825_265, 321_197_185, 9_746_347_772_161]


@pytest.mark.parametrize("bits", [32, 64, 255])
def test_a_safe_prime_has_what_short_exponents_need(bits):
    """It has the bits asked for, is 3 modulo 4, and (p - 1) / 2 is prime; phe's own generator promises none of it."""
    p = safe_prime(bits)
    assert bits == p.bit_length()
    assert 3 == p % 4
    assert is_prime(p)
    assert is_prime(p // 2)


def test_two_safe_primes_have_only_two_in_common():
    """gcd(p - 1, q - 1) = 2, as Damgard, Jurik and Nielsen ask for."""
    p, q = private().primes
    assert 2 == math.gcd(p - 1, q - 1)


@settings(deadline=None)
@given(st.integers(0, 1 << 20))
def test_primality_agrees_with_trial_division(number):
    """Below a million nothing passes that has a divisor, and every prime does."""
    divisible = any(number % d == 0 for d in range(2, math.isqrt(number) + 1))
    assert (number > 1 and not divisible) == is_prime(number)


@pytest.mark.parametrize("number", CARMICHAEL)
def test_carmichael_numbers_are_composite(number):
    """Numbers that pass Fermat's test for every base do not pass here."""
    assert not is_prime(number)
    assert not is_safe_prime(number)


@pytest.mark.parametrize("pair", [(23, 23), (13, 23), (23, 2879), (23, 25)], ids=["equal", "unsafe", "lengths", "odd"])
def test_other_primes_do_not_make_a_key(pair):
    """Equal ones, ones that are not safe, ones of two lengths, and composites are refused."""
    with pytest.raises(InvalidInput, match="safe primes"):
        PrivateKey.from_primes(*pair)


@pytest.mark.parametrize("bits", [1024, 2047, 8192])
def test_keys_nobody_should_use_are_not_made(bits):
    """Short, odd and huge moduli are refused before any work is done."""
    with pytest.raises(InvalidInput, match="choose an even number"):
        generate(bits)


def test_a_public_key_survives_json():
    """What was written is read back as the same key with the same name; only keys of a safe length are read."""
    key = generate().public
    assert key == PublicKey.from_json(key.to_json())
    assert key.name == PublicKey.from_json(key.to_json()).name


@pytest.mark.parametrize(
    "value",
    [None, [], {"kind": "paillier-key"}, {"kind": "paillier-key", "n": "0x11", "base": "3"}, "paillier-key"],
)
def test_what_is_no_public_key_is_refused(value):
    """Nothing, the wrong kind, missing numbers: WrongKey, and no other error."""
    with pytest.raises(WrongKey, match="ask its owner"):
        PublicKey.from_json(value)


def test_a_short_public_key_is_refused():
    """A key of 1,024 bits can be factored by those who can afford it: nobody encrypts under one from outside."""
    with pytest.raises(WrongKey, match="2048 to 4096 bits"):
        PublicKey.from_json(private().public.to_json())


def test_a_base_that_shares_a_factor_is_refused():
    """Whoever encrypted with it would publish a factor of n."""
    key = generate()
    with pytest.raises(WrongKey, match="base"):
        PublicKey.from_json(PublicKey(key.public.n, key.primes[0]).to_json())


def test_phe_reads_and_writes_the_same_ciphertexts():
    """A number that phe encrypts decrypts here, and its private key is ours."""
    key = private()
    theirs = phe().PaillierPublicKey(key.public.n)
    assert -41 == key.decrypt(theirs.raw_encrypt(key.public.n - 41))


@pytest.mark.parametrize("bad", [0, -1, "n", "square", "p"])
def test_what_can_be_no_ciphertext_is_refused(bad):
    """Out of range, or with a factor in common with n: BrokenSeal before any power is computed."""
    key = private()
    numbers = {"n": key.public.n, "square": key.public.square, "p": key.primes[0]}
    with pytest.raises(BrokenSeal, match="no ciphertext"):
        key.decrypt(numbers.get(bad, bad))


def test_a_private_key_shows_and_pickles_nothing():
    """Its repr holds no digit of a prime, and pickle refuses it. GM-506."""
    key = private()
    assert not any(str(prime)[:20] in repr(key) for prime in key.primes)
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)


def test_what_has_no_inverse_is_a_value_error():
    """With gmpy2 and without it, the same error."""
    with pytest.raises(ValueError, match="not invertible"):
        inverse(6, 9)
