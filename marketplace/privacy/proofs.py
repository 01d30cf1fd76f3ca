"""Proof to two others that every component a party sent is right, without showing them anything.

For every claim (see `claims`) the receiver R of z_p and the third party T must make sure that the f_k(u_k, v_k), with
u known to R and v to T, add up to what z_p says. The sender p knows all of it; one repetition is a cut and choose:

1. T picks the key of a digest, after all z_p have been received, and gives it to p.
2. p and R draw masks a_k, m from a stream they share. p sends T the digest of q = sum f_k(a_k, v_k) + m.
3. T picks a bit and tells R.
4. Bit 0: R sends the stream's key, and T computes q from a and m. Bit 1: R sends u_k + a_k and what z_p and m make
   the sum out to be, and T computes q from these. The digest must be the one of step 2.

*Sound.* If z_p is off by any error e != 0 in any of a batch's claims, the q of the two cases differ, so whatever p
sent in step 2 fails in one of them: T, whose bit p did not know, notices with probability 1/2 in each repetition, but
for n 2^-128 of the digest. That is 1 - 2^-repetitions, however few or many messages were wrong and in whichever ring:
no extension is needed to catch an error of 2^63. The bits are fresh in every batch.
*Zero knowledge.* T sees either masks, which depend on no secret, or numbers under masks it does not know; R sees a bit.

Trust model: one cheater. Blame: T accuses. Then p says, by a one-way hash, what R should have sent in step 4. If R
sent just that, p alone is to blame; if not, p and R tell different stories and the pair is. A lying T can accuse an
honest p: `Cheated.accuser` says who speaks, and the cheater is always the accuser or among the blamed. What a cheater
learns is one bit, whether it was caught.

Sources: the cut and choose between masks and masked values follows Ishai et al., "Zero-Knowledge from Secure
Multiparty Computation", STOC 2007, with two real verifiers as in Boneh et al., "Zero-Knowledge Proofs on
Secret-Shared Data via Fully Linear PCPs", CRYPTO 2019, and Boyle et al., "Practical Fully Secure Three-Party
Computation via Sublinear Distributed Zero-Knowledge Proofs", CCS 2019, whose proofs are shorter and slower to make.
Furukawa et al., "High-Throughput Secure Three-Party Computation for Malicious Adversaries and an Honest Majority",
EUROCRYPT 2017, verify products by other products instead and cannot say who cheated.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import numpy as np

from marketplace.privacy.streams import KEY_BYTES, Digest, Stream, raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.claims import Claim
    from marketplace.privacy.party import Party

__all__ = ["prove"]

_TAG: Final = 16
_EXCUSE: Final = 32
_FINE: Final = 0xFF


def prove(party: Party, claims: Sequence[Claim]) -> None:
    """Prove this party's claims, help the next one's be checked, check the previous one's; all three call it at once.

    Raises:
        Cheated: at all three parties, naming who is to blame.
    """
    times = range(party.repetitions)
    mine = [party.lower.key() for _ in times]
    helped = [party.upper.key() for _ in times]

    key = secrets.token_bytes(KEY_BYTES)
    asked = party.pass_down(np.frombuffer(key, np.uint8)).tobytes()
    proofs = b"".join(_promise(claims, asked, seed) for seed in mine)
    promised = party.pass_up(np.frombuffer(proofs, np.uint8)).tobytes()

    bits = np.frombuffer(secrets.token_bytes(len(times)), np.uint8) & 1
    wanted = party.pass_up(bits)
    party.expect(bool((wanted <= 1).all()), party.previous)

    failed, tag = _FINE, b""
    for at in times:
        response = _respond(party, claims, helped[at], masked=bool(wanted[at]), check=bool(bits[at]))
        found = _check(claims, key, response, masked=bool(bits[at]))
        if failed == _FINE and not hmac.compare_digest(found, promised[at * _TAG :][:_TAG]):
            failed, tag = at, _hash(response)
    _resolve(party, claims, mine, (failed, int(bits[failed]) if failed != _FINE else 0), tag)


def _promise(claims: Sequence[Claim], key: bytes, seed: bytes) -> bytes:
    """Step 2 for one repetition."""
    digest, stream = Digest(key), Stream(seed)
    for claim in claims:
        us, last = claim.masks(stream)
        digest.add(claim.group.plus(claim.applied(us, claim.sent.vs), last, out=last))
    return digest.tag()


def _respond(
    party: Party, claims: Sequence[Claim], seed: bytes, *, masked: bool, check: bool
) -> list[NDArray[np.unsignedinteger]]:
    """Step 4: send what the previous party asked for, and return what this one did."""
    answer = _answer(claims, seed, masked=masked)
    blank: list[NDArray[np.unsignedinteger]] = (
        [a for claim in claims for a in claim.blank()] if check else [np.empty(KEY_BYTES, np.uint8)]
    )
    for array in answer:
        party.channel.send(party.previous, raw(array))
    for array in blank:
        party.channel.receive(party.next, raw(array))
    return blank


def _answer(
    claims: Sequence[Claim], seed: bytes, *, masked: bool, sent: bool = False
) -> list[NDArray[np.unsignedinteger]]:
    if not masked:
        return [np.frombuffer(seed, np.uint8)]
    stream = Stream(seed)
    return [np.ascontiguousarray(a) for c in claims for a in c.masked(c.sent if sent else c.received, stream)]


def _check(
    claims: Sequence[Claim], key: bytes, response: Sequence[NDArray[np.unsignedinteger]], *, masked: bool
) -> bytes:
    """Return the digest that the response of step 4 leads to."""
    digest, arrays = Digest(key), iter(response)
    stream = Stream(response[0].tobytes()) if not masked else None
    for claim in claims:
        if stream is not None:
            us, last = claim.masks(stream)
            total = claim.group.plus(claim.applied(us, claim.third.vs), last)
        else:
            us = [next(arrays) for _ in claim.received.us]
            total = claim.group.minus(claim.applied(us, claim.third.vs), next(arrays))
            total = claim.group.plus(total, claim.third.upper)
        digest.add(total)
    return digest.tag()


def _resolve(party: Party, claims: Sequence[Claim], mine: Sequence[bytes], failed: tuple[int, int], tag: bytes) -> None:
    """Tell the previous party whether its proof failed, have it say what its helper should have sent, and blame."""
    complaint = party.pass_down(np.array(failed, np.uint8))
    at, bit = (int(v) for v in complaint)
    party.expect((at, bit) == (_FINE, 0) or (at < len(mine) and bit <= 1), party.next)
    excuse = bytes(_EXCUSE)
    if at < len(mine):
        excuse = _hash(_answer(claims, mine[at], masked=bool(bit), sent=True))
    theirs = party.pass_up(np.frombuffer(excuse, np.uint8)).tobytes()
    blamed = None
    if failed[0] == _FINE:
        party.expect(not any(theirs), party.previous)
    else:
        alone = hmac.compare_digest(theirs, tag)
        blamed = frozenset((party.previous,) if alone else (party.previous, party.next))
    party.agree(blamed, "sent a wrong component")


def _hash(arrays: Sequence[NDArray[np.unsignedinteger]]) -> bytes:
    """Return a one-way hash: a liar may complain about the bit it did not choose and must not learn the answer."""
    out = blake2b(digest_size=_EXCUSE)
    for array in arrays:
        out.update(raw(array))
    return out.digest()
