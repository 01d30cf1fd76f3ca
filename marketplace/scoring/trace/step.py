"""What every step of the referee is given, and how it refuses what is no step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import InvalidInput
from marketplace.scoring.trace.layout import FINAL, Frame, Model, Section
from marketplace.scoring.trace.openings import Reader
from marketplace.scoring.trace.places import At
from marketplace.scoring.trace.public import Money, Params, Weight, decode_weights

if TYPE_CHECKING:
    from marketplace.domain.terms import SheetHead
    from marketplace.scoring.trace.layout import Counts

__all__ = ["MAX_SHIFT", "Step", "need"]

MAX_SHIFT: Final = 64
"""No clip has more bits to drop; a larger shift is wrong whatever it is applied to."""


def need(holds: bool) -> None:  # noqa: FBT001 - the condition itself
    """Raise InvalidInput unless a place lies within the trace."""
    if not holds:
        msg = "there is no such step in this trace"
        raise InvalidInput(msg)


@dataclass(frozen=True)
class Step:
    """One step: the openings still to be read, where in the trace it is, and the sheet, which a judge reads first."""

    reader: Reader
    at: At
    head: SheetHead

    @classmethod
    def of(cls, frame: Frame, head: SheetHead, at: At, blob: bytes) -> Step:
        """Return the step that a blob is given for."""
        return cls(Reader(frame, blob), at, head)

    @property
    def counts(self) -> Counts:
        """Sizes of the trace."""
        return self.reader.counts

    @property
    def base(self) -> int:
        """What is added to sections: `FINAL` in the final block."""
        return FINAL if self.at.kind & 0x80 else 0

    @property
    def rows(self) -> int:
        """Rows of the step's block."""
        return self.counts.block_rows(self.base)

    def params(self) -> Params:
        """Read PARAMS."""
        return Params.decode(self.reader.leaf(Section.PARAMS, 0))

    def weights(self) -> tuple[Weight, ...]:
        """Read WEIGHTS."""
        return decode_weights(self.reader.leaf(Section.WEIGHTS, 0))

    def money(self) -> Money:
        """Read MONEY."""
        return Money.decode(self.reader.leaf(Section.MONEY, 0))

    def part(self) -> list[int]:
        """Read the neuron g of the part p; zeros when the model's root is zero, as a `level` says."""
        at = self.at
        need(at.p < self.counts.block_parts(self.base))
        model = Model.of_part(at.p, self.base)
        if at.level:
            self.reader.zero(model)
            return [0] * (self.counts.width(at.g) + 1)
        return self.reader.neuron(model, at.g)

    def unit(self, part: int, layer: int) -> int:
        """Return what a unit of a part's bias is worth in a layer."""
        network = Model.is_network(Model.of_part(part, self.base))
        return 1 if network else self.counts.unit(layer)
