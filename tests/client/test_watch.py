"""Deadlines and depth: nothing starts too late, nothing irreversible too early, and nobody is slashed unwarned."""

import logging
from dataclasses import replace

import pytest

from client.service.loop import work
from client.timing import next_moment
from client.watch import check_pace, holders_duty, is_urgent, owners_duty, validators_duty
from marketplace.chain.networks import LOCAL
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import InvalidTerms
from marketplace.domain.terms import Phases
from tests.client.stage import Stage
from tests.client.watching import on_the_bench

DEPTH = 4


def _until(stage, phase):
    stage.play(until=lambda b: b.phase is phase)


@pytest.mark.parametrize(
    "name", ["acknowledge", "join", "open", "submit", "shard", "attest", "commit", "reveal", "serve"]
)
def test_a_phase_that_is_too_short_for_the_network_is_named(tmp_path, name):
    """Sixty blocks of twelve seconds do not fit into a minute; ten minutes fit everything. GM-914."""
    terms = Stage(tmp_path).owner.plan.chain
    check_pace(terms, 24, 156)
    short = replace(terms, phases=replace(terms.phases, **{name: 40}))
    with pytest.raises(InvalidTerms, match=f"'{name}' is too short"):
        check_pace(short, 24, 156)


def test_nobody_takes_part_in_what_its_network_is_too_slow_for(tmp_path):
    """The owner does not post, a holder does not join, a validator takes no seat; each says why. GM-914."""
    stage = Stage(tmp_path, rounds=1, phases=Phases.of(60))
    for person in (stage.owner, *stage.validators, *stage.holders):
        person.margin, person.depth = 24, 156
    with pytest.raises(InvalidTerms, match="too short"):
        stage.owner.post()
    stage.owner.margin = stage.owner.depth = 0
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.ACKNOWLEDGE)
    assert [False] * 3 == [v.step() for v in stage.validators]
    asked = [v for v in stage.validators if v.troubles]  # whose turn it is
    assert asked
    assert all("too short" in str(v.troubles[-1]) for v in asked)


class _Deep(Stage):
    """A stage that lets blocks come in before it lets time pass."""

    rested = False

    def _let_time_pass(self):
        self.rested = not self.rested
        if self.rested:
            self.net.chain.mine(DEPTH + 1)
        else:
            super()._let_time_pass()


@pytest.fixture
def deep(tmp_path):
    """A bounty on a chain whose blocks count once four lie on top of them."""
    stage = _Deep(tmp_path, rounds=1, honest=3)
    stage.net.chain.rules = replace(LOCAL, confirmations=DEPTH)
    return stage


def _acts_after(stage, person, blocks):
    """How many blocks it takes until somebody acts."""
    for mined in range(blocks + 1):
        if person.step():
            return mined
        stage.net.chain.mine()
    return None


def test_an_owner_opens_nothing_before_the_deadline_is_certainly_over(deep):
    """A reorganisation could otherwise let somebody submit who has seen the shard. GM-915."""
    deep.post()
    _until(deep, Phase.JOIN)
    for holder in deep.holders:
        assert holder.step()
    clock = deep.net.chain.clock
    clock.wait_until(deep.state().deadline + 1)
    assert DEPTH <= _acts_after(deep, deep.owner, 2 * DEPTH) <= DEPTH + 1
    for holder in deep.holders:
        assert holder.step()
    clock.wait_until(deep.state().deadline + 1)
    assert DEPTH <= _acts_after(deep, deep.owner, 2 * DEPTH) <= DEPTH + 1


def test_a_seat_hands_out_no_share_before_the_shard_is_certainly_open(deep):
    """The shares would open updates in a chain where submitting is not over. GM-915."""
    deep.post()
    _until(deep, Phase.ATTEST)
    seat = on_the_bench(deep)[0]
    assert DEPTH - 1 <= _acts_after(deep, seat, 2 * DEPTH) <= DEPTH


def test_a_seat_reveals_nothing_before_the_last_commit_is_certain(deep):
    """A sheet that was seen could be committed to by whoever's commit was taken back. GM-915."""
    deep.post()
    _until(deep, Phase.REVEAL)
    seat = on_the_bench(deep)[0]
    assert DEPTH - 1 <= _acts_after(deep, seat, 2 * DEPTH) <= DEPTH


