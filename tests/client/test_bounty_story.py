"""A whole bounty through the roles, on real contracts and with real sealing."""

import json
from base64 import b64decode
from itertools import product

import pytest

from client.sheets import sheet_in
from client.training import evaluate
from marketplace.domain.bounty import CloseReason, Phase, RoundStatus
from marketplace.domain.commitment import update_root
from marketplace.domain.documents import AggregateDocument
from marketplace.domain.errors import GradMarketError
from marketplace.domain.scope import Purpose
from marketplace.domain.update import Update
from marketplace.storage.cid import cid_of_digest
from marketplace.storage.store import read_bytes
from marketplace.storage.tensors import load_update
from tests.client.stage import Stage, rows


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A bounty of two rounds with three honest holders and one that submits nothing new, played to the end."""
    stage = Stage(tmp_path_factory.mktemp("store"), rounds=2, honest=3)
    stage.add_holder("zero", lambda task: Update.zero(task.terms.scoring.shape))
    stage.before = evaluate(stage.owner.model, *_test_rows())
    stage.post()
    stage.play()
    return stage


def _test_rows():
    source = rows(2000, 999)
    return source.features, source.labels


def test_the_bounty_finishes_and_every_round_settles(told):
    """With everybody honest enough to act, no round is void. GM-218."""
    assert CloseReason.FINISHED == told.state().closed
    assert [RoundStatus.SETTLED] * 2 == [told.owner.account.round(told.bounty, r).status for r in range(2)]


def test_the_owners_model_gets_better(told):
    """What the owner paid for is there: accuracy on fresh rows rises."""
    after = evaluate(told.owner.model, *_test_rows())
    assert after.auc > told.before.auc + 0.05


def test_honest_holders_earn_and_doing_nothing_only_costs(told):
    """Payouts go to updates that improved the model; a null update loses its fees and nothing else. GM-404."""
    earned = {h.name: told.owner.log.earned[h.address] for h in told.holders}
    assert earned.pop("zero") == 0
    assert all(amount > 0 for amount in earned.values())
    spent = told.terms.holder_stake + 2 * told.terms.fee
    zero = told.holders[-1].account.vault.balance()
    assert spent - 2 * told.terms.fee == zero


def test_money_is_conserved_to_the_unit(told):
    """What went in equals what people can withdraw, plus what is burned, plus nothing left in the bounty. GM-108."""
    assert told.left_in_bounty() == 0
    people = (told.owner, *told.validators, *told.holders)
    free = sum(p.account.vault.balance() for p in people)
    staked = sum(told.terms.ticket_stake for _ in told.validators)
    books = told.net.books()
    assert books.tokens_in_vault == free + staked + told.owner.account.vault.burned()
    assert books.deposited == books.withdrawn + books.burned + books.held
    assert books.tokens_in_vault == books.burned + books.held


def test_the_owners_aggregate_is_the_one_the_sheet_commits_to(told):
    """The aggregate the owner opened has the root that the settled sheet's document names. GM-706."""
    for round_, update in told.owner.aggregates.items():
        head = told.owner.log.sheet_of(round_).sheet
        document = told.owner.fetch(head.aggregate, AggregateDocument)
        sheet = sheet_in(told.owner, told.owner.log, round_)
        assert sheet["aggregate_root"] == "0x" + document.root.hex()
        assert told.owner.plan.base.shape.parameters == update.flat().size
    assert set(told.owner.aggregates) == set(told.owner.log.adopted)


def test_no_single_update_ever_opens_for_the_owner(told):
    """Of everything sealed in the store, the owner's key opens the served aggregate keys and nothing else. GM-706."""
    owner, log = told.owner, told.owner.log
    scope = owner.scope(told.bounty)
    senders = [p.address for p in (owner, *told.validators, *told.holders)]
    contexts = [scope.context(p, r, s) for p, r, s in product(Purpose, range(3), senders)]
    served = {e.document for events in log.served.values() for e in events.values()}
    opened = 0
    for digest in {e.document for r in log.submissions.values() for e in r} | {
        e.document for seats in log.attested.values() for e in seats.values()
    }:
        assert digest not in served
        for sealed in _sealed_texts(json.loads(read_bytes(told.store, cid_of_digest(digest), max_bytes=1 << 20))):
            for context in contexts:
                try:
                    owner.identity.open_key(sealed, context)
                except GradMarketError:
                    continue
                opened += 1
    assert opened == 0


def _sealed_texts(value):
    """Every base64 text long enough to hold a sealed key, anywhere in a document."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _sealed_texts(item)
    elif isinstance(value, str) and len(value) > 1000:
        yield b64decode(value)


def test_every_seat_stores_the_same_aggregate_and_the_same_sheet(told):
    """Honest seats name the same CIDs: exactly one sheet was revealed in each round. GM-507."""
    for round_ in told.owner.log.settled:
        assert len(told.owner.log.revealed[round_]) == 1


def test_seats_are_paid_and_keep_their_stakes(told):
    """Three seats scored two rounds and served: each earned two full pays; nobody was slashed. GM-311."""
    for validator in told.validators:
        assert 2 * told.terms.seat_pay == told.owner.log.earned[validator.address]
        assert told.owner.log.lost[validator.address] == 0


def test_the_phase_at_the_end_is_closed_for_good(told):
    """Nothing more can be pushed on. GM-208."""
    assert told.state().phase is Phase.CLOSED
    with pytest.raises(GradMarketError):
        told.owner.account.advance(told.bounty, told.terms)


def test_the_aggregate_file_opens_with_its_served_key_alone(told):
    """The deterministic ciphertext holds an update and two salts, and the update matches its root."""
    round_ = min(told.owner.aggregates)
    head = told.owner.log.sheet_of(round_).sheet
    document = told.owner.fetch(head.aggregate, AggregateDocument)
    validator = told.validators[0]
    key = validator.bench.score(round_).aggregate_key
    scope = validator.scope(told.bounty)
    plain = validator.get_sealed(
        document.cid, key, scope.context(Purpose.AGGREGATE, round_, scope.market), max_bytes=1 << 20
    )
    update, (salt, _) = load_update(plain, salts=2)
    assert update_root(update, salt) == document.root
    assert update == told.owner.aggregates[round_]


def test_terms_hold_what_was_escrowed(told):
    """The owner paid in rounds times (budget + seats times pay) plus the bond, and got back what was not paid out.

    GM-107, GM-116.
    """
    terms = told.terms
    assert 2 * (terms.round_budget + 3 * terms.seat_pay) + terms.bond == terms.escrow
    pools = [told.owner.log.sheet_of(round_).sheet.pool for round_ in told.owner.log.settled]
    paid_out = sum(pools) + 2 * 3 * terms.seat_pay
    fees = sum(told.owner.log.fees_paid_by(h.address) for h in told.holders) * terms.fee
    held_back = 0 if told.owner.log.sheet_of(1).sheet.released else sum(pool // 5 for pool in pools)
    assert abs(terms.escrow - paid_out + fees + held_back - told.owner.account.vault.balance()) < 10
