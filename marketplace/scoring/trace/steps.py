"""Whether a step contradicts what it follows from: the twin of the referee, on the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from marketplace.domain.errors import InvalidInput
from marketplace.scoring.trace import step_activations, step_models, step_money, step_sums
from marketplace.scoring.trace.layout import Frame
from marketplace.scoring.trace.places import At, Kind
from marketplace.scoring.trace.step import Step

if TYPE_CHECKING:
    from marketplace.domain.terms import SheetHead

__all__ = ["STEPS", "contradicts"]

STEPS: Final[Mapping[int, Callable[[Step], bool]]] = {
    Kind.NEURON: step_activations.neuron,
    Kind.ROWS: step_activations.rows,
    Kind.HIDDEN: step_activations.hidden,
    Kind.LOGIT: step_activations.logit,
    Kind.SCORE: step_activations.score,
    Kind.TABLE: step_activations.table,
    Kind.NUMERATOR: step_sums.numerator,
    Kind.SUM_LEAF: step_sums.sum_leaf,
    Kind.SUM_NODE: step_sums.sum_node,
    Kind.FIGURE: step_sums.figure,
    Kind.DOT_LEAF: step_sums.dot_leaf,
    Kind.GRAM: step_sums.gram,
    Kind.TRANS: step_models.trans,
    Kind.SUMROW: step_models.sum_row,
    Kind.NEXT: step_models.next_base,
    Kind.KEPT: step_models.kept,
    Kind.AGGREGATE: step_models.aggregate,
    Kind.BOUNDS: step_models.beyond_bounds,
    Kind.NORM: step_models.beyond_norm,
    Kind.WEIGHTS: step_money.chosen,
    Kind.PARAMS: step_money.params,
    Kind.MONEY: step_money.money,
    Kind.PAYOUTS: step_money.payouts,
    Kind.FINAL_NEURON: step_activations.neuron,
    Kind.FINAL_ROWS: step_activations.rows,
    Kind.FINAL_HIDDEN: step_activations.hidden,
    Kind.FINAL_LOGIT: step_activations.logit,
    Kind.FINAL_SCORE: step_activations.score,
    Kind.FINAL_SUM_LEAF: step_sums.final_sum_leaf,
    Kind.FINAL_FIGURE: step_sums.final_figure,
    Kind.FINAL_TRANS: step_models.trans,
}
"""Every step that follows from the trace and the sheet's head alone."""


def contradicts(frame: Frame, head: SheetHead, at: At, blob: bytes) -> bool:
    """Say whether the step at a place contradicts what it follows from.

    Args:
        frame: of the asserted trace.
        head: of the sheet it belongs to.
        at: which step.
        blob: the openings it turns on, in their order.

    Raises:
        InvalidInput: the frame is not the sheet's, there is no such step, or the blob does not open what it turns on.
    """
    if frame.trace_root != head.trace_root:
        msg = "the frame is not the one the sheet commits to"
        raise InvalidInput(msg)
    if at.kind not in STEPS:
        msg = f"{at.kind:#x} is no step that follows from the trace alone"
        raise InvalidInput(msg)
    step = Step.of(frame, head, at, blob)
    try:
        found = STEPS[at.kind](step)
    except (ArithmeticError, LookupError, ValueError) as error:
        if isinstance(error, InvalidInput):
            raise
        msg = "the step rests on figures that are wrong themselves: dispute those"
        raise InvalidInput(msg) from error
    step.reader.end()
    return found