def test_the_whole_bounty_is_played_at_that_depth(deep):
    """With blocks coming in, depth delays and changes nothing."""
    deep.post()
    deep.play()
    assert [0] == deep.owner.log.refresh().adopted[:1]
    assert all(deep.owner.log.earned[h.address] > 0 for h in deep.holders)


@pytest.mark.parametrize(("margin", "joins"), [(24, True), (700, False)])
def test_nobody_starts_what_could_not_be_mined_in_time(tmp_path, margin, joins):
    """With two slow blocks to go before the deadline nothing is sent. GM-916."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    _until(stage, Phase.JOIN)
    holder = stage.holders[0]
    holder.margin = margin
    assert joins == (stage.state().deadline - stage.owner.account.now() >= margin)
    assert joins == holder.step()


def test_duties_are_what_money_is_lost_for(tmp_path):
    """Each role's duty appears when it is due, and goes away when it is done."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    _until(stage, Phase.SUBMIT)
    holder, account = stage.holders[0], stage.owner.account
    mine = lambda: account.holder(stage.bounty, holder.address)  # noqa: E731
    duty = holders_duty(stage.owner.log.refresh(), stage.state(), mine())
    assert (stage.state().deadline, "submit to round 0") == (duty.deadline, duty.what)
    assert not is_urgent(duty, account.now(), 0)
    assert is_urgent(duty, duty.deadline - duty.length // 4, 0)
    assert is_urgent(duty, duty.deadline - 300, 100)
    holder.step()
    assert holders_duty(stage.owner.log.refresh(), stage.state(), mine()) is None
    _until(stage, Phase.COMMIT)
    seat = on_the_bench(stage)[1]
    assert "commit" in validators_duty(seat, stage.state()).what
    seat.step()
    assert validators_duty(seat, stage.state()) is None
    _until(stage, Phase.REVEAL)
    waiting = [v for v in on_the_bench(stage) if validators_duty(v, stage.state()) is not None]
    assert waiting
    assert all("reveal" in validators_duty(v, stage.state()).what for v in waiting)


def test_an_owner_has_a_duty_while_its_half_of_a_phase_runs(tmp_path):
    """Before the deadline it cannot open the round; after it the bond is at stake."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    _until(stage, Phase.JOIN)
    for holder in stage.holders:
        holder.step()
    assert owners_duty(stage.owner, stage.state(), stage.owner.account.now()) is None
    duty = owners_duty(stage.owner, stage.state(), stage.state().deadline + 1)
    assert (stage.state().deadline + stage.terms.phases.open, True) == (duty.deadline, "bond" in duty.loss)


class _Recorder:
    """A task that never has anything to do but a duty, and ends after some looks."""

    def __init__(self, stage):
        self.who, self._stage, self.looks = stage.holders[0], stage, 0

    def step(self):
        self.looks += 1
        clock = self._stage.net.chain.clock
        clock.wait_until(clock.now() + 60)
        return True

    def duty(self):
        mine = self.who.account.holder(self._stage.bounty, self.who.address)
        return holders_duty(self.who.log, self._stage.state(), mine)

    def done(self):
        return False


def test_a_silent_participant_is_warned_once_in_the_last_quarter(tmp_path, caplog):
    """The log says how long is left, to do what, and what is lost otherwise. GM-917."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    _until(stage, Phase.SUBMIT)
    task = _Recorder(stage)

    class _Stop:
        def is_set(self):
            return task.looks > 9

        def wait(self, _):
            pass

    class _Context:
        chain = stage.net.chain
        keys = type("Keys", (), {"wallet": task.who.account.signer})
        home = type("Home", (), {"settings": type("Settings", (), {"poll_seconds": 0.1})})

    with caplog.at_level(logging.WARNING, "gradmarket"):
        assert work(_Context, task, _Stop()) is False
    warnings = [r.getMessage() for r in caplog.records if "left to submit" in r.getMessage()]
    assert 1 == len(warnings)
    left = int(warnings[0].split()[0])
    assert 0 < left <= 150
    assert "stake" in warnings[0]


def test_time_that_passes_stops_where_somebody_may_give_up_hoping(tmp_path):
    """Shortly before a deadline, just after it, and after the owner's half."""
    stage = Stage(tmp_path, rounds=1, honest=3)
    stage.post()
    _until(stage, Phase.SUBMIT)
    state, now, moments = stage.state(), stage.owner.account.now(), []
    while (moment := next_moment(now, state, stage.terms)) is not None:
        moments.append(moment - state.deadline)
        now = moment
    assert [-75, 1, 601] == moments
