"""Three parties at a table: shares to hand out, channels that change what one of them says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import fields, replace

import numpy as np
from hypothesis import strategies as st

from client.private_score import PrivateScore, SharedInput, score_privately
from marketplace.domain.network import Layer, Network
from marketplace.domain.update import difference
from marketplace.privacy.sharing.channel import Channel
from marketplace.privacy.sharing.party import Party
from marketplace.privacy.sharing.shares import PARTIES, Shares, split
from marketplace.scoring.round import RoundFrame, RoundInput, Submission

Dealt = Callable[[Party], Shares]

words = st.integers(-(1 << 63), (1 << 63) - 1)
"""Any element of the ring; Hypothesis likes its ends."""

arrays = st.lists(words, min_size=1, max_size=9).map(lambda v: np.array(v, np.int64))


def deal(values: np.ndarray) -> Dealt:
    """Share an array; each party takes its part of the result."""
    components = split(np.asarray(values))
    return lambda party: Shares(components[party.me], components[party.next])


class Liar(Channel):
    """A party's channel that changes one bit of one message.

    Args:
        channel: the honest one.
        at: number of the message to change, from 0; None changes none.
        bit: which bit of its first byte.
        help_only: count only messages that help with another's proof, whose number varies, or only the others.
    """

    def __init__(self, channel: Channel, at: int | None = None, bit: int = 0, *, help_only: bool = False) -> None:
        self._channel, self._at, self._bit, self._kind = channel, at, bit, help_only
        self.me, self.timeout, self.sent = channel.me, channel.timeout, 0
        self.helping = self.lied = False

    def send(self, to: int, data: memoryview) -> None:
        """Pass a message on, or a lie."""
        if self.helping == self._kind:
            if self.sent == self._at:
                changed = bytearray(data)
                changed[0] ^= 1 << self._bit
                data, self.lied = memoryview(changed), True
            self.sent += 1
        self._channel.send(to, data)

    def receive(self, source: int, into: memoryview) -> None:
        """Receive as usual."""
        self._channel.receive(source, into)

    def tell(self, to: int, notice: bytes) -> None:
        """Tell as usual."""
        self._channel.tell(to, notice)

    def hear(self, source: int, deadline: float) -> bytes | None:
        """Hear as usual."""
        return self._channel.hear(source, deadline)

    def close(self) -> None:
        """Leave as usual."""
        self._channel.close()


def _flats(submissions: Sequence[Submission], width: int, breach: int) -> np.ndarray:
    rows = [s.update.flat() if s.update is not None else np.full(width, breach) for s in submissions]
    return np.array(rows, np.int64).reshape(len(rows), width)


def bare(given: RoundInput) -> RoundFrame:
    """Return what a compute seat knows of a round: who submitted, not what, not from which model, no root update."""
    known = {f.name: getattr(given, f.name) for f in fields(RoundFrame)}
    for name in ("submissions", "last_submissions"):
        known[name] = tuple(replace(s, update=None) for s in known[name])
    return RoundFrame(**known)


def first_of(base: Network) -> Network:
    """Return a model from which `base` is whole units away: no weight, and what is left of its biases."""
    layers = (
        Layer(np.zeros_like(layer.weight), layer.bias % base.scales.bias_unit(i)) for i, layer in enumerate(base.layers)
    )
    return Network(tuple(layers), base.scales)


def scorer_of(given: RoundInput, breach: int = 1 << 40) -> Callable[[Party], PrivateScore]:
    """Return what each party does to score a round; a submission without an update is full of `breach`.

    With a last aggregate, the round's model is shared too.
    """
    width, public, base, model = given.scoring.shape.parameters, bare(given), given.base, None
    updates = deal(_flats(given.submissions, width, breach))
    previous, root = deal(_flats(given.last_submissions, width, 0)), deal(given.root_update.flat()[None])
    if given.last_aggregate is not None:
        base = first_of(given.base)
        model = deal(np.stack([difference(given.base, base).flat(), given.last_aggregate.flat()]))

    def act(party: Party) -> PrivateScore:
        mine = None if model is None else model(party)
        return score_privately(party, public, SharedInput(base, mine, root(party), updates(party), previous(party)))

    return act


__all__ = ["PARTIES", "Dealt", "Liar", "arrays", "bare", "deal", "first_of", "scorer_of", "words"]
