"""What every transaction costs: played on the embedded chain, read from receipts, kept in `snapshots/gas.json`.

Usage: python -m tests.chain.gas            (writes the file; `make gas`)

A receipt counts what a chain charges: 21,000, call data by the byte, cold storage and addresses, refunds. Every value
that is sent is fixed, so that two runs give the same figures. `docs/GAS.md` says what each of them measures.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketplace.chain.artefacts import artefact
from marketplace.chain.embedded import EmbeddedChain
from marketplace.domain.bounty import Phase
from marketplace.domain.sumtree import PayoutTree
from tests.chain.gas_disputes import measure_disputes
from tests.chain.stage import TOKEN, Payout, Stage, digest

if TYPE_CHECKING:
    from marketplace.chain.account import Account
    from marketplace.chain.node import Receipt

SNAPSHOT = Path(__file__).parents[2] / "snapshots" / "gas.json"
HOLDERS, LEAVES, ROUNDS = 6, 64, 5
YEAR_2100 = 4_102_444_800
_MANY, _POOL, _BENCH = 3, 1_000, 7


class MeteredChain(EmbeddedChain):
    """An embedded chain that remembers what every transaction used, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.used: list[int] = []

    def send(self, *args: Any, **options: Any) -> Receipt:
        """Send, and note the gas."""
        receipt = super().send(*args, **options)
        self.used.append(receipt.gas_used)
        return receipt


@dataclass
class Meter:
    """Figures by name; a name that is measured again must give the same."""

    chain: MeteredChain
    figures: dict[str, int] = field(default_factory=dict)

    def note(self, name: str) -> int:
        """Keep what the last transaction used."""
        self.figures[name] = self.chain.used[-1]
        return self.chain.used[-1]


class GasStage(Stage):
    """Six holders; one validator with all tickets, so that it does not matter which of them are drawn."""

    def __init__(self, leaves: int = HOLDERS) -> None:
        super().__init__(MeteredChain())
        self.leaves = leaves
        self.holders += [self.person(f"holder {i}") for i in range(4, HOLDERS)]
        self.validators = self.validators[:1]

    def seated(self) -> dict[int, Account]:
        """Seat -> the validator."""
        return dict.fromkeys(range(self.terms.seats), self.validators[0])

    def index(self, i: int) -> int:
        """Holders sit in the order in which they came."""
        return i

    def payouts(self) -> PayoutTree:
        """A leaf for each of the six holders, and as many others as the tree is to have."""
        others = {i: (f"0x{i + 1:040x}", TOKEN) for i in range(HOLDERS, self.leaves)}
        ours = {i: (h.address, 3 * TOKEN + 10**15 + i) for i, h in enumerate(self.holders)}
        return PayoutTree(ours | others)

    def payout(self, index: int, round_: int) -> Payout:
        """One holder's of a settled round."""
        tree = self.payouts()
        return Payout(index, *tree.payouts[index], *tree.proof(index), self.settled_on(round_))


def measure() -> dict[str, int]:
    """Play everything; return name -> gas, and name -> bytes of code."""
    figures = {
        f"bytes_{name.lower()}": len(artefact(name).deployed_bytecode)
        for name in ("Market", "Referee", "Registry", "Vault")
    }
    return dict(sorted((figures | _bench_of_a_large_pool() | _wide_rounds() | _disputes() | _bounty()).items()))


def main() -> None:
    """Write the snapshot."""
    SNAPSHOT.parent.mkdir(exist_ok=True)
    SNAPSHOT.write_text(json.dumps(measure(), indent=2) + "\n", encoding="utf-8")
    print(SNAPSHOT.read_text(encoding="utf-8"))  # noqa: T201 - a program


