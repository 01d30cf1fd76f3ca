"""Every error of the contracts is one exception, and its message says what to do next."""

from dataclasses import replace

import pytest
from eth_tester.exceptions import TransactionFailed
from web3.exceptions import ContractCustomError, ContractLogicError

from marketplace.chain import referee_reverts, reverts, token_reverts
from marketplace.chain.account import Account
from marketplace.chain.artefacts import artefact
from marketplace.chain.codec import encode, selector
from marketplace.chain.refusal import Revert, refusal, refused
from marketplace.chain.signer import KeySigner
from marketplace.domain.bounty import Phase, TicketState
from marketplace.domain.errors import ChainError, InvalidSheet, InvalidTerms, NotEnoughTokens, NotFound, Refused
from tests.chain.stage import TOKEN, digest

OURS = ("Market", "Referee", "Registry", "Vault", "Faucet", "RewardToken")
SAMPLES = {
    "bytes32": b"budget".ljust(32, b"\0"),
    "uint256": 1_800_000_000,
    "address": "0x" + "11" * 20,
    "Phase": 3,
    "TicketState": 1,
    "Turn": 2,
    "string": "a name",
}


def errors_of_the_contracts() -> dict[str, tuple[str, ...]]:
    """Signature -> parameter names of every error that any of the contracts can raise."""
    return {s: names for name in OURS for s, names in artefact(name).interface.errors.items()}


def classes() -> list[type[Revert]]:
    """Every exception that stands for an error."""
    found = [getattr(module, name) for module in (reverts, referee_reverts, token_reverts) for name in module.__all__]
    return [cls for cls in found if issubclass(cls, Revert)]


def test_every_error_has_exactly_one_exception_and_every_exception_an_error():
    """The two lists are equal, parameters and their names included. GM-808."""
    mine = {cls.canonical(): tuple(name for _, name in cls.parameters()) for cls in classes()}
    assert len(classes()) == len(mine)
    assert errors_of_the_contracts() == mine


@pytest.mark.parametrize("cls", classes(), ids=lambda cls: cls.__name__)
def test_every_refusal_is_one_line_that_says_what_to_do(cls):
    """From the bytes to a message that holds what the error named, a colon, and advice."""
    kinds = [kind for kind, _ in cls.parameters()]
    types = [kind if kind in {"bytes32", "uint256", "address", "string"} else "uint8" for kind in kinds]
    data = selector(cls.canonical()) + encode(types, [SAMPLES[kind] for kind in kinds])
    error = refusal(data)
    assert cls is type(error)
    assert isinstance(error, Refused)
    assert {name for _, name in cls.parameters()} == set(error.values)
    assert "\n" not in str(error)
    assert ": " in str(error)
    assert "{" not in str(error)
    assert "None" not in str(error)


def test_exit_codes_tell_the_kinds_apart():
    """Terms, sheets, unknown bounties and missing money end the command as their own kinds do, the rest as refusals."""
    assert InvalidTerms.exit_code == reverts.BadTerms.exit_code == reverts.TooMuchAtRisk.exit_code
    assert InvalidTerms.exit_code == reverts.TooFewTickets.exit_code
    assert InvalidSheet.exit_code == reverts.BadSheet.exit_code
    assert NotFound.exit_code == reverts.UnknownBounty.exit_code
    assert NotEnoughTokens.exit_code == reverts.InsufficientBalance.exit_code
    assert NotEnoughTokens.exit_code == token_reverts.TokenBalanceTooSmall.exit_code
    assert Refused.exit_code == reverts.TooLate.exit_code


def test_values_are_shown_as_people_read_them():
    """Phases and reasons as words, times as dates, blocks as blocks, ids cut short."""
    late = reverts.TooLate({"bounty": digest("b"), "deadline": 1_800_000_000})
    assert "2027-01-15 08:00:00 UTC" in str(late)
    assert f"0x{digest('b').hex()[:10]}.." in str(late)
    assert "block 17" in str(reverts.TooEarly({"bounty": digest("b"), "notBefore": 17}))
    assert "'attest'" in str(reverts.WrongPhase({"bounty": digest("b"), "phase": Phase.ATTEST}))
    assert "'leaving'" in str(
        reverts.WrongState({"pool": digest("p"), "ticket": 1, "state": TicketState.LEAVING}),
    )
    assert "roundBudget" in str(reverts.BadTerms({"reason": b"roundBudget".ljust(32, b"\0")}))


CUSTOM = selector("Market_NotOwner(bytes32,address)") + encode(["bytes32", "address"], [digest("b"), "0x" + "22" * 20])
WRAPPED = TransactionFailed(f"execution reverted: {CUSTOM!r}")
WRAPPED.__context__ = TransactionFailed(str(CUSTOM))


