"""From an owner's own rows to the plan of a bounty: what `gradmarket owner init` writes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from client.modes import check_mode, is_unjudged
from client.owner import Shard
from client.plan_folder import PlanInputs
from marketplace.datasets import hold_out, load, quantise_rows
from marketplace.domain.errors import InvalidTerms
from marketplace.domain.hashing import ZERO_HASH
from marketplace.domain.money import majority
from marketplace.domain.network import Shape
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.terms import ChainTerms, Phases
from marketplace.domain.terms_document import RecipeTerms

if TYPE_CHECKING:
    from marketplace.datasets import Owned, Rows
    from marketplace.domain.network import Network

__all__ = ["Draft", "draft_plan"]

_TOKEN: Final = 10**18
_PER_BUDGET: Final = 200
"""Fee, seat pay and compensation are one part in so many of a round's budget; a holder's stake is ten of them."""
_STAKE_PARTS: Final = 10
_BINARY: Final = 2
_SHORTEST: Final = 60


@dataclass(frozen=True, kw_only=True)
class Draft:
    """What an owner is asked for; amounts in whole tokens.

    Attributes:
        data, label, categorical, drop: of the owner's table; see `marketplace.datasets.load`.
        title: one line for people; hidden: width of the hidden layer; seed: of the cut and the base.
        submit_seconds: length of the submitting phase; the others follow from it.
        privacy: who sees single updates; see `client.modes`.
    """

    data: str
    label: str = "label"
    categorical: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    title: str = "A better model"
    hidden: int = 32
    rounds: int = 5
    max_holders: int = 16
    budget: int = 1000
    ticket_stake: int = 1200
    seats: int = 3
    submit_seconds: int = 86_400
    seed: int = 0
    privacy: str = "sealed"


def draft_plan(draft: Draft) -> PlanInputs:
    """Return the plan; its token and the last moment to post are filled in when it is posted.

    Raises:
        InvalidData: the rows cannot be used, or are too few.
        InvalidTerms: the amounts contradict each other.
    """
    # A majority of seats must lose more by lying than a round pays; the market refuses otherwise.
    parts = 8 if is_unjudged(draft.privacy) else 2
    if parts * draft.budget > majority(draft.seats) * draft.ticket_stake:
        least = -(-parts * draft.budget // majority(draft.seats))
        msg = f"a round of {draft.budget} tokens needs tickets of at least {least} with {draft.seats} seats: change one"
        raise InvalidTerms(msg)
    dataset = load(draft.data, label=draft.label, categorical=draft.categorical, drop=draft.drop)
    rows = hold_out(dataset, rounds=draft.rounds, seed=draft.seed)
    names = rows.preparation.feature_names
    scoring = ScoringTerms(
        Shape(len(names), draft.hidden, len(dataset.class_names)), max_submissions=max(16, draft.max_holders)
    )
    chain = _chain_terms(draft)
    scoring.check(chain.round_budget)
    check_mode(replace(chain, unjudged=is_unjudged(draft.privacy)), draft.privacy, scoring)
    scale = scoring.scales.input_scale
    return PlanInputs(
        title=draft.title,
        base=_base(draft, scoring, rows),
        shards=tuple(_shard(shard, scale) for shard in (*rows.shards, rows.final)),
        root=rows.root,
        scoring=scoring,
        recipe=RecipeTerms(),
        public_prior=rows.public_prior,
        class_names=dataset.class_names,
        feature_names=names,
        preparation=rows.preparation.to_json(),
        chain=chain,
        privacy=draft.privacy,
    )


def _chain_terms(draft: Draft) -> ChainTerms:
    part, submit = draft.budget * _TOKEN // _PER_BUDGET, draft.submit_seconds
    short = max(_SHORTEST, submit // 3)
    return ChainTerms(
        owner="0x" + "00" * 20,
        token="",
        round_budget=draft.budget * _TOKEN,
        ticket_stake=draft.ticket_stake * _TOKEN,
        fee=part,
        holder_stake=_STAKE_PARTS * part,
        seat_pay=part,
        bond=5 * draft.max_holders * part // 2,
        compensation=part,
        rounds=draft.rounds,
        seats=draft.seats,
        min_holders=3,
        max_holders=draft.max_holders,
        post_before=0,
        base_root=ZERO_HASH,
        shards_root=ZERO_HASH,
        allowlist_root=ZERO_HASH,
        document=ZERO_HASH,
        phases=Phases(short, submit, short, submit, short, short, short, short, short, submit, short),
    )


def _base(draft: Draft, scoring: ScoringTerms, rows: Owned) -> Network:
    from client.training import RowSource, starting_network, warm_start  # noqa: PLC0415 - loads torch

    base = starting_network(scoring.shape, scoring.scales, draft.seed)
    if scoring.shape.classes == _BINARY:
        return base
    source = RowSource(rows.root.features, rows.root.labels)
    return warm_start(base, source, seed=draft.seed, bounds=scoring.bounds)


def _shard(rows: Rows, scale: int) -> Shard:
    return Shard(quantise_rows(rows.features, scale), rows.labels)
