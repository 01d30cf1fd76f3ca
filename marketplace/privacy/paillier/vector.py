"""Encrypted vectors of integers, and what can be computed on them without the key.

Trust model: see `keys`. A vector says how large its values can be (`bound`), and every operation that could carry one
beyond its lane is refused before it happens. The bound is its sender's word: a sender that lies spoils a sum it takes
part in, which shows when the sum, or its own vector, is decrypted.

Laws: with D for decrypting, D(x + y) = D(x) + D(y); D(x * k) = k D(x); D(weighted_sum([x, y], [a, b])) =
a D(x) + b D(y); D(x.plus(v)) = D(x) + v; bounds are never exceeded by what is decrypted, if all senders told the truth.

What comes out of `*`, `+` and `plus` can be recognised by whoever made what went in: `Encrypter.refresh` it before
others see it.

Source: Paillier 1999; the file is our own.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from functools import reduce
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.domain.errors import BrokenSeal, ContentTooLarge, InvalidInput, WrongKey
from marketplace.privacy.paillier.keys import PrivateKey, PublicKey, centred
from marketplace.privacy.paillier.lanes import Lanes
from marketplace.privacy.paillier.library import big, power

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = [
    "EncryptedVector",
    "check_bound",
    "decrypt",
    "dump_vector",
    "load_vector",
    "opened",
    "values_within",
    "weighted_sum",
]

_MAGIC: Final = b"GMPAIL01"
_HEAD: Final = struct.Struct(">8s32sBHIQ")


@dataclass(frozen=True)
class EncryptedVector:
    """A vector of integers nobody without the key can read.

    Args:
        key: it is encrypted under.
        lanes: how the plaintexts are divided.
        length: of the vector.
        bound: the largest absolute value that an entry can have.
        ciphertexts: one for each plaintext of `lanes`.
    """

    key: PublicKey
    lanes: Lanes
    length: int
    bound: int
    ciphertexts: tuple[int, ...]

    def __post_init__(self) -> None:
        """Refuse what overflows, or does not have as many ciphertexts as its length takes."""
        check_bound(self.bound, self.lanes)
        if len(self.ciphertexts) != self.lanes.plaintexts(self.length):
            msg = f"{len(self.ciphertexts)} ciphertexts do not hold {self.length} values: leave their sender out"
            raise BrokenSeal(msg)

    def __add__(self, other: EncryptedVector) -> EncryptedVector:
        """Return the encrypted sum; raises WrongKey for another key, InvalidInput for another form or an overflow."""
        self._check_like(other)
        check_bound(self.bound + other.bound, self.lanes)
        square = big(self.key.square)
        summed = (int(big(a) * b % square) for a, b in zip(self.ciphertexts, other.ciphertexts, strict=True))
        return replace(self, bound=self.bound + other.bound, ciphertexts=tuple(summed))

    def __mul__(self, factor: int) -> EncryptedVector:
        """Return the encrypted product with a plain integer; raises InvalidInput for an overflow."""
        check_bound(self.bound * abs(factor), self.lanes)
        scaled = (int(power(c, factor, self.key.square)) for c in self.ciphertexts)
        return replace(self, bound=self.bound * abs(factor), ciphertexts=tuple(scaled))

    def plus(self, values: NDArray[np.int64], bound: int) -> EncryptedVector:
        """Return the encrypted sum with plain integers.

        Args:
            values: int64[length].
            bound: what their absolute values are known to stay within. Warning: it becomes public; take it from what
                is public already, not from the values.
        """
        check_bound(self.bound + bound, self.lanes)
        if values.shape != (self.length,):
            msg = f"{values.shape} values cannot be added to {self.length}: use a vector of the same length"
            raise InvalidInput(msg)
        n, square = big(self.key.n), big(self.key.square)
        plain = self.lanes.pack(values_within(values, bound))
        moved = (int(big(c) * (1 + n * (m % n)) % square) for c, m in zip(self.ciphertexts, plain, strict=True))
        return replace(self, bound=self.bound + bound, ciphertexts=tuple(moved))

    def _check_like(self, other: EncryptedVector) -> None:
        if self.key != other.key:
            msg = "vectors under two keys cannot be added: encrypt both under the key of the bounty"
            raise WrongKey(msg)
        if (self.lanes, self.length) != (other.lanes, other.length):
            msg = "vectors of two forms cannot be added: use one length and one width of lanes"
            raise InvalidInput(msg)


def weighted_sum(vectors: Sequence[EncryptedVector], coefficients: Sequence[int]) -> EncryptedVector:
    """Return the encrypted sum of coefficient * vector; a coefficient of 0 leaves its vector out.

    Raises:
        InvalidInput: an overflow, vectors of different forms, or nothing to add.
        WrongKey: vectors under different keys.
    """
    chosen = [(v, c) for v, c in zip(vectors, coefficients, strict=True) if c]
    if not chosen:
        msg = "nothing is left to add: at least one coefficient has to differ from 0"
        raise InvalidInput(msg)
    check_bound(sum(v.bound * abs(c) for v, c in chosen), chosen[0][0].lanes)  # before the first of them is computed
    return reduce(EncryptedVector.__add__, (v * c for v, c in chosen))


def decrypt(vector: EncryptedVector, key: PrivateKey) -> NDArray[np.int64]:
    """Return int64[length].

    Raises:
        WrongKey: the vector is under another key.
        BrokenSeal: it is no vector, or holds a value beyond its bound: whoever made it, or a part of it, lied.
    """
    if vector.key != key.public:
        msg = "this vector is encrypted under another key: use the one of its bounty"
        raise WrongKey(msg)
    plain = [key.decrypt(ciphertext) for ciphertext in vector.ciphertexts]
    return opened(vector, plain)


def opened(vector: EncryptedVector, plaintexts: Sequence[int]) -> NDArray[np.int64]:
    """Return int64[length], what is in the plaintexts of `vector`; raises BrokenSeal if that breaks its bound."""
    centre = [centred(m % vector.key.n, vector.key.n) for m in plaintexts]
    values = vector.lanes.unpack(centre, vector.length)
    if values.size and (values.max() > vector.bound or values.min() < -vector.bound):
        msg = "a vector holds a value beyond what its sender said: leave it out"
        raise BrokenSeal(msg)
    return values


def check_bound(bound: int, lanes: Lanes) -> None:
    """Raise InvalidInput if values up to `bound` could leave their lanes."""
    if not 0 <= bound <= lanes.limit:
        msg = (
            f"values up to {bound} do not fit into lanes of {lanes.bits} bits: add fewer vectors, or choose wider lanes"
        )
        raise InvalidInput(msg)


def values_within(values: NDArray[np.int64], bound: int) -> NDArray[np.int64]:
    """Return `values`; raises InvalidInput if one of them is beyond `bound`."""
    if values.size and (values.max() > bound or values.min() < -bound):
        msg = f"a value is beyond the bound of {bound}: clip it"
        raise InvalidInput(msg)
    return values


def dump_vector(vector: EncryptedVector) -> bytes:
    """Return the vector as a file: magic, name of the key, lanes, length, bound, ciphertexts."""
    lanes = vector.lanes
    head = _HEAD.pack(_MAGIC, vector.key.name, lanes.bits, lanes.per_plaintext, vector.length, vector.bound)
    size = vector.key.ciphertext_bytes
    return head + b"".join(c.to_bytes(size, "big") for c in vector.ciphertexts)


def load_vector(raw: bytes, key: PublicKey, *, max_length: int) -> EncryptedVector:
    """Read a vector that was encrypted under `key`.

    Raises:
        BrokenSeal: it is no vector, is cut off, or holds a number that is no ciphertext.
        WrongKey: it is under another key.
        ContentTooLarge: it has more than `max_length` values.
    """
    if len(raw) < _HEAD.size or not raw.startswith(_MAGIC):
        msg = "this is no encrypted vector: leave its sender out"
        raise BrokenSeal(msg)
    _, name, bits, per_plaintext, length, bound = _HEAD.unpack_from(raw)
    if name != key.name:
        msg = "this vector is encrypted under another key: use the one of its bounty"
        raise WrongKey(msg)
    if length > max_length:
        msg = f"a vector of {length:,} values, more than the {max_length:,} expected: leave its sender out"
        raise ContentTooLarge(msg)
    size = key.ciphertext_bytes
    body = memoryview(raw)[_HEAD.size :]
    try:
        lanes = Lanes(bits, per_plaintext)
        lanes.check_fit(key.n)
        check_bound(bound, lanes)
    except InvalidInput:
        msg = "an encrypted vector says of itself what cannot be: leave its sender out"
        raise BrokenSeal(msg) from None
    if len(body) != lanes.plaintexts(length) * size:
        msg = "an encrypted vector is cut off, or longer than it says: fetch it again, or leave its sender out"
        raise BrokenSeal(msg)
    numbers = tuple(int.from_bytes(body[at : at + size], "big") for at in range(0, len(body), size))
    for number in numbers:
        key.check_ciphertext(number)
    return EncryptedVector(key, lanes, length, bound, numbers)
