"""Paillier key pairs whose ciphertexts `phe` reads and writes too.

Trust model: whoever holds the private key, or made it, reads every ciphertext under it. Everybody else learns nothing
from a ciphertext, if composite residuosity is hard and short exponents of `base` look like long ones. A quantum
computer breaks both: ciphertexts that must stay secret for decades are sealed once more (`marketplace.sealing`).
A wrong `base` only helps whoever knows the private key already: it comes from the same hand as `n`.

Source: Paillier, "Public-key cryptosystems based on composite degree residuosity classes", 1999; the base and its short
exponents: Damgard, Jurik and Nielsen 2010, section 4.2. 2,048 bits are the 112-bit level of NIST SP 800-57.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Self

from marketplace.domain.errors import BrokenSeal, InvalidInput, WrongKey
from marketplace.domain.hashing import keccak, tag
from marketplace.privacy.paillier.library import phe, power
from marketplace.privacy.paillier.primes import is_safe_prime, safe_prime

__all__ = ["LEAST_BITS", "MOST_BITS", "PrivateKey", "PublicKey", "centred", "generate", "hexadecimal"]

LEAST_BITS: Final = 2048
MOST_BITS: Final = 4096


@dataclass(frozen=True)
class PublicKey:
    """What others encrypt with.

    Args:
        n: the modulus of plaintexts; ciphertexts are taken modulo its square.
        base: h**n mod n**2, whose random powers hide plaintexts.
    """

    n: int
    base: int

    @cached_property
    def square(self) -> int:
        """The modulus of ciphertexts."""
        return self.n * self.n

    @cached_property
    def name(self) -> bytes:
        """32 bytes that no other key has."""
        return keccak(tag("paillier-key"), self.n.to_bytes(MOST_BITS // 8), self.base.to_bytes(MOST_BITS // 4))

    @property
    def ciphertext_bytes(self) -> int:
        """Length of one ciphertext on disk."""
        return -(-2 * self.n.bit_length() // 8)

    @property
    def exponent_bits(self) -> int:
        """Length of the random exponents of `base`: half of the modulus."""
        return -(-self.n.bit_length() // 2)

    def check_ciphertext(self, value: int) -> None:
        """Raise BrokenSeal unless `value` can be a ciphertext: in range, and with no factor in common with n."""
        if not 0 < value < self.square or math.gcd(value, self.n) != 1:
            msg = "a number that is no ciphertext under this key: leave its sender out"
            raise BrokenSeal(msg)

    def to_json(self) -> dict[str, Any]:
        """Return the key as JSON values."""
        return {"kind": "paillier-key", "n": f"{self.n:x}", "base": f"{self.base:x}"}

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Read a public key; raises WrongKey for one nobody should encrypt with."""
        found = value if isinstance(value, Mapping) and value.get("kind") == "paillier-key" else {}
        key = cls(hexadecimal(found.get("n")), hexadecimal(found.get("base")))
        if not LEAST_BITS <= key.n.bit_length() <= MOST_BITS or key.n % 2 == 0:
            msg = f"a Paillier key has {LEAST_BITS} to {MOST_BITS} bits: ask its owner for a right one"
            raise WrongKey(msg)
        if not 1 < key.base < key.square or math.gcd(key.base, key.n) != 1:
            msg = "a Paillier key whose base is none: ask its owner for a right one"
            raise WrongKey(msg)
        return key


class PrivateKey:
    """A key pair. It cannot be pickled, and its repr shows the public name and nothing else."""

    __slots__ = ("_phe", "public")

    def __init__(self, public: PublicKey, p: int, q: int) -> None:
        library = phe()
        self.public = public
        self._phe = library.PaillierPrivateKey(library.PaillierPublicKey(public.n), p, q)

    @classmethod
    def from_primes(cls, p: int, q: int) -> Self:
        """Return a key pair of two different safe primes of equal length; the base is chosen at random.

        Raises:
            InvalidInput: they are not.
        """
        if p == q or p.bit_length() != q.bit_length() or not (is_safe_prime(p) and is_safe_prime(q)):
            msg = "these do not make a Paillier key: it takes two different safe primes of one length"
            raise InvalidInput(msg)
        n = p * q
        while math.gcd(x := secrets.randbelow(n - 1) + 1, n) != 1:
            pass
        # -x**2 has Jacobi symbol 1 and, for safe primes, almost surely the largest order there is among those.
        return cls(PublicKey(n, int(power(n - x * x % n, n, n * n))), p, q)

    @property
    def primes(self) -> tuple[int, int]:
        """The two primes. Warning: whoever has one of them has the key."""
        return self._phe.p, self._phe.q

    def decrypt(self, ciphertext: int) -> int:
        """Return the plaintext of one ciphertext, from -n/2 to n/2; raises BrokenSeal for what cannot be one."""
        self.public.check_ciphertext(ciphertext)
        return centred(int(self._phe.raw_decrypt(ciphertext)), self.public.n)

    def __reduce__(self) -> str:
        """Refuse to be pickled."""
        msg = "a private key is not pickled: keep it in an encrypted file"
        raise TypeError(msg)

    def __repr__(self) -> str:
        """Show the start of the public name."""
        return f"PrivateKey({self.public.name.hex()[:16]}...)"


def generate(bits: int = LEAST_BITS) -> PrivateKey:
    """Return a fresh key pair of `bits` bits; seconds with gmpy2, minutes without.

    Raises:
        InvalidInput: a length that is too small to be safe, too large, or odd.
    """
    if not LEAST_BITS <= bits <= MOST_BITS or bits % 2:
        msg = f"a Paillier key of {bits} bits is not made: choose an even number from {LEAST_BITS} to {MOST_BITS}"
        raise InvalidInput(msg)
    first = second = safe_prime(bits // 2)
    while second == first:
        second = safe_prime(bits // 2)
    return PrivateKey.from_primes(first, second)


def centred(value: int, n: int) -> int:
    """Return the number from -n/2 to n/2 that is `value` modulo n."""
    return value - n if value > n // 2 else value


def hexadecimal(value: object) -> int:
    """Return the number that a text of at most a ciphertext's length stands for, or 0 for anything else."""
    if not isinstance(value, str) or len(value) > MOST_BITS // 2:
        return 0
    try:
        return int(value, 16) if value.isalnum() else 0
    except ValueError:
        return 0
