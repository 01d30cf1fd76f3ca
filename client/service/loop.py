"""The loop every participant's process runs: look, do what is due, wait; whatever fails is tried again."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Final, Protocol

from client.push import push
from client.service.context import Context, open_context
from client.watch import is_urgent
from marketplace.domain.errors import GradMarketError, Refused

if TYPE_CHECKING:
    from threading import Event

    from client.home import Home
    from client.participant import Participant
    from client.watch import Duty
    from marketplace.chain.node import Block

__all__ = ["Task", "run", "work"]

_LOG = logging.getLogger("gradmarket")
_SLOWEST: Final = 60.0
_LONGEST_REST: Final = 5.0


class Task(Protocol):
    """What one role's process does, step by step."""

    @property
    def who(self) -> Participant | None:
        """The participant, once it takes part in a bounty."""

    def step(self) -> bool:
        """Do the one thing that is due; return whether there was one."""

    def duty(self) -> Duty | None:
        """Return what costs money if it is not done in time."""

    def done(self) -> bool:
        """Whether the bounty is over, and everything that is this participant's is in its wallet."""


def run(home: Home, password: str, stop: Event) -> bool:
    """Run a participant until it is done or `stop` is set; return whether it is done.

    Raises:
        GradMarketError: it cannot even start; what goes wrong later is logged and tried again.
    """
    from client.service.tasks import task_of  # noqa: PLC0415 - loads a role's libraries

    with open_context(home, password) as context:
        _LOG.info("%s %s on %s", home.settings.role, context.account.address, context.chain.rules.name)
        return work(context, task_of(context), stop)


def work(context: Context, task: Task, stop: Event) -> bool:
    """Do what is due until the task is done or `stop` is set; return whether it is done."""
    said, warner, rest, failures = "", _Warner(), _Rest(context, stop), 0
    while not stop.is_set():
        acted = False
        try:
            # What an earlier process sent comes first: then the chain's state says what is left to do.
            context.chain.tend(context.keys.wallet)
            acted = task.step() or _push(task)
            # Done is what no ordinary reorganisation takes back: the last withdrawal is as deep as any other act.
            if not acted and task.done() and not context.outbox.entries():
                context.store.release()
                _LOG.info("done: everything is in the wallet")
                return True
            warner.warn(task)
            failures, said = 0, ""
        except Refused as refusal:  # somebody else was faster, or time has passed: look again
            _LOG.debug("%s", refusal)
        except GradMarketError as trouble:
            failures += 1
            if str(trouble) != said:
                said = str(trouble)
                _LOG.warning("%s", said)
        except LookupError as gap:  # a reorganisation between two questions: state and history are of two branches
            _LOG.debug("look again: %r", gap)
        if not acted:
            rest(failures)
    return False


def _push(task: Task) -> bool:
    """Do what anybody may do when those whose turn it is stay silent."""
    return task.who is not None and push(task.who.account, task.who.log)


class _Rest:
    """Waits until there may be something new: a block; or a few seconds, for what comes to a store without one."""

    def __init__(self, context: Context, stop: Event) -> None:
        self._context, self._stop = context, stop
        self._seen: Block | None = None

    def __call__(self, failures: int) -> None:
        """Wait; the longer the more often in a row something failed."""
        pause = self._context.home.settings.poll_seconds
        self._stop.wait(min(_SLOWEST, pause * 2 ** min(failures, 6)))
        until = time.monotonic() + _LONGEST_REST
        while not failures and not self._stop.is_set() and time.monotonic() < until:
            try:
                newest = self._context.chain.block()
            except GradMarketError:
                return  # the next look says what is wrong
            if newest != self._seen:
                self._seen = newest
                return
            self._stop.wait(pause)


class _Warner:
    """Warns once of each duty."""

    def __init__(self) -> None:
        self._last: Duty | None = None

    def warn(self, task: Task) -> None:
        """Warn of a duty that is becoming urgent."""
        duty, who = task.duty(), task.who
        if duty is None or who is None or duty == self._last:
            return
        now = who.account.now()
        if is_urgent(duty, now, who.margin):
            self._last = duty
            _LOG.warning("%d seconds are left to %s: after that %s", duty.deadline - now, duty.what, duty.loss)
