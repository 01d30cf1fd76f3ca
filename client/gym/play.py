"""Playing a bounty through: whoever may have something to do acts, and chain time passes when nobody does.

Who plays a role as the product does is asked only in phases that are the role's, which saves most of the questions to
the chain that a game costs; who plays it in a way of its own is asked always.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from client.holder import DataHolder
from client.owner import ModelOwner
from client.push import push
from client.timing import next_moment
from client.validator import Validator
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ProtocolError, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from client.gym.game import Game
    from marketplace.domain.bounty import BountyState

__all__ = ["play"]

_MOST_STEPS: Final = 2_000
_ROLES: Final = frozenset({DataHolder, ModelOwner, Validator})
_OWNERS: Final = frozenset({Phase.DRAW, Phase.JOIN, Phase.SUBMIT, Phase.REBUT, Phase.CLOSED})
_SEATS: Final = frozenset(
    {
        Phase.ACKNOWLEDGE,
        Phase.ATTEST,
        Phase.COMMIT,
        Phase.REVEAL,
        Phase.CHALLENGE,
        Phase.DISPUTE,
        Phase.SERVE,
        Phase.CLOSED,
    }
)


def play(game: Game) -> None:
    """Play a posted bounty until it is closed and nobody has anything to take out of it.

    Raises:
        ProtocolError: it did not end.
    """
    finished: set[tuple[str, Phase, int]] = set()
    for _ in range(_MOST_STEPS):
        if _act(game, finished):
            continue
        bounty = game.state()
        if bounty.phase is Phase.CLOSED:
            return
        _let_time_pass(game, bounty)
    msg = "a game did not end: this is a defect, please report it with the strategy and the seed"
    raise ProtocolError(msg)


def _act(game: Game, finished: set[tuple[str, Phase, int]]) -> bool:
    """Let everybody whose turn it may be act once; return whether anybody did."""
    acted = False
    for person in _due(game, game.state()):
        before = game.state()
        moment = (person.address, before.phase, before.round)
        if moment in finished or not person.step():
            continue
        acted = True
        # A holder does one thing in these phases, and takes its payouts when all is over.
        if before.phase in {Phase.JOIN, Phase.SUBMIT} and type(person) is DataHolder:
            finished.add(moment)
    return acted


def _due(game: Game, bounty: BountyState) -> Iterator[ModelOwner | Validator | DataHolder]:
    phase = bounty.phase
    holders = phase in {Phase.SUBMIT, Phase.CLOSED} or (phase is Phase.JOIN and bounty.round == 0)
    handing_over = phase is Phase.SUBMIT and bounty.round > 0
    for person in game.everybody:
        if person in game.holders:
            due = holders
        elif person is game.owner:
            due = phase in _OWNERS
        else:
            due = phase in _SEATS or handing_over
        if due or type(person) not in _ROLES:
            yield person


def _let_time_pass(game: Game, bounty: BountyState) -> None:
    account, clock = game.arena.bystander.account, game.arena.net.chain.clock
    if bounty.phase is Phase.DRAW:
        clock.wait_for_block(bounty.draw_block)
    try:
        if push(account, game.owner.log):
            return
    except Refused:  # too early after all
        pass
    log = game.owner.log
    moment = next_moment(clock.now(), bounty, log.terms, log.turns_until(bounty.round))
    if moment is not None:
        clock.wait_until(moment)
