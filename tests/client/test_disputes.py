"""One honest seat brings down what two of three agreed on, whichever figure is wrong, and right sheets stand."""

from __future__ import annotations

import pytest

from marketplace.chain.referee import Case
from marketplace.chain.referee_reverts import BadDemand
from marketplace.domain.bounty import CloseReason, Phase
from marketplace.domain.dispute import FRAME_DEMAND, Frame
from marketplace.scoring.trace.demands import demand_of
from marketplace.scoring.trace.evidence import LeafAsk, NeuronAsk, NodeAsk, SaltAsk
from marketplace.scoring.trace.layout import Model, Section
from tests.client.liars import Liar, Resalting, lying
from tests.client.stage import TOKEN, Stage

PURSE = 100 * TOKEN


def play(tmp_path, kind: type[Liar]) -> Stage:
    """A bounty of one round in which two seats lie."""
    stage = Stage(tmp_path, rounds=1, purse=PURSE)
    for person in stage.validators[:2]:
        person.__class__ = kind
    stage.post()
    stage.play()
    return stage


def assert_the_honest_seat_won(stage: Stage) -> None:
    """Its sheet stands, the liars lost everything, half of that is its own, and nothing is left over."""
    log, honest = stage.owner.log, stage.validators[2]
    assert CloseReason.FINISHED is stage.state().closed
    assert {0} == set(log.settled)
    (fallen,) = log.disproved[0].values()
    assert 2 == fallen.seats.bit_count()
    assert honest.address == fallen.challenger
    assert honest.bench.score(0).hash == log.settled[0].sheet_hash
    assert [200 * TOKEN] * 2 == [log.lost[v.address] for v in stage.validators[:2]]
    assert PURSE + 200 * TOKEN + stage.terms.seat_pay == honest.account.vault.balance()
    assert 0 == stage.left_in_bounty()


@pytest.mark.parametrize("figure", ["money", "table", "coefficients", "adoption"])
def test_a_lying_majority_is_brought_down_by_one_honest_seat(tmp_path, figure):
    """The liars answer every demand, and what they answer disproves them. GM-312, GM-314."""
    assert_the_honest_seat_won(play(tmp_path, lying(figure)))


def test_a_majority_with_salts_of_its_own_takes_no_stake(tmp_path):
    """The honest seat asks, at the price of a bond, finds nothing, and is excused: unpaid, not slashed. GM-318."""
    stage = play(tmp_path, Resalting)
    log, honest = stage.owner.log.refresh(), stage.validators[2]
    mine = honest.bench.score(0)
    assert {0} == set(log.settled)
    assert mine.hash != log.settled[0].sheet_hash
    assert {} == dict(log.disproved[0])
    assert {mine.hash} == log.excused[0]
    assert [0, 0, 0] == [log.lost[v.address] for v in stage.validators]
    assert PURSE - stage.terms.ticket_stake // 10 == honest.account.vault.balance()
    assert 0 == stage.left_in_bounty()


@pytest.mark.parametrize("publishes", [True, False])
def test_silence_does_not_help_a_liar(tmp_path, publishes):
    """What nobody answers brings the sheet down as a contradiction does. GM-313."""
    stage = play(tmp_path, lying("numerators", 3, answers=False, publishes=publishes))
    assert_the_honest_seat_won(stage)
    (fallen,) = stage.owner.log.disproved[0].values()
    assert 0 == fallen.at


def test_a_right_sheet_stands_whatever_is_demanded_of_it(tmp_path):
    """Honest seats answer by themselves; the attacker's bond is the defender's, and the round settles. GM-315."""
    stage = Stage(tmp_path, rounds=1)
    stage.post()
    stage.play(until=lambda state: state.phase is Phase.CHALLENGE)
    log, attacker = stage.owner.log.refresh(), stage.net.account(PURSE)
    ((sheet_hash, event),) = log.revealed[0].items()
    mine = stage.validators[0].bench.score(0)
    assert mine.hash == sheet_hash
    told = mine.trace.frame
    case = Case(stage.bounty, 0, event.sheet, Frame(told.counts.packed(), told.rows_root, told.top))
    depth = told.counts.sum_depth(Section.SUMS)
    asks = [
        LeafAsk(Section.STATES, 5),
        NodeAsk(Section.SUMS, 1, 0, 0, 3),
        SaltAsk(Section.SUMS, 0, (1 << depth) - 1),
        NeuronAsk(Model.NEXT, 2),
    ]
    demands = [FRAME_DEMAND, *(demand_of(ask, told.counts) for ask in asks)]
    for nothing in (FRAME_DEMAND | 5, FRAME_DEMAND | 1 << 96, 4 << 72):  # what nobody would know how to answer
        with pytest.raises(BadDemand):
            attacker.referee.dispute(case, stage.terms, nothing)
    dispute, last = attacker.referee.dispute(case, stage.terms, demands[0]), demands[0]
    for demand in demands[1:]:
        assert any(v.step() for v in stage.validators)
        attacker.referee.demand(case, dispute, last, demand)
        last = demand
    stage.play()
    assert {0: sheet_hash} == {r: e.sheet_hash for r, e in log.refresh().settled.items()}
    assert {} == dict(log.disproved[0])
    assert PURSE - stage.terms.ticket_stake // 10 == attacker.vault.balance()
    gained = sorted(v.account.vault.balance() - stage.terms.seat_pay for v in stage.validators)
    assert [0, 0, stage.terms.ticket_stake // 10] == gained
