"""Key pairs for tests: made once, half as long as real ones, known to everybody."""

from __future__ import annotations

from functools import cache

from marketplace.privacy.paillier.encrypt import Encrypter
from marketplace.privacy.paillier.keys import PrivateKey

__all__ = ["encrypter", "other", "private"]

_P = int(
    "12402267590116596597146186363224267172054192547833746678767545992647508562541781"
    "547876428424384953730934589541614766654735740317662289245320767246813539927"
)
_Q = int(
    "12768816037450917654555489899137219233766119546466717978301034912277910220021681"
    "445643966521341077349455657551285255711801576092177795359339177796578374823"
)


@cache
def private() -> PrivateKey:
    """Return the key pair that most tests use."""
    return PrivateKey.from_primes(_P, _Q)


@cache
def other() -> PrivateKey:
    """Return another key of the same modulus, with a base of its own."""
    return PrivateKey.from_primes(_P, _Q)


@cache
def encrypter() -> Encrypter:
    """Return the table of the first key."""
    return Encrypter(private().public)
