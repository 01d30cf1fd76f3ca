"""A data key shared among seats: enough of them together open it, fewer learn nothing.

Trust model: any `threshold - 1` shares are statistically independent of the key, whatever anybody can compute. Shares
carry no proof that they belong together: the holder publishes the hash of each share and of the key, seats drop shares
that do not match theirs, and a combined key counts only if its own hash matches.

Laws: any `threshold` shares of one split combine to the key; fewer raise WrongKey; a share of another split or seat
gives another key, never an error (which is why hashes are compared).

Source: A. Shamir, "How to share a secret", Communications of the ACM 22(11), 1979, over GF(2**128) as implemented by
PyCryptodome, which shares 16 bytes: a key is shared as two independent halves. `ssss` is off: that variant adds
x**threshold to the polynomial to agree with the `ssss` command, which nobody here needs, and plain Shamir is what the
independence above is proved for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from Crypto.Protocol.SecretSharing import Shamir

from marketplace.domain.errors import InvalidInput, WrongKey

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHARE_BYTES", "combine", "split"]

SHARE_BYTES: Final = 32
_HALVES: Final = (slice(0, 16), slice(16, 32))


def split(secret: bytes, threshold: int, count: int) -> list[bytes]:
    """Return `count` shares of a 32-byte secret, the i-th for seat i, any `threshold` of which make it.

    With a threshold of 1 every share is the secret itself: a polynomial of degree 0.

    Raises:
        WrongKey: the secret has another length.
        InvalidInput: the threshold is not between 1 and `count`.
    """
    if len(secret) != SHARE_BYTES:
        msg = f"a key to be shared has {SHARE_BYTES} bytes, not {len(secret)}: make one with new_key()"
        raise WrongKey(msg)
    if not 1 <= threshold <= count:
        msg = f"{threshold} of {count} shares cannot open a key: choose a threshold between 1 and {count}"
        raise InvalidInput(msg)
    low, high = (Shamir.split(threshold, count, secret[half], ssss=False) for half in _HALVES)
    return [low[seat][1] + high[seat][1] for seat in range(count)]


def combine(shares: Mapping[int, bytes], threshold: int) -> bytes:
    """Return the secret that the `threshold` lowest seats among `shares` (seat -> share) make.

    Warning: check the result against its published hash; wrong shares give a wrong key, not an error.

    Raises:
        WrongKey: fewer shares than the threshold, a share of the wrong length, or a seat below 0.
        InvalidInput: the threshold is below 1.
    """
    if threshold < 1:
        msg = f"{threshold} shares cannot open a key: choose a threshold of at least 1"
        raise InvalidInput(msg)
    if len(shares) < threshold:
        msg = f"{len(shares)} shares do not make a key that needs {threshold}: wait for more seats"
        raise WrongKey(msg)
    # Seat i holds the polynomial at i + 1; at 0 it is the secret, so a seat below 0 would dictate it.
    if min(shares) < 0 or any(len(share) != SHARE_BYTES for share in shares.values()):
        msg = f"a share has {SHARE_BYTES} bytes and a seat from 0 on: leave out what does not"
        raise WrongKey(msg)
    used = sorted(shares.items())[:threshold]
    low, high = (Shamir.combine([(seat + 1, share[half]) for seat, share in used], ssss=False) for half in _HALVES)
    return bytes(low + high)
