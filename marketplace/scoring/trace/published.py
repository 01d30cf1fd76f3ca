"""What everybody may read of a trace, as one content that a sheet's document names.

It holds the frame's parts, the roots of all sections and models, and the public leaves. Reading it checks all of that
against the trace root on the chain: what a document says beside it can be held against these figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Self

from marketplace.domain.errors import InvalidInput, InvalidSheet
from marketplace.domain.hashing import keccak
from marketplace.domain.merkle import merkle_proof, merkle_root
from marketplace.scoring.trace.layout import Counts, Frame, Section
from marketplace.scoring.trace.openings import Opening
from marketplace.scoring.trace.public import Money, Params, People, Weight, decode_weights
from marketplace.scoring.trace.trees import SALT_BYTES, leaf_prefix

if TYPE_CHECKING:
    from marketplace.scoring.trace.build import Trace

__all__ = ["MAX_PUBLISHED_BYTES", "Published"]

MAX_PUBLISHED_BYTES: Final = 1 << 20
"""More than the largest round needs: 128 submissions, and as many in the round before."""

_SECTIONS: Final = 16
_WORD: Final = 32
_LEAVES: Final = (Section.PARAMS, Section.GRAM, Section.WEIGHTS, Section.MONEY, Section.PEOPLE)


@dataclass(frozen=True)
class Published:
    """The public part of a trace.

    Attributes:
        frame: what the trace root is the hash of.
        sections: root of each section.
        models: the commitments in MODELS.
        leaves: section -> content of its one public leaf.
    """

    frame: Frame
    sections: tuple[bytes, ...]
    models: tuple[bytes, ...]
    leaves: Mapping[int, bytes]

    @classmethod
    def of(cls, trace: Trace) -> Self:
        """Return what may be told of a trace."""
        counts = trace.frame.counts
        models = tuple(trace.leaf(Section.MODELS, i).content for i in range(counts.size(Section.MODELS)))
        return cls(trace.frame, trace.sections, models, {s: trace.leaf(s, 0).content for s in _LEAVES})

    def encode(self) -> bytes:
        """Return the content."""
        frame = self.frame
        head = frame.counts.packed().to_bytes(_WORD, "big") + frame.rows_root
        return head + b"".join((*self.sections, *self.models, *(self.leaves[s] for s in _LEAVES)))

    @classmethod
    def decode(cls, content: bytes, trace_root: bytes) -> Self:
        """Read a content; raises InvalidSheet unless all of it is what `trace_root` commits to."""
        try:
            found = cls._read(content)
        except (InvalidInput, KeyError) as error:
            raise _wrong() from error
        leaves = {s: keccak(leaf_prefix(s), bytes(SALT_BYTES), found.leaves[s]) for s in _LEAVES}
        leaves[Section.MODELS] = merkle_root(found.models)
        if found.frame.trace_root != trace_root or any(found.sections[s] != root for s, root in leaves.items()):
            raise _wrong()
        return found

    @classmethod
    def _read(cls, content: bytes) -> Self:
        counts = Counts.unpacked(int.from_bytes(content[:_WORD], "big"))
        words = 2 + _SECTIONS + counts.size(Section.MODELS)
        sizes = [counts.content_bytes(s, 0) for s in _LEAVES]
        if len(content) != words * _WORD + sum(sizes) or len(content) > MAX_PUBLISHED_BYTES:
            raise _wrong()
        hashes = tuple(content[at : at + _WORD] for at in range(2 * _WORD, words * _WORD, _WORD))
        sections, models, leaves, at = hashes[:_SECTIONS], hashes[_SECTIONS:], {}, words * _WORD
        for section, size in zip(_LEAVES, sizes, strict=True):
            leaves[int(section)] = content[at : at + size]
            at += size
        return cls(Frame(counts, content[_WORD : 2 * _WORD], merkle_root(sections)), sections, models, leaves)

    def leaf(self, section: int, index: int) -> Opening | None:
        """Return the opening of a leaf that is public, as `Trace.leaf`; None for others."""
        upper = merkle_proof(self.sections, section) if section < _SECTIONS else ()
        if section == Section.MODELS:
            return Opening(b"", self.models[index], merkle_proof(self.models, index) + upper)
        return Opening(b"", self.leaves[section], upper) if section in self.leaves else None

    @property
    def params(self) -> Params:
        """Terms, scale, money and seed."""
        return Params.decode(self.leaves[Section.PARAMS])

    @property
    def weights(self) -> tuple[Weight, ...]:
        """What each submission counts."""
        return decode_weights(self.leaves[Section.WEIGHTS])

    @property
    def money(self) -> Money:
        """What the round pays and decides."""
        return Money.decode(self.leaves[Section.MONEY])

    @property
    def people(self) -> People:
        """Who submitted."""
        return People.decode(self.leaves[Section.PEOPLE], self.frame.counts)


def _wrong() -> InvalidSheet:
    return InvalidSheet("the published trace is not the one the sheet commits to: challenge the sheet")
