"""One of three parties that compute on replicated shares: products, openings and what both rest on.

Trust model: an honest majority, one party of three may do what it likes. Without verification (`repetitions` = 0)
whoever keeps to the protocol learns nothing but what is opened (semi-honest). With it, a party that sends a wrong
component is caught before the next opening with probability 1 - 2^-repetitions, see `proofs`. Openings are checked in
any case: each missing component comes from both parties that hold it.

Laws: open(x) is the secret; open(multiply(x, y)) = x * y, and so on for every product, modulo 2^64 (or bit by bit).

A product costs one message a party, from i to i - 1, whatever the shape: round trips grow with the depth of a
computation, never with rows or coalitions; and nobody sends more than the others.

Source: Araki et al., CCS 2016 (product, zero shares); Mohassel and Rindal, CCS 2018 (matrices, public constants).
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.domain.errors import Cheated, PeerFailed
from marketplace.privacy.sharing.claims import ADD, XOR, Claim, Group, Received, Rule, Sent, Third
from marketplace.privacy.sharing.proofs import prove
from marketplace.privacy.sharing.shares import PARTIES, Shares, at_once, by_tiles, ring, signed
from marketplace.privacy.sharing.streams import KEY_BYTES, Stream, raw

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from marketplace.privacy.sharing.channel import Channel

    Words = NDArray[Any]

__all__ = ["Party"]

_DIGEST: Final = 32


class Party:
    """Party `channel.me`, connected to the two others.

    Args:
        channel: to the others.
        lower: stream shared with the previous party.
        upper: stream shared with the next one.
        repetitions: how often each claim is proved; 0 believes everybody.
    """

    def __init__(self, channel: Channel, lower: Stream, upper: Stream, repetitions: int) -> None:
        self.channel, self.lower, self.upper, self.repetitions = channel, lower, upper, repetitions
        self.me = channel.me
        self.next, self.previous = (self.me + 1) % PARTIES, (self.me - 1) % PARTIES
        self._claims: list[Claim] = []

    @classmethod
    def start(cls, channel: Channel, key: bytes, repetitions: int = 0) -> Party:
        """Agree on pairwise keys; `key` is 16 fresh random bytes of this party's own."""
        channel.send((channel.me - 1) % PARTIES, memoryview(key))
        upper = bytearray(KEY_BYTES)
        channel.receive((channel.me + 1) % PARTIES, memoryview(upper))
        return cls(channel, Stream(key), Stream(bytes(upper)), repetitions)

    # ------------------------------------------------------------ messages

    def pass_down(self, array: Words, shape: tuple[int, ...] | None = None) -> Words:
        """Send to the previous party, and return what the next one sends."""
        return self._pass(array, self.previous, self.next, shape)

    def pass_up(self, array: Words, shape: tuple[int, ...] | None = None) -> Words:
        """Send to the next party, and return what the previous one sends."""
        return self._pass(array, self.next, self.previous, shape)

    def _pass(self, array: Words, to: int, source: int, shape: tuple[int, ...] | None) -> Words:
        array = np.ascontiguousarray(array)
        out = np.empty(array.shape if shape is None else shape, array.dtype)
        self.channel.send(to, raw(array))
        self.channel.receive(source, raw(out))
        return out

    # ------------------------------------------------------------ linear

    def public(self, values: NDArray[np.integer]) -> Shares:
        """Return shares of integers everybody knows: all of it is component 0."""
        return self.place(ring(values), 0)

    def place(self, component: Words, index: int) -> Shares:
        """Return shares whose component `index` is given, the others 0; who does not hold it may give anything."""
        zero = np.zeros_like(component)
        return Shares(component if self.me == index else zero, component if self.next == index else zero)

    # ------------------------------------------------------------ products

    def multiply(self, x: Shares, y: Shares) -> Shares:
        """Return shares of x * y, entry by entry with broadcasting, modulo 2^64."""
        return self._product(ADD, np.multiply, x, y)

    def matmul(self, x: Shares, y: Shares) -> Shares:
        """Return shares of x @ y modulo 2^64, as `np.matmul` pairs the axes."""
        return self._product(ADD, np.matmul, x, y)

    def conjoin(self, x: Shares, y: Shares) -> Shares:
        """Return shares of x & y, for shares of bits of any unsigned dtype."""
        return self._product(XOR, np.bitwise_and, x, y)

    def _product(self, group: Group, op: Callable[..., Words], x: Shares, y: Shares) -> Shares:
        def cross_terms(factors: Sequence[Words], out: Words | None = None) -> Words:
            x0, x1, y0, y1 = factors
            z = op(x0, group.plus(y0, y1), out=out)
            return group.plus(z, op(x1, y0), out=z)

        def masked(up: Words, low: Words, *factors: Words, out: Words | None) -> Words:
            z = cross_terms(factors, out)
            return group.minus(group.plus(z, up, out=z), low, out=z)

        def flipped(u: Words, v: Words, out: Words | None = None) -> Words:
            return op(v, u, out=out)

        def own(us: Any) -> Words:  # noqa: ANN401 - the u of a claim
            return op(us[0], us[1])

        entrywise = op is not np.matmul and x.shape == y.shape
        rule = Rule((op, flipped), own, by_tiles if entrywise else at_once)
        factors = (x.first, x.second, y.first, y.second)
        if entrywise:
            masks = self._masks(x.shape, x.first.dtype)
            z = by_tiles(masked, *masks, *factors)
        else:
            z = cross_terms(factors)
            masks = self._masks(z.shape, z.dtype)
            group.minus(group.plus(z, masks[0], out=z), masks[1], out=z)
        return self._reshare(group, z, rule, masks, x, y)

    def cross(self, x: Shares) -> Shares:
        """Return shares of x_0 x_1 ^ x_1 x_2 ^ x_2 x_0, bit by bit, of the components themselves: their majority."""

        def masked(a: Words, b: Words, up: Words, low: Words, out: Words | None) -> Words:
            z = np.bitwise_and(a, b, out=out)
            z ^= up
            z ^= low
            return z

        masks = self._masks(x.shape, x.first.dtype)
        z = by_tiles(masked, x.first, x.second, *masks)
        return self._reshare(XOR, z, Rule((np.bitwise_and,)), masks, x)

    def _masks(self, shape: tuple[int, ...], dtype: DTypeLike) -> tuple[Words, Words]:
        """Draw A_(p+1) and A_p: each party adds the one and takes off the other, and over all three nothing is left."""
        return self.upper.take(shape, dtype), self.lower.take(shape, dtype)

    def _reshare(self, group: Group, z: Words, rule: Rule, masks: tuple[Words, Words], *factors: Shares) -> Shares:
        """Send this party's component of a product, which is under its masks."""
        received = self.pass_down(z)
        if self.repetitions:
            upper, lower = masks
            firsts, seconds = [f.first for f in factors], [f.second for f in factors]
            sent, heard = Sent(firsts, seconds[::-1], z, lower, lambda: upper), Received(seconds, received, upper)
            self.claim(Claim(group, rule, sent, heard, Third(firsts[::-1], lower)))
        return Shares(z, received)

    # ------------------------------------------------------------ verification

    def claim(self, claim: Claim) -> None:
        """Remember what has to be proved before anything is opened."""
        if self.repetitions:
            self._claims.append(claim)

    def settle(self) -> None:
        """Prove everything claimed since the last time; raises Cheated if somebody's claim was wrong."""
        claims, self._claims = self._claims, []
        if claims:
            prove(self, claims)

    # ------------------------------------------------------------ openings

    def open_words(self, x: Shares, group: Group = ADD) -> Words:
        """Return what is shared, after all claims so far were proved.

        Raises:
            Cheated: the two parties that hold the missing component do not agree on it.
        """
        self.settle()
        missing = self.missing(x.first, x.second, "opened two versions of one component")
        return group.plus(group.plus(x.first, x.second), missing)

    def missing(self, first: Words, second: Words, fault: str) -> Words:
        """Return what the two others hold in the place of the component this party lacks.

        Args:
            first, second: what this party holds in the place of its two components, of one shape.
            fault: what whoever is blamed is said to have done.

        Raises:
            Cheated: the two do not agree on it.
        """
        out = self.pass_up(first)
        theirs = self.pass_down(np.frombuffer(_hash(second), np.uint8)).tobytes()
        same = hmac.compare_digest(theirs, _hash(out))
        self.agree(None if same else frozenset((self.previous, self.next)), fault)
        return out

    def open(self, x: Shares) -> NDArray[np.int64]:
        """Return the signed integers that are shared."""
        return signed(self.open_words(x))

    def agree(self, blamed: frozenset[int] | None, what: str) -> None:
        """Tell the others whether this party has caught somebody; raise Cheated at all parties if one has."""
        mine = np.array([sum(1 << p for p in blamed or ())], np.uint8)
        above, below = int(self.pass_down(mine)[0]), int(self.pass_up(mine)[0])
        self.expect(above >> PARTIES == 0, self.next)
        self.expect(below >> PARTIES == 0, self.previous)
        for accuser, bits in ((self.me, int(mine[0])), (self.next, above), (self.previous, below)):
            if bits:
                names = [p for p in range(PARTIES) if bits >> p & 1]
                msg = (
                    f"party {accuser} says that party {' or '.join(map(str, names))} {what}: void the round, "
                    "and have the seats in question drawn anew"
                )
                raise Cheated(msg, frozenset(names), accuser)

    @staticmethod
    def expect(sound: bool, peer: int) -> None:  # noqa: FBT001 - the condition
        """Raise PeerFailed unless what a peer sent can mean anything."""
        if not sound:
            msg = f"party {peer} sent what means nothing: void the round and have its seat drawn anew"
            raise PeerFailed(msg, peer)


def _hash(array: Words) -> bytes:
    return blake2b(raw(np.ascontiguousarray(array)), digest_size=_DIGEST).digest()
