"""What moves a devnet's time: never before everybody had their turn, and never so late that somebody waits for it."""

import pytest

from client.devnet.conductor import Conductor, conduct
from client.devnet.rpc import LocalTime, Newest, Rpc
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import ChainError
from tests.chain.nodes import anvil, ganache
from tests.chain.stage import Stage


class Clock:
    """An embedded chain's time as a devnet's."""

    def __init__(self, chain) -> None:
        self.chain = chain
        self.mined = 0

    def now(self):
        """The newest block's timestamp."""
        return self.chain.block().timestamp

    def newest(self):
        """The newest block."""
        block = self.chain.block()
        return Newest(block.number, block.hash.hex(), block.timestamp)

    def transactions(self, block):
        """How many transactions it holds."""
        return len(self.chain.w3.eth.get_block(block)["transactions"])

    def move_to(self, timestamp):
        """Mine a block at that second."""
        self.chain.clock.wait_until(timestamp)
        self.chain.mine()

    def mine(self, blocks=1):
        """Mine empty blocks."""
        self.mined += blocks
        self.chain.mine(blocks)


class Seconds:
    """A stopwatch that is moved by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self):
        """Read it."""
        return self.now


@pytest.fixture
def stage():
    """A bounty that is about to be posted."""
    return Stage()


def _conductor(stage, watch=None, **options):
    clock = Clock(stage.chain)
    return Conductor(stage.owner, clock, monotonic=watch or Seconds(), **options), clock


def _settle_down(conductor):
    """Step until the conductor has nothing to do."""
    for _ in range(20):
        if not conductor.step():
            return
    pytest.fail("it never rests")


def test_blocks_for_the_draw_are_mined(stage):
    """The draw needs the hash of a block to come; nobody waits for it."""
    conductor, _ = _conductor(stage)
    stage.stake()
    stage.post()
    _settle_down(conductor)
    assert stage.owner.can_draw(stage.state())
    assert Phase.DRAW is stage.state().phase


def test_joining_ends_when_everybody_who_is_coming_has_joined(stage):
    """Not one holder earlier."""
    conductor, clock = _conductor(stage, holders=3)
    stage.start()
    stage.join(2)
    _settle_down(conductor)
    assert clock.now() <= stage.state().deadline
    stage.holders[2].join(stage.bounty, stage.terms, 2, b"k" * 32, [])
    _settle_down(conductor)
    assert stage.state().deadline < clock.now() <= stage.state().deadline + stage.terms.phases.open // 2


def test_a_whole_round_needs_nobody_else_to_move_time(stage):
    """Everybody acts at once when it is their turn, and finds the clock where they need it."""
    conductor, clock = _conductor(stage, holders=3)
    stage.start()
    stage.join(3)
    stage.pass_deadline = lambda: _settle_down(conductor)
    sheet = stage.play_round()
    assert sheet.adopted
    assert (Phase.JOIN, 1) == (stage.state().phase, stage.state().round)
    stage.open_round()
    assert Phase.SUBMIT is stage.state().phase
    assert 0 < clock.now()


def test_a_missing_submission_is_waited_for(stage):
    """Time stands still while somebody who was expected trains."""
    conductor, clock = _conductor(stage, holders=3)
    stage.start()
    stage.join(3)
    _settle_down(conductor)
    stage.pass_deadline = lambda: None
    stage.open_round()
    stage.submit(2)
    _settle_down(conductor)
    assert clock.now() <= stage.state().deadline
    stage.holders[2].submit(stage.bounty, b"c" * 32, b"d" * 32)
    _settle_down(conductor)
    assert clock.now() > stage.state().deadline


def test_somebody_who_stays_away_is_not_waited_for_for_ever(stage):
    """After `patience` seconds without a transaction time moves on, first to where others give up hoping."""
    watch = Seconds()
    conductor, clock = _conductor(stage, watch, holders=3, patience=10, pulse=1e9)
    stage.start()
    stage.join(3)
    _settle_down(conductor)
    stage.pass_deadline = lambda: None
    stage.open_round()
    stage.submit(2)
    _settle_down(conductor)
    watch.now += 9
    _settle_down(conductor)
    deadline, length = stage.state().deadline, stage.terms.phases.submit
    assert clock.now() < deadline - length // 8
    watch.now += 2
    _settle_down(conductor)
    assert deadline - length // 8 <= clock.now() < deadline
    watch.now += 11
    _settle_down(conductor)
    assert deadline < clock.now() < deadline + stage.terms.phases.shard


def test_a_transaction_renews_patience(stage):
    """Whoever acts is alive, and so may the others be."""
    watch = Seconds()
    conductor, clock = _conductor(stage, watch, holders=4, patience=10, pulse=1e9)
    stage.start()
    _settle_down(conductor)
    for number in range(3):
        watch.now += 8
        stage.holders[number].join(stage.bounty, stage.terms, number, b"k" * 32, [])
        _settle_down(conductor)
    assert clock.now() <= stage.state().deadline
    assert 0.0 == conductor.quiet


def test_blocks_are_mined_now_and_then_while_nobody_acts(stage):
    """Participants wait for blocks on top of theirs."""
    watch = Seconds()
    conductor, clock = _conductor(stage, watch, pulse=0.5)
    for _ in range(4):
        watch.now += 0.3
        conductor.step()
    assert 2 == clock.mined


def test_tickets_that_leave_are_free_once_no_bounty_is_open(stage):
    """Unbonding takes a week; nobody needs it for anything else."""
    conductor, clock = _conductor(stage, holders=3)
    stage.stake()
    account, stake = stage.validators[0], stage.terms.ticket_stake
    account.registry.leave(stake, 0)
    _settle_down(conductor)
    free_at = account.registry.ticket(stake, 0).free_at
    assert free_at <= clock.now() < free_at + 3600
    account.registry.redeem(stake, 0)
    before = clock.now()
    _settle_down(conductor)
    assert before == clock.now()


def test_tickets_wait_while_a_bounty_is_open(stage):
    """A week would be past every deadline of it."""
    conductor, clock = _conductor(stage, holders=3)
    stage.stake()
    extra = stage.validators[0].registry.stake(stage.terms.ticket_stake, 1)[0]
    stage.post()
    stage.validators[0].registry.leave(stage.terms.ticket_stake, extra)
    stage.draw()
    stage.acknowledge()
    _settle_down(conductor)
    assert clock.now() <= stage.state().deadline


class Shaky:
    """A conductor whose chain answers now and then."""

    def __init__(self, answers) -> None:
        self.answers = iter(answers)
        self.steps = 0

    def step(self):
        """Take the next answer."""
        self.steps += 1
        if not next(self.answers):
            msg = "the node does not answer"
            raise ChainError(msg)
        return True


def test_a_chain_that_fails_for_a_moment_is_looked_at_again():
    """Any number of times, as long as it answers between."""
    shaky = Shaky([False, True] * 20)
    conduct(shaky, lambda: shaky.steps == 40, interval=0.001, gone=5)
    assert 40 == shaky.steps


def test_a_chain_that_is_gone_ends_the_conductor():
    """Nobody is left behind that moves the time of nothing."""
    shaky = Shaky([True] + [False] * 10_000)
    with pytest.raises(ChainError, match="does not answer"):
        conduct(shaky, lambda: False, interval=0.001, gone=0.05)


@pytest.mark.parametrize("start", [anvil, pytest.param(ganache, marks=pytest.mark.slow)])
def test_a_jump_whose_answer_was_lost_is_not_made_twice(start, monkeypatch):
    """Time is named and not added: else one lost answer would carry everybody past the next deadline too."""
    with start() as url:
        rpc = Rpc(url)
        clock, ask, lost = LocalTime(rpc), rpc.ask, []
        before = clock.now()

        def deaf(method, *parameters):
            if method == "evm_mine" and not lost:
                lost.append(method)
                msg = "no answer"
                raise ChainError(msg)
            return ask(method, *parameters)

        monkeypatch.setattr(rpc, "ask", deaf)
        with pytest.raises(ChainError):
            clock.move_to(before + 10_000)
        clock.move_to(before + 10_000)
        assert before + 10_000 <= clock.now() <= before + 10_030
