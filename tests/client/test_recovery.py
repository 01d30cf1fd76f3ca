"""Silence, lies and late arrivals: honest seats agree, the bounty goes on or ends, and everybody is paid out."""

from dataclasses import replace

import pytest

from client.handover import seal_handover
from client.push import push
from client.training import RowSource, train
from client.validator import Validator
from marketplace.domain.bounty import CloseReason, Phase, RoundStatus
from marketplace.domain.documents import HandoverDocument, ServeDocument
from marketplace.domain.scope import Purpose
from marketplace.sealing import datakeys
from marketplace.sealing.recipients import seal_to_all
from tests.client.stage import Stage, rows
from tests.client.watching import everything_comes_home, on_the_bench, sheets, slashed


# ---------------------------------------------------------------------- seats drawn later
def _lie(liar: Validator, newcomer: Validator) -> int:
    """Hand four false memories and one that is no memory to the newcomer; return how many documents that were."""
    true, keys = liar.bench.memory, {newcomer.address: newcomer.identity.public_key}
    lies = [
        {"last_keys": dict(list(true.last_keys.items())[1:])},
        {"first_base_key": datakeys.new_key()},
        {"aggregate_key": datakeys.new_key()},
        {"last_round": 1},
    ]
    documents = [seal_handover(liar, liar.log.bounty, 1, replace(true, **lie), keys) for lie in lies]
    key, context = datakeys.new_key(), liar.scope(liar.log.bounty).context(Purpose.HANDOVER, 1, liar.address)
    cid = liar.put_sealed(b"[" * 60_000, key, context)
    documents.append(HandoverDocument(1, cid, seal_to_all(key, keys, context)))
    for document in documents:
        liar.account.hand_over(liar.log.bounty, liar.my_seats()[0], liar.publish(document))
    return len(documents)


@pytest.fixture(scope="module")
def replaced(tmp_path_factory):
    """Two rounds; a seat goes silent in the first; the one drawn for the last is lied to before it hears the truth."""
    stage = Stage(tmp_path_factory.mktemp("store"), rounds=2, honest=3, spare=1)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.COMMIT)
    first = on_the_bench(stage)
    stage.lazy, liar = first[2], first[0]
    stage.lazy.commit = lambda bounty: False
    stage.newcomer = next(v for v in stage.validators if v not in first)
    stage.play(until=lambda b: b.phase is Phase.SUBMIT and b.round == 1)
    stage.lies = _lie(liar, stage.newcomer)
    liar.hand_over = lambda bounty: False
    stage.play()
    return stage


def test_a_seat_drawn_later_scores_the_last_round_with_what_was_handed_over(replaced):
    """It knows the last round's submissions, the last aggregate and the first base, and reveals the others' sheet.

    GM-710.
    """
    log, mine = replaced.owner.log, replaced.newcomer.bench.score(1)
    assert replaced.lies < len(log.handed_over[1])
    assert {0, 1} == set(log.adopted)
    assert log.settled[1].sheet_hash == mine.hash
    assert 1 == sheets(replaced, 1)
    assert 3 == len(mine.given.last_submissions)
    assert replaced.owner.aggregates[0] == mine.given.last_aggregate
    assert mine.given.final.first_base == replaced.owner.plan.base
    assert mine.score.final_ppb is not None


