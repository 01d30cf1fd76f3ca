"""One honest seat brings down what two of three agreed on, whichever figure is wrong, and is paid for it."""

import pytest

from marketplace.domain.bounty import CloseReason
from tests.client.liars import lying
from tests.client.stage import TOKEN, Stage


PURSE = 100 * TOKEN


def play(tmp_path, kind) -> Stage:
    """A bounty of one round in which two seats lie."""
    stage = Stage(tmp_path, rounds=1, purse=PURSE)
    for person in stage.validators[:2]:
        person.__class__ = kind
    stage.post()
    stage.play()
    return stage


@pytest.mark.parametrize("figure", ["money", "main.states", "coefficients", "sums", "adoption"])
def test_a_lying_majority_is_brought_down_by_one_honest_seat(tmp_path, figure):
    """The honest sheet stands, the liars lose their stakes, half of that is the challenger's, and nothing is left over."""
    stage = play(tmp_path, lying(figure))
    log, honest = stage.owner.log, stage.validators[2]
    assert CloseReason.FINISHED is stage.state().closed
    assert {0} == set(log.settled)
    (fallen,) = log.disproved[0].values()
    assert 2 == fallen.seats.bit_count()
    assert honest.address == fallen.challenger
    assert honest.bench.score(0).hash == log.settled[0].sheet_hash
    assert 2 * 200 * TOKEN == sum(log.lost[v.address] for v in stage.validators[:2])
    assert PURSE + 200 * TOKEN + stage.terms.seat_pay == honest.account.vault.balance()
    assert 0 == stage.left_in_bounty()