def _bench_of_a_large_pool() -> dict[str, int]:
    """Seven seats from a pool of 1,000 tickets that belong to four validators."""
    stage = GasStage()
    meter = Meter(stage.chain)
    stage.validators = [stage.person(f"large {i}", 250 * 200 * TOKEN) for i in range(4)]
    for validator in stage.validators:
        validator.registry.stake(stage.terms.ticket_stake, _POOL // 4)
    stage.post(seats=_BENCH, post_before=YEAR_2100)
    stage.draw()
    meter.note("draw_7_of_1000")
    return meter.figures


def _bounty() -> dict[str, int]:
    """Five rounds of six holders and three seats: the first touches fresh slots, the others are alike."""
    stage = GasStage()
    meter = Meter(stage.chain)
    _start(stage, meter)
    for round_ in range(ROUNDS):
        _round(stage, meter, "_first" if round_ == 0 else "" if round_ == 1 else f"_round_{round_}")
    assert stage.state().phase is Phase.CLOSED
    stage.owner.claim_held(stage.bounty, stage.terms, stage.holders[0].address)
    meter.note("claim_held")
    stage.owner.leave(stage.bounty, stage.terms, stage.holders[0].address)
    meter.note("leave")
    stage.owner.collect(stage.bounty, stage.terms, 0)
    meter.note("collect")
    stage.holders[0].vault.withdraw(TOKEN)
    meter.note("withdraw_to_empty")
    stage.holders[0].vault.withdraw(TOKEN)
    meter.note("withdraw_part")
    stage.holders[0].vault.withdraw(stage.holders[0].vault.balance())
    meter.note("withdraw")
    return meter.figures


def _wide_rounds() -> dict[str, int]:
    """Claims from trees of 64 leaves: one round alone, then three rounds more at once."""
    stage = GasStage(LEAVES)
    meter = Meter(stage.chain)
    _start(stage, meter)
    for _ in range(1 + _MANY):
        _round(stage, meter, "")
    meter.figures.clear()
    stage.owner.claim(stage.bounty, stage.terms, 0, stage.payout(0, 0))
    alone = meter.note("claim_first")
    stage.owner.claim(stage.bounty, stage.terms, 0, stage.payout(1, 0))
    stage.owner.claim_many(stage.bounty, stage.terms, [(1 + i, stage.payout(0, 1 + i)) for i in range(_MANY)])
    meter.figures["claim_many_per_round"] = (stage.chain.used[-1] - alone) // (_MANY - 1)
    stage.owner.claim(stage.bounty, stage.terms, 1, stage.payout(1, 1))
    meter.note("claim")
    return meter.figures


def _disputes() -> dict[str, int]:
    """Disputes about the sheet of a second round."""
    stage = GasStage()
    meter = Meter(stage.chain)
    _start(stage, meter)
    _round(stage, meter, "")
    meter.figures.clear()
    stage.open_round(HOLDERS)
    stage.submit(HOLDERS)
    stage.open_shard()
    stage.attest()
    measure_disputes(stage, meter)
    return meter.figures


def _start(stage: GasStage, meter: Meter) -> None:
    """To joining, everybody there."""
    stage.validators[0].registry.stake(stage.terms.ticket_stake, 8)
    while True:
        before = stage.chain.snapshot()
        stage.post(rounds=ROUNDS, post_before=YEAR_2100)
        meter.note("post")
        stage.draw()
        meter.note("draw_3_of_8")
        # A draw is chance: one in which every seat's first ticket is its own makes all runs alike.
        seats, state = range(stage.terms.seats), stage.state()
        turns = [stage.validators[0].candidate(state, stage.terms, seat) for seat in seats]
        if len({turn.ticket for turn in turns if turn is not None}) == len(seats):
            break
        stage.chain.restore(before)
        stage.chain.mine()
    for seat in range(stage.terms.seats):
        stage.validators[0].acknowledge(stage.bounty, stage.terms, seat, digest("seat key", seat))
        if seat == 0:
            meter.note("acknowledge")
    meter.note("acknowledge_last")
    stage.join(HOLDERS)
    meter.note("join")


def _round(stage: GasStage, meter: Meter, suffix: str) -> None:  # noqa: C901, PLR0912 - every act of a round
    """Everything of one round, by everybody; claims too, where they are not measured apart."""
    start = len(stage.chain.used)
    state = stage.state()
    stage.open_round(HOLDERS)
    meter.note("open_round" + suffix)
    for i in range(HOLDERS):
        holder = stage.holders[i]
        holder.submit(stage.bounty, digest("commitment", i), digest("submission", i))
        if i == 0:
            meter.note("submit" + suffix)
    stage.open_shard()
    meter.note("open_shard" + suffix)
    everything = stage.state().submitted
    for seat, validator in stage.seated().items():
        document = digest("shares", seat)
        validator.attest(stage.bounty, stage.terms, seat, everything, shard_opened=True, document=document)
        if seat == 0:
            meter.note("attest" + suffix)
    meter.note("attest_last" + suffix)
    sheet = stage.sheet()
    for seat in stage.seated():
        stage.commit_seat(seat, sheet)
        if seat == 0:
            meter.note("commit" + suffix)
    for seat in stage.seated():
        stage.reveal_seat(seat, sheet)
        meter.note(("reveal_sheet", "reveal", "reveal_last")[seat] + suffix)
    stage.settle(sheet)
    meter.note("settle" + suffix)
    for seat, validator in stage.seated().items():
        validator.serve(stage.bounty, seat, digest("served", seat))
        if seat == 0:
            meter.note("serve" + suffix)
    meter.note("serve_last" + suffix)
    if stage.state().phase is Phase.SERVE:
        stage.push()
        meter.note("advance" + suffix)
    if stage.leaves > HOLDERS:
        return
    for index in range(HOLDERS):
        stage.owner.claim(stage.bounty, stage.terms, state.round, stage.payout(index, state.round))
        if index == 0:
            meter.note("claim_of_6" + suffix)
    meter.figures["round_6_holders_3_seats" + suffix] = sum(stage.chain.used[start:])


if __name__ == "__main__":
    main()
