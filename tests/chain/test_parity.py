"""Python and the contracts agree: on every hash and proof, on what a struct holds, on what a number means."""

import dataclasses
import re
from pathlib import Path

import pytest
from eth_abi import encode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from marketplace.chain import reverts
from marketplace.chain.artefacts import artefact
from marketplace.chain.events import submissions_hash
from marketplace.domain import abi, bounty, terms
from marketplace.domain.errors import ChainError, InvalidInput
from marketplace.domain.events import Posted, RoundOpened, Submitted
from marketplace.domain.hashing import keccak
from marketplace.domain.sumtree import PayoutTree
from tests.chain.stage import TOKEN, Payout, digest

INTERFACES = Path(__file__).parents[2] / "contracts" / "interfaces"
SHARED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
WORDS = st.binary(min_size=32, max_size=32)
HALVES = st.integers(0, 2**128 - 1)
SHEETS = st.builds(
    terms.SheetHead, HALVES, HALVES, WORDS, WORDS, HALVES, WORDS, st.booleans(), st.booleans(), WORDS, WORDS
)


def snake(name: str) -> str:
    """A Solidity name as Python writes it."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def components(contract: str, function: str, *, inputs: bool = False) -> dict[str, list[str]]:
    """Struct name -> names of its fields, for the structs a function takes or returns."""
    entry = next(e for e in artefact(contract).abi if e.get("name") == function and e["type"] == "function")
    found: dict[str, list[str]] = {}
    todo = list(entry["inputs" if inputs else "outputs"])
    while todo:
        part = todo.pop()
        if part["type"].startswith("tuple"):
            found[part["internalType"].split(".")[-1]] = [snake(c["name"]) for c in part["components"]]
            todo += part["components"]
    return found


@pytest.mark.parametrize(
    ("contract", "function", "struct", "mirror"),
    [
        ("Market", "bountyOf", "BountyView", bounty.BountyState),
        ("Market", "holderOf", "HolderView", bounty.HolderState),
        ("Market", "seatOf", "SeatView", bounty.SeatState),
        ("Registry", "ticketOf", "Ticket", bounty.Ticket),
        ("Market", "bountyOf", "Draw", bounty.Draw),
        ("Market", "sheetHashOf", "Sheet", terms.SheetHead),
    ],
    ids=lambda value: value if isinstance(value, str) else value.__name__,
)
def test_every_struct_has_the_same_fields_in_the_same_order(contract, function, struct, mirror):
    """A field that is added, dropped or moved on one side fails here, not in somebody's money."""
    found = components(contract, function) | components(contract, function, inputs=True)
    assert found[struct] == [field.name for field in dataclasses.fields(mirror)]


@pytest.mark.parametrize(
    ("interface", "name", "mirror"),
    [
        ("IMarket", "Phase", bounty.Phase),
        ("IMarket", "CloseReason", bounty.CloseReason),
        ("IRegistry", "TicketState", bounty.TicketState),
    ],
)
def test_every_enum_has_the_same_members_in_the_same_order(interface, name, mirror):
    """The interface's source is the only place that names them."""
    source = (INTERFACES / f"{interface}.sol").read_text(encoding="utf-8")
    body = re.search(rf"enum {name} \{{(.*?)\}}", source, re.DOTALL)
    members = re.sub(r"//.*", "", body[1]).split(",")
    assert [snake(m.strip()).upper() for m in members] == [m.name for m in mirror]
    assert list(range(len(mirror))) == [m.value for m in mirror]


@SHARED
@given(salt=WORDS, owner=st.binary(min_size=20, max_size=20))
def test_the_id_of_a_bounty_is_known_before_it_is_posted(stage, salt, owner):
    """bounty_id equals what the contract computes. GM-201."""
    address = "0x" + owner.hex()
    expected = stage.owner.bounty_id(address, salt)
    assert expected == abi.bounty_id(stage.chain.chain_id, stage.deployment.market, address, salt)


@SHARED
@given(sheet=SHEETS, round_=st.integers(0, 2**16))
def test_a_sheet_has_one_hash(stage, sheet, round_):
    """sheet_hash equals the contract's for any sheet. GM-807."""
    stage.bounty = digest("some bounty")
    assert stage.owner.sheet_hash(stage.bounty, round_, sheet) == abi.sheet_hash(stage.scope, round_, sheet)


def test_a_pool_is_named_by_its_token_and_stake(stage):
    """It is keccak256(abi.encode(token, ticketStake))."""
    expected = keccak(encode(["address", "uint128"], [stage.deployment.token, 7]))
    assert expected == stage.owner.registry.pool(7)


