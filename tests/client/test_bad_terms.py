"""Terms that cannot be kept are refused before any money moves, with one line that says what to do next."""

from dataclasses import replace

import pytest

from client.bench import Bench
from client.shards import open_shard
from marketplace.domain.abi import allowlist_root
from marketplace.domain.bounty import Phase
from marketplace.domain.errors import (
    CorruptContent,
    GradMarketError,
    InvalidData,
    InvalidSheet,
    InvalidTerms,
    NotEnoughTokens,
    NotFound,
    Refused,
)
from marketplace.domain.network import Shape
from marketplace.domain.scope import Purpose
from marketplace.domain.scoring_terms import ScoringTerms
from marketplace.domain.update import Bounds
from marketplace.scoring.sheet import payouts_of
from marketplace.storage.tensors import dump_rows
from tests.client.stage import TOKEN, Stage


@pytest.mark.parametrize(
    "changes",
    [
        {"rounds": 0},
        {"post_before": 1},
        {"seats": 5},
        {"seats": 4},
        {"min_holders": 1},
        {"max_holders": 129},
        {"round_budget": 201 * TOKEN},
        {"bond": 1},
    ],
    ids=lambda changes: "-".join(f"{k}={v}" for k, v in changes.items()),
)
def test_terms_the_contract_can_tell_are_bad_are_refused_and_cost_nothing(tmp_path, changes):
    """Zero rounds, a deadline in the past, more seats than tickets, too much at risk: nothing is escrowed.

    GM-202, GM-203, GM-204.
    """
    stage = Stage(tmp_path, rounds=1)
    stage.owner.plan = replace(stage.owner.plan, chain=replace(stage.owner.plan.chain, **changes))
    before = stage.owner.account.vault.balance()
    with pytest.raises(GradMarketError) as refused:
        stage.owner.post()
    assert before == stage.owner.account.vault.balance()
    assert 1 == len(str(refused.value).splitlines())


def test_an_owner_without_enough_tokens_is_told_how_many_are_missing(tmp_path):
    """Both figures are in the message, and the balance stays."""
    stage = Stage(tmp_path, rounds=1)
    stage.owner.account.vault.withdraw(1)
    before = stage.owner.account.vault.balance()
    with pytest.raises(NotEnoughTokens, match=str(before)):
        stage.owner.post()
    assert before == stage.owner.account.vault.balance()


def test_bounds_that_can_overflow_are_refused_before_posting():
    """The owner's client proves the worst case below 2**62 or refuses. GM-403."""
    wide = ScoringTerms(Shape(4096, 512, 10), bounds=Bounds(entry=1 << 20, norm=1 << 24, row_norm=1 << 24))
    with pytest.raises(InvalidTerms):
        wide.check(100 * TOKEN)


@pytest.mark.parametrize("change", [{"max_submissions": 101}, {"max_submissions": 128, "permutations": 128}])
def test_terms_that_no_referee_can_judge_are_refused_and_cost_nothing(tmp_path, change):
    """An owner does not post them, and a seat is not taken on them: a proof would not fit a transaction. GM-317."""
    stage = Stage(tmp_path, rounds=1)
    plan = stage.owner.plan
    stage.owner.plan = replace(plan, scoring=replace(plan.scoring, **change))
    before = stage.owner.account.vault.balance()
    with pytest.raises(InvalidTerms, match="submissions"):
        stage.owner.post()
    assert before == stage.owner.account.vault.balance()
    stage.owner.plan = plan
    stage.post()
    stage.owner.log.refresh()
    bench = stage.validators[0].bench
    bench._terms = replace(bench.terms, scoring=replace(bench.terms.scoring, **change))
    with pytest.raises(InvalidTerms, match="submissions"):
        bench.check_terms()


def test_a_seat_attests_that_a_shard_with_the_wrong_rows_did_not_open(tmp_path):
    """The owner commits to one shard and seals another: seats notice before they score. GM-708."""
    stage = Stage(tmp_path, rounds=1)
    right = stage.owner.plan.shards
    seal = stage.owner._seal_shard

    def swapped(bounty, number):
        key, honest = seal(bounty, number)
        salt, owner = stage.owner.derive(bounty, "shard-salt", number), stage.owner
        context = owner.scope(bounty).context(Purpose.SHARD, number, owner.address)
        rows = dump_rows(right[number].rows[::-1], right[number].labels, salt)
        return key, replace(honest, cid=owner.put_sealed(rows, key, context))

    stage.owner._seal_shard = swapped
    stage.post()
    stage.play(until=lambda b: b.phase is Phase.ATTEST)
    bench: Bench = stage.validators[0].bench
    assert bench.shard_is_open(0) is False
    key = stage.owner.secrets.shard_keys[0]
    with pytest.raises(InvalidData, match="does not match the root"):
        open_shard(stage.validators[0], stage.owner.log, stage.owner.terms, 0, key)


def test_a_corrupt_or_missing_block_is_named_and_hurts_nobody_but_the_round(tmp_path):
    """A damaged base file raises CorruptContent, a missing one NotFound; both say what to do. GM-602."""
    stage = Stage(tmp_path, rounds=1)
    stage.post()
    stage.owner.log.refresh()
    cid = stage.owner.terms.shards[0].cid
    file = next(path for path in tmp_path.rglob(f"*{cid}*") if path.is_file())
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(CorruptContent, match=cid[:12]):
        stage.validators[0].bench.check_terms()
    file.unlink()
    with pytest.raises(NotFound, match=cid[:12]):
        stage.validators[0].bench.check_terms()


def test_a_holder_that_cannot_open_the_base_loses_only_its_fee(tmp_path):
    """Garbage in the envelope cannot cost a holder its stake: it submits an update that changes nothing. GM-707."""
    stage = Stage(tmp_path, rounds=1, honest=4)
    stage.post()
    victim = stage.holders[0]
    victim.identity = type(victim.identity).generate()  # what was sealed to it no longer opens
    publish = victim.publish_key
    other = stage.holders[1]
    victim.publish_key = other.publish_key
    stage.play()
    assert 1 == len(victim.troubles)
    assert stage.terms.holder_stake == victim.account.vault.balance()
    assert callable(publish)


def test_a_bounty_with_an_allowlist_takes_those_on_it_and_nobody_else(tmp_path):
    """The list travels outside the chain; its root is in the terms."""
    stage = Stage(tmp_path, rounds=1, honest=4)
    *members, outsider = stage.holders
    allowed = tuple(h.address for h in members)
    chain = replace(stage.owner.plan.chain, allowlist_root=allowlist_root(allowed))
    stage.owner.plan = replace(stage.owner.plan, chain=chain)
    for member in members:
        member.allowlist = allowed
    stage.silent.add(outsider.name)
    stage.post()
    stage.play(until=lambda b: b.joined.bit_count() == len(members))
    with pytest.raises(Refused, match="allow"):
        outsider.step()
    stage.play()
    assert all(stage.owner.log.earned[m.address] > 0 for m in members)


def test_a_sheet_with_an_absurd_index_is_refused_before_a_tree_is_built():
    """A corrupt majority cannot make claimers allocate the world."""
    row = {"index": 10**15, "holder": "0x" + "11" * 20, "payout": "1"}
    with pytest.raises(InvalidSheet):
        payouts_of({"submissions": [row]}, 1, bytes(32))
    with pytest.raises(InvalidSheet):
        payouts_of({"submissions": [row | {"index": "9" * 4000}]}, 1, bytes(32))
