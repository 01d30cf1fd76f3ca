"""Telling what goes on in a bounty from what the chain announces, for whoever takes no part in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from client.log import BountyLog
from client.sheets import sheet_in
from client.training import evaluate
from marketplace.chain.events import read_events
from marketplace.domain import events as ev
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import GradMarketError, NotFound, ProtocolError
from marketplace.storage.disk import explained
from marketplace.storage.tensors import load_network

if TYPE_CHECKING:
    from pathlib import Path

    from client.demo.play import Audience
    from client.demo.script import Script
    from client.participant import Participant
    from client.training import Metrics
    from marketplace.domain.network import Network

__all__ = ["Watcher"]

_MAX_MODEL_BYTES = 1 << 26


class Watcher:
    """Follows the first bounty on a market.

    Args:
        viewer: reads chain and store; gets the bounty's log.
        script: what is played, with the rows that the model is measured on.
        models: the folder where the owner keeps what it got.
        audience: who is told.

    Attributes:
        curve: metrics of the owner's model after each round; -1: before the first.
    """

    def __init__(self, viewer: Participant, script: Script, models: Path, audience: Audience) -> None:
        self.viewer = viewer
        self._script = script
        self._models = models
        self._audience = audience
        self._next = viewer.account.deployment.block
        self._phase: tuple[Phase, int] | None = None
        self._log: BountyLog | None = None
        self.curve: dict[int, Metrics] = {-1: self._measure(script.inputs.base)}

    def step(self) -> None:
        """Tell what is new."""
        account = self.viewer.account
        head = account.head()
        for event in read_events(account.chain, [account.deployment.market], self._next, head):
            self._tell(event)
        self._next = max(self._next, head + 1)
        if self._log is not None:
            self._log.refresh()
            self._note_rounds(self._log)

    def finish(self) -> None:
        """Tell the rest.

        Raises:
            ProtocolError: nobody posted a bounty.
            NotFound: a settled round's model or sheet is not there.
        """
        self.step()
        if self._log is None:
            msg = "nobody posted a bounty: see the owner's log"
            raise ProtocolError(msg)
        missing = set(self._log.settled) - set(self.curve)
        if missing:
            msg = f"the owner has no model of round {min(missing) + 1}: see its log"
            raise NotFound(msg)

    def _tell(self, event: ev.Event) -> None:
        match event:
            case ev.Posted():
                self._log = BountyLog(self.viewer.account, event.bounty)
                self.viewer.log = self._log
                self._tell_phase(Phase.DRAW, 0)
            case ev.PhaseChanged():
                self._tell_phase(event.phase, event.round)
            case ev.Submitted():
                self._audience.submitted(event.holder)
            case _:
                pass

    def _tell_phase(self, phase: Phase, round_: int) -> None:
        if (phase, round_) != self._phase:
            self._phase = (phase, round_)
            self._audience.phase(phase, round_)

    def _note_rounds(self, log: BountyLog) -> None:
        for round_ in sorted(log.settled):
            if round_ in self.curve:
                continue
            try:
                model = self._model(round_) if round_ in log.adopted else None
                sheet = sheet_in(self.viewer, log, round_)
            except GradMarketError:  # not there yet: the next look may find it
                return
            last = self.curve[max(self.curve)]
            self.curve[round_] = last if model is None else self._measure(model)
            self._audience.round_over(round_, sheet, self.curve[round_])

    def _model(self, round_: int) -> Network:
        path = self._models / f"round-{round_}.safetensors"
        if not path.exists():
            msg = f"{path} is not there yet: wait for the owner"
            raise NotFound(msg)
        with explained(path), path.open("rb") as file:
            network, _ = load_network(file.read(_MAX_MODEL_BYTES), self._script.inputs.scoring.scales)
        return network

    def _measure(self, model: Network) -> Metrics:
        test = self._script.split.test
        return evaluate(model, test.features, test.labels)
