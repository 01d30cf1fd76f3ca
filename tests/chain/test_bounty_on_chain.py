"""One bounty from posting to the last withdrawal, through the bindings, on the embedded chain."""

from marketplace.domain import events as ev
from marketplace.domain.abi import allowlist_root, result_hash, sheet_hash
from marketplace.domain.bounty import CloseReason, Phase, RoundStatus, TicketState
from tests.chain.stage import SALT, TOKEN, digest


def test_a_bounty_runs_from_posting_to_the_last_withdrawal(stage):
    """Two rounds are posted, scored, paid, and every token ends up with somebody. GM-118."""
    before = stage.owner.vault.balance()
    assert stage.owner.bounty_id(stage.owner.address, SALT) == _posted(stage)
    assert stage.terms.escrow == before - stage.owner.vault.balance()
    stage.draw()
    assert Phase.ACKNOWLEDGE is stage.state().phase
    stage.acknowledge()
    assert Phase.JOIN is stage.state().phase
    stage.join()
    assert 0b1010100 == stage.state().joined
    for round_ in range(stage.terms.rounds):
        sheet = stage.play_round()
        told = stage.owner.round(stage.bounty, round_)
        result = result_hash(sheet.payout_root, sheet.pool, stage.terms.token, sheet_hash(stage.scope, round_, sheet))
        assert (RoundStatus.SETTLED, result) == (told.status, told.result)
        stage.claim(round_)
    state = stage.state()
    assert (Phase.CLOSED, CloseReason.FINISHED) == (state.phase, state.closed)
    paid = [stage.validators[0].collect(stage.bounty, stage.terms, seat) for seat in range(stage.terms.seats)]
    assert [stage.terms.rounds * stage.terms.seat_pay] * stage.terms.seats == paid
    _everybody_out(stage)
    assert 0 == stage.owner.token.balance(stage.deployment.vault)
    first = stage.holders[0].token.balance() - 2_000 * TOKEN
    assert stage.terms.rounds * (60 * TOKEN - stage.terms.fee) == first


def test_the_events_of_a_bounty_tell_its_story(stage):
    """Everything the roles read from the chain arrives as domain values, in order, and only of the bounty asked for."""
    _posted(stage)
    stage.draw()
    stage.acknowledge()
    stage.join()
    sheet = stage.play_round()
    head = stage.owner.head()
    found = list(stage.owner.events(stage.bounty, 0, head))
    assert sorted(found, key=lambda e: (e.block, e.position)) == found
    posted = next(e for e in found if isinstance(e, ev.Posted))
    assert (stage.terms, digest("owner key")) == (posted.terms, posted.owner_key)
    revealed = [e for e in found if isinstance(e, ev.Revealed)]
    assert [(0, sheet)] == [(e.seat, e.sheet) for e in revealed]
    assert [1, 2] == [e.seat for e in found if isinstance(e, ev.Agreed)]
    phases = [e.phase for e in found if isinstance(e, ev.PhaseChanged)]
    assert [
        Phase.DRAW,
        Phase.ACKNOWLEDGE,
        Phase.JOIN,
        Phase.SUBMIT,
        Phase.ATTEST,
        Phase.COMMIT,
        Phase.REVEAL,
        Phase.CHALLENGE,
        Phase.SERVE,
        Phase.JOIN,
    ] == phases
    only = list(stage.owner.events(stage.bounty, 0, head, kinds=[ev.Submitted, ev.Served]))
    assert [e for e in found if isinstance(e, ev.Submitted | ev.Served)] == only
    assert [] == list(stage.owner.events(digest("another"), 0, head))


def test_a_shard_said_not_to_be_open_is_rebutted_with_its_key(stage):
    """A majority says it did not open, the owner publishes the key, and scoring starts. GM-212."""
    stage.start()
    stage.join()
    stage.open_round()
    stage.submit()
    stage.open_shard()
    stage.attest(opened=False)
    assert Phase.REBUT is stage.state().phase
    stage.rebut()
    assert Phase.COMMIT is stage.state().phase
    told = list(stage.owner.events(stage.bounty, 0, stage.owner.head(), kinds=[ev.Rebutted]))
    assert [digest("shard key", 0)] == [e.key for e in told]


def test_a_seat_hands_over_and_anybody_reads_it(stage):
    """It changes no state, and the document's digest arrives."""
    stage.start()
    before = stage.state()
    stage.seated()[1].hand_over(stage.bounty, 1, digest("keys"))
    assert before == stage.state()
    (told,) = stage.owner.events(stage.bounty, 0, stage.owner.head(), kinds=[ev.HandedOver])
    assert (1, digest("keys")) == (told.seat, told.document)