def test_lies_handed_over_cost_nobody_but_the_silent_seat(replaced):
    """Keys left out, other keys, another round, no JSON: all refused; only the seat that never committed is slashed."""
    assert {replaced.lazy.name: replaced.terms.ticket_stake // 10} == slashed(replaced)
    assert replaced.terms.seat_pay == replaced.owner.log.earned[replaced.newcomer.address]


def test_the_log_knows_who_held_a_seat_when_something_was_said(replaced):
    """What a seat sealed before it was replaced is still opened as its own."""
    log = replaced.owner.log
    seat = next(s for s, event in log.seats.items() if event.validator == replaced.newcomer.address)
    assert replaced.lazy.address == log.seated(seat, log.attested[0][seat])
    assert replaced.newcomer.address == log.seated(seat, log.attested[1][seat])


# ---------------------------------------------------------------------- silence
@pytest.mark.parametrize("phase", [Phase.DRAW, Phase.JOIN, Phase.SUBMIT, Phase.ATTEST])
def test_an_owner_that_goes_silent_for_ever_keeps_nobody_from_withdrawing(tmp_path, phase):
    """From whatever phase on: the bounty closes, and everybody takes out everything but what is burned.

    GM-118, GM-207, GM-210.
    """
    stage = Stage(tmp_path, rounds=2, honest=3)
    stage.post()
    if phase is not Phase.DRAW:
        stage.play(until=lambda b: b.phase is phase)
    stage.silent.add("owner")
    stage.play()
    assert CloseReason.OWNER_DEFAULT == stage.state().closed
    compensated = stage.terms.bond - 3 * stage.terms.compensation
    assert compensated == stage.owner.account.vault.burned()
    everything_comes_home(stage)


@pytest.mark.parametrize(("spare", "closed"), [(0, CloseReason.TOO_FEW_SEATS), (3, CloseReason.FINISHED)])
def test_when_all_seats_fall_silent_after_attesting_the_round_is_void_and_fees_return(tmp_path, spare, closed):
    """Each seat loses a tenth; with others to draw the bounty goes on, otherwise it ends; holders lose nothing.

    GM-111, GM-214.
    """
    stage = Stage(tmp_path, rounds=2, honest=3, spare=spare)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.COMMIT)
    silent = on_the_bench(stage)
    stage.silent.update(v.name for v in silent)
    stage.play()
    assert closed == stage.state().closed
    assert RoundStatus.VOID == stage.owner.account.round(stage.bounty, 0).status
    assert {v.name: stage.terms.ticket_stake // 10 for v in silent} == slashed(stage)
    fees = stage.terms.fee * (1 if closed == CloseReason.FINISHED else 0)
    whole = stage.terms.holder_stake + 2 * stage.terms.fee
    earned = [stage.owner.log.earned[h.address] for h in stage.holders]
    assert [whole - fees + e for e in earned] == [h.account.vault.balance() for h in stage.holders]
    if closed == CloseReason.FINISHED:
        assert all(earned)
    everything_comes_home(stage)


def test_anybody_settles_when_all_seats_fall_silent_after_revealing(tmp_path):
    """The revealed sheet stands on the chain: a holder settles with it; nobody serves, so the bounty ends.

    GM-207, GM-217.
    """
    stage = Stage(tmp_path, rounds=2, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.CHALLENGE)
    holder, clock = stage.holders[0], stage.net.chain.clock
    assert push(holder.account, holder.log) is False
    while stage.state().phase is not Phase.CLOSED:
        clock.wait_until(stage.state().deadline + 1)
        assert push(holder.account, holder.log) is True
    assert CloseReason.NOT_SERVED == stage.state().closed
    stage.play()
    assert all(stage.owner.log.earned[h.address] > 0 for h in stage.holders)
    everything_comes_home(stage)


# ---------------------------------------------------------------------- seats that lie
@pytest.mark.parametrize("garbage", ["another key", "no document"])
def test_a_seat_that_serves_garbage_does_not_keep_the_aggregate_from_the_owner(tmp_path, garbage):
    """One honest seat that serves is enough, and the next round starts from the new base. GM-711."""
    stage = Stage(tmp_path, rounds=2, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.COMMIT)
    liar = on_the_bench(stage)[0]

    def serve(bounty):
        if bounty.acted & 1:
            return False
        context = liar.scope(liar.log.bounty).context(Purpose.AGGREGATE, bounty.round, liar.address)
        owner = {stage.owner.address: stage.owner.identity.public_key}
        served = ServeDocument(bounty.round, seal_to_all(datakeys.new_key(), owner, context))
        document = liar.publish(served) if garbage == "another key" else datakeys.new_key()
        liar.account.serve(liar.log.bounty, 0, document)
        return True

    liar.serve = serve
    stage.play()
    assert CloseReason.FINISHED == stage.state().closed
    assert {0, 1} == set(stage.owner.aggregates)
    assert 3 == len(stage.owner.log.served[0])


def _random_shares(honest):
    return lambda round_, seat, shares: honest(round_, seat, {i: datakeys.new_key() for i in shares})


def _torn_shares(honest):
    return lambda round_, seat, shares: honest(round_, seat, {i: s[:20] for i, s in shares.items()})


def _for_one_only(honest):
    def reseal(round_, seat, shares):
        document = honest(round_, seat, shares)
        favourite = min(document.keys)
        return replace(document, keys={a: k if a == favourite else "AAAA" for a, k in document.keys.items()})

    return reseal


@pytest.mark.parametrize("lie", [_random_shares, _torn_shares, _for_one_only])
def test_a_seat_that_hands_over_false_shares_makes_no_difference_to_the_others(tmp_path, lie):
    """Two seats' shares open everything: one sheet, nobody's update breached, everybody paid. GM-504."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.ATTEST)
    liar = on_the_bench(stage)[0].bench
    liar.reseal = lie(liar.reseal)
    stage.play()
    assert 1 == sheets(stage, 0)
    assert 0 == stage.owner.log.sheet_of(0).sheet.breached
    assert {} == slashed(stage)
    assert all(stage.owner.log.earned[h.address] > 0 for h in stage.holders)


def test_an_honest_owner_rebuts_two_seats_that_deny_the_shard(tmp_path):
    """The published key opens the shard for all: the round settles, the bond comes back, the hold-back is released.

    GM-212.
    """
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.ATTEST)
    for liar in on_the_bench(stage)[:2]:
        liar.bench.shard_is_open = lambda round_, patient: False
    stage.play(until=lambda b: b.phase is Phase.REBUT)
    stage.play()
    assert {0} == set(stage.owner.log.rebuttals)
    assert CloseReason.FINISHED == stage.state().closed
    assert 1 == sheets(stage, 0)
    assert stage.owner.log.sheet_of(0).sheet.released
    assert all(stage.owner.log.earned[h.address] > 0 for h in stage.holders)
    everything_comes_home(stage)


# ---------------------------------------------------------------------- rounds of another kind
def test_a_round_that_is_not_adopted_pays_nothing_and_keeps_the_base(tmp_path):
    """Most holders flip their labels: the base stays, seats are paid, the owner gets the budget back. GM-216."""
    stage = Stage(tmp_path, rounds=2, honest=1)
    for number in range(3):
        source = rows(80, 50 + number)
        flipped = RowSource(source.features, 1 - source.labels)

        def trainer(task, flipped=flipped):
            bounds = task.terms.scoring.bounds
            return train(task.base, flipped, stage.recipe, seed=task.round, public_prior=(1, 1), bounds=bounds)

        stage.add_holder(f"flipper {number}", trainer)
    stage.post()
    stage.play()
    log, terms = stage.owner.log, stage.terms
    assert [(False, 0), (False, 0)] == [
        (h.adopted, h.pool) for h in (log.sheet_of(r).sheet for r in sorted(log.settled))
    ]
    assert [1, 1] == [sheets(stage, r) for r in range(2)]
    assert terms.base_root == stage.owner.log.base_root(terms.rounds)
    assert stage.owner.plan.base == stage.owner.model
    assert [2 * terms.seat_pay] * 3 == [log.earned[v.address] for v in stage.validators]
    assert [terms.holder_stake] * 4 == [h.account.vault.balance() for h in stage.holders]
    assert terms.escrow - 6 * terms.seat_pay + 8 * terms.fee == stage.owner.account.vault.balance()


def test_ten_live_submissions_give_one_sheet_from_all_seats(tmp_path):
    """Beyond eight the Shapley value is sampled; the seed follows from what all seats opened."""
    stage = Stage(tmp_path, rounds=1, honest=10)
    stage.post()
    stage.play()
    live = [len(v.bench.score(0).score.coefficients.live) for v in stage.validators]
    assert [10] * 3 == live
    assert 1 == sheets(stage, 0)
    assert CloseReason.FINISHED == stage.state().closed
    assert 0 < stage.owner.log.sheet_of(0).sheet.pool <= stage.terms.round_budget
