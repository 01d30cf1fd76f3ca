"""What a party claims by sending a component of a product, and what each of the three knows about it.

The component that party p sends to p - 1 is

    z_p = own(u) + sum of f_k(u_k, v_k) + A_(p+1) - A_p

with bilinear f_k. The u_k are components number p, which p - 1 holds too; the v_k are components number p + 1, which
p + 1 holds too; A_j is drawn from the stream that j - 1 and j share. So the sender knows everything, the receiver all
but v and A_(p+1), the third all but u, A_p and z_p. `proofs` lets the two make sure of z_p without learning more.

For shares of bits, + and - are XOR.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from marketplace.privacy.sharing.shares import by_tiles

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from marketplace.privacy.sharing.streams import Digest, Stream

    Words = NDArray[Any]
    Bilinear = Callable[..., Words]

__all__ = ["ADD", "XOR", "Claim", "Group", "Received", "Rule", "Seen", "Sent", "Third"]

Seen = dict[tuple[int, bool], "Words"]
"""What stands for a number, by which array it is and whether it is of bits: masks by + are no masks by XOR."""


@dataclass(frozen=True)
class Group:
    """The group that secrets are sums in."""

    plus: Callable[..., Words]
    minus: Callable[..., Words]


ADD: Final = Group(np.add, np.subtract)
XOR: Final = Group(np.bitwise_xor, np.bitwise_xor)


@dataclass(frozen=True, slots=True)
class Rule:
    """How a component follows from what is multiplied.

    Args:
        forms: the f_k, each of u, v and where to put the product.
        own: f(u) of the part of z_p that sender and receiver both know; None for 0.
        by: how both may be worked out in pieces.
    """

    forms: Sequence[Bilinear]
    own: Callable[[Sequence[Words]], Words] | None = None
    by: Callable[..., Words] = by_tiles


@dataclass(frozen=True, slots=True, repr=False)
class Sent:
    """A party's own claim: u, v, z_p, A_p (None for 0), and what gives A_(p+1)."""

    us: Sequence[Words]
    vs: Sequence[Words]
    z: Words
    lower: Words | None
    upper: Callable[[], Words]


@dataclass(frozen=True, slots=True, repr=False)
class Received:
    """The next party's claim, as its receiver knows it: u, z_p, A_p (None for 0)."""

    us: Sequence[Words]
    z: Words
    lower: Words | None


@dataclass(frozen=True, slots=True, repr=False)
class Third:
    """The previous party's claim, as the one who got nothing knows it: v and A_(p+1)."""

    vs: Sequence[Words]
    upper: Words


@dataclass(frozen=True, slots=True, repr=False)
class Claim:
    """The three claims of one exchange: each party is the sender of one, the receiver of another, third in the last.

    Args:
        group: of the secrets.
        rule: how the components follow from the factors.
        sent, received, third: what this party knows of each.
    """

    group: Group
    rule: Rule
    sent: Sent
    received: Received
    third: Third
    _target: list[Words] = field(default_factory=list)

    @property
    def bitwise(self) -> bool:
        """Whether sums are XOR, which a digest of them is linear in: then one mask on the digest hides all of them."""
        return self.group is XOR

    def once(self, before: Seen, make: Callable[[Words], Words]) -> list[Words]:
        """Return what stands for every u: what stood for it in the claim before this one if it was one there, else new.

        So a number that is a factor of two claims in a row has one mask in both, and is sent once. The two are then one
        claim, about a form with two values, and what is said of a claim in `proofs` holds for it. Which numbers are the
        same follows from what is computed, which all three know.

        Args:
            before: what stood for the u of the claim before; from then on, of this one.
            make: gives something of the shape of a u.
        """
        now: Seen = {}
        for u in self.received.us:
            key = id(u), self.bitwise
            now[key] = before[key] if key in before else now[key] if key in now else make(u)
        before.clear()
        before.update(now)
        return [now[id(u), self.bitwise] for u in self.received.us]

    def masks(self, stream: Stream, before: Seen) -> tuple[list[Words], Words | None]:
        """Draw a mask for every u, see `once`, and one for the sum of the f_k unless it is bitwise."""
        us = self.once(before, lambda u: stream.take(u.shape, u.dtype))
        return us, None if self.bitwise else stream.take(self.third.upper.shape, self.third.upper.dtype)

    def blank(self, before: Seen) -> list[Words]:
        """Return uninitialised arrays for `masked`, as its reader needs them."""
        new: list[Words] = []

        def make(u: Words) -> Words:
            new.append(np.empty(u.shape, u.dtype))
            return new[-1]

        self.once(before, make)
        return new if self.bitwise else [*new, np.empty(self.third.upper.shape, self.third.upper.dtype)]

    def masked(self, known: Sent | Received, stream: Stream, bits: Digest, before: Seen) -> list[Words]:
        """Return every new u under its mask, and what the f_k add up to, less A_(p+1): masked, or in the digest."""
        old = {id(mask) for mask in before.values()}
        masks, last = self.masks(stream, before)
        total = self.sum_of(known)
        out = []
        for mask, u in zip(masks, known.us, strict=True):
            if id(mask) not in old:
                out.append(self.group.plus(mask, u, out=mask))
                old.add(id(mask))
        if last is None:
            bits.add(total)
            return out
        return [*out, self.group.minus(total, last, out=last)]

    def sum_of(self, known: Sent | Received) -> Words:
        """Return what the f_k add up to, less A_(p+1); kept for the received claim, which is asked again and again."""
        if known is self.received and self._target:
            return self._target[0]
        plus, minus, own = self.group.plus, self.group.minus, self.rule.own
        lower = () if known.lower is None else (known.lower,)

        def less(z: Words, *rest: Words, out: Words | None) -> Words:
            sum_ = plus(z, rest[0], out=out) if lower else z
            return sum_ if own is None else minus(sum_, own(rest[len(lower) :]), out=out)

        total = self._worked(less, known.z, *lower, *known.us)
        if known is self.received:
            self._target.append(total)
        return total

    def applied(self, us: Sequence[Words], vs: Sequence[Words]) -> Words:
        """Return the sum of the f_k."""
        (first, *rest), plus = self.rule.forms, self.group.plus

        def total(*pairs: Words, out: Words | None) -> Words:
            sum_ = first(*pairs[:2], out=out)
            for at, form in enumerate(rest, 1):
                plus(sum_, form(*pairs[2 * at : 2 * at + 2]), out=sum_)
            return sum_

        return self._worked(total, *(a for pair in zip(us, vs, strict=True) for a in pair))

    def _worked(self, act: Callable[..., Words], *arrays: Words) -> Words:
        return self.rule.by(act, *arrays)
