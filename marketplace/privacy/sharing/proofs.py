"""Proof to two others that every component a party sent is right, without showing them anything.

For every claim (see `claims`) the receiver R of z_p and the third party T must make sure that the f_k(u_k, v_k), with
u known to R and v to T, add up to what z_p says. The sender p knows all of it; one repetition is a cut and choose:

1. T picks the key of a digest, after all z_p have been received, and gives it to p.
2. p and R draw masks a_k, m from a stream they share. p sends T the digest of q = sum f_k(a_k, v_k) + m.
3. T picks a bit and tells R.
4. Bit 0: R sends the stream's key, and T computes q from a and m. Bit 1: R sends u_k + a_k and what z_p and m make
   the sum out to be, and T computes q from these. The digest must be the one of step 2.

Digests are linear over XOR. Of claims about bits only the digest of all sums is therefore sent, under a mask m of 16
bytes, and T tells R the key in step 3; sums modulo 2^64 are masked and sent one by one. A u that two claims in a row
share has one mask: two claims with one u are one, about a form with two values.

*Sound.* If z_p is off by any error e != 0 in any of a batch's claims, the q of the two cases differ, so whatever p
sent in step 2 fails in one of them: T, whose bit p did not know, notices with probability 1/2 in each repetition, but
for n 2^-128 of the digest. That is 1 - 2^-repetitions, however few or many messages were wrong and in whichever ring:
no extension is needed to catch an error of 2^63. The bits are fresh in every batch.
*Zero knowledge.* T sees either masks, which depend on no secret, or numbers under masks it does not know; R sees a bit.

Trust model: one cheater. Blame: T accuses. Then p says, by a one-way hash, what R should have sent in step 4. If R
sent just that, T knows that p is to blame; if not, p and R tell different stories, each of the two knows the other to
lie, and T cannot know which does: it would have to see u. A lying T can accuse an honest p: `Cheated.accuser` says who
speaks, and the cheater is always the accuser or among the blamed. What R can know, `counterproof` has. What a cheater
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
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.domain.errors import Cheated
from marketplace.privacy.sharing.claims import Seen
from marketplace.privacy.sharing.counterproof import who_cheated
from marketplace.privacy.sharing.streams import KEY_BYTES, Digest, Stream, raw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.claims import Claim
    from marketplace.privacy.sharing.party import Party

    Words = NDArray[Any]

__all__ = ["prove"]

_TAG: Final = 16
_PROMISE: Final = 2 * _TAG
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
    question = party.pass_up(np.concatenate([bits, np.frombuffer(key, np.uint8)]))
    wanted, helped_key = question[: len(times)], question[len(times) :].tobytes()
    party.expect(bool((wanted <= 1).all()), party.previous)

    failed, tag = _FINE, b""
    for at in times:
        answer = _answer(claims, helped_key, helped[at], masked=bool(wanted[at]))
        response = _exchange(party, claims, answer, masked=bool(bits[at]))
        found = _check(claims, key, response, masked=bool(bits[at]))
        if failed == _FINE and not hmac.compare_digest(found, promised[at * _PROMISE :][:_PROMISE]):
            failed, tag = at, _hash(response)
    complaint = (failed, int(bits[failed]) if failed != _FINE else 0)

    def excuse(at: int, bit: int) -> bytes:
        return _hash(_answer(claims, asked, mine[at], masked=bool(bit), sent=True))

    try:
        _resolve(party, excuse, complaint, tag)
    except Cheated as caught:
        caught.known = who_cheated(party, claims, caught)
        raise


def _promise(claims: Sequence[Claim], key: bytes, seed: bytes) -> bytes:
    """Step 2 for one repetition."""
    stream = Stream(seed)
    return _from_masks(claims, key, stream, [claim.sent.vs for claim in claims])


def _from_masks(claims: Sequence[Claim], key: bytes, stream: Stream, vs: Sequence[Sequence[Words]]) -> bytes:
    numbers, bits, hidden = Digest(key), Digest(key), stream.key()
    before = Seen()
    for claim, v in zip(claims, vs, strict=True):
        us, last = claim.masks(stream, before)
        total = claim.applied(us, v)
        if last is None:
            bits.add(total)
        else:
            numbers.add(claim.group.plus(total, last, out=last))
    return numbers.tag() + _xor(bits.tag(), hidden)


def _answer(claims: Sequence[Claim], key: bytes, seed: bytes, *, masked: bool, sent: bool = False) -> list[Words]:
    """Step 4: what the helper sends, or, said by the sender, what it should have sent."""
    if not masked:
        return [np.frombuffer(seed, np.uint8)]
    stream, bits = Stream(seed), Digest(key)
    hidden, before = stream.key(), Seen()
    arrays = [a for c in claims for a in c.masked(c.sent if sent else c.received, stream, bits, before)]
    return [*arrays, np.frombuffer(_xor(bits.tag(), hidden), np.uint8)]


def _exchange(party: Party, claims: Sequence[Claim], answer: Sequence[Words], *, masked: bool) -> list[Words]:
    """Send what the previous party asked for, and return what this one did."""
    before = Seen()
    blank: list[Words] = [a for claim in claims for a in claim.blank(before)] if masked else []
    blank.append(np.empty(_TAG, np.uint8))  # the digest's mask, or the key of the stream
    for array in answer:
        party.channel.send(party.previous, raw(array))
    for array in blank:
        party.channel.receive(party.next, raw(array))
    return blank


def _check(claims: Sequence[Claim], key: bytes, response: Sequence[Words], *, masked: bool) -> bytes:
    """Return the digests that the response of step 4 leads to."""
    if not masked:
        return _from_masks(claims, key, Stream(response[0].tobytes()), [claim.third.vs for claim in claims])
    numbers, bits, masks, arrays = Digest(key), Digest(key), Digest(key), iter(response)
    before = Seen()
    for claim in claims:
        us = claim.once(before, lambda _: next(arrays))
        total = claim.applied(us, claim.third.vs)
        if claim.bitwise:
            bits.add(total)
            masks.add(claim.third.upper)
        else:
            claim.group.minus(total, next(arrays), out=total)
            numbers.add(claim.group.plus(total, claim.third.upper, out=total))
    return numbers.tag() + _xor(_xor(bits.tag(), masks.tag()), next(arrays).tobytes())


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def _resolve(party: Party, excuse: Callable[[int, int], bytes], failed: tuple[int, int], tag: bytes) -> None:
    """Tell the previous party whether its proof failed, have it say what its helper should have sent, and blame."""
    complaint = party.pass_down(np.array(failed, np.uint8))
    at, bit = (int(v) for v in complaint)
    party.expect((at, bit) == (_FINE, 0) or (at < party.repetitions and bit <= 1), party.next)
    said = excuse(at, bit) if at != _FINE else bytes(_EXCUSE)
    theirs = party.pass_up(np.frombuffer(said, np.uint8)).tobytes()
    blamed = None
    if failed[0] == _FINE:
        party.expect(not any(theirs), party.previous)
    else:
        alone = hmac.compare_digest(theirs, tag)
        blamed = frozenset((party.previous,) if alone else (party.previous, party.next))
    party.agree(blamed, "sent a wrong component")


def _hash(arrays: Sequence[Words]) -> bytes:
    """Return a one-way hash: a liar may complain about the bit it did not choose and must not learn the answer."""
    out = blake2b(digest_size=_EXCUSE)
    for array in arrays:
        out.update(raw(array))
    return out.digest()
