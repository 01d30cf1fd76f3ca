"""A Paillier key in shares: any `threshold` of the seats decrypt together, fewer learn nothing.

Trust model: the dealer made the key and can read everything under it; in an encrypted-model bounty that is the model
owner, whose model it is. So that it does not read single updates, holders seal what they encrypt to the seats once
more (`marketplace.sealing`), and the dealer sees the ciphertexts only if a seat hands them out. `threshold` colluding
seats read everything too. A seat that computes its part wrongly is found by its proof, and left out.

Laws: any `threshold` right parts give what the whole key gives; a part that is not what the seat's share makes of these
ciphertexts is refused, but for a chance below 2**-120; fewer parts than the threshold are refused.

Source: Shoup 2000, section 2.2; Damgard and Jurik, "A generalisation, a simplification and some applications of
Paillier's probabilistic public-key system", 2001, section 4.1. One proof covers all ciphertexts of a vector: it is for
their product to random powers of 128 bits (Bellare, Garay and Rabin 1998), sound because the group of squares modulo
n**2 has no small subgroup when n is the product of safe primes.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import BrokenSeal, InvalidInput, WrongKey
from marketplace.domain.hashing import keccak, tag
from marketplace.privacy.paillier.keys import PrivateKey, PublicKey
from marketplace.privacy.paillier.library import big, inverse, power
from marketplace.privacy.paillier.vector import EncryptedVector, opened

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["MOST_SEATS", "KeyShare", "Part", "SharedKey", "combine", "deal", "is_right", "part_of"]

MOST_SEATS: Final = 63
_CHALLENGE_BITS: Final = 128
_HIDING_BITS: Final = 2 * _CHALLENGE_BITS
"""How much longer the random exponent of a proof is than what it hides."""


@dataclass(frozen=True)
class SharedKey:
    """What everybody knows of a key that was dealt.

    Args:
        key: the public key.
        threshold: how many seats decrypt.
        base: a square; checks: base**(seats! * share) for each seat, what proofs are checked against.
    """

    key: PublicKey
    threshold: int
    base: int
    checks: tuple[int, ...]

    @property
    def factor(self) -> int:
        """seats!, by which exponents are multiplied so that interpolation stays among integers."""
        return math.factorial(len(self.checks))


@dataclass(frozen=True, repr=False)
class KeyShare:
    """One seat's share of a private key; its repr shows the seat only."""

    shared: SharedKey
    seat: int
    secret: int

    def fits(self) -> bool:
        """Whether it is the share that the seat's check is for."""
        found = 0 <= self.seat < len(self.shared.checks)
        exponent = self.shared.factor * self.secret
        return found and power(self.shared.base, exponent, self.shared.key.square) == self.shared.checks[self.seat]

    def __repr__(self) -> str:
        """Show whose it is."""
        return f"KeyShare(seat={self.seat})"


@dataclass(frozen=True)
class Part:
    """What one seat contributes to decrypting a vector: a number for each ciphertext, and a proof for all of them."""

    seat: int
    numbers: tuple[int, ...]
    challenge: int
    response: int