def test_a_draw_is_due_once_its_block_exists(stage):
    """Not before, and not in another phase."""
    stage.stake()
    stage.post()
    assert not stage.owner.can_draw(stage.state())
    stage.chain.clock.wait_for_block(stage.state().draw_block)
    assert stage.owner.can_draw(stage.state())
    stage.owner.draw(stage.bounty, stage.terms)
    assert not stage.owner.can_draw(stage.state())


def test_a_draw_that_was_forgotten_for_long_is_still_due(stage):
    """The chain knows the last 256 hashes alone; the market then draws from a later one."""
    stage.stake()
    stage.post()
    stage.chain.clock.wait_for_block(stage.state().draw_block + 300)
    assert stage.owner.can_draw(stage.state())
    stage.owner.draw(stage.bounty, stage.terms)
    assert Phase.ACKNOWLEDGE is stage.state().phase


def test_what_a_silent_seat_loses_is_burned(stage):
    """A tenth of its ticket goes where nobody can take it, and the events say whose it was."""
    stage.start()
    stage.join()
    stage.open_round()
    stage.submit()
    stage.open_shard()
    stage.attest()
    sheet = stage.sheet()
    silent = stage.seated()[2]
    for seat in (0, 1):
        stage.commit_seat(seat, sheet)
    stage.pass_deadline()
    stage.push()
    for seat in (0, 1):
        stage.reveal_seat(seat, sheet)
    stage.settle(sheet)
    assert stage.terms.ticket_stake // 10 == stage.owner.vault.burned()
    (told,) = stage.owner.events(stage.bounty, 0, stage.owner.head(), kinds=[ev.SeatSlashed])
    assert (2, 10) == (told.seat, told.percent)
    lost = [e for e in stage.owner.money_events(0, stage.owner.head()) if isinstance(e, ev.Slashed)]
    assert [stage.validators.index(silent)] == [e.ticket for e in lost]


def test_seats_and_holders_are_told_as_values(stage):
    """What a seat or holder reads of itself has the types of the domain."""
    stage.start()
    stage.join()
    seat = stage.owner.seat(stage.bounty, 1)
    assert (True, 0, bytes(32)) == (seat.acknowledged, seat.since_round, seat.word)
    holder = stage.owner.holder(stage.bounty, stage.holders[1].address)
    assert (True, 4, stage.terms.rounds, 0) == (holder.joined, holder.index, holder.prepaid, holder.held)
    assert not stage.owner.holder(stage.bounty, stage.holders[3].address).joined


def test_tickets_are_staked_unbonded_and_taken_back(stage):
    """A ticket goes from live to leaving to gone, and its stake returns. GM-309."""
    validator = stage.validators[0]
    before = validator.vault.balance()
    numbers = validator.registry.stake(stage.terms.ticket_stake, 2)
    assert (range(2), TicketState.LIVE) == (numbers, validator.registry.ticket(stage.terms.ticket_stake, 1).state)
    assert 2 * stage.terms.ticket_stake == validator.vault.balance(validator.registry.pool(stage.terms.ticket_stake))
    for number in numbers:
        validator.registry.leave(stage.terms.ticket_stake, number)
    assert TicketState.LEAVING is validator.registry.ticket(stage.terms.ticket_stake, 0).state
    stage.chain.advance_time(validator.registry.unbonding())
    for number in numbers:
        validator.registry.redeem(stage.terms.ticket_stake, number)
    assert before == validator.vault.balance()


def test_an_allowlist_lets_its_holders_in(stage):
    """The proof that the domain builds is the one the contract checks."""
    stage.start(allowlist_root=allowlist_root([h.address for h in stage.holders]))
    stage.join(4)
    assert 4 == stage.state().joined.bit_count()


def _posted(stage) -> bytes:
    stage.stake()
    return stage.post()


def _everybody_out(stage) -> None:
    for holder in stage.holders[:3]:
        stage.owner.leave(stage.bounty, stage.terms, holder.address)
        if stage.owner.holder(stage.bounty, holder.address).held:
            stage.owner.claim_held(stage.bounty, stage.terms, holder.address)
    for number, validator in enumerate(stage.validators):
        validator.registry.leave(stage.terms.ticket_stake, number)
    stage.chain.advance_time(stage.owner.registry.unbonding())
    for number, validator in enumerate(stage.validators):
        validator.registry.redeem(stage.terms.ticket_stake, number)
    for person in [stage.owner, *stage.validators, *stage.holders]:
        person.vault.withdraw(person.vault.balance())
