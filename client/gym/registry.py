"""Every strategy by its name."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from client.gym import benches, owners, plain, quarrels, repeats, schemers, sybils
from marketplace.domain.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from client.gym.strategy import Strategy

__all__ = ["CHEAP", "STRATEGIES", "chosen"]

_KINDS: Final[tuple[type[Strategy], ...]] = (
    plain.Noise,
    plain.Zero,
    plain.SignFlip,
    plain.LabelFlip,
    plain.Copy,
    plain.Stale,
    plain.StaleOwn,
    plain.NoisyCopy,
    plain.MeanOfOthers,
    sybils.SybilSplit,
    sybils.SybilVariants,
    sybils.UnitOverClaim,
    repeats.LastAggregate,
    repeats.LastAggregateDoubled,
    repeats.LastAggregateNoisy,
    repeats.LastAggregateOnTop,
    repeats.Cumulative,
    schemers.ScaledBackdoor,
    schemers.AdaptiveBackdoor,
    schemers.ShardProbing,
    schemers.Sandbagging,
    schemers.DamageThenRepair,
    schemers.TakeTheBase,
    benches.LazyGuess,
    benches.CopiedCommit,
    benches.WithheldReveal,
    benches.FalseUnavailability,
    benches.MajorityUnavailability,
    benches.MinorityLiar,
    benches.MajorityLiar,
    benches.ExcludeRivals,
    benches.KeyLeak,
    quarrels.ThrownDispute,
    quarrels.SelfChallenge,
    owners.NeverOpens,
    owners.NeverOpensTheShard,
    owners.OpensToSome,
    owners.OpensToOneSeat,
    owners.RandomLabels,
    owners.UnbeatableLabels,
    owners.DilutedShard,
    owners.OwnerWithASeat,
    owners.ShillHolder,
    owners.GrindsTheDraw,
)

STRATEGIES: Final[Mapping[str, type[Strategy]]] = MappingProxyType({kind.name: kind for kind in _KINDS})
"""In the order in which they are reported: holders, seats, owners."""

CHEAP: Final = ("noise", "zero", "sign-flip", "copy", "stale")
"""What anybody without data can do; these must never pay."""


def chosen(names: str | None) -> tuple[type[Strategy], ...]:
    """Return the strategies named, comma-separated; None for all, "" for none. `cheap` stands for those of `CHEAP`.

    Raises:
        InvalidInput: there is none of a name.
    """
    if names is None:
        return _KINDS
    wanted: list[str] = []
    for name in (part.strip() for part in names.split(",") if part.strip()):
        wanted += CHEAP if name == "cheap" else [name]
    unknown = [name for name in wanted if name not in STRATEGIES]
    if unknown:
        msg = f"there is no strategy called {unknown[0]!r}: use cheap, {', '.join(STRATEGIES)}"
        raise InvalidInput(msg)
    return tuple(STRATEGIES[name] for name in dict.fromkeys(wanted))