def deal(private: PrivateKey, threshold: int, seats: int) -> tuple[SharedKey, list[KeyShare]]:
    """Return the public part and one share for each seat of a key.

    Raises:
        InvalidInput: the threshold is not between 1 and `seats`, or there are more than 63 seats.
    """
    if not 1 <= threshold <= seats <= MOST_SEATS:
        msg = (
            f"{threshold} of {seats} seats cannot share a key: choose a threshold from 1 to at most {MOST_SEATS} seats"
        )
        raise InvalidInput(msg)
    key, (p, q) = private.public, private.primes
    order = (p // 2) * (q // 2)
    modulus = key.n * order
    # 0 modulo the order, so that it takes the random part away, and 1 modulo n, so that it keeps the plaintext.
    secret = order * inverse(order, key.n) % modulus
    polynomial = [secret, *(secrets.randbelow(modulus) for _ in range(threshold - 1))]
    values = [sum(c * x**i for i, c in enumerate(polynomial)) % modulus for x in range(1, seats + 1)]
    base = int(power(secrets.randbelow(key.square - 2) + 2, 2, key.square))
    checks = tuple(int(power(base, math.factorial(seats) * value, key.square)) for value in values)
    shared = SharedKey(key, threshold, base, checks)
    return shared, [KeyShare(shared, seat, value) for seat, value in enumerate(values)]


def part_of(vector: EncryptedVector, share: KeyShare) -> Part:
    """Return a seat's part of the decryption of `vector`, with the proof that it is right.

    Raises:
        WrongKey: the vector is under another key.
    """
    shared, square = share.shared, share.shared.key.square
    _check_key(vector, shared)
    exponent = shared.factor * share.secret
    numbers = tuple(int(power(c, 2 * exponent, square)) for c in vector.ciphertexts)
    given, made = _folded(vector, numbers, share.seat, shared)
    hiding = secrets.randbits(2 * shared.key.n.bit_length() + shared.factor.bit_length() + _HIDING_BITS)
    challenge = _challenge(
        shared, share.seat, given, made, int(power(given, hiding, square)), int(power(shared.base, hiding, square))
    )
    return Part(share.seat, numbers, challenge, hiding + challenge * exponent)


def combine(vector: EncryptedVector, parts: Sequence[Part], shared: SharedKey) -> NDArray[np.int64]:
    """Return int64[length], what is in `vector`, from the parts of the seats; wrong ones are left out.

    Raises:
        WrongKey: the vector is under another key, or fewer right parts than the threshold.
        BrokenSeal: what is decrypted breaks the vector's bound: whoever made it lied.
    """
    _check_key(vector, shared)
    right: dict[int, Part] = {}
    for part in parts:
        if part.seat not in right and is_right(vector, part, shared):
            right[part.seat] = part
    if len(right) < shared.threshold:
        msg = f"{len(right)} right parts do not decrypt what needs {shared.threshold}: wait for more seats"
        raise WrongKey(msg)
    used = sorted(right)[: shared.threshold]
    n, square = shared.key.n, big(shared.key.square)
    weights = {seat: _weight(seat, used, shared.factor) for seat in used}
    scale = inverse(4 * shared.factor**2, n)
    plain = []
    for at in range(len(vector.ciphertexts)):
        product = big(1)
        for seat in used:
            product = product * power(right[seat].numbers[at], 2 * weights[seat], shared.key.square) % square
        if (product - 1) % n:
            msg = "parts that are all right do not make a plaintext: the key was dealt wrongly"
            raise BrokenSeal(msg)
        plain.append(int((product - 1) // n * scale % n))
    return opened(vector, plain)


def is_right(vector: EncryptedVector, part: Part, shared: SharedKey) -> bool:
    """Whether a part is what the seat's share makes of the ciphertexts."""
    key, square = shared.key, shared.key.square
    if not 0 <= part.seat < len(shared.checks) or len(part.numbers) != len(vector.ciphertexts):
        return False
    if not 0 <= part.response < 1 << (4 * key.n.bit_length() + shared.factor.bit_length()):
        return False
    try:
        for number in part.numbers:
            key.check_ciphertext(number)
    except BrokenSeal:
        return False
    given, made = _folded(vector, part.numbers, part.seat, shared)
    first = power(given, part.response, square) * power(made, -part.challenge, square) % square
    check = shared.checks[part.seat]
    second = power(shared.base, part.response, square) * power(check, -part.challenge, square) % square
    return part.challenge == _challenge(shared, part.seat, given, made, int(first), int(second))


# ---------------------------------------------------------------------- details
def _check_key(vector: EncryptedVector, shared: SharedKey) -> None:
    if vector.key != shared.key:
        msg = "this vector is encrypted under another key than the one that was dealt: use the one of its bounty"
        raise WrongKey(msg)


def _weight(seat: int, seats: Sequence[int], factor: int) -> int:
    """Return factor times the Lagrange coefficient at 0 of a seat, an integer; seat i holds the polynomial at i + 1."""
    above, below = factor, 1
    for other in seats:
        if other != seat:
            above *= -(other + 1)
            below *= seat - other
    return above // below


def _folded(vector: EncryptedVector, numbers: Sequence[int], seat: int, shared: SharedKey) -> tuple[int, int]:
    """Return ciphertexts**4 and numbers**2, each folded to one number by the same random powers."""
    square, size = big(shared.key.square), shared.key.ciphertext_bytes
    words = (value.to_bytes(size, "big") for pair in zip(vector.ciphertexts, numbers, strict=True) for value in pair)
    seed = keccak(tag("paillier-part"), shared.key.name, seat.to_bytes(2, "big"), *words)
    given = made = big(1)
    for at, (ciphertext, number) in enumerate(zip(vector.ciphertexts, numbers, strict=True)):
        weight = int.from_bytes(keccak(seed, at.to_bytes(8, "big"))[: _CHALLENGE_BITS // 8], "big")
        given = given * power(ciphertext, weight, shared.key.square) % square
        made = made * power(number, weight, shared.key.square) % square
    return int(power(given, 4, shared.key.square)), int(power(made, 2, shared.key.square))


def _challenge(shared: SharedKey, seat: int, *numbers: int) -> int:
    """Return the challenge of a proof: the hash of everything it is about."""
    size = shared.key.ciphertext_bytes
    about = (shared.base, shared.checks[seat], *numbers)
    words = (number.to_bytes(size, "big") for number in about)
    found = keccak(tag("paillier-proof"), shared.key.name, seat.to_bytes(2, "big"), *words)
    return int.from_bytes(found[: _CHALLENGE_BITS // 8], "big")