def test_the_market_keeps_the_hash_of_the_terms_it_was_given(stage):
    """keccak256(abi.encode(packedTerms)), as anybody can recompute it from the Posted event."""
    stage.stake()
    stage.post()
    kind = artefact("Market").interface.functions["collect"].inputs[1:2]
    assert keccak(encode(kind, [stage.terms.packed()])) == stage.state().terms_hash == stage.terms.hash
    (posted,) = stage.owner.events(stage.bounty, 0, stage.owner.head(), kinds=[Posted])
    assert stage.terms == posted.terms


def test_the_running_hash_of_submissions_can_be_recomputed(stage):
    """From the events alone, and only from all of them, unaltered, in order."""
    stage.start()
    stage.join()
    stage.open_round()
    stage.submit()
    owner = stage.owner.address
    events = list(stage.owner.events(stage.bounty, 0, stage.owner.head(), kinds=[RoundOpened, Submitted]))
    assert 4 == len(events)
    assert submissions_hash(stage.bounty, owner, events) == stage.state().submissions
    stage.owner.check_submissions(stage.bounty, owner, events)
    for wrong in (events[:3], events[1:], events[::-1], [*events, events[1]]):
        with pytest.raises(ChainError, match="another node"):
            stage.owner.check_submissions(stage.bounty, owner, wrong)


def test_every_payout_of_a_tree_can_be_claimed_and_no_other(stage):
    """The contract accepts each proof of the Python tree once, and refuses it for another amount, index or holder.

    GM-114, GM-416.
    """
    tree = PayoutTree({i: (f"0x{i + 1:040x}", (i + 1) * TOKEN + i) for i in (0, 2, 3, 5, 6)})
    stage.start(max_holders=8)
    stage.join()
    stage.open_round()
    stage.submit()
    stage.open_shard()
    stage.attest()
    sheet = stage.sheet(payout_root=tree.root, pool=tree.total)
    stage.commit(sheet)
    stage.reveal(sheet)
    stage.settle(sheet)
    stage.serve()
    for index, (holder, amount) in tree.payouts.items():
        proof = (*tree.proof(index), stage.settled_on(0))
        for wrong in (
            Payout(index, holder, amount, *tree.proof(index), digest("another sheet")),
            Payout(index, holder, amount + 1, *proof),
            Payout(index ^ 1, holder, amount, *proof),
            Payout(index, stage.owner.address, amount, *proof),
            Payout(index + 8, holder, amount, *proof),
        ):
            with pytest.raises((reverts.BadProof, reverts.AlreadyClaimed)):
                stage.owner.claim(stage.bounty, stage.terms, 0, wrong)
        stage.owner.claim(stage.bounty, stage.terms, 0, Payout(index, holder, amount, *proof))
        assert amount - amount // 5 == stage.owner.vault.balance(holder)
        assert amount // 5 == stage.owner.holder(stage.bounty, holder).held
    assert all(stage.owner.claimed(stage.bounty, holder, 0) for holder, _ in tree.payouts.values())
    assert not stage.owner.claimed(stage.bounty, stage.owner.address, 0)
    with pytest.raises(reverts.AlreadyClaimed):
        stage.owner.claim(
            stage.bounty, stage.terms, 0, Payout(0, *tree.payouts[0], *tree.proof(0), stage.settled_on(0))
        )


@pytest.mark.parametrize("rounds", [1, 2])
def test_every_shard_proof_leads_to_the_root_in_the_terms(stage, rounds):
    """The market takes the rebuttal that the domain's tree proves, and no other key."""
    stage.start(rounds=rounds, shards_root=abi.shards_root(_shards(rounds), digest("scoring")))
    stage.join()
    stage.open_round()
    stage.submit()
    stage.open_shard()
    stage.attest(opened=False)
    root, name, _ = _shards(rounds)[0]
    proof = abi.shard_proof(_shards(rounds), digest("scoring"), 0)
    with pytest.raises(reverts.BadKey):
        stage.owner.rebut(stage.bounty, stage.terms, digest("another key"), root, name, proof)
    stage.owner.rebut(stage.bounty, stage.terms, digest("key", 0), root, name, proof)
    assert bounty.Phase.COMMIT is stage.state().phase


def test_the_allowlist_keeps_others_out(stage):
    """A holder that is not on the list has no proof, and no other proof helps it."""
    listed = [h.address for h in stage.holders[:3]]
    stage.start(allowlist_root=abi.allowlist_root(listed))
    with pytest.raises(InvalidInput, match="not on the allowlist"):
        abi.allowlist_proof(listed, stage.holders[3].address)
    for stolen in listed:
        proof = abi.allowlist_proof(listed, stolen)
        with pytest.raises(reverts.NotAllowed):
            stage.holders[3].join(stage.bounty, stage.terms, 0, digest("k"), proof)


def _shards(rounds: int) -> list[tuple[bytes, bytes, bytes]]:
    return [(digest("rows", i), digest("cid", i), abi.data_key_hash(digest("key", i))) for i in range(rounds + 1)]
