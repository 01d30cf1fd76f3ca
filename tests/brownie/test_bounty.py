"""A bounty on Brownie's chain, from the posting to the joining, with Python's own words for everything hashed."""

from __future__ import annotations

from dataclasses import replace

import brownie
import pytest
from brownie.test import given, strategy

from marketplace.domain.abi import bounty_id, sheet_hash
from marketplace.domain.bounty import CloseReason, Phase, TicketState
from marketplace.domain.terms import SheetHead
from tests.brownie.stage import PURSE, SALT, TOKEN, Stage, digest, refusal


@pytest.fixture(scope="module")
def stage(deployment, accounts):
    """Everybody has paid in; the validators hold tickets."""
    stage = Stage(deployment, accounts)
    stage.stake()
    for person in (stage.owner, *stage.holders):
        stage.pay_in(person)
    return stage


@pytest.fixture
def posted(stage):
    """A bounty that waits for its draw."""
    stage.post()
    return stage


@pytest.fixture
def seated(posted):
    """A bounty that holders can join."""
    posted.draw()
    posted.acknowledge()
    return posted


def test_the_id_and_the_terms_are_hashed_alike(stage):
    """Python knows a bounty's id before it is posted, and what the market keeps of its terms. GM-201."""
    expected = bounty_id(brownie.chain.id, stage.market.address, stage.owner, SALT)
    assert expected == bytes(stage.market.bountyId(stage.owner, SALT))
    assert expected == stage.post()
    assert stage.terms_hash() == bytes(stage.state()["termsHash"])


@given(
    included=strategy("uint128"),
    pool=strategy("uint128"),
    root=strategy("bytes32"),
    adopted=strategy("bool"),
    round_=strategy("uint16"),
)
def test_sheets_are_hashed_alike(stage, included, pool, root, adopted, round_):
    """Whatever seats say, Python and the market agree on what they commit to. GM-807."""
    scope = replace(stage.scope, bounty=digest("bounty"))
    words = [digest(i) for i in range(4)]
    sheet = SheetHead(included, included // 2, bytes(root), words[0], pool, words[1], adopted, not adopted, *words[2:])
    told = stage.market.sheetHashOf(scope.bounty, round_, sheet.as_tuple())
    assert sheet_hash(scope, round_, sheet) == bytes(told)


def test_posting_moves_the_escrow_and_nothing_else(stage):
    """What the owner pays is in the bounty's account, and the vault holds what it held. GM-107."""
    before, tokens = stage.everything(), stage.token.balanceOf(stage.vault)
    stage.post()
    assert stage.terms.escrow == stage.balance(stage.bounty) == PURSE - stage.balance(stage.owner)
    assert before == stage.everything() == tokens == stage.token.balanceOf(stage.vault)


def test_seats_are_drawn_after_four_blocks_and_taken_by_those_drawn(posted):
    """Every validator holds one ticket and gets one seat. GM-301, GM-302."""
    with brownie.reverts(refusal("Market_TooEarly", posted.bounty, posted.state()["drawBlock"] + 1)):
        posted.draw_now()
    posted.draw()
    assert Phase.ACKNOWLEDGE is posted.phase()
    posted.acknowledge()
    assert sorted(posted.validators) == sorted(posted.seated().values())
    assert (Phase.JOIN, 0) == (posted.phase(), posted.state()["vacant"])
    states = {posted.registry.ticketOf(posted.pool(), ticket).dict()["state"] for ticket in range(3)}
    assert {TicketState.SEATED} == states


def test_a_holder_joins_with_its_stake_and_a_fee_for_every_round(seated):
    """And takes all of it back by leaving while joining is open. GM-109."""
    before = seated.everything()
    for index, holder in enumerate(seated.holders[:3]):
        seated.join(holder, 2 * index)
    locked = seated.terms.holder_stake + 2 * seated.terms.fee
    assert [PURSE - locked] * 3 + [PURSE] == [seated.balance(holder) for holder in seated.holders]
    assert 0b10101 == seated.state()["joined"]
    assert seated.terms.escrow + 3 * locked == seated.balance(seated.bounty)
    seated.leave(seated.holders[1])
    assert (PURSE, 0b10001) == (seated.balance(seated.holders[1]), seated.state()["joined"])
    assert before == seated.everything() == seated.token.balanceOf(seated.vault)


def test_an_owner_that_opens_no_round_loses_its_bond_and_everybody_gets_out(seated):
    """After the deadlines anybody closes the bounty; every unit goes to somebody or is burned. GM-115, GM-210."""
    before = seated.everything()
    for index, holder in enumerate(seated.holders[:2]):
        seated.join(holder, index)
    closing = seated.state()["deadline"] + seated.terms.phases.open + 1
    with brownie.reverts(refusal("Market_TooEarly", seated.bounty, closing)):
        seated.advance()
    seated.advance(seated.terms.phases.open)
    assert (Phase.CLOSED, CloseReason.OWNER_DEFAULT) == (seated.phase(), seated.state()["closed"])
    for holder in seated.holders[:2]:
        seated.leave(holder)
    assert [PURSE + seated.terms.compensation] * 2 == [seated.balance(holder) for holder in seated.holders[:2]]
    burned = seated.balance(bytes(seated.vault.BURNED()))
    assert seated.terms.bond - 2 * seated.terms.compensation == burned
    assert (0, PURSE - seated.terms.bond) == (seated.balance(seated.bounty), seated.balance(seated.owner))
    assert before == seated.everything() == seated.token.balanceOf(seated.vault)


def test_whoever_may_not_act_is_told_why(posted):
    """Refusals carry the bounty, and who or what was wrong. GM-205."""
    bounty = posted.bounty
    with brownie.reverts(refusal("Market_AlreadyPosted", bounty)):
        posted.post()
    with brownie.reverts(refusal("Market_WrongPhase", bounty, int(Phase.DRAW))):
        posted.join(posted.holders[0], 0)
    posted.draw()
    with brownie.reverts(posted.not_your_turn(0, posted.stranger)):
        posted.take(0, posted.stranger)
    posted.acknowledge()
    posted.join(posted.holders[0], 3)
    with brownie.reverts(refusal("Market_BadIndex", bounty, 3)):
        posted.join(posted.holders[1], 3)
    with brownie.reverts(refusal("Market_AlreadyJoined", bounty, posted.holders[0])):
        posted.join(posted.holders[0], 4)
    with brownie.reverts(refusal("Market_UnknownBounty", digest("nothing"))):
        posted.market.commit(digest("nothing"), 0, digest("c"), {"from": posted.stranger})


def test_terms_that_promise_too_little_are_not_posted(stage, monkeypatch):
    """The reason names the field; and nobody posts in somebody else's name."""
    theirs = bounty_id(brownie.chain.id, stage.market.address, stage.stranger, SALT)
    with brownie.reverts(refusal("Market_NotOwner", theirs, stage.stranger)):
        stage.post(stage.stranger)
    monkeypatch.setattr(stage, "terms", replace(stage.terms, bond=TOKEN))
    with brownie.reverts(refusal("Market_BadTerms", b"bond".ljust(32, b"\0"))):
        stage.post()
