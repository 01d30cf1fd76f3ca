"""The leaves of a trace that everybody may read: parameters, coefficients, money and people, and their bytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from marketplace.domain.bounds import SCORE_BITS, Bounds, contribution_denominator
from marketplace.domain.packing import pack
from marketplace.domain.scoring_terms import SCORING_WORDS
from marketplace.domain.words import address_text, address_word
from marketplace.scoring.rowscore import ScoreScale

if TYPE_CHECKING:
    from marketplace.scoring.trace.layout import Counts

__all__ = ["Money", "Params", "People", "Person", "Share", "Weight", "decode_weights", "encode_weights"]

_WORDS: Final[tuple[tuple[tuple[str, int], ...], ...]] = (
    *SCORING_WORDS[1:],
    (("k", 32), ("clip", 64), ("shift", 8), ("final_clip", 64), ("final_shift", 8), ("denominator", 48)),
    (
        ("round_budget", 104),
        ("min_holders", 8),
        ("last_round", 8),
        ("round", 16),
        ("base_from", 16),
        ("previous_from", 16),
    ),
)
_ADDRESS: Final = 20


@dataclass(frozen=True)
class Params:
    """What a scoring follows: terms, scale, money, seed.

    Args:
        base_from: 0 if the base is the terms', else 1 + the adopted round whose sheet has it.
        previous_from: 0 if there is none, else 1 + the last settled round.
        seed: of the permutations.
        gains_before: summed `gain_ppb` of the earlier adopted rounds.
        final_rows_root: commitment to the final shard; zero when it is not scored.
    """

    entry: int
    norm: int
    weight: int
    row_norm: int
    bias: int
    clip_logits: int
    coefficient_max: int
    step_quarters: int
    copy_ppm: int
    z_squared_percent: int
    target_gain_ppm: int
    max_submissions: int
    permutations: int
    max_rows: int
    k: int
    clip: int
    shift: int
    final_clip: int
    final_shift: int
    denominator: int
    round_budget: int
    min_holders: int
    last_round: int
    round: int
    base_from: int
    previous_from: int
    seed: bytes
    gains_before: int
    final_rows_root: bytes

    def encode(self) -> bytes:
        """Return the leaf's seven words; raises InvalidInput when a number exceeds its place."""
        packed = [pack((name, getattr(self, name), bits) for name, bits in word) for word in _WORDS]
        words = b"".join(word.to_bytes(32, "big") for word in packed)
        return words + self.seed + self.gains_before.to_bytes(32, "big", signed=True) + self.final_rows_root

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Read the leaf; bits above the fields are left aside."""
        values: dict[str, int] = {}
        for i, word in enumerate(_WORDS):
            number = int.from_bytes(content[32 * i : 32 * i + 32], "big")
            for name, bits in word:
                values[name] = number & ((1 << bits) - 1)
                number >>= bits
        gains = int.from_bytes(content[160:192], "big", signed=True)
        return cls(**values, seed=content[128:160], gains_before=gains, final_rows_root=content[192:224])

    @property
    def bounds(self) -> Bounds:
        """Bounds of bases and updates."""
        return Bounds(self.entry, self.norm, self.weight, self.row_norm, self.bias)

    @property
    def scale(self) -> ScoreScale:
        """Scale of the round's row scores."""
        return ScoreScale(self.k, self.clip, self.shift)

    @property
    def final_scale(self) -> ScoreScale:
        """Scale of row scores on the final shard."""
        return ScoreScale(1, self.final_clip, self.final_shift)

    def scaled(self, counts: Counts) -> Self:
        """Return the parameters with what follows from K, the terms, the network and the number of players."""
        (clip, shift), (final_clip, final_shift) = (self._scale(counts, k) for k in (self.k, 1))
        return replace(
            self,
            clip=clip,
            shift=shift,
            final_clip=final_clip,
            final_shift=final_shift,
            denominator=contribution_denominator(counts.players, self.permutations),
        )

    def _scale(self, counts: Counts, k: int) -> tuple[int, int]:
        """Return clip and shift over K, as `rowscore.score_scale`."""
        clip = self.clip_logits * counts.input_scale * int((counts.weight_scale * k) ** len(counts.layers))
        return clip, max(0, (2 * clip).bit_length() - SCORE_BITS)


@dataclass(frozen=True)
class Weight:
    """What a submission counts: c_i, a_i, and which player it is, if any."""

    coefficient: int
    known: int
    player: int | None