@pytest.mark.parametrize(
    "raised",
    [
        WRAPPED,
        TransactionFailed(CUSTOM),
        ContractCustomError("0x" + CUSTOM.hex(), data="0x" + CUSTOM.hex()),
        ContractLogicError("execution reverted", data="0x" + CUSTOM.hex()),
        ContractLogicError("VM Exception", data={"hash": "0x1", "result": "0x" + CUSTOM.hex()}),
        RuntimeError({"code": 3, "message": "execution reverted", "data": "0x" + CUSTOM.hex()}),
    ],
    ids=["eth-tester", "eth-tester bytes", "anvil", "anvil data", "ganache", "error object"],
)
def test_a_refusal_is_found_whatever_a_provider_wraps_it_in(raised):
    """eth-tester's literal, web3's exceptions and plain error objects all give the same exception."""
    error = refused(raised)
    assert isinstance(error, reverts.NotOwner)
    assert {"bounty": digest("b"), "caller": "0x" + "22" * 20} == error.values


def test_a_text_and_a_panic_are_refusals_that_keep_their_meaning():
    """What is not one of our errors still says why."""
    text = refusal(selector("Error(string)") + encode(["string"], ["paused"]))
    assert "paused" in str(text)
    assert "overflowed" in str(refusal(selector("Panic(uint256)") + encode(["uint256"], [0x11])))
    assert "0xdeadbeef" in str(refusal(bytes.fromhex("deadbeef")))
    assert "no reason" in str(refusal(b""))
    assert "paused" in str(refused(TransactionFailed("execution reverted: paused")))


def test_bytes_that_only_look_like_an_error_are_shown_as_they_are():
    """A known selector before garbage is no crash."""
    assert type(refusal(CUSTOM[:20])) is Refused


def test_an_error_that_is_no_revert_is_none_of_ours():
    """A lost connection is not a refusal."""
    assert refused(ConnectionError("gone")) is None


def test_an_unknown_bounty_is_not_found(stage):
    """Views and acts agree: the message names the id."""
    with pytest.raises(NotFound, match="there is no bounty"):
        stage.owner.bounty(digest("nothing"))
    with pytest.raises(NotFound, match="there is no bounty"):
        stage.owner.commit(digest("nothing"), 0, digest("c"))


def test_posting_without_enough_tokens_says_what_is_missing(stage):
    """The message holds what it takes and what is there, and nothing was moved."""
    stage.stake()
    pauper = stage.person("pauper", tokens=5 * TOKEN)
    stage.owner = pauper
    with pytest.raises(NotEnoughTokens) as caught:
        stage.post(owner=pauper.address)
    assert isinstance(caught.value, reverts.InsufficientBalance)
    assert (5 * TOKEN, stage.terms.escrow) == (caught.value.values["balance"], caught.value.values["amount"])
    assert str(5 * TOKEN) in str(caught.value)
    assert str(stage.terms.escrow) in str(caught.value)
    assert 5 * TOKEN == pauper.vault.balance()


def test_depositing_more_than_a_wallet_holds_says_what_is_missing(stage):
    """The token's own error arrives as not enough tokens, both figures named."""
    with pytest.raises(NotEnoughTokens, match=rf"holds 0 of the token and this takes {TOKEN}"):
        stage.owner.vault.deposit(TOKEN)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"rounds": 0}, reverts.BadTerms),
        ({"post_before": 1}, reverts.BadTerms),
        ({"seats": 5}, reverts.TooFewTickets),
        ({"round_budget": 10**24}, reverts.TooMuchAtRisk),
        ({"min_holders": 1}, reverts.BadTerms),
    ],
)
def test_bad_terms_are_invalid_terms(stage, changes, kind):
    """What the market refuses to post is told as invalid terms."""
    stage.stake()
    with pytest.raises(InvalidTerms) as caught:
        stage.post(**changes)
    assert kind is type(caught.value)


def test_acts_out_of_place_say_which_phase_it_is(stage):
    """Joining before anybody is seated is refused with the phase's name; so are strangers and second posts. GM-205."""
    stage.stake()
    stage.post()
    with pytest.raises(reverts.WrongPhase, match="'draw'"):
        stage.join(1)
    with pytest.raises(reverts.TooEarly, match="block"):
        stage.owner.draw(stage.bounty, stage.terms)
    with pytest.raises(reverts.AlreadyPosted):
        stage.post()
    with pytest.raises(reverts.NotYourTicket):
        stage.owner.registry.leave(stage.terms.ticket_stake, 0)


def test_a_refused_act_leaves_the_account_usable(stage):
    """After a refusal the next transaction of the same wallet goes through."""
    with pytest.raises(reverts.ZeroAmount):
        stage.owner.vault.withdraw(0)
    assert stage.owner.vault.withdraw(TOKEN).gas_used > 21_000


def test_a_wallet_without_the_chains_coin_cannot_send(stage):
    """It is told apart from a refusal of the contract."""
    broke = Account(stage.chain, stage.deployment, KeySigner(digest("broke")))
    with pytest.raises(NotEnoughTokens, match="gas"):
        broke.faucet.drip(1)


def test_a_wrong_address_is_a_chain_error(stage):
    """An address without the contract answers nothing that can be read."""
    wrong = replace(stage.deployment, market=stage.owner.address)
    with pytest.raises(ChainError, match="right chain and address"):
        Account(stage.chain, wrong, stage.owner.signer).bounty(digest("b"))
