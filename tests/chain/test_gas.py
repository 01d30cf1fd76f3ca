"""What transactions cost is what `snapshots/gas.json` says, and stays below what was promised."""

import json
import re
from pathlib import Path

import pytest

from tests.chain.gas import SNAPSHOT, measure

COMMITTED = json.loads(SNAPSHOT.read_text(encoding="utf-8"))
DOCUMENT = Path(__file__).parents[2] / "docs" / "GAS.md"
LIMITS = {
    "submit_first": 58_000,
    "submit": 40_000,
    "commit": 52_000,
    "reveal": 55_000,
    "reveal_sheet": 55_000,
    "settle": 80_000,
    "claim": 62_000,
    "claim_many_per_round": 20_000,
    "withdraw": 45_000,
    "post": 125_000,
    "draw_7_of_1000": 65_000,
    "round_6_holders_3_seats": 1_300_000,
    "bytes_market": 24_576,
    "disprove_59": 100_000,
    "disprove_59_of_3": 100_000,
    "disprove_59_of_128": 100_000,
    "disprove_59_floor": 110_000,
    "disprove_59_of_3_floor": 110_000,
    "disprove_59_of_128_floor": 110_000,
    "disprove_784": 180_000,
    "disprove_784_of_3": 180_000,
    "disprove_784_of_128": 180_000,
    "disprove_784_floor": 260_000,
    "disprove_784_of_3_floor": 260_000,
    "disprove_784_of_128_floor": 260_000,
    "dispute_in_turns": 650_000,
    "dispute_in_turns_transactions": 12,
    "dispute_by_sums_transactions": 12,
}


@pytest.fixture(scope="module")
def measured():
    """Everything measured anew, once."""
    return measure()


def test_no_figure_grows(measured):
    """Growth fails; so does a figure that is new, or gone, because nobody would watch it."""
    grown = {name: (COMMITTED.get(name), gas) for name, gas in measured.items() if gas > COMMITTED.get(name, -1)}
    assert not grown, f"grown (committed, now): {grown}; if that is meant, run `make gas` and commit the result"
    assert COMMITTED.keys() == measured.keys(), "the names differ: run `make gas` and commit the result"


@pytest.mark.parametrize("name", sorted(LIMITS))
def test_the_committed_figures_keep_the_limits(name):
    """These are promises, not measurements."""
    assert COMMITTED[name] <= LIMITS[name]


def test_rounds_cost_the_same_however_many_came_before(measured):
    """Every act of the third round costs what it does in the second, but for what a byte of call data makes."""
    for name in ("open_round", "submit", "open_shard", "attest", "commit", "reveal_sheet", "reveal", "settle", "serve"):
        assert abs(measured[f"{name}_round_2"] - measured[name]) <= 64, name


def test_every_figure_is_explained():
    """docs/GAS.md names each key of the snapshot."""
    text = DOCUMENT.read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)`", text))
    assert {re.sub(r"_round_\d$", "", name) for name in COMMITTED} <= named
