"""A data key shared among seats: some of them together open it, fewer learn nothing.

Trust model: `threshold - 1` shares are independent of the key. Shares carry no proof that they belong together; their
hashes are published instead, and a key is accepted only if its own hash matches.

Source: A. Shamir, "How to share a secret", 1979, over GF(2**128) as implemented by PyCryptodome. A key is shared as two
16-byte halves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from Crypto.Protocol.SecretSharing import Shamir

from marketplace.domain.errors import WrongKey

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["SHARE_BYTES", "combine", "split"]

SHARE_BYTES: Final = 32
_HALF: Final = 16


def split(secret: bytes, threshold: int, count: int) -> list[bytes]:
    """Return `count` shares of a 32-byte secret, the i-th for seat i, any `threshold` of which make it."""
    if len(secret) != SHARE_BYTES or not 1 <= threshold <= count:
        msg = f"share a 32-byte key among at least as many seats as its threshold, not {threshold} of {count}"
        raise WrongKey(msg)
    if threshold == 1:
        return [secret] * count
    halves = [Shamir.split(threshold, count, secret[i : i + _HALF], ssss=False) for i in (0, _HALF)]
    return [low[1] + high[1] for low, high in zip(*halves, strict=True)]


def combine(shares: Mapping[int, bytes], threshold: int) -> bytes:
    """Return the secret that `threshold` shares (seat -> share) make.

    Raises:
        WrongKey: fewer shares than the threshold, or shares of the wrong length.
    """
    if len(shares) < threshold or any(len(s) != SHARE_BYTES for s in shares.values()):
        msg = f"{len(shares)} shares do not make a key that needs {threshold}: wait for more seats"
        raise WrongKey(msg)
    used = sorted(shares.items())[:threshold]
    if threshold == 1:
        return used[0][1]
    halves = [Shamir.combine([(i + 1, s[at : at + _HALF]) for i, s in used], ssss=False) for at in (0, _HALF)]
    return halves[0] + halves[1]
