"""Many games: every strategy against the same seeds, and what honest people would have had in its place."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from client.gym.arena import Arena
from client.gym.game import Game
from client.gym.registry import STRATEGIES
from client.gym.replay import HonestWork, replay
from client.gym.statistics import Mean, mean_of, most_likely_share
from client.gym.strategy import Honest
from client.gym.world import TICKET_STAKE, TOKEN, World
from marketplace.domain.errors import InvalidInput, ProtocolError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from client.gym.game import Outcome
    from client.gym.replay import Replayed
    from client.gym.strategy import Strategy

__all__ = ["Result", "Tally", "play_series"]

_Part: TypeAlias = tuple[list[str], range]
"""Names of strategies, and seeds."""

_FEWEST: Final = 2
_SEEDS_A_PART: Final = 5
_SEEDS_A_REPLAYED_PART: Final = 50
"""Each part is a process of its own, and starting one takes as long as some games without a chain."""
_GAMES_A_CHAIN: Final = 60
"""A chain in memory grows with every game; after so many a new one is made."""


@dataclass
class Tally:
    """What the games of one strategy came to so far, in tokens."""

    profits: list[float] = field(default_factory=list)
    honest: list[float] = field(default_factory=list)
    money: list[float] = field(default_factory=list)
    paid_more: int = 0

    def add(self, profit: int, honest: int, money: int, *, paid_more: bool) -> None:
        """Add a game, in the token's smallest unit; `honest` is what the same people had without deviating."""
        self.profits.append(profit / TOKEN)
        self.honest.append(honest / TOKEN)
        self.money.append(money / TOKEN)
        self.paid_more += paid_more

    def extend(self, other: Tally) -> None:
        """Add other games of the same strategy."""
        self.profits += other.profits
        self.honest += other.honest
        self.money += other.money
        self.paid_more += other.paid_more


@dataclass(frozen=True)
class Result:
    """What a strategy earned, in tokens of a bounty whose rounds have 1,000 each.

    Attributes:
        games: how many were played; rounds: of each bounty.
        profit: mean profit of the team; money: the same without what a model is worth to an owner.
        honest: what the same people had without deviating; excess: the difference, game by game.
        paid_more: games in which the team's holders were paid more than their fees.
        paid_more_at_most: upper end of the 95 % interval of that share.
    """

    name: str
    role: str
    rounds: int
    games: int
    profit: Mean
    money: Mean
    honest: Mean
    excess: Mean
    paid_more: int
    paid_more_at_most: float

    @classmethod
    def of(cls, kind: type[Strategy], tally: Tally) -> Result:
        """Sum a strategy's games up."""
        games = len(tally.profits)
        differences = [a - b for a, b in zip(tally.profits, tally.honest, strict=True)]
        return cls(
            name=kind.name,
            role=kind.role.value,
            rounds=kind.rounds,
            games=games,
            profit=mean_of(tally.profits),
            money=mean_of(tally.money),
            honest=mean_of(tally.honest),
            excess=mean_of(differences),
            paid_more=tally.paid_more,
            paid_more_at_most=most_likely_share(tally.paid_more, games),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON values."""
        return asdict(self)


def play_series(
    kinds: Sequence[type[Strategy]], games: int, seed: int, *, jobs: int = 1, chain: bool = True
) -> Iterator[dict[str, Tally]]:
    """Play `games` games of each strategy that can be played, with seeds from `seed` on.

    Yields all tallies so far whenever some more seeds have been played, so that long series can be kept on the way.

    Args:
        kinds: of strategies; those that the contracts leave no way to play are left out.
        games: of each.
        seed: of the first game of each.
        jobs: processes that share the seeds.
        chain: play on the contracts; else as `replay` does, and only strategies that do nothing but train.

    Raises:
        InvalidInput: fewer than two games, which give no interval, no process, or nothing that can be played.
        ProtocolError: money appeared or disappeared, which is a defect.
    """
    if games < _FEWEST or seed < 0 or jobs < 1:
        msg = f"{games} games from seed {seed} in {jobs} processes cannot be played: choose at least {_FEWEST}, 0 and 1"
        raise InvalidInput(msg)
    names = [kind.name for kind in kinds if not kind.impossible and (chain or kind.only_trains)]
    if kinds and not names:
        msg = (
            "nothing of this can be played so: without a chain only strategies that do nothing but train, such as cheap"
        )
        raise InvalidInput(msg)
    tallies = {name: Tally() for name in names}
    size = max(_FEWEST, min(_SEEDS_A_PART if chain else _SEEDS_A_REPLAYED_PART, -(-games // jobs)))
    parts = [range(first, min(first + size, seed + games)) for first in range(seed, seed + games, size)]
    for found in _played(_play_part if chain else _replay_part, [(names, part) for part in parts], jobs):
        for name, tally in found.items():
            tallies[name].extend(tally)
        yield tallies


def _played(play: Callable[[_Part], dict[str, Tally]], tasks: Sequence[_Part], jobs: int) -> Iterator[dict[str, Tally]]:
    if jobs == 1:
        yield from map(play, tasks)
        return
    # Not forked: PyTorch and the virtual machine have threads.
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        yield from pool.map(play, tasks)


def _play_part(task: _Part) -> dict[str, Tally]:
    names, seeds = task
    tallies, table = {name: Tally() for name in names}, _Table()
    for seed in seeds:
        worlds: dict[int, tuple[World, Outcome]] = {}
        for kind in (STRATEGIES[name] for name in names):
            if kind.rounds not in worlds:
                world = World(seed, kind.rounds)
                worlds[kind.rounds] = world, table.play(world, Honest())
            world, baseline = worlds[kind.rounds]
            played = table.play(world, kind())
            money = sum(played.money[name] for name in played.team)
            honest = baseline.profit(played.team)
            tallies[kind.name].add(played.profit(), honest, money, paid_more=played.paid_more)
    return tallies


def _replay_part(task: _Part) -> dict[str, Tally]:
    names, seeds = task
    tallies = {name: Tally() for name in names}
    for seed in seeds:
        worlds: dict[int, tuple[World, Replayed]] = {}
        for kind in (STRATEGIES[name] for name in names):
            if kind.rounds not in worlds:
                world = World(seed, kind.rounds)
                worlds[kind.rounds] = world, replay(world, HonestWork())
            world, baseline = worlds[kind.rounds]
            found = replay(world, kind())
            tallies[kind.name].add(found.profit, baseline.profit, found.profit, paid_more=found.paid_more)
    return tallies


class _Table:
    """Plays games on one chain, and on a new one now and then."""

    def __init__(self) -> None:
        self._arena: Arena | None = None
        self._played = 0

    def play(self, world: World, strategy: Strategy) -> Outcome:
        """Play one game and check that it is exact."""
        if self._arena is None or self._played == _GAMES_A_CHAIN:
            self._arena, self._played = Arena(TICKET_STAKE), 0
        self._played += 1
        outcome = Game(self._arena, world, strategy).play()
        if not outcome.exact:
            msg = f"a game of {strategy.name} with seed {world.seed} is not exact to the unit: please report it"
            raise ProtocolError(msg)
        return outcome
