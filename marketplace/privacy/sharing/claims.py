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

__all__ = ["ADD", "XOR", "Claim", "Group", "Received", "Rule", "Sent", "Third"]


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
    """A party's own claim: u, v, z_p, A_p (None for 0)."""

    us: Sequence[Words]
    vs: Sequence[Words]
    z: Words
    lower: Words | None


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

    def masks(self, stream: Stream) -> tuple[list[Words], Words | None]:
        """Draw a mask for every u, and one for the sum of the f_k unless it is bitwise."""
        us = [stream.take(u.shape, u.dtype) for u in self.received.us]
        return us, None if self.bitwise else stream.take(self.third.upper.shape, self.third.upper.dtype)

    def blank(self) -> list[Words]:
        """Return uninitialised arrays for `masked`, as its reader needs them."""
        arrays = self.received.us if self.bitwise else (*self.received.us, self.third.upper)
        return [np.empty(a.shape, a.dtype) for a in arrays]

    def masked(self, known: Sent | Received, stream: Stream, bits: Digest) -> list[Words]:
        """Return every u under its mask, and what the f_k add up to, less A_(p+1): masked, or in the digest of bits."""
        masks, last = self.masks(stream)
        total = self._sum_of(known)
        for mask, u in zip(masks, known.us, strict=True):
            self.group.plus(mask, u, out=mask)
        if last is None:
            bits.add(total)
            return masks
        return [*masks, self.group.minus(total, last, out=last)]

    def _sum_of(self, known: Sent | Received) -> Words:
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
