"""One exception for each error of the referee, and of the market towards it; see `marketplace.chain.reverts`."""

from __future__ import annotations

from marketplace.chain.refusal import Revert
from marketplace.domain.errors import InvalidSheet, NotFound

__all__ = [
    "BadAnswer",
    "BadDemand",
    "BadFrame",
    "MissingJudge",
    "NoContradiction",
    "NoMajorityYet",
    "NotReferee",
    "OtherFigures",
    "OtherTerms",
    "TooManyDemands",
    "TurnOver",
    "TurnRuns",
    "Unjudged",
    "UnknownSheet",
    "UnknownStep",
    "WindowClosed",
    "WrongSubject",
    "WrongTurn",
]


class NotReferee(Revert):
    """Only the referee rules on sheets."""

    signature = "Market_NotReferee(address caller)"
    advice = "{caller} is not the referee: disprove or dispute a sheet through the referee"


class BadFrame(InvalidSheet, Revert):
    """The frame is not the one of the sheet's trace."""

    signature = "Referee_BadFrame(bytes32 traceRoot)"
    advice = "the frame does not hash to the trace root {traceRoot}: demand the sheet's frame, and pass that"


class NoContradiction(Revert):
    """The step shown is right."""

    signature = "Referee_NoContradiction(uint256 at)"
    advice = "the step at {at} is as it should be: there is nothing to challenge here"


class OtherFigures(InvalidSheet, Revert):
    """Only a sheet that states the same is excused."""

    signature = "Referee_OtherFigures(bytes32 bounty, bytes32 sheetHash)"
    advice = "the sheet {sheetHash} states other figures than the majority's: disprove the one that is wrong"


class NoMajorityYet(Revert):
    """Only what a majority of the seats revealed excuses others."""

    signature = "Referee_NoMajority(bytes32 bounty, bytes32 sheetHash)"
    advice = "no majority of the seats of bounty {bounty} stands for the sheet {sheetHash}: nobody is slashed by it"


class Unjudged(Revert):
    """There is no trace to demand in this mode."""

    signature = "Referee_Unjudged(bytes32 bounty)"
    advice = "bounty {bounty} is scored on what nobody can read: its sheets have no trace, and cannot be disputed"


class UnknownStep(Revert):
    """No judge decides about such a step."""

    signature = "Referee_UnknownStep(uint256 at)"
    advice = "no judge decides about the step at {at}: use a kind of step that the referee knows"


class UnknownSheet(NotFound, Revert):
    """No seat stands for the sheet."""

    signature = "Referee_UnknownSheet(bytes32 bounty, bytes32 sheetHash)"
    advice = "no seat of bounty {bounty} stands for the sheet {sheetHash} in this round: it may have fallen already"


class WindowClosed(Revert):
    """Disputes start in the challenge window only."""

    signature = "Referee_WindowClosed(bytes32 bounty, uint256 deadline)"
    advice = "disputes in this round of bounty {bounty} could be started until {deadline}: it is too late for new ones"


class WrongTurn(Revert):
    """Somebody else is to act in the dispute."""

    signature = "Referee_WrongTurn(bytes32 dispute, Turn turn)"
    advice = "in the dispute {dispute} it is the turn of '{turn}': wait, or close it after the turn's deadline"


class TurnOver(Revert):
    """The turn ran out."""

    signature = "Referee_TooLate(bytes32 dispute, uint256 deadline)"
    advice = "the turn in the dispute {dispute} ended at {deadline}: anyone may close it now"


class TurnRuns(Revert):
    """The turn still runs."""

    signature = "Referee_TooEarly(bytes32 dispute, uint256 notBefore)"
    advice = "the dispute {dispute} cannot be closed before {notBefore}: wait and try again"


class BadDemand(Revert):
    """The demand names nothing."""

    signature = "Referee_BadDemand(uint256 what)"
    advice = "a trace of this frame has nothing at {what}: demand something that is there"


class BadAnswer(Revert):
    """The answer is not what was demanded."""

    signature = "Referee_BadAnswer(bytes32 dispute)"
    advice = "this does not answer the demand in the dispute {dispute}: show exactly what was demanded"


class WrongSubject(Revert):
    """The dispute is about something else."""

    signature = "Referee_WrongSubject(bytes32 dispute)"
    advice = "the dispute {dispute} is about another sheet or another demand: read its latest events"


class TooManyDemands(Revert):
    """A dispute has only so many demands."""

    signature = "Referee_TooManyDemands(bytes32 dispute)"
    advice = "the dispute {dispute} has used up its demands: disprove the sheet with what was shown"


class OtherTerms(Revert):
    """The terms passed are not the posted ones."""

    signature = "Referee_WrongTerms(bytes32 bounty)"
    advice = "these are not the terms of bounty {bounty}: read them from its Posted event"


class MissingJudge(Revert):
    """A judge is not there."""

    signature = "Referee_BadDeployment(address judge)"
    advice = "there is no judge at {judge}: deploy all contracts together again"
