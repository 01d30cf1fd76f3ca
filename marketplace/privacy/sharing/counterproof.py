"""What the receiver of a component can know when the third party says that the sender's proof failed: it checks itself.

Where sender p and receiver R tell one story of what R answered, see `proofs`, the third party T knows that p cheated. R
does not: T may be lying, and R lacks what T checked with. So p proves the same claims once more with T and R in each
other's place: p and T draw masks for the v, T helps, R checks. As in `proofs`, p says by a one-way hash what T should
have sent where a check fails. For R there are three ends:

- a check fails and p and T tell one story: p cheated. An honest p's own story proves its claims.
- no check fails: T lied when it accused p, but for a chance of 2^-40. An honest T accuses nobody whose claims hold.
- p and T tell two stories: one of them lies, and R cannot know which.

So whoever computes something wrong and stands by it is known to both others, and so is whoever accuses somebody and
then helps as it should. Whoever goes on lying is known only to the one it lies about, and is not named: see `hearing`.

Trust model and zero knowledge: as `proofs`. Nobody is in a hurry here, so bits are treated as numbers are.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.domain.errors import Cheated, GradMarketError
from marketplace.privacy.sharing.shares import PARTIES
from marketplace.privacy.sharing.streams import KEY_BYTES, Stream, raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.claims import Claim
    from marketplace.privacy.sharing.party import Party

    Words = NDArray[Any]

__all__ = ["who_cheated"]

_TIMES: Final = 40
_HASH: Final = 32
_FINE: Final = 0xFF


def who_cheated(party: Party, claims: Sequence[Claim], caught: Cheated) -> int | None:
    """Return the party that this one then knows to have cheated, or None; all three call it when a proof failed.

    Args:
        party: this party.
        claims: whose proof failed.
        caught: what the accuser said.
    """
    if len(caught.blamed) != 1 or caught.accuser != (min(caught.blamed) + 1) % PARTIES:
        return None
    (sender,) = caught.blamed
    known = {sender: caught.accuser, caught.accuser: sender}.get(party.me)
    try:
        if party.me == sender:
            _prove(party, claims)
        elif party.me == caught.accuser:
            _help(party, claims)
        else:
            known = _check(party, claims)
    except GradMarketError:  # somebody left: what this party knew it still knows
        pass
    return known


def _prove(party: Party, claims: Sequence[Claim]) -> None:
    seeds = [party.upper.key() for _ in range(_TIMES)]
    proofs = [_from_masks(claims, seed, [claim.sent.us for claim in claims]) for seed in seeds]
    party.channel.send(party.previous, memoryview(b"".join(proofs)))
    at, bit = _receive(party, party.previous, 2)
    if at < _TIMES and bit <= 1:
        vs, uppers = [claim.sent.vs for claim in claims], [claim.sent.upper() for claim in claims]
        story = _hash(_answer(claims, seeds[at], vs, uppers, masked=bool(bit)))
        party.channel.send(party.previous, memoryview(story))


def _help(party: Party, claims: Sequence[Claim]) -> None:
    seeds = [party.lower.key() for _ in range(_TIMES)]
    vs, uppers = [claim.third.vs for claim in claims], [claim.third.upper for claim in claims]
    for seed, bit in zip(seeds, _receive(party, party.next, _TIMES), strict=True):
        for array in _answer(claims, seed, vs, uppers, masked=bool(bit & 1)):
            party.channel.send(party.next, raw(array))
    _receive(party, party.next, 1)  # the receiver is not to be disturbed while it checks


def _check(party: Party, claims: Sequence[Claim]) -> int | None:
    sender, helper = party.next, party.previous
    promised = _receive(party, sender, _TIMES * _HASH)
    bits = bytes(b & 1 for b in secrets.token_bytes(_TIMES))
    party.channel.send(helper, memoryview(bits))
    failed, answered = _FINE, b""
    for at, bit in enumerate(bits):
        answer = [np.empty(KEY_BYTES, np.uint8)] if not bit else _blank(claims)
        for array in answer:
            party.channel.receive(helper, raw(array))
        found = _from_answer(claims, answer) if bit else _from_masks(claims, answer[0].tobytes(), _known(claims))
        if failed == _FINE and not hmac.compare_digest(found, promised[at * _HASH :][:_HASH]):
            failed, answered = at, _hash(answer)
    party.channel.send(sender, memoryview(bytes([failed, bits[failed] if failed != _FINE else 0])))
    known: int | None = helper
    if failed != _FINE:
        known = sender if hmac.compare_digest(_receive(party, sender, _HASH), answered) else None
    party.channel.send(helper, memoryview(b"\0"))
    return known


# ---------------------------------------------------------------------- what is sent and checked
def _known(claims: Sequence[Claim]) -> list[Sequence[Words]]:
    return [claim.received.us for claim in claims]


def _masks(claim: Claim, stream: Stream) -> tuple[list[Words], Words]:
    """Draw a mask for every v and one for the sum of the f_k; all parties' claims have the same shapes."""
    vs, upper = claim.sent.vs, claim.third.upper
    return [stream.take(v.shape, v.dtype) for v in vs], stream.take(upper.shape, upper.dtype)


def _from_masks(claims: Sequence[Claim], seed: bytes, us: Sequence[Sequence[Words]]) -> bytes:
    """Return the hash of the sums of f_k(u, b), under masks."""
    stream, out = Stream(seed), []
    for claim, u in zip(claims, us, strict=True):
        masks, last = _masks(claim, stream)
        out.append(claim.group.plus(claim.applied(u, masks), last))
    return _hash(out)


def _answer(
    claims: Sequence[Claim], seed: bytes, vs: Sequence[Sequence[Words]], uppers: Sequence[Words], *, masked: bool
) -> list[Words]:
    """Return what the third sends: the key of the masks, or every v under its mask and A_(p+1) under the last one."""
    if not masked:
        return [np.frombuffer(seed, np.uint8)]
    stream, out = Stream(seed), []
    for claim, v, upper in zip(claims, vs, uppers, strict=True):
        masks, last = _masks(claim, stream)
        plus = claim.group.plus
        out += [*(plus(mask, w) for mask, w in zip(masks, v, strict=True)), plus(upper, last)]
    return out


def _blank(claims: Sequence[Claim]) -> list[Words]:
    return [np.empty(a.shape, a.dtype) for claim in claims for a in (*claim.sent.vs, claim.third.upper)]


def _from_answer(claims: Sequence[Claim], answer: Sequence[Words]) -> bytes:
    """Return the hash that masked numbers lead to: the sums of f_k(u, v + b), less those of f_k(u, v)."""
    arrays, out = iter(answer), []
    for claim in claims:
        vs = [next(arrays) for _ in claim.sent.vs]
        total = claim.group.minus(claim.applied(claim.received.us, vs), claim.sum_of(claim.received))
        out.append(claim.group.plus(total, next(arrays)))
    return _hash(out)


def _receive(party: Party, source: int, size: int) -> bytes:
    out = bytearray(size)
    party.channel.receive(source, memoryview(out))
    return bytes(out)


def _hash(arrays: Sequence[Words]) -> bytes:
    out = blake2b(digest_size=_HASH)
    for array in arrays:
        out.update(raw(np.ascontiguousarray(array)))
    return out.digest()