_WEIGHT_BYTES: Final = 11


def encode_weights(weights: Sequence[Weight]) -> bytes:
    """Return the leaf WEIGHTS."""
    return b"".join(
        w.coefficient.to_bytes(2, "big")
        + w.known.to_bytes(8, "big")
        + (0 if w.player is None else w.player + 1).to_bytes(1, "big")
        for w in weights
    )


def decode_weights(content: bytes) -> tuple[Weight, ...]:
    """Read the leaf WEIGHTS."""
    out = []
    for at in range(0, len(content), _WEIGHT_BYTES):
        player = content[at + 10]
        c, a = int.from_bytes(content[at : at + 2], "big"), int.from_bytes(content[at + 2 : at + 10], "big")
        out.append(Weight(c, a, player - 1 if player else None))
    return tuple(out)


@dataclass(frozen=True)
class Share:
    """What a submission earns: summed numerators, their squares, the lower bound and the payout."""

    total: int
    squares: int
    lower: int
    payout: int


_SHARE_BYTES: Final = 64
_MONEY_BYTES: Final = 83


@dataclass(frozen=True)
class Money:
    """What a round pays and decides; truth values are numbers, for a wrong leaf may hold any byte.

    Args:
        final_ppb: gain on the final shard, 0 when it was not scored, as final_known says.
    """

    shares: tuple[Share, ...]
    gain: int
    gain_ppb: int
    target: int
    pool: int
    adopted: int
    final_ppb: int
    final_known: int
    released: int

    def encode(self) -> bytes:
        """Return the leaf MONEY; raises OverflowError when an amount exceeds 128 bits."""
        rows = [_int128(s.total) + b"".join(map(_uint128, (s.squares, s.lower, s.payout))) for s in self.shares]
        figures = _int128(self.gain) + _int128(self.gain_ppb) + _uint128(self.target) + _uint128(self.pool)
        final = _int128(self.final_ppb) + bytes([self.final_known, self.released])
        return b"".join(rows) + figures + bytes([self.adopted]) + final

    @classmethod
    def decode(cls, content: bytes) -> Self:
        """Read the leaf MONEY."""
        end = (len(content) - _MONEY_BYTES) // _SHARE_BYTES * _SHARE_BYTES
        words = [content[at : at + 16] for at in range(0, end, 16)]
        rows = [words[at : at + 4] for at in range(0, len(words), 4)]
        shares = tuple(Share(_signed(row[0]), *map(_unsigned, row[1:])) for row in rows)
        tail = content[end:]
        gains = _signed(tail[:16]), _signed(tail[16:32])
        amounts = _unsigned(tail[32:48]), _unsigned(tail[48:64])
        return cls(shares, *gains, *amounts, tail[64], _signed(tail[65:81]), tail[81], tail[82])


@dataclass(frozen=True)
class Person:
    """Who made a submission of this round."""

    holder: str
    index: int
    breached: int


@dataclass(frozen=True)
class People:
    """Who made the submissions of this round and of the last settled one, in their orders."""

    submissions: tuple[Person, ...]
    previous: tuple[str, ...]

    def encode(self) -> bytes:
        """Return the leaf PEOPLE."""
        rows = [_address(p.holder) + bytes([p.index, p.breached]) for p in self.submissions]
        return b"".join(rows) + b"".join(map(_address, self.previous))

    @classmethod
    def decode(cls, content: bytes, counts: Counts) -> Self:
        """Read the leaf PEOPLE."""
        end, size = 22 * counts.submissions, 22
        rows = [content[at : at + size] for at in range(0, end, size)]
        people = tuple(Person(_text(row[:_ADDRESS]), row[20], row[21]) for row in rows)
        return cls(people, tuple(_text(content[at : at + _ADDRESS]) for at in range(end, len(content), _ADDRESS)))


def _address(holder: str) -> bytes:
    return address_word(holder)[-_ADDRESS:]


def _text(raw: bytes) -> str:
    return address_text(int.from_bytes(raw, "big"))


def _int128(value: int) -> bytes:
    return value.to_bytes(16, "big", signed=True)


def _uint128(value: int) -> bytes:
    return value.to_bytes(16, "big")


def _signed(raw: bytes) -> int:
    return int.from_bytes(raw, "big", signed=True)


def _unsigned(raw: bytes) -> int:
    return int.from_bytes(raw, "big")
