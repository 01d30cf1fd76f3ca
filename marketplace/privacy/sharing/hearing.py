"""How three parties agree on whether a computation came to a result, and on who, if anybody, is to blame if not.

Whoever has ended its part, with a result or without, tells both others and then says whom it has heard:

1. *Statement*: DONE, with a signature of the result, or TROUBLE, and whom the party knows to have cheated, if anybody.
2. *Report*, once both others' statements are there or their time is up: whose came, and the signatures in them.

The result counts for a party that has three signatures of it, its own and both others', from wherever. A party *names*
another if it did not hear its statement and was told by the third that it did not either, and if it knows it to have
cheated and was told by the third that it does too.

Trust model: one of three may do what it likes, and two that keep to the protocol reach each other within the time
limit and are there when it is over. Then, for these two:

- *Neither names the other*, whatever the third says: each heard the other's statement itself, and knows it not to have
  cheated.
- *Both name the third or neither does*: each needs both that it heard nothing and that the other did not, or both that
  it knows the third to have cheated and that the other does.
- *The result counts for both or for neither.* Whoever has three signatures had its own and the third's, at the latest
  from the other's report, so it sent both on, and the other has one of its own: nobody signs for what it does not have.
  A signature that the third gives one of them only after that one's report does not count any more.

Nothing else names anybody. Who sends a message late or not at all may be waiting for a party that is silent towards it
alone, and that would then blame it together with whoever waits for it. And who is said to have cheated may be accused
by a liar: see `proofs` and `counterproof` for what a party can know.

Signatures are of all three parties' nonces of this computation, as the signer heard them, and of the result: those of
another time fit nowhere, and parties that were told different nonces or got different results come to none.

Two parties that name a third do so under a secret of theirs, so that it cannot know what they say together.

Source: the two rounds are those of Dolev and Strong, "Authenticated Algorithms for Byzantine Agreement", SIAM Journal
on Computing 12 (1983), for one fault.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from marketplace.privacy.sharing.channel import DONE, TROUBLE
from marketplace.privacy.sharing.identity import has_signed
from marketplace.privacy.sharing.shares import PARTIES

if TYPE_CHECKING:
    from marketplace.privacy.sharing.channel import Channel
    from marketplace.privacy.sharing.identity import TlsIdentity

__all__ = ["Hearing", "Verdict"]

_NONCE: Final = 32
_NONCES: Final = 3
_REPORT: Final = 4
_SIGNATURE: Final = 72

# Until when nonces, statements and reports count, in time limits after one's own end. Another honest party ends at most
# one limit later: it hears that somebody ended, see `channel`, or is still waiting for the third one to come to the
# meeting. Half a limit is left for what it is computing at that moment, and for its waiting for a nonce.
_NONCES_IN, _STATEMENTS_IN, _REPORTS_IN = 1 / 8, 3 / 2, 3


@dataclass(frozen=True)
class Verdict:
    """How a computation ended, for one party.

    Args:
        agreed: all three have the same result; where this is true for one honest party it is for the other.
        named: the party that both others name; None if there is none.
        secret: 32 bytes that these two know and nobody else; empty if nobody is named.
    """

    agreed: bool
    named: int | None = None
    secret: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class _Statement:
    """What a party says of its end; in trouble it signs nothing, and says whom it knows to have cheated instead."""

    done: bool
    secret: bytes = field(repr=False)
    signature: bytes


class Hearing:
    """What a party says and hears about a computation; made before it begins, held once when it has ended.

    Args:
        channel: to the others, or to whoever of them came.
        identity: this party's.
        certificates: the others', of those that came.
    """

    def __init__(self, channel: Channel, identity: TlsIdentity, certificates: Mapping[int, bytes]) -> None:
        self._channel, self._identity, self._certificates = channel, identity, certificates
        self._others = [p for p in range(PARTIES) if p != channel.me]
        self._nonces = {channel.me: secrets.token_bytes(_NONCE)}
        self._secrets = {p: secrets.token_bytes(_NONCE) for p in self._others}
        for other in self._others:
            channel.tell(other, bytes([_NONCES]) + self._nonces[channel.me])

    def hold(self, result: bytes | None, known: int | None = None) -> Verdict:
        """End this party's part of the computation, and wait for the others' ends.

        Args:
            result: what all three should have come to; None if nothing came out here.
            known: a party that this one knows to have cheated, see `Cheated.known`.
        """
        start, limit = time.monotonic(), self._channel.timeout
        signed = None if result is None else self._signed(result, start + _NONCES_IN * limit)
        mine = b"" if signed is None else self._identity.sign(signed)
        for other in self._others:
            kind, rest = (DONE, mine) if mine else (TROUBLE, b"" if known is None else bytes([known]))
            self._channel.tell(other, bytes([kind]) + self._secrets[other] + rest)

        heard = {p: self._hear_statement(p, start + _STATEMENTS_IN * limit) for p in self._others}
        statements = {p: s for p, s in heard.items() if s is not None}
        report = _report({p: s.signature for p, s in statements.items()})
        for other in self._others:
            self._channel.tell(other, report)
        if signed is None:
            named = None if known is None else self._accused(known, statements)
            return named or self._absent(statements, start + _REPORTS_IN * limit)
        return self._agreed(signed, statements, start + _REPORTS_IN * limit)

    # ------------------------------------------------------------ what follows
    def _accused(self, known: int, statements: Mapping[int, _Statement]) -> Verdict | None:
        """Return that both others know a party to have cheated, if the witness says that it does too."""
        said = statements.get(PARTIES - self._channel.me - known)
        return self._naming(known, said) if said and not said.done and said.signature == bytes([known]) else None

    def _absent(self, statements: Mapping[int, _Statement], deadline: float) -> Verdict:
        """Return who is absent to this party and to the witness, if anybody is."""
        for party in self._others:
            witness = PARTIES - self._channel.me - party
            if party not in statements and witness in statements:
                report = self._hear_report(witness, deadline)
                if report is not None and party not in report:
                    return self._naming(party, statements[witness])
        return Verdict(agreed=False)

    def _agreed(self, signed: bytes, statements: Mapping[int, _Statement], deadline: float) -> Verdict:
        """Return that all three have the same result if all signatures are here, or come with a report."""
        missing = [p for p in self._others if p not in statements or not self._fits(p, statements[p].signature, signed)]
        if not missing:
            return Verdict(agreed=True)
        if len(missing) == 1:
            (party,) = missing
            witness = PARTIES - self._channel.me - party
            report = self._hear_report(witness, deadline)
            if report is not None and self._fits(party, report.get(party, b""), signed):
                return Verdict(agreed=True)
            if party not in statements and report is not None and party not in report:
                return self._naming(party, statements[witness])
            return Verdict(agreed=False)
        return self._absent(statements, deadline)

    # ------------------------------------------------------------ what is signed
    def _signed(self, result: bytes, deadline: float) -> bytes | None:
        """Return what all three sign; None if a nonce is missing."""
        for other in self._others:  # sent when the others met, long ago
            notice = self._channel.hear(other, deadline)
            if notice is None or notice[:1] != bytes([_NONCES]):
                return None
            self._nonces[other] = notice[1:]
        nonces = [self._nonces[p] for p in range(PARTIES)]
        parts = [blake2b(part, digest_size=_NONCE).digest() for part in (*nonces, result)]
        return b"gradmarket/computed" + b"".join(parts)

    def _fits(self, party: int, signature: bytes, signed: bytes | None) -> bool:
        certificate = self._certificates.get(party)
        return signed is not None and certificate is not None and has_signed(certificate, signature, signed)

    def _naming(self, named: int, statement: _Statement) -> Verdict:
        """Return that a party is named by this one and by who made the statement, under the secrets of both."""
        me, witness = self._channel.me, PARTIES - self._channel.me - named
        ordered = sorted([(me, self._secrets[witness]), (witness, statement.secret)])
        common = blake2b(b"".join(secret for _, secret in ordered), digest_size=_NONCE, person=b"gradmkt/named")
        return Verdict(agreed=False, named=named, secret=common.digest())

    # ------------------------------------------------------------ what is heard
    def _hear_statement(self, source: int, deadline: float) -> _Statement | None:
        """Return what a party says of its end; None if it does not, or says something else."""
        notice = self._channel.hear(source, deadline)
        if notice is not None and notice[:1] == bytes([_NONCES]):  # nobody signs here, so nobody read it before
            notice = self._channel.hear(source, deadline)
        if notice is None or notice[:1] not in {bytes([DONE]), bytes([TROUBLE])}:
            return None
        secret, signature = notice[1 : 1 + _NONCE], notice[1 + _NONCE :]
        whole = len(secret) == _NONCE and len(signature) <= _SIGNATURE
        return _Statement(notice[0] == DONE, secret, signature) if whole else None

    def _hear_report(self, source: int, deadline: float) -> dict[int, bytes] | None:
        """Return the signatures that came to a party, empty ones of those in trouble; None if it does not say."""
        notice = self._channel.hear(source, deadline)
        return None if notice is None else _read_report(notice)


def _report(heard: Mapping[int, bytes]) -> bytes:
    parts = [bytes([p, len(signature)]) + signature for p, signature in sorted(heard.items())]
    return bytes([_REPORT]) + b"".join(parts)


def _read_report(notice: bytes) -> dict[int, bytes] | None:
    if notice[:1] != bytes([_REPORT]):
        return None
    out, at = {}, 1
    while at + 2 <= len(notice):
        size = notice[at + 1]
        out[notice[at]] = notice[at + 2 : at + 2 + size]
        at += 2 + size
    return out
