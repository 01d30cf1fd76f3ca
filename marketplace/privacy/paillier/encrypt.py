"""Encrypting vectors, with a table of powers of the key's base.

A ciphertext is (1 + n m) * base**r mod n**2 with r random and half as long as n. The powers base**(d * 256**i) are
computed once (a third of a second, 17 MB for 2,048 bits); then a ciphertext costs 128 multiplications.

Trust model: r comes from the operating system. Which entries of the table are read follows from r, so somebody who
watches this process' caches could learn it: encrypt on a machine of your own.

Laws: decrypt(encrypt(v)) = v; two encryptions of one vector never look alike; refresh changes the ciphertexts and not
what they hold.

Source: Damgard, Jurik and Nielsen 2010; fixed-base windows: Brickell, Gordon, McCurley and Wilson 1992.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from marketplace.privacy.paillier.library import big
from marketplace.privacy.paillier.vector import EncryptedVector, check_bound, values_within

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from marketplace.privacy.paillier.keys import PublicKey
    from marketplace.privacy.paillier.lanes import Lanes

__all__ = ["Encrypter"]

_DIGIT_BITS: Final = 8


class Encrypter:
    """Encrypts under one public key; making it takes a third of a second."""

    def __init__(self, key: PublicKey) -> None:
        self.key = key
        self._square = big(key.square)
        self._table: list[list[int]] = []
        power = big(key.base)
        for _ in range(-(-key.exponent_bits // _DIGIT_BITS)):
            row = [big(1)]
            for _ in range((1 << _DIGIT_BITS) - 1):
                row.append(row[-1] * power % self._square)
            self._table.append(row)
            power = row[-1] * power % self._square

    def encrypt(self, values: NDArray[np.int64], *, bound: int, lanes: Lanes) -> EncryptedVector:
        """Return the encrypted vector.

        Args:
            values: int64[*].
            bound: what their absolute values are known to stay within. Warning: it becomes public; take it from the
                terms, not from the values.
            lanes: `Lanes.of(bits, key.n)`. Sums of coefficient * vector fit while sum(|coefficient| * bound) is at most
                `lanes.limit`.

        Raises:
            InvalidInput: a value beyond the bound, or a bound beyond the lanes.
        """
        check_bound(bound, lanes)
        lanes.check_fit(self.key.n)
        n = big(self.key.n)
        plain = lanes.pack(values_within(values, bound))
        sealed = (int((1 + n * (m % n)) * self._hiding() % self._square) for m in plain)
        return EncryptedVector(self.key, lanes, len(values), bound, tuple(sealed))

    def refresh(self, vector: EncryptedVector) -> EncryptedVector:
        """Return the same vector in ciphertexts that nobody can connect with those it was computed from."""
        fresh = (int(big(c) * self._hiding() % self._square) for c in vector.ciphertexts)
        return replace(vector, ciphertexts=tuple(fresh))

    def _hiding(self) -> int:
        """Return a fresh encryption of 0."""
        exponent = secrets.token_bytes(len(self._table))
        product = big(1)
        for row, digit in zip(self._table, exponent, strict=True):
            product = product * row[digit] % self._square
        return product
