"""A few of the games that `make disputes` plays two hundred of."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from client.inputs import InputEvidence
from marketplace.chain.referee import Case
from marketplace.chain.referee_reverts import NoContradiction
from marketplace.domain.bounty import Phase
from marketplace.scoring.trace.places import At, Kind
from tests.disputes.attackers import INPUTS
from tests.disputes.courtroom import Courtroom
from tests.disputes.games import Record, attack, lie
from tests.disputes.lies import changes_nothing, draw_lie
from tests.trace.places import finish

SAMPLE = ("logit", "lower bound", "projection", "payout", "submission", "round before")


@pytest.fixture(scope="module")
def court(tmp_path_factory: pytest.TempPathFactory) -> Courtroom:
    """Return a bounty of one round, whose seats have not committed yet."""
    return Courtroom(tmp_path_factory.mktemp("store"), rounds=1, round_=0)


@pytest.mark.parametrize("kind", SAMPLE)
def test_the_right_sheet_stands_against_two_seats_of_three(court: Courtroom, kind: str) -> None:
    """Whatever figure they changed, the honest seat's sheet is settled on, and half of what they lose is its own."""
    record = Record()
    lie(court, record, np.random.default_rng([1, SAMPLE.index(kind)]), [kind])
    assert ([], 1) == (record.wrong, record.stood)


@pytest.mark.parametrize("seed", range(6))
def test_a_right_sheet_stands_whatever_it_is_attacked_with(court: Courtroom, seed: int) -> None:
    """False proofs are refused, demands are answered, and the attacker's bonds are the defenders'."""
    record = Record()
    attack(court, record, np.random.default_rng([2, seed]))
    assert ([], 1) == (record.wrong, record.stood)


@pytest.mark.parametrize("round_", [0, 1])
def test_what_the_chain_knows_contradicts_no_right_sheet(court: Courtroom, tmp_path: Path, round_: int) -> None:
    """Shown against a first and last round, or a last one behind another, no kind of input disproves it. GM-315."""
    if round_:
        court = Courtroom(tmp_path, rounds=2, round_=1)
    else:
        court.reset()
    court.stage.play(until=lambda bounty: bounty.phase is Phase.CHALLENGE)
    who, right, referee = court.validators[0], court.right, court.validators[0].account.referee
    who.log.refresh()
    case = Case(who.log.bounty, court.round, right.sheet, right.trace.frame.packed())
    inputs = InputEvidence(who, who.log, who.bench.terms, right, court.round, right.trace.frame, right.sheet)
    counts = right.trace.frame.counts
    several = {Kind.SUBMISSIONS: counts.submissions, Kind.PREVIOUS: counts.previous}
    places = [At(kind, g=g) for kind in INPUTS for g in range(several.get(kind, 1))]
    for at in (*places, At(Kind.SHARD, p=1)):
        named, evidence = finish(inputs.of(at), right.trace)
        with pytest.raises(NoContradiction):
            referee.disprove(case, named.packed(), evidence.encode())
    if round_:
        record = Record()
        for seed in range(3):
            lie(court, record, np.random.default_rng([4, seed]), ["round before"])
        assert ([], 3) == (record.wrong, record.stood)


def test_what_changes_nothing_is_told_from_what_does(court: Courtroom) -> None:
    """The right sheet changes nothing; one that pays otherwise does."""
    right, budget = court.right, court.stage.terms.round_budget
    drawn = draw_lie("payout", right.trace, right.sheet, budget, np.random.default_rng(3))
    assert drawn is not None
    assert not changes_nothing(right.trace, right.sheet, *drawn)
    assert changes_nothing(right.trace, right.sheet, right.trace, right.sheet)
